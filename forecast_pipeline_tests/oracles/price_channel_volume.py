"""Price indicators as plain loops from their definitions, and what the loops of channels and volume share with them.

Every function takes a dictionary of arrays ``open high low close volume session`` and returns arrays with NaN where
too few bars exist. Nothing here uses TA-Lib or the package. Channels are in `price_channel_volume_bands`, volume is
in `price_channel_volume_flow`.
"""

from __future__ import annotations

import math
import statistics
from types import SimpleNamespace

import numpy as np

from forecast_pipeline_tests.oracles.trend_momentum import NAN, mean, true_ranges

TICK = 1e-9


def rows(b, first, value):
    """Columns of the tuples ``value(i)``, NaN in the rows before ``first``."""
    found = {i: value(i) for i in range(first, len(b["close"]))}
    width = len(next(iter(found.values())))
    return tuple(np.array([found[i][k] if i in found else NAN for i in range(len(b["close"]))]) for k in range(width))


def last(values, i, n):
    """The ``n`` values up to row ``i``, oldest first."""
    return [float(x) for x in values[i - n + 1 : i + 1]]


def line(window):
    """Least-squares line of the window: slope and value at its end."""
    places = range(len(window))
    slope, intercept = statistics.linear_regression(places, window)
    return slope, intercept + slope * places[-1]


def far(close, *levels):
    return tuple(math.log(close / level) for level in levels)


def first_row(b, i):
    """First row of the session that row ``i`` belongs to."""
    while i > 0 and b["session"][i - 1] == b["session"][i]:
        i -= 1
    return i


def day_before(b, i):
    """Prices of the session before that of row ``i``, or None."""
    stop = first_row(b, i)
    if stop == 0:
        return None
    start = first_row(b, stop - 1)
    h, low = max(b["high"][start:stop]), min(b["low"][start:stop])
    return SimpleNamespace(o=b["open"][start], h=h, l=low, c=b["close"][stop - 1], today=b["open"][stop], reach=h - low)


def on_day_before(b, levels):
    width = len(levels(SimpleNamespace(o=1.0, h=1.0, l=1.0, c=1.0, today=1.0, reach=0.0), 1.0))
    days = [day_before(b, i) for i in range(len(b["close"]))]
    return rows(b, 0, lambda i: (NAN,) * width if days[i] is None else levels(days[i], b["close"][i]))


def body_share(b):
    o, h, low, c = (b[x] for x in ("open", "high", "low", "close"))
    return rows(b, 0, lambda i: (abs(c[i] - o[i]) / (h[i] - low[i]) if h[i] > low[i] else 0.0,))


def shadow_shares(b):
    def value(i):
        o, h, low, c = (b[x][i] for x in ("open", "high", "low", "close"))
        return ((h - max(o, c)) / (h - low), (min(o, c) - low) / (h - low)) if h > low else (0.0, 0.0)

    return rows(b, 0, value)


def location(high, low, close):
    return (2 * close - high - low) / (high - low) if high > low else 0.0


def close_location(b):
    return rows(b, 0, lambda i: (location(b["high"][i], b["low"][i], b["close"][i]),))


def gap(b, n=14):
    ranges = true_ranges(b)

    def value(i):
        unit = mean(last(ranges, i, n))
        above, below = b["low"][i] - b["high"][i - 1], b["low"][i - 1] - b["high"][i]
        uncovered = above if above > 0 else -below if below > 0 else 0.0
        return (b["open"][i] - b["close"][i - 1]) / unit, uncovered / unit

    return rows(b, n, value)


def inside_bar(b):
    h, low = b["high"], b["low"]
    return rows(b, 1, lambda i: (float(h[i - 1] - h[i] > TICK and low[i] - low[i - 1] > TICK),))


def outside_bar(b):
    h, low = b["high"], b["low"]
    return rows(b, 1, lambda i: (float(h[i] - h[i - 1] > TICK and low[i - 1] - low[i] > TICK),))


def narrow_range(b, n=7):
    reach = [round((h - low) * 1e9) for h, low in zip(b["high"], b["low"], strict=True)]
    worth = {True: 1.0, False: 0.0}

    def value(i):
        others = reach[i - n + 1 : i]
        return (sum(worth[x > reach[i]] + 0.5 * worth[x == reach[i]] for x in others) / (n - 1),)

    return rows(b, n - 1, value)


def price_averages(b):
    def value(i):
        o, h, low, c = (b[x][i] for x in ("open", "high", "low", "close"))
        return far(c, (h + low) / 2, (o + h + low + c) / 4)

    return rows(b, 0, value)


