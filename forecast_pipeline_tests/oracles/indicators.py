"""Indicators as plain loops from their definitions: slow, obvious, never optimised.

Every function takes dictionaries of arrays ``open high low close volume session`` and returns arrays with NaN
where too few bars exist. Nothing here uses TA-Lib or the package.
"""

from __future__ import annotations

import math

import numpy as np

from forecast_pipeline_tests.oracles.trend_momentum import NAN, true_ranges
from forecast_pipeline_tests.oracles.trend_momentum import mean as mean_of


def _wilder(values, n, first):
    """Simple mean of ``n`` values from ``first`` on, then a decay by 1/n."""
    out = [NAN] * len(values)
    last = first + n - 1
    if last < len(values):
        out[last] = mean_of(values[first : last + 1])
        for i in range(last + 1, len(values)):
            out[i] = (out[i - 1] * (n - 1) + values[i]) / n
    return out


def _exponential(values, n, first=0):
    out = [NAN] * len(values)
    last = first + n - 1
    if last < len(values):
        out[last] = mean_of(values[first : last + 1])
        for i in range(last + 1, len(values)):
            out[i] = out[i - 1] + 2.0 / (n + 1) * (values[i] - out[i - 1])
    return out


def _distances(close, levels):
    return np.array([NAN if math.isnan(x) else math.log(c / x) for c, x in zip(close, levels, strict=True)])


def atr(b, n=14):
    return (np.array(_wilder(true_ranges(b), n, 1)) / b["close"],)


def bollinger(b, n=20, width=2.0):
    c = b["close"]
    levels = {1: [], 0: [], -1: []}
    for i in range(len(c)):
        for sign, out in levels.items():
            if i < n - 1:
                out.append(NAN)
                continue
            window = c[i - n + 1 : i + 1]
            mean = mean_of(window)
            std = math.sqrt(mean_of([(x - mean) ** 2 for x in window]))
            out.append(mean + sign * width * std)
    return tuple(_distances(c, levels[sign]) for sign in (1, 0, -1))


def keltner(b, n=20, atr_n=10, width=2.0):
    middle = _exponential(b["close"], n)
    half = _wilder(true_ranges(b), atr_n, 1)
    return tuple(
        _distances(b["close"], [m + sign * width * h for m, h in zip(middle, half, strict=True)])
        if sign
        else _distances(b["close"], [m + 0.0 * h for m, h in zip(middle, half, strict=True)])
        for sign in (1, 0, -1)
    )


def rsi(b, n=14):
    c = b["close"]
    steps = [NAN] + [c[i] - c[i - 1] for i in range(1, len(c))]
    gains = _wilder([max(s, 0.0) for s in steps], n, 1)
    losses = _wilder([max(-s, 0.0) for s in steps], n, 1)
    out = []
    for gain, loss in zip(gains, losses, strict=True):
        out.append(NAN if math.isnan(gain) else 50.0 if gain + loss == 0 else 100.0 * gain / (gain + loss))
    return (np.array(out),)


def _places(b, n):
    out = []
    for i in range(len(b["close"])):
        if i < n - 1:
            out.append(NAN)
            continue
        top, bottom = max(b["high"][i - n + 1 : i + 1]), min(b["low"][i - n + 1 : i + 1])
        out.append(0.5 if top == bottom else (b["close"][i] - bottom) / (top - bottom))
    return out


def stochastic(b, n=14, k=3, d=3):
    raw = [100.0 * x for x in _places(b, n)]
    slow = [NAN if i < k - 1 else mean_of(raw[i - k + 1 : i + 1]) for i in range(len(raw))]
    slower = [NAN if i < d - 1 else mean_of(slow[i - d + 1 : i + 1]) for i in range(len(raw))]
    return np.array(slow), np.array(slower)


def williams_r(b, n=14):
    return (np.array([100.0 * x - 100.0 for x in _places(b, n)]),)


