"""Moving averages as plain loops from their definitions: slow, obvious, never optimised.

Every function takes a dictionary of arrays ``open high low close`` and returns its columns, NaN where too few bars
exist.
"""

from __future__ import annotations

import math

import numpy as np

from forecast_pipeline_tests.oracles.trend_momentum import (
    NAN,
    distance,
    efficiency,
    exponential,
    lag,
    linear,
    mean,
    medians,
    pairwise,
    rolling,
    simple,
    wilder,
)


def wma(b, n=20):
    return (distance(b["close"], linear(b["close"], n)),)


def trima(b, n=20):
    weights = [min(j + 1, n - j) for j in range(n)]
    total = sum(weights)
    level = rolling(b["close"], n, lambda w: sum(k * x for k, x in zip(weights, w, strict=True)) / total)
    return (distance(b["close"], level),)


def hma(b):
    hurried = pairwise(lambda fast, slow: 2 * fast - slow, linear(b["close"], 10), linear(b["close"], 20))
    return (distance(b["close"], linear(hurried, 4)),)


def alma(b, n=21, offset=0.85, width=6.0):
    weights = [math.exp(-((j - offset * (n - 1)) ** 2) / (2 * (n / width) ** 2)) for j in range(n)]
    level = rolling(b["close"], n, lambda w: sum(k * x for k, x in zip(weights, w, strict=True)) / sum(weights))
    return (distance(b["close"], level),)


def midpoint(b, n=14):
    return (distance(b["close"], rolling(b["close"], n, lambda w: (max(w) + min(w)) / 2)),)


def moving_average_ratio(b):
    return (np.array(pairwise(lambda f, s: math.log(f / s), simple(b["close"], 50), simple(b["close"], 200))),)


def moving_average_slope(b):
    average = simple(b["close"], 20)
    return (np.array(pairwise(lambda now, before: math.log(now / before) / 5, average, lag(average, 5))),)


def moving_average_order(b):
    def order(*averages):
        signs = [0.0 if abs(x - y) < 1e-10 * y else math.copysign(1.0, x - y) for x, y in zip(averages, averages[1:])]  # noqa: B905, RUF007 - neighbours
        return mean(signs)

    return (np.array(pairwise(order, *(simple(b["close"], n) for n in (5, 10, 20, 40, 80)))),)


def dema(b, n=20):
    once = exponential(b["close"], n)
    return (distance(b["close"], pairwise(lambda x, y: 2 * x - y, once, exponential(once, n))),)


def tema(b, n=20):
    once = exponential(b["close"], n)
    twice = exponential(once, n)
    thrice = exponential(twice, n)
    return (distance(b["close"], pairwise(lambda x, y, z: 3 * x - 3 * y + z, once, twice, thrice)),)


def t3(b, n=10, v=0.7):
    """Generalised double average (1 + v) e - v e(e), three times, multiplied out by Tillson."""
    nested = [list(b["close"])]
    for _ in range(6):
        nested.append(exponential(nested[-1], n))
    level = pairwise(
        lambda e3, e4, e5, e6: (1 + v) ** 3 * e3 - 3 * v * (1 + v) ** 2 * e4 + 3 * v**2 * (1 + v) * e5 - v**3 * e6,
        *nested[3:],
    )
    return (distance(b["close"], level),)


def zlema(b):
    hurried = pairwise(lambda now, before: 2 * now - before, b["close"], lag(b["close"], 9))
    return (distance(b["close"], exponential(hurried, 20)),)


def _restarted(values, smoothing, memory):
    out = []
    for i in range(len(values)):
        level = values[i - memory] if i >= memory else NAN
        for j in range(max(i - memory + 1, 0), i + 1):
            level += smoothing[j] * (values[j] - level)
        out.append(level)
    return out


def kama(b):
    fast, slow = 2 / 3, 2 / 31
    smoothing = [(x * (fast - slow) + slow) ** 2 for x in efficiency(b, 10)]
    return (distance(b["close"], _restarted(b["close"], smoothing, 100)),)


def vidya(b):
    return (distance(b["close"], _restarted(b["close"], [2 / 13 * x for x in efficiency(b, 9)], 150)),)


def frama(b):
    h, low = b["high"], b["low"]
    smoothing = []
    for i in range(len(h)):
        if i < 15:
            smoothing.append(NAN)
            continue
        newer = max(h[i - 7 : i + 1]) - min(low[i - 7 : i + 1])
        older = max(h[i - 15 : i - 7]) - min(low[i - 15 : i - 7])
        whole = max(h[i - 15 : i + 1]) - min(low[i - 15 : i + 1])
        dimension = (math.log(newer / 8 + older / 8) - math.log(whole / 16)) / math.log(2)
        smoothing.append(min(max(math.exp(-4.6 * (dimension - 1)), 0.01), 1.0))
    return (distance(b["close"], _restarted(medians(b), smoothing, 100)),)


def super_smoother(b, n=10):
    c = b["close"]
    a = math.exp(-math.sqrt(2) * math.pi / n)
    c2, c3 = 2 * a * math.cos(math.sqrt(2) * math.pi / n), -a * a
    level = [c[0], c[0]]  # as if it had always stood there
    for i in range(len(c)):
        before = c[max(i - 1, 0)]
        level.append((1 - c2 - c3) * (c[i] + before) / 2 + c2 * level[-1] + c3 * level[-2])
    return (distance(c, level[2:]),)


def instantaneous_trendline(b, n=27):
    c, a = b["close"], 2 / (n + 1)
    level = [c[0], c[0]]
    for i in range(len(c)):
        one, two = c[max(i - 1, 0)], c[max(i - 2, 0)]
        level.append(
            (a - a * a / 4) * c[i]
            + a * a / 2 * one
            - (a - 3 * a * a / 4) * two
            + 2 * (1 - a) * level[-1]
            - (1 - a) ** 2 * level[-2]
        )
    return (distance(c, level[2:]),)


def alligator(b):
    return tuple(distance(b["close"], lag(wilder(medians(b), n), shift)) for n, shift in ((13, 8), (8, 5), (5, 3)))


def guppy(b):
    short = [exponential(b["close"], n) for n in (3, 5, 8, 10, 12, 15)]
    long = [exponential(b["close"], n) for n in (30, 35, 40, 45, 50, 60)]
    gap = pairwise(lambda *x: math.log(mean(x[:6]) / mean(x[6:])), *short, *long)
    return (
        np.array(gap),
        np.array(pairwise(lambda *x: math.log(max(x) / min(x)), *short)),
        np.array(pairwise(lambda *x: math.log(max(x) / min(x)), *long)),
    )


BY_NAME = {
    function.__name__: function
    for function in (
        *(wma, trima, hma, alma, midpoint, moving_average_ratio, moving_average_slope, moving_average_order),
        *(dema, tema, t3, zlema, kama, vidya, frama, super_smoother, instantaneous_trendline, alligator, guppy),
    )
}
