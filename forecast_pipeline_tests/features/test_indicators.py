"""Guards that each indicator is the variant its docstring names, by hand, by loops and at its edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.bar_arrays import BarArrays, bar_arrays
from forecast_pipeline.features.catalogue.table import CATALOGUE
from forecast_pipeline.features.indicators import momentum, statistics, trend, volatility, volume, windows
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.features.presets import PRESETS
from forecast_pipeline_tests.features.simulated import simulated_bars
from forecast_pipeline_tests.oracles import indicators as oracle

PARAMETERS = FeatureParameters()
# Closes of the worked example of Wilder's RSI with 14 bars in StockCharts' ChartSchool; quoted from memory.
WILDER_CLOSES = np.array(
    [
        *(44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826),
        *(45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439),
    ]
)


def as_dictionary(bars: BarArrays) -> dict[str, np.ndarray]:
    names = ("open", "high", "low", "close", "volume", "session")
    return {name: getattr(bars, name) for name in names}


def test_rsi_is_the_published_worked_example():
    found = momentum.rsi(WILDER_CLOSES)

    assert found[14:].tolist() == pytest.approx([70.53, 66.32, 66.55, 69.41, 66.36, 57.97], abs=0.01)


def test_wilder_averages_by_hand():
    # True ranges 2, 2, 5 (from the close of 9 up to 14), 1; mean of two, then (previous + new) / 2.
    high = np.array([10.0, 11.0, 11.0, 14.0, 13.0])
    low = np.array([9.0, 9.0, 9.0, 12.0, 12.0])
    close = np.array([9.5, 10.0, 9.0, 13.0, 12.5])

    found = volatility.atr(high, low, close, lookback_bars=2) * close

    assert found[2:].tolist() == pytest.approx([2.0, 3.5, 2.25], abs=1e-12)


@pytest.mark.parametrize("name", PRESETS["core18"])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_indicator_equals_its_loop(name, seed):
    bars = bar_arrays(simulated_bars(Timeframe.M15, 420, seed), Timeframe.M15)

    found = CATALOGUE[name].compute(bars, PARAMETERS.values(CATALOGUE[name]))
    expected = oracle.BY_NAME[name](as_dictionary(bars))

    assert len(found) == len(expected) == len(CATALOGUE[name].outputs)
    for fast, slow in zip(found, expected, strict=True):
        np.testing.assert_allclose(fast, slow, rtol=1e-8, atol=1e-9)


@given(seed=st.integers(0, 10_000), n=st.integers(2, 90), n_bars=st.integers(0, 200))
@settings(max_examples=25, deadline=None)
def test_window_sums_equal_numpy(seed, n, n_bars):
    values = np.random.default_rng(seed).normal(1.1, 1e-5, n_bars)
    n_windows = max(0, n_bars - n + 1)

    total = windows.window_sum(values, n)

    expected = [values[i : i + n].sum() for i in range(n_windows)]
    np.testing.assert_allclose(total[n_bars - n_windows :], expected, rtol=1e-13)
    assert np.isnan(total[: n_bars - n_windows]).all()


def test_zeros_sum_to_zero_whatever_came_before():
    values = np.concatenate([np.random.default_rng(0).lognormal(0, 5, 1000), np.zeros(14)])

    assert windows.window_sum(values, 14)[-1] == 0.0


@pytest.mark.parametrize("lookback", [16, 50, 64, 100])
def test_hurst_equals_its_loop_for_any_window(lookback):
    bars = bar_arrays(simulated_bars(Timeframe.H1, 260, 3), Timeframe.H1)

    found = statistics.hurst(bars.close, lookback)

    np.testing.assert_allclose(found, oracle.hurst(as_dictionary(bars), lookback)[0], rtol=0, atol=1e-8)


def test_hurst_does_not_depend_on_its_blocks(monkeypatch):
    close = bar_arrays(simulated_bars(n_bars=500), Timeframe.M15).close
    whole = statistics.hurst(close)

    monkeypatch.setattr(statistics, "_BLOCK_BARS", 37)

    np.testing.assert_array_equal(statistics.hurst(close), whole)


@pytest.mark.parametrize("step", [1e-2, 1e-5, -3e-4])
def test_a_steady_rise_has_no_spread_and_counts_as_memoryless(step):
    close = np.exp(step * np.arange(300))

    assert set(statistics.hurst(close)[64:]) == {0.5}


def test_hurst_tells_persistence_from_reversion():
    shocks = np.random.default_rng(0).normal(scale=1e-4, size=20_000)
    persistent, reverting = shocks[1:] + 0.6 * shocks[:-1], shocks[1:] - 0.6 * shocks[:-1]

    means = [np.nanmean(statistics.hurst(np.exp(r.cumsum()))) for r in (reverting, shocks, persistent)]

    assert means[0] < 0.4
    assert means[1] == pytest.approx(0.5, abs=0.03)
    assert means[2] > 0.54


def test_expected_rescaled_range_is_what_normal_returns_give():
    returns = np.random.default_rng(0).normal(size=(20_000, 32))
    sums = np.cumsum(returns - returns.mean(axis=1, keepdims=True), axis=1)
    simulated = ((sums.max(axis=1) - sums.min(axis=1)) / returns.std(axis=1)).mean()

    assert statistics.expected_rescaled_range(32) == pytest.approx(simulated, rel=0.01)


@pytest.mark.parametrize(
    ("name", "neutral"),
    [
        ("rsi", 50.0),
        ("stochastic", 50.0),
        ("williams_r", -50.0),
        ("cci", 0.0),
        ("adx", 0.0),
        ("mfi", 50.0),
        ("ultimate_oscillator", 50.0),
        ("hurst", 0.5),
        ("atr", 0.0),
        ("obv", 0.0),
    ],
)
@pytest.mark.parametrize("price", [1.1, 0.7313, 151.237])
def test_a_market_that_stands_still_is_neutral(name, neutral, price):
    flat = np.full(400, price)
    prices = dict.fromkeys(("open", "high", "low", "close"), flat)
    clocks = dict.fromkeys(("opens_us", "closes_us", "shifted_us"), np.zeros(400, dtype=np.int64))
    bars = BarArrays(**prices, **clocks, volume=np.full(400, 3.0))

    for column in CATALOGUE[name].compute(bars, PARAMETERS.values(CATALOGUE[name])):
        assert set(column[~np.isnan(column)]) == {neutral}


def test_a_long_stop_after_trading_becomes_neutral():
    bars = bar_arrays(simulated_bars(n_bars=300, hole_fraction=0.0), Timeframe.M15)
    still = np.concatenate([bars.close, np.full(300, bars.close[-1])])

    assert momentum.rsi(still)[-1] == 50.0
    assert momentum.rsi(still)[310] == pytest.approx(momentum.rsi(still)[299])
    assert trend.adx(still, still, still)[-1] == 0.0


def test_adx_counts_neither_of_two_equal_moves():
    # Every bar widens by one tick on both sides: 1.10001 - 1.1 and 1.09999 - 1.09998 differ as floats.
    ticks = np.arange(60)
    wide = trend.adx(1.1 + 1e-5 * ticks, 1.1 - 1e-5 * ticks, np.full(60, 1.1))

    assert set(wide[27:]) == {0.0}


def test_adx_is_talibs_where_no_moves_tie():
    talib = pytest.importorskip("talib")
    rng = np.random.default_rng(0)
    close = np.exp(rng.normal(scale=1e-3, size=900).cumsum())
    high, low = close * np.exp(rng.random(900) * 1e-3), close * np.exp(-rng.random(900) * 1e-3)

    # TA-Lib starts with one movement less, so the two agree once both have forgotten their start.
    np.testing.assert_allclose(trend.adx(high, low, close)[400:], talib.ADX(high, low, close, 14)[400:], atol=1e-6)


def test_obv_and_vwap_start_again_with_the_session():
    close = np.array([1.0, 2.0, 1.0, 4.0, 8.0])
    session = np.array([7, 7, 7, 8, 8])
    traded = np.array([1.0, 1.0, 2.0, 5.0, 5.0])

    assert volume.obv(close, traded, session).tolist() == [0.0, 0.5, -0.25, 1.0, 1.0]
    found = np.exp(volume.vwap(close, close, close, traded, session))
    assert found.tolist() == pytest.approx([1.0, 2.0 / 1.5, 1.0 / 1.25, 1.0, 8.0 / 6.0])


def test_unrecorded_volume_is_unknown_and_not_zero():
    close = np.array([1.0, 2.0, 1.0, 4.0, 8.0, 9.0])
    traded = np.array([1.0, np.nan, 2.0, 5.0, 5.0, 5.0])
    session = np.array([0, 0, 0, 1, 1, 1])

    assert np.isnan(momentum.mfi(close, close, close, traded, 2)).tolist() == [True] * 3 + [False] * 3
    assert np.isnan(volume.obv(close, traded, session)).tolist() == [False, True, True, False, False, False]


def test_mfi_sees_a_tie_of_typical_prices_through_rounding():
    # Both bars sum to 330012 ticks; as floats the sums differ in the last digit.
    high, low, close = (np.array(x) for x in ([1.10006, 1.10008], [1.10001, 1.10001], [1.10005, 1.10003]))
    idle = momentum.mfi(np.tile(high, 3), np.tile(low, 3), np.tile(close, 3), np.ones(6), 3)

    assert idle[3:].tolist() == [50.0, 50.0, 50.0]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: momentum.rsi(x, 1), "lookback_bars must be at least 2, was 1"),
        (lambda x: trend.macd(x, 26, 12), "fast_bars must be less than slow_bars=12, was 26"),
        (lambda x: statistics.hurst(x, 15), "lookback_bars must be at least 16, was 15"),
        (lambda x: momentum.ultimate_oscillator(x, x, x, short_bars=9, middle_bars=9), "must increase"),
    ],
    ids=["rsi", "macd", "hurst", "ultimate"],
)
def test_impossible_lookbacks_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call(np.ones(50))


def test_realised_volatility_equals_its_loop():
    bars = bar_arrays(simulated_bars(n_bars=200), Timeframe.M15)
    plain = as_dictionary(bars)

    np.testing.assert_allclose(
        volatility.realised_volatility(bars.close), oracle.realised_volatility(plain), rtol=1e-10
    )
    np.testing.assert_allclose(volatility.return_std(bars.close), oracle.return_std(plain), rtol=1e-10)
