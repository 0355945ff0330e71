"""Guards that trend and momentum are the variants they name: by loops from the definition and against TA-Lib."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.bar_arrays import BarArrays, bar_arrays
from forecast_pipeline.features.catalogue.core18 import CORE18
from forecast_pipeline.features.catalogue.momentum import MOMENTUM
from forecast_pipeline.features.catalogue.trend import TREND
from forecast_pipeline.features.indicators import (
    directional_index,
    directional_movement,
    extreme_age,
    moving_average,
    moving_average_adaptive,
    moving_average_recursive,
    trend_count,
    trend_regression,
)
from forecast_pipeline_tests.features.simulated import simulated_bars
from forecast_pipeline_tests.oracles import average_loops, momentum_loops, return_loops, trend_loops

OURS = {each.name: each for each in (*TREND, *MOMENTUM)}
ORACLES = average_loops.BY_NAME | trend_loops.BY_NAME | return_loops.BY_NAME | momentum_loops.BY_NAME
TOLERANCE = 1e-6


def values_of(name: str, tolerance: float = TOLERANCE, **more) -> dict:
    return OURS[name].defaults | {"tolerance": tolerance} | more


def required(name: str, tolerance: float = TOLERANCE) -> int:
    return OURS[name].required_bars(values_of(name, tolerance), Timeframe.M15, tolerance)


def bars_of(n_bars: int, seed: int = 0) -> BarArrays:
    return bar_arrays(simulated_bars(Timeframe.M15, n_bars, seed), Timeframe.M15)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_indicator_equals_its_loop(name, seed):
    bars = bars_of(max(330, required(name) + 30), seed)

    found = OURS[name].compute(bars, values_of(name))
    expected = ORACLES[name]({side: getattr(bars, side) for side in ("open", "high", "low", "close")})

    assert len(found) == len(expected) == len(OURS[name].outputs)
    for fast, slow in zip(found, expected, strict=True):
        np.testing.assert_allclose(fast, slow, rtol=1e-8, atol=1e-9)
        assert np.isfinite(slow).sum() >= 30


def test_every_entry_has_a_loop_and_every_loop_an_entry():
    assert set(ORACLES) == set(OURS)
    assert {each.group for each in TREND} == {"trend"}
    assert {each.group for each in MOMENTUM} == {"momentum"}


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("tolerance", [0.1, 1e-12])
def test_the_first_value_stands_at_the_end_of_the_warm_up_whatever_the_tolerance(name, tolerance):
    bars = bars_of(required(name, tolerance) + 1)

    for column in OURS[name].compute(bars, values_of(name, tolerance)):
        assert np.isfinite(column[required(name, tolerance) - 1 :]).all()


@pytest.mark.parametrize(
    "name", [name for name, each in OURS.items() if required(name, 1e-1) == required(name, 1e-9) and each.parameters]
)
def test_the_warm_up_of_a_window_is_not_a_bar_too_long(name):
    bars = bars_of(required(name) + 5)

    columns = OURS[name].compute(bars, values_of(name))

    # The longest-lived column is the one that is declared; Connors' runs settle a bar before they count.
    last_nan = max(int(np.isnan(column).sum()) for column in columns)
    assert last_nan == required(name) - 1


def test_no_column_repeats_another_nor_one_of_the_specification():
    bars = bars_of(3000, seed=3)
    columns = {}
    for each in (*CORE18, *OURS.values()):
        if each.group not in {"trend", "momentum"} or "volume" in each.inputs:
            continue
        for output, column in zip(
            each.outputs, each.compute(bars, each.defaults | {"tolerance": TOLERANCE}), strict=True
        ):
            columns[f"{each.name} {output.suffix}"] = column[700:]

    table = np.abs(np.corrcoef(np.array(list(columns.values()))))

    twins = [pair for pair in itertools.combinations(range(len(table)), 2) if table[pair] > 0.9999]
    assert [(list(columns)[i], list(columns)[j]) for i, j in twins] == []


CLOSE = bars_of(600, 7).close
HIGH, LOW, OPEN = bars_of(600, 7).high, bars_of(600, 7).low, bars_of(600, 7).open


@pytest.mark.parametrize(
    ("found", "call"),
    [
        (lambda: moving_average.wma(CLOSE, 9), lambda t: np.log(CLOSE / t.WMA(CLOSE, 9))),
        (lambda: moving_average.trima(CLOSE, 10), lambda t: np.log(CLOSE / t.TRIMA(CLOSE, 10))),
        (lambda: moving_average.trima(CLOSE, 11), lambda t: np.log(CLOSE / t.TRIMA(CLOSE, 11))),
        (lambda: moving_average.midpoint(CLOSE, 9), lambda t: np.log(CLOSE / t.MIDPOINT(CLOSE, 9))),
        (lambda: moving_average_recursive.dema(CLOSE, 9), lambda t: np.log(CLOSE / t.DEMA(CLOSE, 9))),
        (lambda: moving_average_recursive.tema(CLOSE, 9), lambda t: np.log(CLOSE / t.TEMA(CLOSE, 9))),
        (lambda: moving_average_recursive.t3(CLOSE, 5, 0.6), lambda t: np.log(CLOSE / t.T3(CLOSE, 5, 0.6))),
        (lambda: extreme_age.aroon(HIGH, LOW, 14)[1], lambda t: t.AROON(HIGH, LOW, 14)[0]),
        (lambda: extreme_age.aroon(HIGH, LOW, 14)[0], lambda t: t.AROON(HIGH, LOW, 14)[1]),
        (lambda: extreme_age.aroon(HIGH, LOW, 14)[2], lambda t: t.AROONOSC(HIGH, LOW, 14)),
        (
            lambda: np.log(CLOSE) - trend_regression.linear_regression(CLOSE, 12)[0],
            lambda t: t.LINEARREG(np.log(CLOSE), 12),
        ),
        (
            lambda: trend_regression.linear_regression(CLOSE, 12)[1],
            lambda t: t.LINEARREG_SLOPE(np.log(CLOSE), 12),
        ),
        (
            lambda: (np.log(CLOSE) - trend_regression.chande_forecast(CLOSE, 12))[1:],
            lambda t: t.TSF(np.log(CLOSE), 12)[:-1],
        ),
        (lambda: OURS["roc"].compute(bars_of(600, 7), {"lookback_bars": 5})[0], lambda t: np.log(t.ROCR(CLOSE, 5))),
        (
            lambda: OURS["balance_of_power"].compute(bars_of(600, 7), {"lookback_bars": 1})[0],
            lambda t: t.BOP(OPEN, HIGH, LOW, CLOSE),
        ),
    ],
    ids=[
        *("wma", "trima even", "trima odd", "midpoint", "dema", "tema", "t3", "aroon down", "aroon up", "aroon osc"),
        *("regression", "slope", "forecast", "roc", "balance of power"),
    ],
)
def test_the_shared_definitions_are_talibs(found, call):
    talib = pytest.importorskip("talib")

    np.testing.assert_allclose(found(), call(talib), rtol=1e-9, atol=1e-10)


def trending(n_bars: int = 900) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Highs, lows, closes without ties, so that TA-Lib's rounding decides nothing."""
    rng = np.random.default_rng(0)
    close = np.exp(rng.normal(1e-5, 1e-3, n_bars).cumsum())
    return close * np.exp(rng.random(n_bars) * 1e-3), close * np.exp(-rng.random(n_bars) * 1e-3), close


