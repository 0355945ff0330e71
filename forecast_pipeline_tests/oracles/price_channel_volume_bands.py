"""Channels as plain loops from their definitions, beside `price_channel_volume`."""

from __future__ import annotations

import math
import statistics

import numpy as np

from forecast_pipeline_tests.oracles.price_channel_volume import (
    NAN,
    TICK,
    far,
    last,
    line,
    mean,
    rows,
    swing_levels,
    true_ranges,
)
from forecast_pipeline_tests.oracles.trend_momentum import wilder


def around(b, first, middle, half):
    return rows(b, first, lambda i: far(b["close"][i], middle(i) + half(i), middle(i), middle(i) - half(i)))


def envelope(b, n=40, width=0.0025):
    c = b["close"]
    return rows(b, n - 1, lambda i: ((c[i] / mean(last(c, i, n)) - 1) / width,))


def starc(b, n=6, atr_n=15, width=2.0):
    unit = wilder(true_ranges(b), atr_n)
    return around(b, atr_n, lambda i: mean(last(b["close"], i, n)), lambda i: width * unit[i])


def acceleration_bands(b, n=20):
    pairs = list(zip(b["high"], b["low"], strict=True))
    upper = [h * (1 + 4 * (h - low) / (h + low)) for h, low in pairs]
    lower = [low * (1 - 4 * (h - low) / (h + low)) for h, low in pairs]
    return rows(b, n - 1, lambda i: far(b["close"][i], mean(last(upper, i, n)), mean(last(lower, i, n))))


def chandelier_exit(b, n=22, width=3.0):
    unit = wilder(true_ranges(b), n)

    def value(i):
        top, bottom = max(last(b["high"], i, n)), min(last(b["low"], i, n))
        return far(b["close"][i], top - width * unit[i], bottom + width * unit[i])

    return rows(b, n, value)


def keltner_simple(b, n=10):
    typical, reach = (b["high"] + b["low"] + b["close"]) / 3, b["high"] - b["low"]
    return around(b, n - 1, lambda i: mean(last(typical, i, n)), lambda i: mean(last(reach, i, n)))


def keltner_width(b, n=20, atr_n=10, width=2.0):
    c, unit = b["close"], wilder(true_ranges(b), atr_n)
    average = {n - 1: mean(c[:n])}
    for i in range(n, len(c)):
        average[i] = average[i - 1] + 2 / (n + 1) * (c[i] - average[i - 1])
    return rows(b, max(n - 1, atr_n), lambda i: (2 * width * unit[i] / average[i],))


def atr_bands(b, n=14, width=1.5):
    c, unit = b["close"], wilder(true_ranges(b), n)
    return rows(b, n + 1, lambda i: far(c[i], c[i - 1] + width * unit[i - 1], c[i - 1] - width * unit[i - 1]))


def moving_average_channel(b, high_n=10, low_n=8):
    upper = rows(b, high_n - 1, lambda i: far(b["close"][i], mean(last(b["high"], i, high_n))))
    return upper + rows(b, low_n - 1, lambda i: far(b["close"][i], mean(last(b["low"], i, low_n))))


def donchian_previous(b, n=20):
    return rows(b, n, lambda i: far(b["close"][i], max(last(b["high"], i - 1, n)), min(last(b["low"], i - 1, n))))


def donchian_width(b, n=20):
    def value(i):
        top, bottom = max(last(b["high"], i, n)), min(last(b["low"], i, n))
        return ((top - bottom) / ((top + bottom) / 2),)

    return rows(b, n - 1, value)


def donchian_position(b, n=20):
    def value(i):
        top, bottom = max(last(b["high"], i - 1, n)), min(last(b["low"], i - 1, n))
        return (min(11.0, max(-10.0, (b["close"][i] - bottom) / (top - bottom))),)

    return rows(b, n, value)


def price_channel_width(b, n=50):
    c = b["close"]
    return rows(b, n - 1, lambda i: (math.log(max(last(c, i, n)) / min(last(c, i, n))),))


def quantile_channel(b, n=50, tail=0.1):
    c = b["close"]
    return rows(b, n - 1, lambda i: far(c[i], *(np.quantile(last(c, i, n), level) for level in (1 - tail, tail))))


def bandwidth_percentile(b, n=20, ranked=120):
    c = b["close"]
    spreads = [NAN] * (n - 1) + [statistics.pstdev(last(c, i, n)) for i in range(n - 1, len(c))]
    widths = [NAN if math.isnan(x) else 0.0 if x < TICK else x / mean(last(c, i, n)) for i, x in enumerate(spreads)]

    def value(i):
        others = widths[i - ranked + 1 : i]
        equal = [abs(x - widths[i]) <= 1e-9 * widths[i] for x in others]
        return (mean([0.5 if same else float(x < widths[i]) for x, same in zip(others, equal, strict=True)]),)

    return rows(b, n + ranked - 2, value)


def double_bands(b, n=20):
    def value(i):
        window, c = last(b["close"], i, n), b["close"][i]
        middle, std = mean(window), statistics.pstdev(window)
        above = [c > middle + k * std * (1 + 1e-9) for k in (1, 2)]
        below = [c < middle - k * std * (1 + 1e-9) for k in (1, 2)]
        return (float(sum(above) - sum(below)), *far(c, middle + std, middle - std))

    return rows(b, n - 1, value)


def linear_weighted_bands(b, n=25, width=2.0):
    weights = [k + 1 for k in range(n)]

    def value(i):
        window = last(b["close"], i, n)
        middle = math.fsum(w * x for w, x in zip(weights, window, strict=True)) / sum(weights)
        square = math.fsum(w * (x - middle) ** 2 for w, x in zip(weights, window, strict=True)) / sum(weights)
        return far(b["close"][i], *(middle + k * width * math.sqrt(square) for k in (1, 0, -1)))

    return rows(b, n - 1, value)


def regression_channel(b, n=60, width=2.0):
    def value(i):
        window = last(b["close"], i, n)
        slope, end = line(window)
        std = math.sqrt(mean([(x - (end - slope * (n - 1 - k))) ** 2 for k, x in enumerate(window)]))
        return far(b["close"][i], end + width * std, end, end - width * std)

    return rows(b, n - 1, value)


def projection_bands(b, n=14):
    def carried(values, i):
        window = last(values, i, n)
        slope, _ = line(window)
        return [x + slope * (n - 1 - k) for k, x in enumerate(window)]

    return rows(b, n - 1, lambda i: far(b["close"][i], max(carried(b["high"], i)), min(carried(b["low"], i))))


def fractal_bands(b, n=80):
    return swing_levels(b, n, k=2)


BY_NAME = {
    function.__name__: function
    for function in (
        *(envelope, starc, acceleration_bands, chandelier_exit, keltner_simple, keltner_width, atr_bands),
        *(moving_average_channel, donchian_previous, donchian_width, donchian_position, price_channel_width),
        *(quantile_channel, bandwidth_percentile, double_bands, linear_weighted_bands, regression_channel),
        *(projection_bands, fractal_bands),
    )
}
