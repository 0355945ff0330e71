"""Direction and strength of trends as plain loops from their definitions: slow, obvious, never optimised.

Every function takes a dictionary of arrays ``open high low close`` and returns its columns, NaN where too few bars
exist.
"""

from __future__ import annotations

import math

import numpy as np

from forecast_pipeline_tests.oracles import indicators
from forecast_pipeline_tests.oracles.trend_momentum import (
    NAN,
    distance,
    efficiency,
    exponential,
    fraction,
    lag,
    mean,
    negative,
    pairwise,
    percent,
    positive,
    rolling,
    sign,
    simple,
    steps,
    true_ranges,
    wilder,
)


def _moves(b):
    """In whole ticks, so that equal moves are equal."""
    h, low = [round(x * 1e7) for x in b["high"]], [round(x * 1e7) for x in b["low"]]
    plus, minus = [NAN], [NAN]
    for i in range(1, len(h)):
        up, down = h[i] - h[i - 1], low[i - 1] - low[i]
        plus.append(1e-7 * up if up > 0 and up > down else 0.0)
        minus.append(1e-7 * down if down > 0 and down > up else 0.0)
    return wilder(plus, 14), wilder(minus, 14)


def directional_movement(b):
    reach = wilder(true_ranges(b), 14)
    return tuple(100 * np.array(fraction(moves, reach, 0.0)) for moves in _moves(b))


def dx(b):
    plus, minus = _moves(b)
    return (np.array(pairwise(lambda p, m: 0.0 if p + m == 0 else 100 * (p - m) / (p + m), plus, minus)),)


def adxr(b):
    index = indicators.adx(b)[0]
    return (np.array(pairwise(lambda now, before: (now + before) / 2, index, lag(index, 14))),)


def vortex(b):
    reach = rolling(true_ranges(b), 14, math.fsum)
    rising = rolling(pairwise(lambda h, low: abs(h - low), b["high"], lag(b["low"], 1)), 14, math.fsum)
    falling = rolling(pairwise(lambda low, h: abs(low - h), b["low"], lag(b["high"], 1)), 14, math.fsum)
    return np.array(fraction(rising, reach, 1.0)), np.array(fraction(falling, reach, 1.0))


def aroon(b, n=25):
    """The latest of equal extremes counts."""
    up = rolling(b["high"], n + 1, lambda w: 100 * max(j for j, x in enumerate(w) if x == max(w)) / n)
    down = rolling(b["low"], n + 1, lambda w: 100 * max(j for j, x in enumerate(w) if x == min(w)) / n)
    return np.array(up), np.array(down), np.array(up) - np.array(down)


def ichimoku(b):
    def middle(n):
        return pairwise(lambda x, y: (x + y) / 2, rolling(b["high"], n, max), rolling(b["low"], n, min))

    tenkan, kijun = middle(9), middle(26)
    first = pairwise(lambda x, y: (x + y) / 2, tenkan, kijun)
    return tuple(distance(b["close"], line) for line in (tenkan, kijun, lag(first, 26), lag(middle(52), 26)))


def line_through(window):
    """Intercept and slope over the times 0, 1, 2 and so on, from the normal equations about the mean time."""
    n = len(window)
    centre, height = (n - 1) / 2, mean(window)
    slope = math.fsum((j - centre) * (x - height) for j, x in enumerate(window)) / sum(
        (j - centre) ** 2 for j in range(n)
    )
    return height - slope * centre, slope


def linear_regression(b, n=20):
    columns = ([], [], [])
    price = [math.log(c) for c in b["close"]]
    for i in range(len(price)):
        if i < n - 1:
            for column in columns:
                column.append(NAN)
            continue
        window = price[i - n + 1 : i + 1]
        intercept, slope = line_through(window)
        total = math.fsum((x - mean(window)) ** 2 for x in window)
        rest = math.fsum((x - intercept - slope * j) ** 2 for j, x in enumerate(window))
        columns[0].append(window[-1] - intercept - slope * (n - 1))
        columns[1].append(slope)
        columns[2].append(0.0 if total < 1e-22 else 1 - rest / total)
    return tuple(np.array(column) for column in columns)


def quadratic_regression(b, n=30):
    price = np.log(b["close"])
    out = np.full((2, len(price)), NAN)
    times = np.arange(n) - n + 1.0
    for i in range(n - 1, len(price)):
        bow, _, end = np.polyfit(times, price[i - n + 1 : i + 1] - price[i], 2)
        out[:, i] = -end, 2 * bow
    return tuple(out)


