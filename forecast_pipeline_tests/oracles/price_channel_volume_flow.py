"""Volume indicators as plain loops from their definitions, beside `price_channel_volume`.

Dictionaries of arrays ``open high low close volume session`` in, tuples of arrays out. Volumes are whole numbers here,
prices whole ticks, and no volume is zero unless a test says so.
"""

from __future__ import annotations

import math

import numpy as np

from forecast_pipeline_tests.oracles.price_channel_volume import (
    NAN,
    TICK,
    first_row,
    last,
    line,
    location,
    mean,
    rows,
    true_ranges,
)


def decaying(values, smoothing):
    """Weighted mean of everything so far, weights ``(1 - smoothing) ** age``; NaN before the first number."""
    out, total, weight = [], 0.0, 0.0
    for x in values:
        if not math.isnan(x):
            total, weight = total * (1 - smoothing) + x, weight * (1 - smoothing) + 1.0
        out.append(total / weight if weight else NAN)
    return out


def ratio(part, whole, neutral=0.0):
    return neutral if whole == 0 else part / whole


def log_returns(b):
    return [NAN] + [math.log(b["close"][i] / b["close"][i - 1]) for i in range(1, len(b["close"]))]


def signs(values):
    """Direction of each value against the one before, 0 on a tie in ticks."""
    moves = [NAN] + [values[i] - values[i - 1] for i in range(1, len(values))]
    return [m if math.isnan(m) else 0.0 if abs(m) < TICK else math.copysign(1.0, m) for m in moves]


def locations(b):
    return [location(*bar) for bar in zip(b["high"], b["low"], b["close"], strict=True)]


def in_session(b, parts):
    """Sums of each of the parts from the session's first row to each row."""
    return [[math.fsum(part[first_row(b, i) : i + 1]) for part in parts] for i in range(len(b["close"]))]


def accumulation_distribution(b):
    flow = [x * v for x, v in zip(locations(b), b["volume"], strict=True)]
    sums = in_session(b, (flow, b["volume"]))
    return rows(b, 0, lambda i: (ratio(*sums[i]),))


def chaikin_money_flow(b, n=21):
    flow = [x * v for x, v in zip(locations(b), b["volume"], strict=True)]
    return rows(b, n - 1, lambda i: (ratio(math.fsum(last(flow, i, n)), math.fsum(last(b["volume"], i, n))),))


def chaikin_oscillator(b, fast=3, slow=10):
    """From the accumulation line itself, summed from the first bar, over the average volume."""
    lines, level = [], 0.0
    for x, v in zip(locations(b), b["volume"], strict=True):
        level += x * v
        lines.append(level)
    averages = {}
    for n in (fast, slow):  # plain recursions, so that only rows that have forgotten the start can agree
        average = [lines[0]]
        for x in lines[1:]:
            average.append(average[-1] + 2 / (n + 1) * (x - average[-1]))
        averages[n] = average
    volume = decaying(b["volume"], 2 / (slow + 1))
    return rows(b, 0, lambda i: ((averages[fast][i] - averages[slow][i]) / volume[i],))


def twiggs_money_flow(b, n=21):
    flow = [NAN]
    for i in range(1, len(b["close"])):
        top, bottom = max(b["high"][i], b["close"][i - 1]), min(b["low"][i], b["close"][i - 1])
        flow.append(location(top, bottom, b["close"][i]) * b["volume"][i])
    flow, volume = decaying(flow, 1 / n), decaying([NAN, *b["volume"][1:]], 1 / n)
    return rows(b, 1, lambda i: (flow[i] / volume[i],))


def klinger(b, fast=34, slow=55, signal=13):
    signed = [s * v for s, v in zip(signs(b["high"] + b["low"] + b["close"]), b["volume"], strict=True)]
    quick, lazy = decaying(signed, 2 / (fast + 1)), decaying(signed, 2 / (slow + 1))
    volume = decaying([NAN, *b["volume"][1:]], 2 / (slow + 1))
    index = [(q - z) / v for q, z, v in zip(quick, lazy, volume, strict=True)]
    return np.array(index), np.array(decaying(index, 2 / (signal + 1)))


def force_index(b, n=13):
    c, v, ranges = b["close"], b["volume"], true_ranges(b)

    def value(i):
        force = mean([(c[j] - c[j - 1]) * v[j] for j in range(i - n + 1, i + 1)])
        return (force / mean(last(v, i, n)) / mean(last(ranges, i, n)),)

    return rows(b, n, value)


def ease_of_movement(b, n=14):
    h, low, v, ranges = b["high"], b["low"], b["volume"], true_ranges(b)

    def move(j):
        usual = mean(last(v, j, n))
        return ((h[j] + low[j]) / 2 - (h[j - 1] + low[j - 1]) / 2) * (h[j] - low[j]) * usual / ((v[j] + usual) / 2)

    def value(i):
        span = range(i - n + 1, i + 1)
        return (math.fsum(move(j) for j in span) / math.fsum(ranges[j] ** 2 for j in span),)

    return rows(b, 2 * n - 2, value)


