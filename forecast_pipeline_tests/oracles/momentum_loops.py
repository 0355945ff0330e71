"""Momentum oscillators as plain loops from their definitions: slow, obvious, never optimised.

Every function takes a dictionary of arrays ``open high low close`` and returns its columns, NaN where too few bars
exist.
"""

from __future__ import annotations

import math

from forecast_pipeline_tests.oracles.trend_loops import line_through
from forecast_pipeline_tests.oracles.trend_momentum import (
    NAN,
    columns,
    exponential,
    fraction,
    lag,
    mean,
    medians,
    negative,
    pairwise,
    percent,
    place,
    positive,
    rolling,
    rsi,
    runs,
    simple,
    std,
    steps,
    true_ranges,
    wilder,
)


def cmo(b, n=14):
    def oscillator(w):
        up, down = math.fsum(max(x, 0) for x in w), math.fsum(max(-x, 0) for x in w)
        return 100 * (up - down) / (up + down) if up + down else 0.0

    return columns(rolling(steps(b["close"]), n, oscillator))


def relative_momentum_index(b):
    changes = pairwise(lambda now, before: now - before, b["close"], lag(b["close"], 5))
    return columns(percent(wilder(positive(changes), 20), wilder(negative(changes), 20)))


def stochastic_rsi(b):
    raw = [100 * x for x in rolling(rsi(b["close"], 14), 14, place)]
    return columns(simple(raw, 3), simple(simple(raw, 3), 3))


def rsi_slope(b):
    index = rsi(b["close"], 14)
    return columns(pairwise(lambda now, before: now - before, index, lag(index, 5)))


def derivative_oscillator(b):
    smooth = exponential(exponential(rsi(b["close"], 14), 5), 3)
    return columns(pairwise(lambda x, y: x - y, smooth, simple(smooth, 9)))


def connors_rsi(b, n=100):
    def rank(w):
        return 100 * mean([1.0 if x < w[-1] else 0.5 if x == w[-1] else 0.0 for x in w[:-1]])

    ranks = rolling(pairwise(lambda now, before: now / before - 1, b["close"], lag(b["close"], 1)), n + 1, rank)
    of_runs = rsi([float(x) for x in runs(b, 20)], 2)
    return columns(pairwise(lambda x, y, z: (x + y + z) / 3, rsi(b["close"], 3), of_runs, ranks))


def dynamic_momentum_index(b):
    deviations = rolling(b["close"], 5, std)
    usual, changes = simple(deviations, 10), steps(b["close"])
    out = []
    for i in range(len(changes)):
        if i < 30:
            out.append(NAN)
            continue
        volatility = deviations[i] / usual[i] if usual[i] > 1e-12 else 1.0
        n = 30 if volatility < 1e-9 else min(max(math.floor(14 / volatility), 5), 30)
        up = math.fsum(max(x, 0) for x in changes[i - n + 1 : i + 1])
        down = math.fsum(max(-x, 0) for x in changes[i - n + 1 : i + 1])
        out.append(100 * up / (up + down) if up + down else 50.0)
    return columns(out)


def laguerre_rsi(b, g=0.5):
    c = b["close"]
    stages = [c[0]] * 4
    out = []
    for x in c:
        before, stages = stages, [(1 - g) * x + g * stages[0], 0.0, 0.0, 0.0]
        for k in range(1, 4):
            stages[k] = -g * stages[k - 1] + before[k - 1] + g * before[k]
        gaps = [stages[k] - stages[k + 1] for k in range(3)]
        up, down = sum(max(x, 0) for x in gaps), sum(max(-x, 0) for x in gaps)
        out.append(100 * up / (up + down) if up + down > 1e-14 else 50.0)
    return columns(out)


def intraday_momentum_index(b):
    body = list(b["close"] - b["open"])
    return columns(percent(rolling(positive(body), 14, math.fsum), rolling(negative(body), 14, math.fsum)))


