"""What the loops of trend and momentum are made of: windows, averages and lags as plain lists, NaN where unknown.

Nothing here or in the loops uses TA-Lib or the package.
"""

from __future__ import annotations

import math

import numpy as np

NAN = float("nan")


def mean(values):
    return math.fsum(values) / len(values)


def rolling(values, n, function):
    """Function of each full window, oldest value first; NaN where the window holds one."""
    out = []
    for i in range(len(values)):
        window = list(values[i - n + 1 : i + 1]) if i >= n - 1 else [NAN]
        out.append(NAN if any(math.isnan(x) for x in window) else function(window))
    return out


def pairwise(function, *columns):
    """Function of each row, NaN where a column is NaN."""
    return [NAN if any(math.isnan(x) for x in row) else function(*row) for row in zip(*columns, strict=True)]


def lag(values, bars):
    return ([NAN] * bars + list(values))[: len(values)]


def steps(values):
    return pairwise(lambda now, before: now - before, values, lag(values, 1))


def simple(values, n):
    return rolling(values, n, mean)


def linear(values, n):
    return rolling(values, n, lambda w: math.fsum((j + 1) * x for j, x in enumerate(w)) / (n * (n + 1) / 2))


def decayed(values, n, smoothing):
    """Simple mean of the first n known values, then a decay."""
    out, known = [], []
    for x in values:
        if math.isnan(x):
            out.append(NAN)
            continue
        known.append(x)
        if len(known) < n:
            out.append(NAN)
        elif len(known) == n:
            out.append(mean(known))
        else:
            out.append(out[-1] + smoothing * (x - out[-1]))
    return out


def exponential(values, n):
    return decayed(values, n, 2 / (n + 1))


def wilder(values, n):
    return decayed(values, n, 1 / n)


def fraction(numerator, denominator, neutral):
    return pairwise(lambda x, y: neutral if y == 0 else x / y, numerator, denominator)


def percent(one, other):
    """Share of one in both."""
    return pairwise(lambda x, y: 50.0 if x + y == 0 else 100 * x / (x + y), one, other)


def distance(close, levels):
    return np.array(pairwise(lambda c, level: math.log(c / level), close, levels))


def positive(values):
    return pairwise(lambda x: max(x, 0.0), values)


def negative(values):
    return pairwise(lambda x: max(-x, 0.0), values)


def true_ranges(b):
    return pairwise(lambda h, low, before: max(h, before) - min(low, before), b["high"], b["low"], lag(b["close"], 1))


def medians(b):
    return [(h + low) / 2 for h, low in zip(b["high"], b["low"], strict=True)]


def std(window):
    centre = mean(window)
    return math.sqrt(mean([(x - centre) ** 2 for x in window]))


def place(window):
    """Place of the last value in the window, 0.5 where the values are equal up to rounding."""
    top, bottom = max(window), min(window)
    return 0.5 if top - bottom <= 1e-10 * abs(top) else (window[-1] - bottom) / (top - bottom)


def rsi(values, n):
    changes = steps(values)
    return percent(wilder(positive(changes), n), wilder(negative(changes), n))


def sign(x):
    return int(x > 0) - int(x < 0)


def efficiency(b, n):
    c = b["close"]
    path = rolling([abs(x) for x in steps(c)], n, math.fsum)
    return fraction([abs(x) for x in pairwise(lambda x, y: x - y, c, lag(c, n))], path, 0.0)


def columns(*lists):
    return tuple(np.array(values) for values in lists)


def runs(b, most):
    """Signed number of changes in the present run, at most ``most``."""
    out = [0]
    for x in steps(b["close"])[1:]:
        way = sign(x)
        out.append(way * min(abs(out[-1]) + 1, most) if way * out[-1] > 0 else way)
    return out
