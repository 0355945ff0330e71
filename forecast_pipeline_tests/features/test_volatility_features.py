"""Guards the volatility family: each entry is its definition, calm where nothing moves, and measures what it says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.catalogue.volatility import VOLATILITY
from forecast_pipeline.features.indicators import (
    bid_ask_spread,
    bipower,
    deviation_bands,
    drawdown,
    drift_volatility,
    filtered_volatility,
    jump,
    range_efficiency,
    range_shape,
    range_share,
    range_volatility,
    realised,
    semivariance,
    smoothed_volatility,
    squeeze,
    volatility_of_volatility,
    volatility_terms,
)
from forecast_pipeline_tests.features.against_loops import (
    assert_equals_loop,
    bars_of_paths,
    bars_of_seed,
    brownian_bars,
    closes,
    defaults,
    shortened,
    values_after_standstill,
)
from forecast_pipeline_tests.oracles import volatility_statistics as oracle

ENTRIES = {each.name: each for each in VOLATILITY}
STD = 1e-3
# What a market says that has not moved for as long as an indicator looks back.
NEUTRAL = {
    "parkinson_share": (0.5,),
    "gap_share": (0.5,),
    "atr_ratio": (1.0,),
    "true_range_share": (1.0,),
    "normalised_range": (1.0,),
    "close_to_close": (0.0, 0.0, 0.0),
    "neighbour_truncation": (0.0, 0.0),
    "realised_semivariance": (0.0, 0.0),
    "realised_quarticity": (1.0,),
    "har_components": (0.0, 0.0),
    "volatility_ratio": (1.0,),
    "volatility_percentile": (0.5,),
    "relative_volatility_index": (50.0,),
    "bollinger_percent_b": (0.5,),
    "squeeze": (0.0, 1.0),
}


def test_the_oracle_covers_the_family():
    assert set(oracle.BY_NAME) == set(ENTRIES)
    assert len(ENTRIES) >= 24


@pytest.mark.parametrize("numbers", [defaults, shortened])
@pytest.mark.parametrize("name", list(ENTRIES))
def test_every_entry_equals_its_loop(name, numbers):
    assert_equals_loop(ENTRIES[name], oracle.BY_NAME[name], bars_of_seed(0), numbers(ENTRIES[name]))


@pytest.mark.parametrize("price", [1.1, 0.0073, 151.237])
@pytest.mark.parametrize("name", list(ENTRIES))
def test_a_market_that_stands_still_again_is_neutral(name, price):
    found = values_after_standstill(ENTRIES[name], bars_of_seed(1), price)

    # The roots of decaying variances keep a millionth of what was before.
    is_recursive = name in ("ewma_volatility", "gjr_volatility")
    np.testing.assert_allclose(found, NEUTRAL.get(name, (0.0,)), rtol=0, atol=1e-5 if is_recursive else 0.0)


@pytest.mark.parametrize("name", ["parkinson", "garman_klass", "rogers_satchell", "yang_zhang", "close_to_close"])
def test_every_estimator_finds_the_volatility_of_a_brownian_path(name):
    bars = brownian_bars(1500, STD, seed=0)

    found = ENTRIES[name].compute(bars, defaults(ENTRIES[name]))

    for column in found:  # a thousand points a bar miss a little of its range
        assert math.sqrt(np.nanmean(column**2)) == pytest.approx(STD, rel=0.05)


def test_ranges_are_more_precise_than_closes():
    bars = brownian_bars(3000, STD, seed=1, n_points=500)
    n = 20

    by_closes = realised.close_to_close(bars.close, (n,))[0]
    by_parkinson = range_volatility.parkinson(bars.high, bars.low, n)
    by_garman_klass = range_volatility.garman_klass(bars.open, bars.high, bars.low, bars.close, n)

    spreads = [np.nanstd(each) / np.nanmean(each) for each in (by_closes, by_parkinson, by_garman_klass)]
    # The variances of the authors: 4.9 and 7.4 times less, so 0.45 and 0.37 of the deviation.
    assert spreads[1] < 0.55 * spreads[0]
    assert spreads[2] < min(0.5 * spreads[0], 0.95 * spreads[1])


def test_a_drift_biases_parkinson_and_neither_rogers_and_satchell_nor_yang_and_zhang():
    still, drifting = (brownian_bars(800, STD, seed=2, drift=drift) for drift in (0.0, 2 * STD))

    def rise(estimate):
        return np.nanmean(estimate(drifting)) / np.nanmean(estimate(still))

    assert rise(lambda b: range_volatility.parkinson(b.high, b.low, 20)) > 1.5
    assert rise(lambda b: drift_volatility.rogers_satchell(b.open, b.high, b.low, b.close, 20)) == pytest.approx(
        1.0, abs=0.06
    )
    assert rise(lambda b: drift_volatility.yang_zhang(b.open, b.high, b.low, b.close, 20)) == pytest.approx(
        1.0, abs=0.06
    )


def test_yang_zhang_adds_the_gaps():
    bars = brownian_bars(1500, STD, seed=3, gap=STD)

    found = drift_volatility.yang_zhang(bars.open, bars.high, bars.low, bars.close, 20)

    assert math.sqrt(np.nanmean(found**2)) == pytest.approx(math.sqrt(2) * STD, rel=0.05)
    assert np.nanmean(range_share.gap_share(bars.open, bars.close, 60)) == pytest.approx(0.5, abs=0.03)


def test_ranges_and_closes_agree_on_a_brownian_path_and_bounces_part_them():
    bars = brownian_bars(1500, STD, seed=4)
    bounced = np.tile([0.0, STD, -STD, 0.0], (100, 1))

    found = range_share.parkinson_share(bars.high, bars.low, bars.close, 60)
    bouncing = bars_of_paths(bounced + np.random.default_rng(0).normal(scale=STD / 10, size=(100, 1)))

    assert np.nanmean(found) == pytest.approx(0.5, abs=0.03)
    assert range_share.parkinson_share(bouncing.high, bouncing.low, bouncing.close, 60)[-1] > 0.9


def test_a_straight_rise_is_efficient_wide_and_one_sided():
    steps = np.linspace(0.0, STD, 11)
    bars = bars_of_paths(steps + STD * np.arange(80)[:, None])

    assert range_efficiency.range_efficiency(bars.high, bars.low, bars.close, 20)[-1] == pytest.approx(1.0)
    assert range_shape.normalised_range(bars.high, bars.low, bars.close, 25)[-1] == pytest.approx(5.0)
    assert range_efficiency.high_low_asymmetry(bars.open, bars.high, bars.low, 20)[-1] == pytest.approx(1.0)


def test_roll_finds_the_spread_of_a_bounce():
    rng = np.random.default_rng(5)
    middle = rng.normal(scale=2e-4, size=6000).cumsum()
    bounced = np.exp(middle + 5e-4 * rng.choice([-1.0, 1.0], 6000))

    found = bid_ask_spread.roll_spread(bounced, 5000)[-1]

    assert found == pytest.approx(1e-3, rel=0.1)


@pytest.mark.parametrize("name", ["corwin_schultz", "abdi_ranaldo"])
def test_ranges_find_the_spread_that_trades_at_bid_and_ask_have(name):
    rng = np.random.default_rng(6)
    moves = rng.normal(scale=STD / 20, size=(3000, 400)).cumsum().reshape(3000, 400)
    sides = rng.choice([-1.0, 1.0], moves.shape)

    found = {
        spread: np.nanmean(ENTRIES[name].compute(bars_of_paths(moves + spread / 2 * sides), {"lookback_bars": 2000})[0])
        for spread in (0.0, STD, 2 * STD)
    }

    assert found[STD] == pytest.approx(STD, rel=0.35)
    assert found[2 * STD] == pytest.approx(2 * STD, rel=0.25)
    assert found[0.0] < 0.5 * found[STD]


def test_a_jump_enters_realised_variance_only():
    returns = np.random.default_rng(7).normal(scale=STD, size=4000)
    jumping = returns.copy()
    jumping[2000] = 12 * STD
    calm, jumpy = closes(returns), closes(jumping)
    row = 2050  # the jump is fifty bars old

    assert realised.close_to_close(jumpy, (100,))[0][row] > 1.4 * realised.close_to_close(calm, (100,))[0][row]
    for robust in (bipower.bipower_variation, lambda c, n: bipower.neighbour_truncation(c, n)[0], _median_truncation):
        assert robust(jumpy, 100)[row] == pytest.approx(robust(calm, 100)[row], rel=0.15)
        assert np.nanmean(robust(calm, 100)) == pytest.approx(STD, rel=0.02)
    assert jump.jump_share(jumpy, 100)[row] > 0.4 > jump.jump_share(calm, 100)[row]
    assert jump.jump_test(jumpy, 100)[row] > 4.0
    assert semivariance.signed_jump(jumpy, 100)[row] > 0.4 > abs(semivariance.signed_jump(calm, 100)[row])
    assert realised.realised_quarticity(jumpy, 100)[row] > 5.0


def _median_truncation(close, n):
    return bipower.neighbour_truncation(close, n)[1]


def test_the_jump_test_is_about_standard_normal_without_jumps():
    returns = np.random.default_rng(8).normal(scale=STD, size=40_000)

    found = jump.jump_test(closes(returns), 200)[200::200]

    assert np.mean(found) == pytest.approx(0.0, abs=0.25)
    assert np.std(found) == pytest.approx(1.0, abs=0.15)


def test_ratios_rise_with_volatility_and_percentiles_reach_the_top():
    returns = np.random.default_rng(9).normal(scale=STD, size=600)
    returns[-10:] *= 5.0
    close = closes(returns)
    bars = bars_of_paths(np.log(close)[:, None])

    assert volatility_terms.volatility_ratio(close, short_bars=10, long_bars=100)[-1] > 2.0
    assert volatility_terms.har_components(close, short_bars=10, medium_bars=60, long_bars=288)[0][-1] > 1.0
    assert range_shape.atr_ratio(bars.high, bars.low, bars.close, short_bars=10, long_bars=100)[-1] > 2.0
    assert volatility_of_volatility.volatility_percentile(close, short_bars=10, lookback_bars=250)[-1] == 1.0
    assert volatility_of_volatility.volatility_of_volatility(close, short_bars=10, lookback_bars=60)[-1] > 0.4


def test_a_steady_rise_has_no_spread():
    close = closes(np.full(300, 0.01))

    assert realised.close_to_close(close, (10,))[0][-1] == 0.0
    assert volatility_terms.volatility_ratio(close, short_bars=10, long_bars=100)[-1] == 1.0
    assert volatility_of_volatility.volatility_of_volatility(close, short_bars=10, lookback_bars=60)[-1] == 0.0
    assert realised.leverage(close, 100)[-1] == 0.0


def test_volatilities_of_the_same_returns_in_another_order_are_equal():
    cycle = np.random.default_rng(11).normal(scale=STD, size=20)

    found = volatility_of_volatility.volatility_percentile(closes(np.tile(cycle, 20)), short_bars=20, lookback_bars=250)

    assert set(found[269:]) == {0.5}


def test_leverage_is_negative_where_falls_are_followed_by_large_moves():
    rng = np.random.default_rng(10)
    returns = [0.0]
    for shock in rng.normal(size=5000):
        returns.append(STD * shock * (2.0 if returns[-1] < 0.0 else 1.0))

    assert realised.leverage(closes(np.array(returns)), 4000)[-1] < -0.2
    assert abs(realised.leverage(closes(rng.normal(scale=STD, size=5000)), 4000)[-1]) < 0.05


def test_a_fall_raises_gjr_volatility_more_than_a_rise():
    returns = np.tile([STD, -STD], 300)
    last = {}
    for sign in (1.0, -1.0):
        numbers = {"decay": 0.9, "asymmetry": 0.4, "pull": 0.3, "lookback_bars": 120}
        last[sign] = filtered_volatility.gjr_volatility(closes(np.append(returns, sign * 5 * STD)), **numbers)[-1]

    assert last[-1.0] > 1.2 * last[1.0] > 1.2 * STD


def test_filters_forget_their_start_down_to_the_tolerance_even_at_a_standstill():
    wild = closes(np.append(np.full(3, 0.1), np.zeros(2000)))

    for name in ("ewma_volatility", "gjr_volatility"):
        entry = ENTRIES[name]
        required = entry.required_bars(defaults(entry), Timeframe.M15, 1e-6)
        column = entry.compute(bars_of_paths(np.log(wild)[:, None]), defaults(entry))[0]
        assert column[required + 3] < 1e-6 < np.nanmax(column)


def test_bands_are_talibs():
    talib = pytest.importorskip("talib")
    close = bars_of_seed(2).close

    upper, middle, lower = talib.BBANDS(close, timeperiod=20, nbdevup=2.0, nbdevdn=2.0)

    width = deviation_bands.bollinger_bandwidth(close, 20, width=2.0)
    np.testing.assert_allclose(width, (upper - lower) / middle, rtol=1e-6)
    place = deviation_bands.bollinger_percent_b(close, 20, width=2.0)
    np.testing.assert_allclose(place, (close - lower) / (upper - lower), rtol=0, atol=1e-5)


def test_a_squeeze_is_a_calm_of_closes_within_wide_bars():
    wide = np.tile([0.0, STD, -STD, 0.0], (60, 1)) + STD / 20 * np.sin(np.arange(60))[:, None]
    rising = np.tile([0.0, STD], (60, 1)) + STD * np.arange(60)[:, None]

    found = [
        squeeze.squeeze(b.high, b.low, b.close, 20, width=2.0, range_width=1.5)[0][-1]
        for b in (bars_of_paths(wide), bars_of_paths(rising))
    ]

    assert found == [1.0, 0.0]


def test_ulcer_index_sees_falls_only():
    rising, falling = closes(np.full(60, STD)), closes(np.full(60, -STD))

    assert drawdown.ulcer_index(rising, 14)[-1] == 0.0
    # After 14 bars of falling every close is 13 steps below its window's peak.
    assert drawdown.ulcer_index(falling, 14)[-1] == pytest.approx(1.0 - math.exp(-13 * STD))


def test_relative_volatility_index_takes_the_side_of_the_large_moves():
    rises = np.tile([3 * STD, -STD, -STD, -STD], 100)
    numbers = {"deviation_bars": 2, "tolerance": 1e-6}

    up = smoothed_volatility.relative_volatility_index(closes(rises), 14, **numbers)[-1]
    down = smoothed_volatility.relative_volatility_index(closes(-rises), 14, **numbers)[-1]

    assert up == pytest.approx(100.0 - down)
    assert down > 50.0  # deviations of two closes: 3 against three times 1, so the last bars decide


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: drift_volatility.yang_zhang(x, x, x, x, 1), "lookback_bars must be at least 2, was 1"),
        (lambda x: range_shape.atr_ratio(x, x, x, short_bars=5, long_bars=5), "less than long_bars=5, was 5"),
        (lambda x: volatility_terms.har_components(x, short_bars=3, medium_bars=2, long_bars=9), "must increase"),
        (lambda x: filtered_volatility.ewma_volatility(x, 1.0), "decay must be between 0 and 1, was 1.0"),
        (lambda x: jump.jump_test(x, 4), "lookback_bars must be at least 5, was 4"),
    ],
    ids=["lookback", "ratio", "spans", "decay", "quadpower"],
)
def test_impossible_numbers_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call(np.ones(50))