def cci(b, n=20):
    typical = (b["high"] + b["low"] + b["close"]) / 3
    out = []
    for i in range(len(typical)):
        if i < n - 1:
            out.append(NAN)
            continue
        window = typical[i - n + 1 : i + 1]
        if max(window) - min(window) < 1e-10 * max(window):
            out.append(0.0)
            continue
        mean = mean_of(window)
        out.append((typical[i] - mean) / (0.015 * mean_of([abs(x - mean) for x in window])))
    return (np.array(out),)


def mfi(b, n=14):
    """In whole ticks, so that equal typical prices are equal."""
    ticks = [round(x * 1e7) for x in b["high"]], [round(x * 1e7) for x in b["low"]]
    total = [h + low + round(c * 1e7) for h, low, c in zip(*ticks, b["close"], strict=True)]
    out = []
    for i in range(len(total)):
        if i < n:
            out.append(NAN)
            continue
        up = down = 0.0
        for j in range(i - n + 1, i + 1):
            flow = total[j] * b["volume"][j]
            up += flow if total[j] > total[j - 1] else 0.0
            down += flow if total[j] < total[j - 1] else 0.0
            up += 0.0 * flow  # an unrecorded volume makes the window unknown
        out.append(50.0 if up + down == 0 else 100.0 * up / (up + down))
    return (np.array(out),)


def macd(b, fast=12, slow=26, signal=9):
    """TA-Lib's start: both averages begin so that they exist from the same bar on."""
    c = b["close"]
    quick = _exponential(c, fast, first=slow - fast)
    lazy = _exponential(c, slow)
    line = [q - z for q, z in zip(quick, lazy, strict=True)]
    average = _exponential(line, signal, first=slow - 1)
    line = [x if not math.isnan(s) else NAN for x, s in zip(line, average, strict=True)]
    return (
        np.array(line) / c,
        np.array(average) / c,
        np.array([x - s for x, s in zip(line, average, strict=True)]) / c,
    )


def adx(b, n=14):
    """In whole ticks, so that equal moves are equal; the first sums hold n movements."""
    h, low = [round(x * 1e7) for x in b["high"]], [round(x * 1e7) for x in b["low"]]
    plus = minus = 0.0
    out = [NAN] * len(h)
    indexes = []
    for i in range(1, len(h)):
        up, down = h[i] - h[i - 1], low[i - 1] - low[i]
        keep = 1.0 if i <= n else 1.0 - 1.0 / n
        plus = keep * plus + (up if up > 0 and up > down else 0)
        minus = keep * minus + (down if down > 0 and down > up else 0)
        if i < n:
            continue
        indexes.append(100.0 * abs(plus - minus) / (plus + minus) if plus + minus else 0.0)
        if len(indexes) == n:
            out[i] = mean_of(indexes)
        elif len(indexes) > n:
            out[i] = (out[i - 1] * (n - 1) + indexes[-1]) / n
    return (np.array(out),)


def ema(b, n=30):
    return (_distances(b["close"], _exponential(b["close"], n)),)


def sma(b, n=50):
    c = b["close"]
    return (_distances(c, [NAN if i < n - 1 else mean_of(c[i - n + 1 : i + 1]) for i in range(len(c))]),)


def trix(b, n=15):
    once = _exponential(b["close"], n)
    twice = _exponential(once, n, first=n - 1)
    thrice = _exponential(twice, n, first=2 * n - 2)
    return (np.array([NAN] + [thrice[i] / thrice[i - 1] - 1.0 for i in range(1, len(thrice))]),)


def obv(b):
    out, signed, total = [], 0.0, 0.0
    for i, (c, v) in enumerate(zip(b["close"], b["volume"], strict=True)):
        if i == 0 or b["session"][i] != b["session"][i - 1]:
            signed = total = 0.0
        move = 0.0 if i == 0 else c - b["close"][i - 1]
        signed += v * float(np.sign(move))
        total += v
        out.append(0.0 if total == 0 else signed / total)
    return (np.array(out),)


