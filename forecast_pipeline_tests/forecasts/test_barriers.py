"""Barrier probabilities: those of Brownian motion within a hundredth, and orders told as a fine path tells them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.forecasts.barriers import (
    beyond_at_end,
    first_touch,
    touched,
    touched_at_ends,
    upper_first_given_both,
)
from forecast_pipeline.models.paths import PathDraws, bridge_extremes

N_LOOKS = 30


def brownian(n_paths, n_looks, seed=0):
    rng = np.random.default_rng(seed)
    increments = rng.standard_normal((n_paths, n_looks)) / np.sqrt(n_looks)
    return PathDraws(increments, *bridge_extremes(increments, np.array(n_looks**-0.5), rng))


@pytest.mark.parametrize("side", [1.0, -1.0], ids=["above", "below"])
def test_at_one_sigma_terminal_looks_and_continuous_touch_differ_as_theory_says(side):
    """M10: 0.159 at the end, 0.269 with 30 looks, 0.317 at any time, each from the function that says so."""
    paths = brownian(100_000, N_LOOKS)

    assert beyond_at_end(paths.increments, side)[-1] == pytest.approx(0.159, abs=0.01)
    assert touched_at_ends(paths.increments, side)[-1] == pytest.approx(0.269, abs=0.01)
    assert touched(paths, side)[-1] == pytest.approx(0.317, abs=0.01)


@pytest.mark.parametrize("n_looks", [1, 2, 5, 30])
def test_touch_does_not_depend_on_how_finely_a_path_is_looked_at(n_looks):
    assert touched(brownian(100_000, n_looks), 1.0)[-1] == pytest.approx(2 * ndtr(-1.0), abs=0.006)


def test_probabilities_of_all_interval_ends_grow_and_add_up():
    paths = brownian(20_000, N_LOOKS)

    found = first_touch(paths, 0.8, -0.5)

    assert np.allclose(found.upper + found.lower + found.neither, 1.0)
    assert (np.diff(found.upper) >= 0).all()
    assert (np.diff(found.neither) <= 0).all()
    assert (found.upper_least <= found.upper + 1e-12).all()
    assert (found.upper <= found.upper_most + 1e-12).all()
    assert np.allclose(found.upper_most - found.upper_least, found.tied)


def test_in_the_long_run_the_nearer_level_is_first_as_in_the_ruin_of_a_gambler():
    increments = np.random.default_rng(1).standard_normal((20_000, 60)) * 0.4
    paths = PathDraws(increments, *bridge_extremes(increments, np.array(0.4), np.random.default_rng(2)))

    found = first_touch(paths, 2.0, -1.0)

    assert found.neither[-1] < 0.01
    assert found.upper[-1] == pytest.approx(1 / 3, abs=0.015)


def test_the_order_inside_one_wide_interval_is_that_of_a_fine_path():
    """Two looks leave more than a tenth of the paths to the rule for ties."""
    rng = np.random.default_rng(3)
    n_paths, n_fine, upper, lower = 40_000, 600, 0.35, -0.25
    steps = rng.standard_normal((n_paths, n_fine)).astype(np.float32) / np.float32(n_fine**0.5)
    walked = np.cumsum(steps, axis=1)
    up, down = walked >= upper, walked <= lower
    first_up = np.where(up.any(axis=1), up.argmax(axis=1), n_fine)
    first_down = np.where(down.any(axis=1), down.argmax(axis=1), n_fine)
    coarse = walked[:, n_fine // 2 - 1 :: n_fine // 2].astype(np.float64)
    increments = np.diff(coarse, axis=1, prepend=0.0)
    halves = walked.reshape(n_paths, 2, -1)
    begin = (coarse - increments)[..., None]
    highest, lowest = (halves - begin).max(axis=2), (halves - begin).min(axis=2)
    paths = PathDraws(increments, np.maximum(highest, 0.0), np.minimum(lowest, 0.0))

    found = first_touch(paths, upper, lower)

    assert found.tied[-1] > 0.1
    assert found.upper[-1] == pytest.approx(np.mean(first_up < first_down), abs=0.01)
    assert found.lower[-1] == pytest.approx(np.mean(first_down < first_up), abs=0.01)


WIDE, NARROW = (0.6, -0.5), (0.15, -0.1)


@pytest.mark.parametrize(
    ("start", "end", "levels"),
    [
        (0.0, 0.0, WIDE),
        (0.0, 0.4, WIDE),
        (0.3, -0.2, WIDE),
        (0.1, 1.3, WIDE),
        (-0.2, -0.9, WIDE),
        (0.1, 0.0, NARROW),
        (-0.05, 0.3, NARROW),
        (0.1, -0.4, NARROW),
    ],
)
def test_the_order_given_both_touches_is_that_of_a_fine_bridge(start, end, levels):
    """Narrow levels are visited in turn again and again.

    A path that is looked at every so often sees levels farther out, by 0.5826 deviations of a step (Broadie, Glasserman
    and Kou 1997).
    """
    rng = np.random.default_rng(4)
    n_paths, n_fine, (upper, lower) = 4_000, 4_000, levels
    free = np.cumsum(rng.standard_normal((n_paths, n_fine)).astype(np.float32) / np.float32(n_fine**0.5), axis=1)
    time = np.arange(1, n_fine + 1, dtype=np.float32) / n_fine
    bridge = start + free + time * (np.float32(end - start) - free[:, -1:])
    up, down = bridge >= upper, bridge <= lower
    both = up.any(axis=1) & down.any(axis=1)
    share = np.mean(up[both].argmax(axis=1) < down[both].argmax(axis=1))

    unseen = 0.5826 * n_fine**-0.5
    found = upper_first_given_both(np.array(start), np.array(end), upper + unseen, lower - unseen, np.array(1.0))

    assert both.sum() > 150
    assert float(found) == pytest.approx(share, abs=4 * np.sqrt(0.25 / both.sum()))


@pytest.mark.parametrize("width", [0.05, 0.2, 1.0, 30.0])
def test_orders_of_the_mirror_image_add_up_to_one(width):
    start, end = np.array([0.0, 0.2, -0.3, 0.4]) * width, np.array([0.1, -0.4, 2.0, 0.0]) * width

    one = upper_first_given_both(start, end, 0.5 * width, -0.5 * width, np.ones(4))
    other = upper_first_given_both(-start, -end, 0.5 * width, -0.5 * width, np.ones(4))

    assert np.allclose(one + other, 1.0)


def test_an_interval_without_deviation_leaves_no_order_undefined():
    found = upper_first_given_both(np.zeros(2), np.array([0.0, 0.3]), 1.0, -1.0, np.zeros(2))

    assert np.isfinite(found).all()


@pytest.mark.parametrize("levels", [(0.0, -1.0), (1.0, 0.0), (-1.0, -2.0), (np.inf, -1.0)])
def test_levels_on_the_wrong_side_are_refused(levels):
    with pytest.raises(InvalidConfiguration, match="level"):
        first_touch(brownian(5, 3), *levels)


@pytest.mark.parametrize("level", [0.0, np.nan])
def test_a_level_at_the_start_is_refused(level):
    with pytest.raises(InvalidConfiguration, match="above or below the start"):
        touched(brownian(5, 3), level)
