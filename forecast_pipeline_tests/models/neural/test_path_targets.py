"""Promise: future paths become normal scores and come back, extremes never lie inside their ends, mirrors are exact."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from forecast_pipeline.models.neural.path_noise import mirrored_tensor
from forecast_pipeline.models.neural.path_targets import (
    PathTargets,
    ScaledPaths,
    bridge_excursions,
    bridge_scores,
    excursions,
    mirrored,
)
from forecast_pipeline.models.neural.records import joined_paths
from forecast_pipeline.models.storage import dump_state, load_state
from forecast_pipeline_tests.models.neural.worlds import brownian_bars, extremes_of

moderate = st.floats(-5.0, 5.0)
N = 1500


def made_paths():
    """Brownian increments of three widths with their excursions, in deviations."""
    returns, _, highs, lows = brownian_bars(N + 20, 7, n_ticks=40, deviation=1.0)
    bar = np.arange(N)
    close = np.concatenate([np.cumsum(returns)])
    ends = np.stack([close[bar + h] - close[bar] for h in (1, 3, 6)], axis=1)
    increments = np.diff(ends, axis=1, prepend=0.0)
    above, below = excursions(increments, extremes_of(returns, highs, lows, bar, (1, 3, 6)))
    unit = np.sqrt(np.array([1.0, 2.0, 3.0]))
    return ScaledPaths(increments / unit, above / unit, below / unit)


@pytest.fixture(scope="module")
def paths():
    return made_paths()


@given(
    increments=arrays(float, (4, 3), elements=moderate),
    reach=arrays(float, (4, 3, 2), elements=moderate),
)
def test_excursions_are_never_negative(increments, reach):
    found = excursions(increments, reach)

    if found is not None:
        assert min(found[0].min(), found[1].min()) >= 0.0


@given(
    increments=arrays(float, (4, 3), elements=moderate), beyond=arrays(float, (4, 3, 2), elements=st.floats(0.0, 3.0))
)
def test_excursions_are_what_a_path_went_beyond_its_ends(increments, beyond):
    extremes = np.stack(
        [np.maximum(increments, 0.0) + beyond[..., 0], np.minimum(increments, 0.0) - beyond[..., 1]], axis=-1
    )

    found = excursions(increments, extremes)

    if found is None:
        assert beyond.sum() < 1e-12
    else:
        np.testing.assert_allclose(np.stack(found, axis=-1), beyond, rtol=0, atol=1e-12)


def test_extremes_that_say_nothing_are_none():
    increments = np.array([[1.0, -2.0]])

    assert excursions(increments, None) is None
    ends = np.stack([np.maximum(increments, 0.0), np.minimum(increments, 0.0)], axis=-1)
    assert excursions(increments, ends) is None


@given(arrays(float, st.tuples(st.integers(1, 5), st.sampled_from([1, 3]), st.integers(1, 4)), elements=moderate))
def test_the_mirror_image_of_a_mirror_image_is_the_path(scores):
    np.testing.assert_array_equal(mirrored(mirrored(scores)), scores)


@given(
    scores=arrays(
        np.float32,
        st.tuples(st.just(6), st.sampled_from([1, 3]), st.integers(1, 4)),
        elements=st.floats(-4, 4, width=32),
    ),
    flips=arrays(bool, 6),
)
def test_both_mirrors_agree(scores, flips):
    found = mirrored_tensor(torch.from_numpy(scores), torch.from_numpy(flips)).numpy()

    expected = scores.copy()
    expected[flips] = mirrored(scores[flips])
    np.testing.assert_array_equal(found, expected)


@given(array_shapes(min_dims=1, max_dims=2, max_side=4))
def test_a_mirror_works_on_any_leading_shape(shape):
    scores = np.random.default_rng(0).standard_normal((*shape, 3, 2))

    np.testing.assert_array_equal(mirrored(scores)[..., 0, :], -scores[..., 0, :])
    np.testing.assert_array_equal(mirrored(scores)[..., 1, :], scores[..., 2, :])


@pytest.mark.parametrize("is_symmetric", [False, True])
def test_paths_become_normal_scores_and_come_back(paths, is_symmetric):
    targets = PathTargets.fit(paths, is_symmetric=is_symmetric)

    scores = targets.scores(paths, np.random.default_rng(0))

    assert scores.shape == (N, 3, 3) == (N, targets.n_channels, targets.n_horizons)
    # Excursions below the median are tied at 0 where a bar ends at its highest price; above it nothing is.
    for level, score in ((0.5, 0.0), (0.8413, 1.0), (0.95, 1.645)):
        np.testing.assert_allclose(np.quantile(scores, level, axis=0), score, rtol=0, atol=0.12)
    back = targets.paths(scores)
    for ours, theirs in zip(back, paths, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0.01, atol=0.01)


def test_a_symmetric_law_gives_mirror_images_mirrored_scores(paths):
    """But for excursions of exactly 0, which have no scores of their own and are spread at random."""
    targets = PathTargets.fit(paths, is_symmetric=True)
    turned = ScaledPaths(-paths.increments, paths.below, paths.above)

    scores, images = (targets.scores(each, np.random.default_rng(0)) for each in (paths, turned))

    stray = np.stack([np.ones_like(paths.above), paths.below, paths.above], axis=1) > 0.0
    assert stray.mean() > 0.9
    np.testing.assert_allclose(images[stray], mirrored(scores)[stray], rtol=0, atol=1e-9)


def test_any_scores_give_paths_whose_excursions_are_not_negative(paths):
    targets = PathTargets.fit(paths, is_symmetric=True)

    drawn = targets.paths(6.0 * np.random.default_rng(1).standard_normal((500, 3, 3)))

    assert min(drawn.above.min(), drawn.below.min()) >= 0.0
    assert np.isfinite(drawn.increments).all()


def test_closes_alone_make_one_channel(paths):
    targets = PathTargets.fit(ScaledPaths(paths.increments), is_symmetric=True)

    scores = targets.scores(ScaledPaths(paths.increments), np.random.default_rng(0))

    assert scores.shape == (N, 1, 3)
    assert targets.paths(scores)[1:] == (None, None)


def test_storage_gives_back_the_same_maps(paths):
    targets = PathTargets.fit(paths, is_symmetric=False)
    scores = np.random.default_rng(2).standard_normal((50, 3, 3))

    restored = PathTargets.from_state(load_state(dump_state(targets.state()), "test"))

    for ours, theirs in zip(restored.paths(scores), targets.paths(scores), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_segments_are_joined_row_by_row(paths):
    halves = [ScaledPaths(*(each[part] for each in paths)) for part in (slice(0, 700), slice(700, N))]

    for ours, theirs in zip(joined_paths(halves), paths, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert joined_paths([ScaledPaths(each.increments) for each in halves]).above is None


def test_excursions_of_a_bridge_are_normal_scores_whatever_the_increment():
    rng = np.random.default_rng(5)
    increments = rng.standard_normal(20_000)
    # Inverse of the bridge law by bisection, as an oracle of the closed form.
    beyond, low, high = rng.random(increments.size), np.zeros(increments.size), np.full(increments.size, 20.0)
    for _ in range(80):
        middle = 0.5 * (low + high)
        is_short = np.exp(-2.0 * middle * (middle + np.abs(increments))) > beyond
        low, high = np.where(is_short, middle, low), np.where(is_short, high, middle)

    scores = bridge_scores(low, increments, rng)

    np.testing.assert_allclose(bridge_excursions(scores, increments), low, atol=1e-9)
    assert abs(scores.mean()) < 0.03
    assert abs(scores.std() - 1.0) < 0.02
    assert abs(np.corrcoef(scores, np.abs(increments))[0, 1]) < 0.03