def vwap(b):
    out, paid, total = [], 0.0, 0.0
    for i, (c, v) in enumerate(zip(b["close"], b["volume"], strict=True)):
        if i == 0 or b["session"][i] != b["session"][i - 1]:
            paid = total = 0.0
        paid += v * (b["high"][i] + b["low"][i] + c) / 3
        total += v
        out.append(c if total == 0 else paid / total)
    return (_distances(b["close"], out),)


def donchian(b, n=20):
    levels = ([], [], [])
    for i in range(len(b["close"])):
        top, bottom = (NAN, NAN) if i < n - 1 else (max(b["high"][i - n + 1 : i + 1]), min(b["low"][i - n + 1 : i + 1]))
        for out, level in zip(levels, (top, (top + bottom) / 2, bottom), strict=True):
            out.append(level)
    return tuple(_distances(b["close"], level) for level in levels)


def expected_rescaled_range(size):
    gamma = math.gamma((size - 1) / 2) / (math.sqrt(math.pi) * math.gamma(size / 2))
    return gamma * sum(math.sqrt((size - i) / i) for i in range(1, size))


def hurst(b, n=64):
    logs = [math.log(c) for c in b["close"]]
    returns = [NAN] + [logs[i] - logs[i - 1] for i in range(1, len(logs))]
    sizes = [n // 2**k for k in range(20) if n // 2**k >= 8]
    out = []
    for i in range(len(logs)):
        if i < n:
            out.append(NAN)
            continue
        heights = []
        for size in sizes:
            ratios = []
            for chunk in range(n // size):
                stop = i + 1 - chunk * size
                part = returns[stop - size : stop]
                mean = mean_of(part)
                std = math.sqrt(mean_of([(x - mean) ** 2 for x in part]))
                sums = [math.fsum(x - mean for x in part[:j]) for j in range(size + 1)]
                flat = std < 1e-12
                ratios.append(1.0 if flat else (max(sums) - min(sums)) / std / expected_rescaled_range(size))
            heights.append(math.log(mean_of(ratios)))
        places = [math.log(size) for size in sizes]
        centre = mean_of(places)
        slope = sum((x - centre) * y for x, y in zip(places, heights, strict=True)) / sum(
            (x - centre) ** 2 for x in places
        )
        out.append(0.5 + slope)
    return (np.array(out),)


def ultimate_oscillator(b, spans=(7, 14, 28)):
    c, ranges = b["close"], true_ranges(b)
    out = []
    for i in range(len(c)):
        if i < spans[-1]:
            out.append(NAN)
            continue
        total = 0.0
        for weight, span in zip((4, 2, 1), spans, strict=True):
            rows = range(i - span + 1, i + 1)
            pressure = math.fsum(c[j] - min(b["low"][j], c[j - 1]) for j in rows)
            reach = math.fsum(ranges[j] for j in rows)
            total += weight * (0.5 if reach == 0 else pressure / reach)
        out.append(100.0 * total / 7.0)
    return (np.array(out),)


def realised_volatility(b, n=60):
    logs = np.log(b["close"])
    return np.array(
        [
            NAN if i < n else math.sqrt(math.fsum((logs[j] - logs[j - 1]) ** 2 for j in range(i - n + 1, i + 1)))
            for i in range(len(logs))
        ]
    )


def return_std(b, n=60):
    logs = np.log(b["close"])
    out = []
    for i in range(len(logs)):
        window = [logs[j] - logs[j - 1] for j in range(i - n + 1, i + 1)] if i >= n else [NAN]
        mean = mean_of(window)
        out.append(math.sqrt(mean_of([(x - mean) ** 2 for x in window])))
    return np.array(out)


BY_NAME = {
    function.__name__: function
    for function in (
        atr,
        bollinger,
        keltner,
        rsi,
        stochastic,
        cci,
        williams_r,
        mfi,
        macd,
        adx,
        ema,
        sma,
        trix,
        obv,
        vwap,
        donchian,
        hurst,
        ultimate_oscillator,
    )
}