def mass_index(b):
    once = exponential(b["high"] - b["low"], 9)
    return (np.array(rolling(fraction(once, exponential(once, 9), 1.0), 25, math.fsum)),)


def choppiness_index(b, n=14):
    before = lag(b["close"], 1)
    path = rolling(true_ranges(b), n, math.fsum)
    top = rolling(pairwise(max, b["high"], before), n, max)
    bottom = rolling(pairwise(min, b["low"], before), n, min)

    def index(total, high, low):
        return 50.0 if high == low else 100 * math.log10(total / (high - low)) / math.log10(n)

    return (np.array(pairwise(index, path, top, bottom)),)


def trend_intensity(b):
    deviation = pairwise(
        lambda c, level: 0.0 if abs(c - level) < 1e-10 * c else c - level, b["close"], simple(b["close"], 60)
    )
    return (
        np.array(percent(rolling(positive(deviation), 30, math.fsum), rolling(negative(deviation), 30, math.fsum))),
    )


def random_walk_index(b, n=14):
    ranges = true_ranges(b)
    up, down = [], []
    for i in range(len(ranges)):
        found = ([], [])
        for k in range(2, n + 1):
            if i < n:
                continue
            unit = mean(ranges[i - k + 1 : i + 1]) * math.sqrt(k)
            first = i - k + 1
            moves = b["high"][i] - b["low"][first], b["high"][first] - b["low"][i]
            for moved, collected in zip(moves, found, strict=True):
                collected.append(moved / unit if unit else 0.0)
        up.append(max(found[0], default=NAN))
        down.append(max(found[1], default=NAN))
    return np.array(up), np.array(down)


def vertical_horizontal_filter(b, n=28):
    reach = rolling(b["close"], n + 1, lambda w: max(w) - min(w))
    return (np.array(fraction(reach, rolling([abs(x) for x in steps(b["close"])], n, math.fsum), 0.0)),)


def efficiency_ratio(b):
    return (np.array(efficiency(b, 30)),)


def schaff_trend_cycle(b):
    line = pairwise(lambda fast, slow: fast - slow, exponential(b["close"], 23), exponential(b["close"], 50))
    first = exponential(
        rolling(line, 10, lambda w: 0.5 if max(w) == min(w) else (w[-1] - min(w)) / (max(w) - min(w))), 3
    )
    second = rolling(first, 10, lambda w: w[-1] if max(w) - min(w) <= 1e-10 else (w[-1] - min(w)) / (max(w) - min(w)))
    return (100 * np.array(exponential(second, 3)),)


def mann_kendall(b, n=20):
    pairs = [(i, j) for j in range(n) for i in range(j)]
    return (np.array(rolling(b["close"], n, lambda w: mean([sign(w[j] - w[i]) for i, j in pairs]))),)


def trend_score(b):
    return (np.array(rolling(b["close"], 21, lambda w: float(sum(sign(w[20] - w[20 - k]) for k in range(11, 21))))),)


def directional_bars(b, n=20):
    h, low = steps(b["high"]), steps(b["low"])
    rising = pairwise(lambda x, y: float(x > 0 and y > 0), h, low)
    falling = pairwise(lambda x, y: float(x < 0 and y < 0), h, low)
    return np.array(simple(rising, n)), np.array(simple(falling, n))


def breakout_age(b, n=20, most=100):
    h, low = b["high"], b["low"]
    columns = ([], [])
    for i in range(len(h)):
        for column, is_break in zip(
            columns,
            (lambda j: h[j] > max(h[j - n : j]), lambda j: low[j] < min(low[j - n : j])),
            strict=True,
        ):
            if i < n + most - 1:
                column.append(NAN)
                continue
            column.append(next((age for age in range(most) if is_break(i - age)), most) / most)
    return tuple(np.array(column) for column in columns)


BY_NAME = {
    function.__name__: function
    for function in (
        *(directional_movement, dx, adxr, vortex, aroon, ichimoku, linear_regression, quadratic_regression),
        *(mass_index, choppiness_index, trend_intensity, random_walk_index, vertical_horizontal_filter),
        *(efficiency_ratio, schaff_trend_cycle, mann_kendall, trend_score, directional_bars, breakout_age),
    )
}