def test_directional_indicators_are_talibs_once_the_start_is_forgotten():
    talib = pytest.importorskip("talib")
    high, low, close = trending()

    plus, minus = directional_movement.directional_movement(high, low, close)
    signed = directional_index.dx(high, low, close)

    np.testing.assert_allclose(plus[300:], talib.PLUS_DI(high, low, close, 14)[300:], atol=1e-6)
    np.testing.assert_allclose(minus[300:], talib.MINUS_DI(high, low, close, 14)[300:], atol=1e-6)
    np.testing.assert_allclose(np.abs(signed[300:]), talib.DX(high, low, close, 14)[300:], atol=1e-5)


def test_a_long_memory_makes_the_restarted_average_kaufmans():
    talib = pytest.importorskip("talib")
    close = trending(2000)[2]

    found = moving_average_adaptive.kama(close, 10, memory_bars=1500)

    np.testing.assert_allclose(found[1600:], np.log(close / talib.KAMA(close, 10))[1600:], atol=1e-6)


def test_fast_stochastics_are_talibs_where_there_is_a_range():
    talib = pytest.importorskip("talib")
    high, low, close = trending()
    bars = BarArrays(
        open=close,
        high=high,
        low=low,
        close=close,
        volume=close,
        **dict.fromkeys(("opens_us", "closes_us", "shifted_us"), np.zeros(close.size, np.int64)),
    )

    fast = OURS["stochastic_fast"].compute(bars, values_of("stochastic_fast"))
    of_index = OURS["stochastic_rsi"].compute(bars, values_of("stochastic_rsi", k_bars=1, d_bars=3))

    for ours, theirs in zip(fast, talib.STOCHF(high, low, close, 5, 3), strict=True):
        np.testing.assert_allclose(ours[10:], theirs[10:], atol=1e-8)
    for ours, theirs in zip(of_index, talib.STOCHRSI(close, 14, 14, 3), strict=True):
        np.testing.assert_allclose(ours[40:], theirs[40:], atol=1e-6)


def test_talibs_momentum_oscillator_would_be_the_relative_strength_index_again():
    talib = pytest.importorskip("talib")

    np.testing.assert_allclose(talib.CMO(CLOSE, 14), 2.0 * talib.RSI(CLOSE, 14) - 100.0, atol=1e-6)


@pytest.mark.parametrize("lag", range(1, 5))
def test_a_count_of_pairs_does_not_depend_on_the_size_of_the_moves(lag):
    wild = CLOSE**50

    np.testing.assert_array_equal(trend_count.mann_kendall(wild, 4 * lag), trend_count.mann_kendall(CLOSE, 4 * lag))