def demarker(b):
    up, down = positive(steps(b["high"])), negative(steps(b["low"]))
    return columns(percent(rolling(up, 14, math.fsum), rolling(down, 14, math.fsum)))


def stochastic_fast(b):
    def raw(c, top, bottom):
        return 50.0 if top == bottom else 100 * (c - bottom) / (top - bottom)

    k = pairwise(raw, b["close"], rolling(b["high"], 5, max), rolling(b["low"], 5, min))
    return columns(k, simple(k, 3))


def stochastic_momentum_index(b):
    top, bottom = rolling(b["high"], 13, max), rolling(b["low"], 13, min)
    from_middle = pairwise(lambda c, t, u: c - (t + u) / 2, b["close"], top, bottom)
    half_range = pairwise(lambda t, u: (t - u) / 2, top, bottom)
    smooth = [exponential(exponential(part, 25), 2) for part in (from_middle, half_range)]
    line = [100 * x for x in fraction(*smooth, 0.0)]
    return columns(line, exponential(line, 9))


def balance_of_power(b):
    return columns(simple(fraction(b["close"] - b["open"], b["high"] - b["low"], 0.0), 14))


def relative_vigor_index(b):
    def weighted(values):
        return rolling(values, 4, lambda w: (w[0] + 2 * w[1] + 2 * w[2] + w[3]) / 6)

    body = rolling(weighted(b["close"] - b["open"]), 10, math.fsum)
    line = fraction(body, rolling(weighted(b["high"] - b["low"]), 10, math.fsum), 0.0)
    return columns(line, weighted(line))


def fisher_transform(b):
    value = fish = 0.0
    out = []
    for x in rolling(medians(b), 10, place):
        if math.isnan(x):
            out.append(NAN)
            continue
        value = 0.33 * 2 * (x - 0.5) + 0.67 * value
        held = min(max(value, -0.999), 0.999)
        fish = 0.5 * math.log((1 + held) / (1 - held)) + 0.5 * fish
        out.append(fish)
    return columns(out)


def tsi(b):
    changes = steps(b["close"])
    moved, path = (exponential(exponential(x, 25), 13) for x in (changes, [abs(x) for x in changes]))
    line = [100 * x for x in fraction(moved, path, 0.0)]
    return columns(line, exponential(line, 7))


def pretty_good_oscillator(b):
    from_mean = pairwise(lambda c, level: c - level, b["close"], simple(b["close"], 14))
    return columns(fraction(from_mean, exponential(true_ranges(b), 14), 0.0))


def wave_trend(b):
    typical = [(h + low + c) / 3 for h, low, c in zip(b["high"], b["low"], b["close"], strict=True)]
    away = pairwise(lambda x, level: x - level, typical, exponential(typical, 10))
    spread = exponential([abs(x) for x in away], 10)
    line = exponential(pairwise(lambda x, d: x / (0.015 * d), away, spread), 21)
    return columns(line, simple(line, 4))


def inertia(b):
    deviations, changes = rolling(b["close"], 10, std), steps(b["close"])
    rising = pairwise(lambda s, x: s if x > 0 else 0.0, deviations, changes)
    falling = pairwise(lambda s, x: s if x < 0 else 0.0, deviations, changes)

    def end(w):
        intercept, slope = line_through(w)
        return intercept + slope * (len(w) - 1)

    return columns(rolling(percent(wilder(rising, 14), wilder(falling, 14)), 20, end))


BY_NAME = {
    function.__name__: function
    for function in (
        cmo,
        relative_momentum_index,
        stochastic_rsi,
        rsi_slope,
        derivative_oscillator,
        connors_rsi,
        dynamic_momentum_index,
        laguerre_rsi,
        intraday_momentum_index,
        demarker,
        stochastic_fast,
        stochastic_momentum_index,
        balance_of_power,
        relative_vigor_index,
        fisher_transform,
        tsi,
        pretty_good_oscillator,
        wave_trend,
        inertia,
    )
}
