"""Promise: maps between outcomes and normal scores are monotone, go both ways, and match quantiles, ties and tails."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from forecast_pipeline.models.neural.knot_map import KNOTS, MIN_BEYOND, NO_MAP, KnotMap, maps_to_normal
from forecast_pipeline.models.neural.marginal_map import LARGEST_SCORE, MarginalMap, _fit_backbone
from forecast_pipeline.models.storage import dump_state, load_state

symmetric = pytest.mark.parametrize("is_symmetric", [False, True])
increasing = st.lists(st.floats(0.01, 2.0), min_size=3, max_size=9).map(np.cumsum)


def drawn_values(kind, n, seed):
    rng = np.random.default_rng(seed)
    return {
        "normal": lambda: rng.standard_normal(n),
        "fat": lambda: 3.0 * rng.standard_t(3, n),
        "bimodal": lambda: rng.choice([-2.0, 2.0], n) + 0.3 * rng.standard_normal(n),
        "rounded": lambda: np.round(rng.standard_normal(n), 1),
        "still": lambda: rng.standard_normal(n) * (rng.random(n) < 0.6),
    }[kind]()


kinds = st.sampled_from(["normal", "fat", "bimodal", "rounded", "still"])


@given(start=increasing, end=increasing, is_symmetric=st.booleans(), seed=st.integers(0, 99))
def test_a_knot_map_rises_and_its_inverse_takes_it_back(start, end, is_symmetric, seed):
    n = min(start.size, end.size)
    if is_symmetric:
        start, end = start - start[0], end - end[0]
    made = KnotMap(start[:n], end[:n], is_symmetric)
    values = np.sort(10.0 * np.random.default_rng(seed).standard_normal(200))

    mapped = made.apply(values)

    assert (np.diff(mapped) >= 0.0).all()
    np.testing.assert_allclose(made.inverse.apply(mapped), values, rtol=1e-9, atol=1e-9)
    if is_symmetric:
        np.testing.assert_allclose(made.apply(-values), -mapped, rtol=1e-12)


@given(kind=kinds, is_symmetric=st.booleans(), seed=st.integers(0, 20))
def test_a_fitted_knot_map_rises_whatever_it_was_fitted_to(kind, is_symmetric, seed):
    values = drawn_values(kind, 3000, seed)

    made = KnotMap.to_normal(values, is_symmetric=is_symmetric)

    assert (np.diff(made.start) > 0).all()
    assert (np.diff(made.apply(np.sort(values))) >= 0).all()


@symmetric
def test_knots_give_the_quantiles_of_the_normal_law(is_symmetric):
    values = 0.5 * np.random.default_rng(1).standard_t(4, 20_001)

    mapped = KnotMap.to_normal(values, is_symmetric=is_symmetric).apply(values)

    for knot in KNOTS:
        if is_symmetric:
            assert np.quantile(np.abs(mapped), 2 * stats.norm.cdf(knot) - 1) == pytest.approx(knot, abs=1e-3)
        elif stats.norm.sf(knot) * values.size >= MIN_BEYOND:
            for score in (-knot, knot):
                assert np.quantile(mapped, stats.norm.cdf(score)) == pytest.approx(score, abs=1e-3)


def test_beyond_the_last_knot_a_map_has_slope_one_unless_it_says_otherwise():
    made = KnotMap(np.array([-1.0, 0.0, 2.0]), np.array([-2.0, 0.0, 3.0]), is_symmetric=False)

    np.testing.assert_allclose(made.apply(np.array([-6.0, 7.0])), [-7.0, 8.0])
    steep = dataclasses.replace(made, beyond=(0.5, 2.0))
    np.testing.assert_allclose(steep.apply(np.array([-6.0, 7.0])), [-4.5, 13.0])


@symmetric
def test_tails_that_are_fitted_come_near_the_mean_excess_of_the_normal_law(is_symmetric):
    """Of scores that a generator draws: the backbone of a t makes of a few that are too far prices that are absurd."""
    values = np.random.default_rng(5).standard_t(5.0, 40_000)

    def excess(*, fits_tails):
        far = KnotMap.to_normal(values, is_symmetric=is_symmetric, fits_tails=fits_tails).apply(values)
        return np.mean(np.concatenate([side[side > 3.0] - 3.0 for side in (far, -far)]))

    normal = stats.norm.pdf(3) / stats.norm.sf(3) - 3
    assert excess(fits_tails=False) > 3.0 * normal
    assert excess(fits_tails=True) < 2.0 * normal


def test_a_tail_between_samples_is_reached_and_goes_back():
    rng = np.random.default_rng(6)
    values, others = np.sqrt(rng.chisquare(4, 20_000)), np.sqrt(4 * rng.chisquare(4, 20_000) / rng.chisquare(6, 20_000))
    made = KnotMap.between(values, others)

    mapped = made.apply(values)

    assert made.beyond[1] > 1.5
    assert np.quantile(mapped, 0.9995) == pytest.approx(np.quantile(others, 0.9995), rel=0.15)
    np.testing.assert_allclose(made.inverse.apply(mapped), values, rtol=1e-9)
    again = KnotMap.from_state(load_state(dump_state(made.state()), "test"))
    np.testing.assert_array_equal(again.apply(values), mapped)


def test_too_few_values_make_no_map():
    made = KnotMap.to_normal(np.arange(10.0), is_symmetric=False)

    assert made.start.size < 2
    np.testing.assert_array_equal(made.apply(np.array([3.0])), [3.0])
    assert made.atom == 0.0


def test_only_increments_have_odd_maps():
    draws = np.random.default_rng(0).standard_normal((2000, 3, 2))

    maps = maps_to_normal(draws, is_symmetric=True)

    assert [[each.is_symmetric for each in row] for row in maps] == [[True, True], [False, False], [False, False]]


@given(kind=kinds, is_symmetric=st.booleans(), seed=st.integers(0, 9), scale=st.sampled_from([1e-3, 1.0, 40.0]))
def test_scores_and_outcomes_go_both_ways(kind, is_symmetric, seed, scale):
    values = scale * drawn_values(kind, 2000, seed)
    made = MarginalMap.fit(values, is_symmetric=is_symmetric)
    probe = np.sort(values)

    scores = made.scores(probe)

    assert (np.diff(scores) >= 0.0).all()
    inside = np.abs(scores) < LARGEST_SCORE - 0.1
    np.testing.assert_allclose(made.outcomes(scores)[inside], probe[inside], rtol=0.01, atol=0.01 * values.std())


@symmetric
@pytest.mark.parametrize("degrees", [3.0, 6.0, 60.0])
def test_outcomes_of_normal_scores_have_the_law_that_was_fitted(degrees, is_symmetric):
    values = 2.0 * np.random.default_rng(4).standard_t(degrees, 20_000)
    scores = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)

    outcomes = MarginalMap.fit(values, is_symmetric=is_symmetric).outcomes(scores)

    levels = np.array([0.01, 0.05, 0.25, 0.4, 0.75, 0.95, 0.99])
    np.testing.assert_allclose(np.quantile(outcomes, levels), np.quantile(values, levels), rtol=0.06, atol=0.03)
    far = np.quantile(np.abs(outcomes), 0.9995) / (2.0 * stats.t.ppf(0.99975, degrees))
    assert 0.8 < far < 1.25  # beyond the last knot the tail is that of the backbone


def test_the_backbone_finds_degrees_and_scale():
    degrees, scale = _fit_backbone(0.3 * np.random.default_rng(2).standard_t(4.0, 20_000))

    assert degrees == pytest.approx(4.0, rel=0.1)
    assert scale == pytest.approx(0.3, rel=0.03)
    assert _fit_backbone(np.zeros(50)) == (200.0, 1.0)


def test_unchanged_prices_are_spread_over_the_scores_that_they_hold():
    """A tenth of the scores of a normal law lies between -0.126 and 0.126; four tenths between -0.524 and 0.524."""
    values = drawn_values("still", 20_000, 3)
    made = MarginalMap.fit(values, is_symmetric=True)

    scores = made.scores(values, np.random.default_rng(0))

    assert made.knots.atom == pytest.approx(0.524, abs=0.25)  # up to the next knot
    assert np.std(scores) == pytest.approx(1.0, abs=0.05)
    assert np.std(scores[values == 0.0]) == pytest.approx(made.knots.atom / np.sqrt(3.0), rel=0.03)
    back = made.outcomes(scores)
    assert np.abs(back[values == 0.0]).max() < 1e-3
    np.testing.assert_allclose(back[np.abs(values) > 0.5], values[np.abs(values) > 0.5], rtol=0.01)


def test_a_law_without_ties_has_no_atom():
    values = drawn_values("fat", 3000, 1)

    assert MarginalMap.fit(values, is_symmetric=True).knots.atom == 0.0


def test_unknown_outcomes_are_left_out_and_stay_unknown():
    values = drawn_values("fat", 3000, 5)
    holed = np.concatenate([values, [np.nan, np.inf]])

    ours, theirs = (MarginalMap.fit(each, is_symmetric=False) for each in (holed, values))

    assert (ours.degrees, ours.scale) == (theirs.degrees, theirs.scale)
    assert np.isnan(ours.scores(np.array([np.nan]))).all()


@pytest.mark.parametrize("values", [np.zeros(500), np.full(500, 2.0), np.zeros(0)], ids=["zeros", "constant", "none"])
@symmetric
def test_a_law_without_spread_makes_no_noise(values, is_symmetric):
    made = MarginalMap.fit(values, is_symmetric=is_symmetric)

    assert np.isfinite(made.scores(np.array([-1.0, 0.0, 1.0]))).all()
    assert np.isfinite(made.outcomes(np.linspace(-9.0, 9.0, 30))).all()


@symmetric
def test_storage_gives_back_the_same_map(is_symmetric):
    made = MarginalMap.fit(drawn_values("fat", 3000, 6), is_symmetric=is_symmetric)
    probe = np.linspace(-8.0, 8.0, 400)

    restored = MarginalMap.from_state(load_state(dump_state(made.state()), "test"))

    np.testing.assert_array_equal(restored.outcomes(probe), made.outcomes(probe))
    np.testing.assert_array_equal(restored.scores(probe), made.scores(probe))
    assert dataclasses.replace(restored, knots=made.knots) == made


def test_a_map_between_two_samples_gives_one_the_quantiles_of_the_other():
    rng = np.random.default_rng(3)
    values, others = (
        np.sqrt(rng.chisquare(4, 20_000)),
        np.sqrt(rng.chisquare(4, 20_000)) * rng.lognormal(0, 0.3, 20_000),
    )

    mapped = KnotMap.between(values, others).apply(values)

    levels = [0.02, 0.25, 0.5, 0.75, 0.98]
    np.testing.assert_allclose(np.quantile(mapped, levels), np.quantile(others, levels), rtol=0.02)
    assert (NO_MAP.apply(values) == values).all()
