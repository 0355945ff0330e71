"""Guards that candlestick patterns are TA-Lib's, that ties do not hang on rounding, and that all of them can fire."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import talib

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.catalogue.candlestick import BOTH, CANDLESTICK, DOWN, PATTERNS, SHAPE, UP
from forecast_pipeline.features.indicators.candlestick import pattern, pattern_bars, whole_prices

FUNCTIONS = {
    name: (f"CDL{code}", 200.0 if code.startswith("HIKKAKE") else 100.0, sign) for code, name, sign, _ in PATTERNS
}
NAMES = list(FUNCTIONS)


@functools.cache
def ticks(n_bars=3000, seed=0, base=100_000) -> np.ndarray:
    """Open, high, low and close in whole ticks: trends, gaps, doji, bars without shadows; shape ``(4, T)``."""
    rng = np.random.default_rng(seed)
    drift = np.repeat(rng.integers(-12, 13, n_bars // 20 + 1), 20)[:n_bars]
    body = np.rint(rng.normal(drift, rng.choice([3.0, 10.0, 30.0], n_bars)))
    body = np.where(rng.random(n_bars) < 0.2, rng.choice([-1.0, 0.0, 0.0, 1.0], n_bars), body)
    gap = np.where(rng.random(n_bars) < 0.3, rng.choice([-30, -15, -2, -1, 1, 2, 15, 30], n_bars), 0.0)
    close = base + (body + gap).cumsum()
    opened = close - body
    upper, lower = (np.floor(np.abs(rng.normal(0.0, rng.choice([0.0, 0.4, 3.0, 12.0, 40.0], n_bars)))) for _ in "ul")
    return np.array([opened, np.maximum(opened, close) + upper, np.minimum(opened, close) - lower, close])


def of(name: str, bars: np.ndarray) -> np.ndarray:
    function, strongest, _ = FUNCTIONS[name]
    return pattern(function, *np.ascontiguousarray(bars), strongest)


def test_all_of_talibs_patterns_are_there():
    group = talib.get_function_groups()["Pattern Recognition"]

    assert [function for function, _, _ in FUNCTIONS.values()] == group
    assert [entry.name for entry in CANDLESTICK] == [f"candle_{name}" for name in NAMES]
    assert len(NAMES) == 61


@pytest.mark.parametrize("name", NAMES)
def test_a_pattern_is_talibs_on_ticks(name):
    function, strongest, _ = FUNCTIONS[name]

    found = of(name, ticks() * 1e-5)

    assert np.isnan(found[: pattern_bars(function) - 1]).all()
    expected = getattr(talib, function)(*ticks()) / strongest
    np.testing.assert_array_equal(found[pattern_bars(function) - 1 :], expected[pattern_bars(function) - 1 :])


@pytest.mark.parametrize("name", NAMES)
def test_a_pattern_needs_its_declared_bars_and_no_more(name):
    # One billionth to a hundred thousand, and around 1, where the quantum changes its decade.
    entry = CANDLESTICK[NAMES.index(name)]
    required = entry.required_bars({}, Timeframe.M5, 1e-6)
    for scale in (1e-13, 1e-5, 1.0):
        bars = ticks() * scale
        whole = of(name, bars)
        rows = np.unique(np.concatenate([np.flatnonzero(np.nan_to_num(whole))[:40], np.arange(required, 3000, 97)]))
        for row in rows:
            assert of(name, bars[:, row - required + 1 : row + 1])[-1] == whole[row], (scale, row)


@pytest.mark.parametrize("name", NAMES)
def test_a_pattern_does_not_depend_on_unit_or_level(name):
    whole = of(name, ticks())

    for bars in (ticks() * 1e-13, ticks() * 1e-3, ticks() * 10.0, (ticks() + 37_000.0) * 1e-5):
        np.testing.assert_array_equal(of(name, bars), whole)


def test_floats_would_depend_on_unit_and_start():
    # The trap: TA-Lib on the prices themselves.
    def differing(scale):
        return sum(
            int((getattr(talib, f)(*(ticks() * scale)) != getattr(talib, f)(*ticks())).sum()) for f in FUNCTION_NAMES
        )

    assert differing(1e-5) > 10
    path = np.exp(np.random.default_rng(0).normal(scale=0.05, size=(20_000, 5)).ravel().cumsum()).reshape(-1, 5)
    path = np.round(path, 5) + 1e-5
    bars = np.array([path[:, 0], path.max(axis=1), path.min(axis=1), path[:, -1]])
    raw, ours = talib.CDLLONGLINE(*bars), of("long_line", bars)
    late_raw = [talib.CDLLONGLINE(*bars[:, row - 10 : row + 1].copy())[-1] for row in range(10, 20_000)]
    late = [of("long_line", bars[:, row - 10 : row + 1])[-1] for row in range(10, 20_000)]
    assert (np.array(late_raw) != raw[10:]).any()
    np.testing.assert_array_equal(late, ours[10:])


FUNCTION_NAMES = [function for function, _, _ in FUNCTIONS.values()]


def test_most_patterns_fire_and_point_where_the_table_says():
    bars = ticks(60_000, 1)
    found = {name: set(np.unique(of(name, bars)[20:])) - {0.0} for name in NAMES}

    fired = {name for name, values in found.items() if values}
    assert len(fired) >= 55, sorted(set(NAMES) - fired)
    allowed = {UP: (0.0, 1.0), SHAPE: (0.0, 1.0), DOWN: (-1.0, 0.0), BOTH: (-1.0, 1.0)}
    for name in fired:
        low, high = allowed[FUNCTIONS[name][2]]
        assert low <= min(found[name]) <= max(found[name]) <= high, name
    two_sided = [name for name in fired if FUNCTIONS[name][2] == BOTH]
    assert sum(min(found[name]) < 0.0 < max(found[name]) for name in two_sided) >= 18
    for name in ("hikkake", "hikkake_modified"):
        assert found[name] <= {-1.0, -0.5, 0.5, 1.0}
    assert found["engulfing"] == {-1.0, -0.8, 0.8, 1.0}


class Bar:
    """One bar in whole ticks with the means that TA-Lib compares it with, of the ten or five bars before it."""

    def __init__(self, bars, i):
        self.o, self.h, self.low, self.c = (int(x) for x in bars[:, i])
        self.body, self.reach = abs(self.c - self.o), self.h - self.low
        self.upper, self.lower = self.h - max(self.o, self.c), min(self.o, self.c) - self.low
        self.is_white = self.c >= self.o
        before = bars[:, i - 10 : i].astype(int)
        bodies, reaches = np.abs(before[3] - before[0]), before[1] - before[2]
        self.bodies, self.reaches, self.near = int(bodies.sum()), int(reaches.sum()), int(reaches[-5:].sum())
        self.shadows = self.reaches - self.bodies
        self.is_long, self.is_short = 10 * self.body > self.bodies, 10 * self.body < self.bodies
        self.is_doji = 100 * self.body <= self.reaches

    def is_tiny(self, shadow):
        return 100 * shadow < self.reaches

    def is_low(self, shadow):
        return 20 * shadow < self.shadows


def signed(bar, value=100):
    return value if bar.is_white else -value


def engulfing(b, a):
    if b.is_white == a.is_white:
        return 0
    top, bottom, outer_top, outer_bottom = max(a.o, a.c), min(a.o, a.c), max(b.o, b.c), min(b.o, b.c)
    if not (outer_top >= top and outer_bottom <= bottom and (outer_top > top or outer_bottom < bottom)):
        return 0
    return signed(b, 100 if outer_top != top and outer_bottom != bottom else 80)


def harami(b, a):
    top, bottom, inner_top, inner_bottom = max(a.o, a.c), min(a.o, a.c), max(b.o, b.c), min(b.o, b.c)
    if not (a.is_long and 10 * b.body <= b.bodies and inner_top <= top and inner_bottom >= bottom):
        return 0
    return -signed(a, 100 if inner_top < top and inner_bottom > bottom else 80)


def rickshaw_man(b, _):
    near = 0.2 * b.near / 5
    in_middle = min(b.o, b.c) <= b.low + b.reach / 2 + near and max(b.o, b.c) >= b.low + b.reach / 2 - near
    return 100 * (b.is_doji and b.upper > b.body and b.lower > b.body and in_middle)


LOOPS = {
    "doji": lambda b, _: 100 * b.is_doji,
    "dragonfly_doji": lambda b, _: 100 * (b.is_doji and b.is_tiny(b.upper) and 100 * b.lower > b.reaches),
    "gravestone_doji": lambda b, _: 100 * (b.is_doji and b.is_tiny(b.lower) and 100 * b.upper > b.reaches),
    "long_legged_doji": lambda b, _: 100 * (b.is_doji and max(b.lower, b.upper) > b.body),
    "takuri": lambda b, _: 100 * (b.is_doji and b.is_tiny(b.upper) and b.lower > 2 * b.body),
    "rickshaw_man": rickshaw_man,
    "long_line": lambda b, _: signed(b) * (b.is_long and b.is_low(b.upper) and b.is_low(b.lower)),
    "short_line": lambda b, _: signed(b) * (b.is_short and b.is_low(b.upper) and b.is_low(b.lower)),
    "marubozu": lambda b, _: signed(b) * (b.is_long and b.is_tiny(b.upper) and b.is_tiny(b.lower)),
    "closing_marubozu": lambda b, _: signed(b) * (b.is_long and b.is_tiny(b.upper if b.is_white else b.lower)),
    "belt_hold": lambda b, _: signed(b) * (b.is_long and b.is_tiny(b.lower if b.is_white else b.upper)),
    "spinning_top": lambda b, _: signed(b) * (b.is_short and b.upper > b.body and b.lower > b.body),
    "high_wave": lambda b, _: signed(b) * (b.is_short and b.upper > 2 * b.body and b.lower > 2 * b.body),
    "engulfing": engulfing,
    "harami": harami,
    "matching_low": lambda b, a: 100 * (not (a.is_white or b.is_white) and 100 * abs(b.c - a.c) <= a.near),
}


@pytest.mark.parametrize("name", list(LOOPS))
def test_a_simple_pattern_equals_its_loop_in_whole_ticks(name):
    bars = ticks(1500, 2)

    found = of(name, bars * 1e-5)

    expected = [LOOPS[name](Bar(bars, i), Bar(bars, i - 1)) / 100 for i in range(20, 1500)]
    np.testing.assert_array_equal(found[20:], expected)
    assert np.count_nonzero(expected) > 20


def test_patterns_by_hand():
    # Ten bars of body 6 and range 10, then the bar in question.
    before = np.tile([[100.0], [108.0], [98.0], [106.0]], 12)

    def last(name, *bar):
        return of(name, np.concatenate([before, np.array(bar, float)[:, None]], axis=1) * 0.01)[-1]

    assert last("doji", 100, 105, 95, 101) == 1.0  # a body of 1 is a tenth of 10, the tie counts
    assert last("doji", 100, 105, 95, 102) == 0.0
    assert last("marubozu", 100, 120, 100, 120) == 1.0
    assert last("marubozu", 120, 120, 100, 100) == -1.0
    assert last("long_line", 100, 107, 100, 106) == 0.0  # a body of 6 is not longer than 6
    assert last("engulfing", 107, 108, 98, 99) == -1.0
    assert last("engulfing", 106, 108, 98, 99) == -0.8


@pytest.mark.parametrize("first", [1e-8, 0.99999, 1.0, 151.237, 123_456.0, 4e12])
def test_whole_prices_are_whole_and_keep_ticks(first):
    tick = first * 1e-6
    prices = first + tick * np.arange(4.0)

    (found,) = whole_prices(prices)

    assert (found == np.rint(found)).all()
    assert 1e9 <= found[0] < 1e10 + 1
    np.testing.assert_allclose(found / found[0], prices / first, rtol=2e-9)
    assert np.unique(found).size == 4


def test_an_empty_history_has_no_pattern():
    empty = np.empty(0)

    assert pattern("CDLDOJI", empty, empty, empty, empty).size == 0
