"""Guards the statistics family: each entry is its definition, neutral where nothing moves, and knows noise."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from forecast_pipeline.features.catalogue.statistics import STATISTICS
from forecast_pipeline.features.indicators import (
    complexity,
    dependence,
    dependence_tests,
    higuchi,
    linear_fit,
    mean_reversion,
    moments,
    return_order,
    return_place,
    scaling,
    self_normalised,
    spectrum,
    structure_function,
    variance_ratio,
    window_order,
    window_place,
)
from forecast_pipeline_tests.features.against_loops import (
    assert_equals_loop,
    bars_of_closes,
    bars_of_seed,
    closes,
    defaults,
    shortened,
    values_after_standstill,
)
from forecast_pipeline_tests.oracles import return_statistics as oracle

ENTRIES = {each.name: each for each in STATISTICS}
STD = 1e-3
NOISE = np.random.default_rng(2).normal(scale=STD, size=20_000)
# What a market says that has not moved for as long as an indicator looks back; 0 in every other column.
NEUTRAL = {
    "return_quantiles": (0.0, 0.0, 0.0),
    "mad_ratio": (1.0,),
    "largest_move_share": (1.0 / 60.0,),
    "close_rank": (0.5,),
    "return_rank": (0.5,),
    "linear_fit": (0.0, 0.0),
    "autocorrelation": (0.0, 0.0),
    "absolute_autocorrelation": (0.0, 0.0),
    "variance_ratio": (1.0, 0.0),
    "mean_reversion": (0.0, 1.0, 0.0),
    "fractal_dimension": (1.5, 1.5),
    "detrended_fluctuation": (0.5,),
    "structure_exponent": (0.5,),
    "largest_swings": (0.0, 0.0),
    "up_fraction": (0.5,),
    "gain_loss_ratio": (0.5,),
    "path_roughness": (0.5,),
    "low_frequency_share": (8.0 / 63.0,),
}


def test_the_oracle_covers_the_family():
    assert set(oracle.BY_NAME) == set(ENTRIES)
    assert len(ENTRIES) >= 24


@pytest.mark.parametrize("numbers", [defaults, shortened])
@pytest.mark.parametrize("name", list(ENTRIES))
def test_every_entry_equals_its_loop(name, numbers):
    assert_equals_loop(ENTRIES[name], oracle.BY_NAME[name], bars_of_seed(0), numbers(ENTRIES[name]), step=13)


@pytest.mark.parametrize("price", [1.1, 0.0073, 151.237])
@pytest.mark.parametrize("name", list(ENTRIES))
def test_a_market_that_stands_still_again_is_exactly_neutral(name, price):
    found = values_after_standstill(ENTRIES[name], bars_of_seed(1), price)

    assert tuple(found) == NEUTRAL.get(name, (0.0,))


@pytest.mark.parametrize("name", list(ENTRIES))
def test_prices_that_differ_in_the_last_digit_stand_still(name):
    # A product of ticks and of a tick size may differ from the same price read from a file by one rounding.
    bars = bars_of_closes(np.where(np.arange(400) % 3 == 0, np.nextafter(1.1, 2.0), 1.1))

    found = [column[-1] for column in ENTRIES[name].compute(bars, defaults(ENTRIES[name]))]

    np.testing.assert_allclose(found, NEUTRAL.get(name, (0.0,)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("rate", [1e-4, 1e-2])
@pytest.mark.parametrize("name", list(ENTRIES))
def test_a_steady_rise_has_no_spread_and_a_certain_trend(name, rate):
    bars = bars_of_closes(1.1 * np.exp(rate * np.arange(400)))

    found = np.array([column[-1] for column in ENTRIES[name].compute(bars, defaults(ENTRIES[name]))])

    certain = {
        "close_rank": (1.0,),
        "close_zscore": (math.sqrt(3 * 99 / 101),),
        "return_zscore": (1.0,),
        "median_distance": (29.5 * rate - math.log(math.cosh(rate / 2)),),  # the mean of two prices
        "linear_fit": (math.sqrt(58 * (1 - 1e-9) / 1e-9), 0.0),
        "fractal_dimension": (1.0, 1.0 + math.log(math.sqrt(2)) / math.log(126)),
        "structure_exponent": (1.0,),
        "largest_swings": (0.0, 59 * rate),
        "up_fraction": (1.0,),
        "gain_loss_ratio": (1.0,),
        "self_normalised_return": (math.sqrt(60),),
        "path_roughness": (0.0,),
    }
    np.testing.assert_allclose(found, certain.get(name, NEUTRAL.get(name, (0.0,))), rtol=1e-6, atol=1e-8)


def test_moments_by_hand():
    # Returns 0, 0, 0, 4: mean 1, deviations -1, -1, -1, 3, so moments 3, 6 and 21.
    close = closes(np.array([0.0, 0.0, 0.0, 4.0]))

    assert moments.skewness(close, 4)[-1] == pytest.approx(6 / 3**1.5)
    assert moments.kurtosis(close, 4)[-1] == pytest.approx(21 / 9 - 3)


def test_moments_keep_their_digits_far_from_zero():
    shape = np.array([0.0, 0.0, 0.0, 4.0] * 20)

    near, far = (moments.skewness(closes(1e-6 * shape + offset), 80)[-1] for offset in (0.0, 1e-2))

    assert far == pytest.approx(near, rel=1e-6)


def test_normal_returns_look_normal():
    close = closes(NOISE)

    low, high, asymmetry = (np.nanmean(each) for each in return_order.return_quantiles(close, 100))
    assert np.nanmean(moments.skewness(close, 1000)) == pytest.approx(0.0, abs=0.05)
    assert np.nanmean(moments.kurtosis(close, 1000)) == pytest.approx(0.0, abs=0.1)
    assert (low, high) == pytest.approx((-1.645, 1.645), abs=0.08)
    assert asymmetry == pytest.approx(0.0, abs=0.02)
    assert np.nanmean(return_order.mad_ratio(close, 1000)) == pytest.approx(1.0, abs=0.02)
    assert np.nanmean(complexity.return_entropy(close, 1000)) > 0.995


def test_fat_tails_show_in_every_measure_of_tails():
    close = closes(STD * np.random.default_rng(1).standard_t(3, size=20_000))
    normal = closes(NOISE)

    assert np.nanmean(moments.kurtosis(close, 100)) > np.nanmean(moments.kurtosis(normal, 100)) + 1.0
    assert np.nanmean(return_order.mad_ratio(close, 100)) < 0.85
    assert np.nanmean(self_normalised.largest_move_share(close, 60)) > 1.3 * np.nanmean(
        self_normalised.largest_move_share(normal, 60)
    )
    assert np.nanmean(complexity.return_entropy(close, 100)) < np.nanmean(complexity.return_entropy(normal, 100))


@pytest.mark.parametrize("slope", [-0.5, 0.0, 0.5])
def test_autocorrelation_and_variance_ratio_find_an_autoregression(slope):
    returns = np.zeros(20_000)
    for row in range(1, returns.size):
        returns[row] = slope * returns[row - 1] + NOISE[row]
    close, n = closes(returns), 10_000

    first, fifth = (each[-1] for each in dependence.autocorrelation(close, n, lag_bars=5))
    assert first == pytest.approx(slope, abs=0.03)
    assert fifth == pytest.approx(slope**5, abs=0.03)
    assert dependence_tests.partial_autocorrelation(close, n)[-1] == pytest.approx(0.0, abs=0.03)
    expected = 1 + 2 * sum((1 - k / 4) * slope**k for k in range(1, 4))
    ratio, z = (each[-1] for each in variance_ratio.variance_ratio(close, n, aggregate_bars=4))
    assert ratio == pytest.approx(expected, abs=0.06)
    assert (abs(z) > 10) == (slope != 0.0)
    assert (dependence_tests.ljung_box(close, n, n_lags=5)[-1] > 10) == (slope != 0.0)
    assert np.sign(window_order.runs_test(close, n)[-1].round(-1)) == -np.sign(slope)
    assert np.sign(window_order.turning_points(close, n)[-1].round(-1)) == -np.sign(slope)
    white = 14 / 63
    share = np.nanmean(spectrum.low_frequency_share(close, 64, n_frequencies=7))
    assert share == pytest.approx(white, abs=0.01) if slope == 0.0 else np.sign(share - white) == np.sign(slope)


def test_the_z_of_the_variance_ratio_allows_for_changing_volatility():
    volatility = np.exp(np.sin(np.arange(20_000) / 50.0))

    z = variance_ratio.variance_ratio(closes(NOISE * volatility), 200, aggregate_bars=4)[1][200::200]

    assert np.mean(z) == pytest.approx(0.0, abs=0.3)
    assert np.std(z) == pytest.approx(1.0, abs=0.2)


def test_clustered_volatility_shows_in_sizes_and_not_in_signs():
    close = closes(NOISE * np.exp(np.sin(np.arange(20_000) / 50.0)))

    assert dependence.absolute_autocorrelation(close, 10_000, lag_bars=5)[1][-1] > 0.2
    assert abs(dependence.autocorrelation(close, 10_000, lag_bars=5)[1][-1]) < 0.03


def test_mean_reversion_finds_speed_and_half_life():
    level = np.zeros(20_000)
    for row in range(1, level.size):
        level[row] = 0.9 * level[row - 1] + NOISE[row]
    n = 10_000

    speed, half_life, t = (each[-1] for each in mean_reversion.mean_reversion(np.exp(level), n))

    assert speed == pytest.approx(0.1, abs=0.02)
    assert half_life * n == pytest.approx(math.log(2) / -math.log(0.9), rel=0.2)
    assert t < -10
    t = mean_reversion.mean_reversion(closes(NOISE), 200)[2][200::200]
    assert np.mean(t) == pytest.approx(-1.53, abs=0.25)  # mean of Dickey and Fuller's distribution with a constant


def test_runs_are_counted_as_in_all_orders_of_the_same_bars():
    orders = list(set(itertools.permutations([1.0, 1.0, 1.0, -1.0, -1.0, 0.0])))

    z = np.array([window_order.runs_test(closes(STD * np.array(each)), 6)[-1] for each in orders])

    assert len(orders) == 60
    assert z.mean() == pytest.approx(0.0, abs=1e-12)
    assert (z**2).mean() == pytest.approx(1.0)


def test_turning_points_are_counted_as_in_all_orders_of_different_returns():
    orders = list(itertools.permutations([1.0, 2.0, 3.0, 5.0, 8.0]))

    z = np.array([window_order.turning_points(closes(STD * np.array(each)), 5)[-1] for each in orders])

    assert z.mean() == pytest.approx(0.0, abs=1e-12)
    assert (z**2).mean() == pytest.approx(1.0)


def test_entropy_tells_noise_from_a_wave():
    wave, noise = 1.1 + 0.01 * np.sin(np.arange(400) / 5.0), 1.1 + NOISE[:400]

    for measure in (complexity.permutation_entropy, complexity.sign_entropy):
        assert measure(wave, 100)[-1] < 0.75 * measure(noise, 100)[-1]
    assert np.nanmean(complexity.permutation_entropy(noise, 300)) > 0.98


def test_ranks_are_even_on_noise_and_certain_at_extremes():
    close = closes(NOISE)

    ranks = return_place.return_rank(close, 100)[100:]
    assert np.mean(ranks) == pytest.approx(0.5, abs=0.01)
    assert np.std(ranks) == pytest.approx(math.sqrt(1 / 12), abs=0.01)
    assert window_place.close_rank(np.append(close, 9.0), 100)[-1] == 1.0
    assert return_place.return_rank(np.append(close, 1e-3), 100)[-1] == 0.0


def test_the_line_through_a_noisy_trend_is_sure_and_the_close_above_it_stands_out():
    rising = closes(STD + 0.1 * NOISE[:100])
    jumped = rising * np.where(np.arange(101) == 100, math.exp(5 * STD), 1.0)

    assert linear_fit.linear_fit(rising, 60)[0][-1] > 50
    assert np.nanmean(np.abs(linear_fit.linear_fit(closes(NOISE), 60)[0])) < 20
    assert linear_fit.linear_fit(jumped, 60)[1][-1] > 5


def test_the_self_normalised_return_is_the_bounded_t_statistic():
    returns = NOISE[:60] + 0.2 * STD
    t = returns.mean() / (returns.std(ddof=1) / math.sqrt(60))

    found = self_normalised.self_normalised_return(closes(returns), 60)[-1]

    assert found == pytest.approx(t / math.sqrt(1 + (t**2 - 1) / 60))


def test_an_alternating_path_is_as_rough_as_can_be():
    close = closes(STD * np.tile([1.0, -1.0], 40))

    assert window_order.path_roughness(close, 30)[-1] == pytest.approx(1.0)
    assert higuchi.higuchi_dimension(close, 64)[-1] > 2.0  # no length is left at even steps
    assert np.isfinite(structure_function.structure_exponent(close, 64)[-1])
    assert spectrum.low_frequency_share(close, 64, n_frequencies=4)[-1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: moments.kurtosis(x, 3), "lookback_bars must be at least 4, was 3"),
        (lambda x: dependence.autocorrelation(x, 5, lag_bars=5), "less than lookback_bars=5, was 5"),
        (lambda x: variance_ratio.variance_ratio(x, 9, aggregate_bars=1), "aggregate_bars must be at least 2"),
        (lambda x: scaling.detrended_fluctuation(x, 63), "lookback_bars must be at least 64, was 63"),
        (lambda x: spectrum.low_frequency_share(x, 8, n_frequencies=4), "less than half of lookback_bars=8"),
    ],
    ids=["moments", "lag", "aggregate", "boxes", "waves"],
)
def test_impossible_numbers_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call(np.ones(80))
