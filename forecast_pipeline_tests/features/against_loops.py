"""Comparison of catalogue entries with oracles that know one row at a time, and with markets that stand still."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.bar_arrays import BarArrays, bar_arrays
from forecast_pipeline_tests.features.simulated import simulated_bars

if TYPE_CHECKING:
    from forecast_pipeline.features.catalogue.indicator import Indicator

TOLERANCE = 1e-6
PRICES = ("open", "high", "low", "close")


def bars_of_seed(seed: int, n_bars: int = 420) -> BarArrays:
    return bar_arrays(simulated_bars(Timeframe.M15, n_bars, seed), Timeframe.M15)


def defaults(indicator: Indicator) -> dict[str, float]:
    return indicator.defaults | {"tolerance": TOLERANCE}


def with_numbers(indicator: Indicator, **more: float) -> dict[str, float]:
    """The defaults with those of the given numbers that the indicator has."""
    own = indicator.defaults
    return own | {name: value for name, value in more.items() if name in own} | {"tolerance": TOLERANCE}


def as_dictionary(bars: BarArrays) -> dict[str, Any]:
    """The bars as the oracles of sessions and pairs of currencies take them."""
    names = (*PRICES, "volume", "opens_us", "closes_us", "minutes", "symbol", "peers")
    return {name: getattr(bars, name) for name in names}


def shortened(indicator: Indicator) -> dict[str, float]:
    """Other numbers than the defaults: durations 0.6 times as long, shares 0.9 times as large."""
    values: dict[str, float] = {"tolerance": TOLERANCE}
    for parameter in indicator.parameters:
        if isinstance(parameter.default, int):
            values[parameter.name] = max(int(parameter.least), int(0.6 * parameter.default))
        else:
            values[parameter.name] = max(parameter.least, 0.9 * parameter.default)
    return values


def assert_equals_loop(indicator: Indicator, oracle, bars: BarArrays, values: dict[str, float], step: int = 11) -> None:
    """Every ``step``-th row from the first that is defined on, and that one."""
    found = indicator.compute(bars, values)
    plain = {name: getattr(bars, name).tolist() for name in PRICES}
    first = max(int(np.isnan(column).sum()) for column in found)
    rows = range(first, len(bars), step)

    expected = np.array([oracle(plain, row, values) for row in rows])

    assert len(rows) > 10
    assert expected.shape == (len(rows), len(indicator.outputs))
    for column, slow, output in zip(found, expected.T, indicator.outputs, strict=True):
        np.testing.assert_allclose(column[rows], slow, rtol=1e-8, atol=1e-11, err_msg=output.suffix)


def values_after_standstill(indicator: Indicator, bars: BarArrays, price: float) -> np.ndarray:
    """Last values after the market has moved, then jumped to ``price`` and stood there for the warm-up."""
    required = indicator.required_bars(defaults(indicator), Timeframe.M15, TOLERANCE)
    columns = {
        name: np.concatenate([getattr(bars, name), np.full(required, price), np.full(1, price)])
        for name in (*PRICES, "volume")
    }
    clocks = {name: np.arange(len(bars) + required + 1) for name in ("opens_us", "closes_us", "shifted_us")}
    found = indicator.compute(dataclasses.replace(bars, **columns, **clocks), defaults(indicator))
    return np.array([column[-1] for column in found])


def bars_of_closes(closes: np.ndarray) -> BarArrays:
    """Bars whose four prices are their close."""
    clock = np.arange(len(closes))
    prices = dict.fromkeys(PRICES, closes)
    return BarArrays(**prices, volume=np.ones(len(closes)), opens_us=clock, closes_us=clock, shifted_us=clock)


def bars_of_paths(paths: np.ndarray) -> BarArrays:
    """Bars from log prices, shape ``(T, points)``; the first point of each is its open."""
    prices = np.exp(paths)
    bars = bars_of_closes(prices[:, -1])
    return dataclasses.replace(bars, open=prices[:, 0], high=prices.max(axis=1), low=prices.min(axis=1))


def brownian_bars(
    n_bars: int, std: float, seed: int, *, drift: float = 0.0, gap: float = 0.0, n_points: int = 1000
) -> BarArrays:
    """Bars of a finely sampled Brownian path: standard deviation and drift of a bar, standard deviation of gaps."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(drift / n_points, std / np.sqrt(n_points), size=(n_bars, n_points))
    inside = np.concatenate([np.zeros((n_bars, 1)), steps.cumsum(axis=1)], axis=1)
    starts = np.concatenate([[0.0], (inside[:-1, -1] + rng.normal(scale=gap, size=n_bars - 1)).cumsum()])
    return bars_of_paths(inside + starts[:, None])


def closes(log_returns: np.ndarray) -> np.ndarray:
    """Closes from a first one of 1.1 on, one more than the returns."""
    return 1.1 * np.exp(np.concatenate([[0.0], np.cumsum(log_returns)]))