def heikin_ashi(b):
    o, h, low, c = (b[x] for x in ("open", "high", "low", "close"))
    bars = []
    for i in range(len(c)):
        closed = (o[i] + h[i] + low[i] + c[i]) / 4
        opened = (bars[-1][0] + bars[-1][1]) / 2 if bars else (o[0] + c[0]) / 2
        bars.append((opened, closed))

    def value(i):
        opened, closed = bars[i]
        top, bottom = max(opened, closed), min(opened, closed)
        return math.log(closed / opened), math.log(max(h[i], top) / top), math.log(bottom / min(low[i], bottom))

    return rows(b, 0, value)


def spanned_return(b):
    c = b["close"]
    return tuple(rows(b, k, lambda i, k=k: (math.log(c[i] / c[i - k]),))[0] for k in (1, 2, 3, 5, 8, 13, 21))


def lagged_return(b, lag=1):
    c = b["close"]
    lags = [lag * k for k in (1, 2, 3, 4, 5)]
    return tuple(rows(b, k + 1, lambda i, k=k: (math.log(c[i - k] / c[i - k - 1]),))[0] for k in lags)


def price_acceleration(b, n=5):
    c = b["close"]
    return rows(b, 2 * n, lambda i: (math.log(c[i] / c[i - n]) - math.log(c[i - n] / c[i - 2 * n]),))


def range_position(b, n=100):
    def value(i):
        top, bottom = max(b["high"][i - n + 1 : i + 1]), min(b["low"][i - n + 1 : i + 1])
        return ((b["close"][i] - bottom) / (top - bottom),)

    return rows(b, n - 1, value)


def swing_levels(b, n=50, k=1):
    def level(values, i, sign):
        for j in range(i - k, max(i - n, k - 1), -1):  # newest centre that the bars up to i confirm
            if all(sign * (values[j] - values[x]) > TICK for x in range(j - k, j + k + 1) if x != j):
                return values[j]
        return sign * max(sign * x for x in values[i - n + 1 : i + 1])

    return rows(b, n - 1, lambda i: far(b["close"][i], level(b["high"], i, 1), level(b["low"], i, -1)))


def pivot_classic(b):
    def levels(d, c):
        p = (d.h + d.l + d.c) / 3
        return far(c, p, 2 * p - d.l, p + d.reach, d.h + 2 * (p - d.l), 2 * p - d.h, p - d.reach, d.l - 2 * (d.h - p))

    return on_day_before(b, levels)


def pivot_fibonacci(b):
    def levels(d, c):
        p = (d.h + d.l + d.c) / 3
        return far(c, *(p + part * d.reach for part in (0.382, 0.618, -0.382, -0.618)))

    return on_day_before(b, levels)


def pivot_camarilla(b):
    parts = (12, 6, 4, 2, -12, -6, -4, -2)
    return on_day_before(b, lambda d, c: far(c, *(d.c + 1.1 * d.reach / part for part in parts)))


def pivot_woodie(b):
    def levels(d, c):
        p = (d.h + d.l + 2 * d.today) / 4
        return far(c, p, 2 * p - d.l, p + d.reach, 2 * p - d.h, p - d.reach)

    return on_day_before(b, levels)


def pivot_demark(b):
    def levels(d, c):
        more = d.l if d.c - d.o < -TICK else d.h if d.c - d.o > TICK else d.c
        x = d.h + d.l + d.c + more
        return far(c, x / 4, x / 2 - d.l, x / 2 - d.h)

    return on_day_before(b, levels)


def central_pivot_range(b):
    def levels(d, c):
        p, bottom = (d.h + d.l + d.c) / 3, (d.h + d.l) / 2
        top = 2 * p - bottom
        return (abs(top - bottom) / p, *far(c, bottom))

    return on_day_before(b, levels)


def previous_day_position(b):
    def place(d, c):
        return (min(11.0, max(-10.0, (c - d.l) / d.reach)) if d.reach else 0.5,)

    return on_day_before(b, place)


BY_NAME = {
    function.__name__: function
    for function in (
        *(body_share, shadow_shares, close_location, gap, inside_bar, outside_bar, narrow_range, price_averages),
        *(heikin_ashi, spanned_return, lagged_return, price_acceleration, range_position, swing_levels),
        *(pivot_classic, pivot_fibonacci, pivot_camarilla, pivot_woodie, pivot_demark),
        *(central_pivot_range, previous_day_position),
    )
}