def volume_price_trend(b):
    flow = [r * v for r, v in zip(log_returns(b), b["volume"], strict=True)]
    sums = in_session(b, (flow, b["volume"]))
    return rows(b, 0, lambda i: (ratio(*sums[i]),))


def index_of(b, sign):
    moves = signs(b["volume"])
    parts = [r if s == sign else 0.0 * s for r, s in zip(log_returns(b), moves, strict=True)]
    sums = in_session(b, (parts,))
    return rows(b, 0, lambda i: tuple(sums[i]))


def negative_volume_index(b):
    return index_of(b, -1.0)


def positive_volume_index(b):
    return index_of(b, 1.0)


def vwma(b, n=30):
    c, v = b["close"], b["volume"]

    def value(i):
        paid = math.fsum(c[j] * v[j] for j in range(i - n + 1, i + 1))
        return (math.log(c[i] / (paid / math.fsum(last(v, i, n)))),)

    return rows(b, n - 1, value)


def volume_weighted_return(b, n=20):
    flow = [r * v for r, v in zip(log_returns(b), b["volume"], strict=True)]
    return rows(b, n, lambda i: (ratio(math.fsum(last(flow, i, n)), math.fsum(last(b["volume"], i, n))),))


def up_volume_share(b, n=20):
    moves, v = signs(b["close"]), b["volume"]

    def value(i):
        span = range(i - n + 1, i + 1)
        up, down = (math.fsum(v[j] for j in span if moves[j] == sign) for sign in (1.0, -1.0))
        return (ratio(up, up + down, 0.5),)

    return rows(b, n, value)


def amihud_illiquidity(b, short=20, long=100):
    moved = [abs(r) for r in log_returns(b)]

    def value(i):
        now, usual = (math.fsum(last(moved, i, n)) / math.fsum(last(b["volume"], i, n)) for n in (short, long))
        return (now / usual / (1 + now / usual),)

    return rows(b, long, value)


def price_volume_correlation(b, n=20):
    def value(i):
        x, y = last(b["close"], i, n), last(b["volume"], i, n)
        left, right = [a - mean(x) for a in x], [a - mean(y) for a in y]
        spread = math.sqrt(math.fsum(a * a for a in left) * math.fsum(a * a for a in right))
        return (math.fsum(p * q for p, q in zip(left, right, strict=True)) / spread,)

    return rows(b, n - 1, value)


def volume_ratio(b, n=20):
    return rows(b, n - 1, lambda i: (ratio(b["volume"][i], mean(last(b["volume"], i, n)), 1.0),))


def volume_zscore(b, n=50):
    def value(i):
        window = last(b["volume"], i, n)
        floor = mean(window) / 1000
        logs = [math.log(max(x, floor)) if floor else 0.0 for x in window]
        std = math.sqrt(mean([(x - mean(logs)) ** 2 for x in logs]))
        return (ratio(logs[-1] - mean(logs), std if std > 1e-9 else 0.0),)

    return rows(b, n - 1, value)


def percentage_volume_oscillator(b, fast=12, slow=26, signal=9):
    quick, lazy = decaying(b["volume"], 2 / (fast + 1)), decaying(b["volume"], 2 / (slow + 1))
    index = [ratio(q - z, z) for q, z in zip(quick, lazy, strict=True)]
    average = decaying(index, 2 / (signal + 1))
    return np.array(index), np.array(average), np.array(index) - np.array(average)


def session_volume_share(b):
    v = b["volume"]

    def value(i):
        start = first_row(b, i)
        if start == 0:
            return (NAN,)
        so_far, before = math.fsum(v[start : i + 1]), math.fsum(v[first_row(b, start - 1) : start])
        return (ratio(so_far, so_far + before, 0.5),)

    return rows(b, 0, value)


def volume_trend(b, n=20):
    return rows(b, n - 1, lambda i: (ratio(line(last(b["volume"], i, n))[0] * (n - 1), mean(last(b["volume"], i, n))),))


def volume_entropy(b, n=30):
    def value(i):
        window = last(b["volume"], i, n)
        if sum(window) == 0:
            return (1.0,)
        shares = [x / sum(window) for x in window]
        return (-math.fsum(p * math.log(p) for p in shares if p > 0) / math.log(n),)

    return rows(b, n - 1, value)


BY_NAME = {
    function.__name__: function
    for function in (
        *(accumulation_distribution, chaikin_money_flow, chaikin_oscillator, twiggs_money_flow, klinger, force_index),
        *(ease_of_movement, volume_price_trend, negative_volume_index, positive_volume_index, vwma),
        *(volume_weighted_return, up_volume_share, amihud_illiquidity, price_volume_correlation, volume_ratio),
        *(volume_zscore, percentage_volume_oscillator, session_volume_share, volume_trend, volume_entropy),
    )
}
