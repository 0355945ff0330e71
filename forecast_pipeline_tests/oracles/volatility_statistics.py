"""Volatility of one bar's window as plain loops from the definitions: slow, obvious, never optimised.

Every function takes a dictionary of lists ``open high low close``, the row ``i`` and the parameters by name, and
returns the row's values in the order of the catalogue. Nothing here uses TA-Lib or the package.
"""

from __future__ import annotations

import math
from statistics import mean, median, pstdev, stdev, variance

from forecast_pipeline_tests.oracles.windows import correlation, returns, rms, true_range, window


def parkinson(b, i, v):
    n = v["lookback_bars"]
    total = math.fsum(math.log(b["high"][j] / b["low"][j]) ** 2 for j in window(i, n))
    return (math.sqrt(total / (4 * n * math.log(2))),)


def garman_klass(b, i, v):
    n = v["lookback_bars"]
    total = 0.0
    for j in window(i, n):
        reach, move = math.log(b["high"][j] / b["low"][j]), math.log(b["close"][j] / b["open"][j])
        total += reach**2 / 2 - (2 * math.log(2) - 1) * move**2
    return (math.sqrt(total / n),)


def _rogers_satchell(b, j):
    u, d, c = (math.log(b[name][j] / b["open"][j]) for name in ("high", "low", "close"))
    return u * (u - c) + d * (d - c)


def rogers_satchell(b, i, v):
    return (math.sqrt(mean(_rogers_satchell(b, j) for j in window(i, v["lookback_bars"]))),)


def yang_zhang(b, i, v):
    n = v["lookback_bars"]
    gaps = [math.log(b["open"][j] / b["close"][j - 1]) for j in window(i, n)]
    moves = [math.log(b["close"][j] / b["open"][j]) for j in window(i, n)]
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    inside = mean(_rogers_satchell(b, j) for j in window(i, n))
    return (math.sqrt(variance(gaps) + k * variance(moves) + (1 - k) * inside),)


def parkinson_share(b, i, v):
    inside = parkinson(b, i, v)[0] ** 2
    outside = rms(returns(b, i, v["lookback_bars"])) ** 2
    return (inside / (inside + outside),)


def gap_share(b, i, v):
    rows = window(i, v["lookback_bars"])
    gaps = math.fsum(math.log(b["open"][j] / b["close"][j - 1]) ** 2 for j in rows)
    moves = math.fsum(math.log(b["close"][j] / b["open"][j]) ** 2 for j in rows)
    return (gaps / (gaps + moves),)


def atr_ratio(b, i, v):
    short, long = (mean(true_range(b, j) for j in window(i, v[name])) for name in ("short_bars", "long_bars"))
    return (short / long,)


def true_range_share(b, i, v):
    return (true_range(b, i) / mean(true_range(b, j) for j in window(i, v["lookback_bars"])),)


def range_efficiency(b, i, v):
    n = v["lookback_bars"]
    return (math.log(b["close"][i] / b["close"][i - n]) / math.fsum(true_range(b, j) for j in window(i, n)),)


def normalised_range(b, i, v):
    rows = window(i, v["lookback_bars"])
    whole = math.log(max(b["high"][j] for j in rows) / min(b["low"][j] for j in rows))
    return (whole / math.sqrt(math.fsum(true_range(b, j) ** 2 for j in rows)),)


def high_low_asymmetry(b, i, v):
    rows = window(i, v["lookback_bars"])
    up = math.fsum(math.log(b["high"][j] / b["open"][j]) for j in rows)
    down = math.fsum(math.log(b["open"][j] / b["low"][j]) for j in rows)
    return ((up - down) / (up + down),)


def corwin_schultz(b, i, v):
    h, low = b["high"], b["low"]
    spreads = []
    for j in window(i, v["lookback_bars"]):
        beta = math.log(h[j] / low[j]) ** 2 + math.log(h[j - 1] / low[j - 1]) ** 2
        gamma = math.log(max(h[j], h[j - 1]) / min(low[j], low[j - 1])) ** 2
        root = 3 - 2 * math.sqrt(2)
        size = (math.sqrt(2 * beta) - math.sqrt(beta)) / root - math.sqrt(gamma / root)
        spreads.append(max(0.0, 2 * (math.exp(size) - 1) / (1 + math.exp(size))))
    return (mean(spreads),)


def abdi_ranaldo(b, i, v):
    products = []
    for j in window(i, v["lookback_bars"]):
        c = math.log(b["close"][j - 1])
        own, later = (math.log(b["high"][k] * b["low"][k]) / 2 for k in (j - 1, j))
        products.append((c - own) * (c - later))
    return (2 * math.sqrt(max(0.0, mean(products))),)


def roll_spread(b, i, v):
    n = v["lookback_bars"]
    late, early = returns(b, i, n), returns(b, i - 1, n)
    covariance = mean((x - mean(late)) * (y - mean(early)) for x, y in zip(late, early, strict=True))
    return (2 * math.sqrt(max(0.0, -covariance)),)


def close_to_close(b, i, v):
    return tuple(stdev(returns(b, i, v[name])) for name in ("short_bars", "medium_bars", "long_bars"))


def _bipower(b, i, n):
    r = returns(b, i, n)
    return math.pi / 2 * n / (n - 1) * math.fsum(abs(r[j]) * abs(r[j - 1]) for j in range(1, n))


def _realised(b, i, n):
    return math.fsum(x * x for x in returns(b, i, n))


def bipower_variation(b, i, v):
    n = v["lookback_bars"]
    return (math.sqrt(_bipower(b, i, n) / n),)


def jump_share(b, i, v):
    n = v["lookback_bars"]
    return (max(0.0, 1 - _bipower(b, i, n) / _realised(b, i, n)),)


def jump_test(b, i, v):
    n = v["lookback_bars"]
    r = [abs(x) for x in returns(b, i, n)]
    smooth = _bipower(b, i, n)
    fours = math.fsum(r[j] * r[j - 1] * r[j - 2] * r[j - 3] for j in range(3, n))
    quarticity = n * (n / (n - 3)) * (math.pi / 2) ** 2 * fours
    error = (math.pi**2 / 4 + math.pi - 5) / n * max(1.0, quarticity / smooth**2)
    return ((1 - smooth / _realised(b, i, n)) / math.sqrt(error),)


def neighbour_truncation(b, i, v):
    n = v["lookback_bars"]
    r = [abs(x) for x in returns(b, i, n)]
    two = math.fsum(min(r[j], r[j - 1]) ** 2 for j in range(1, n))
    three = math.fsum(median(r[j - 2 : j + 1]) ** 2 for j in range(2, n))
    minimum = math.pi / (math.pi - 2) * n / (n - 1) * two
    middle = math.pi / (6 - 4 * math.sqrt(3) + math.pi) * n / (n - 2) * three
    return math.sqrt(minimum / n), math.sqrt(middle / n)


def realised_semivariance(b, i, v):
    r = returns(b, i, v["lookback_bars"])
    return rms([x if x > 0 else 0.0 for x in r]), rms([x if x < 0 else 0.0 for x in r])


def signed_jump(b, i, v):
    up, down = realised_semivariance(b, i, v)
    return ((up**2 - down**2) / (up**2 + down**2),)


def realised_quarticity(b, i, v):
    n = v["lookback_bars"]
    r = returns(b, i, n)
    return (n / 3 * math.fsum(x**4 for x in r) / math.fsum(x**2 for x in r) ** 2,)


def har_components(b, i, v):
    short, medium, long = (rms(returns(b, i, v[name])) for name in ("short_bars", "medium_bars", "long_bars"))
    return math.log(short / long), math.log(medium / long)


def volatility_ratio(b, i, v):
    return (pstdev(returns(b, i, v["short_bars"])) / pstdev(returns(b, i, v["long_bars"])),)


def _levels(b, i, v):
    return [rms(returns(b, j, v["short_bars"])) for j in window(i, v["lookback_bars"])]


def volatility_of_volatility(b, i, v):
    levels = _levels(b, i, v)
    return (pstdev(levels) / mean(levels),)


def volatility_percentile(b, i, v):
    *others, own = _levels(b, i, v)
    ranks = [0.5 if math.isclose(x, own, rel_tol=1e-9) else float(x < own) for x in others]
    return (mean(ranks),)


def leverage(b, i, v):
    n = v["lookback_bars"]
    return (correlation(returns(b, i - 1, n), [abs(x) for x in returns(b, i, n)]),)


def ewma_volatility(b, i, v):
    state = returns(b, 1, 1)[0] ** 2
    for j in range(2, i + 1):
        state = v["decay"] * state + (1 - v["decay"]) * returns(b, j, 1)[0] ** 2
    return (math.sqrt(state),)


def gjr_volatility(b, i, v):
    """In the usual letters: a constant that follows the window's variance, ARCH, leverage and GARCH terms."""
    n, new = v["lookback_bars"], 1 - v["decay"]
    arch = new * (1 - v["pull"]) * (1 - v["asymmetry"])
    below = 2 * new * (1 - v["pull"]) * v["asymmetry"]
    state = rms(returns(b, n, n)) ** 2
    for j in range(n, i + 1):
        r = returns(b, j, 1)[0]
        constant = new * v["pull"] * rms(returns(b, j, n)) ** 2
        state = constant + (arch + (below if r < 0 else 0.0)) * r * r + v["decay"] * state
    return (math.sqrt(state),)


def chaikin_volatility(b, i, v):
    n = v["lookback_bars"]
    ranges = [h - low for h, low in zip(b["high"], b["low"], strict=True)]

    def average(k):
        out = mean(ranges[:n])
        for j in range(n, k + 1):
            out += 2 / (n + 1) * (ranges[j] - out)
        return out

    now, before = average(i), average(i - v["lag_bars"])
    return ((now - before) / (now + before),)


def relative_volatility_index(b, i, v):
    n, m = v["lookback_bars"], v["deviation_bars"]
    logs = [math.log(x) for x in b["close"]]
    sides = []
    for sign in (1, -1):
        moves = [
            pstdev(logs[j - m + 1 : j + 1]) if sign * (logs[j] - logs[j - 1]) > 1e-10 else 0.0
            for j in range(m - 1, i + 1)
        ]
        average = mean(moves[:n])
        for x in moves[n:]:
            average = (average * (n - 1) + x) / n
        sides.append(average)
    return (100 * sides[0] / (sides[0] + sides[1]),)


def _closes(b, i, n):
    return b["close"][i - n + 1 : i + 1]


def bollinger_bandwidth(b, i, v):
    closes = _closes(b, i, v["lookback_bars"])
    middle, half = mean(closes), v["width"] * pstdev(closes)
    return (((middle + half) - (middle - half)) / middle,)


def bollinger_percent_b(b, i, v):
    closes = _closes(b, i, v["lookback_bars"])
    lower, upper = (mean(closes) + sign * v["width"] * pstdev(closes) for sign in (-1, 1))
    return ((closes[-1] - lower) / (upper - lower),)


def squeeze(b, i, v):
    n, c = v["lookback_bars"], b["close"]
    ranges = [max(b["high"][j], c[j - 1]) - min(b["low"][j], c[j - 1]) for j in window(i, n)]
    half, channel = v["width"] * pstdev(_closes(b, i, n)), v["range_width"] * mean(ranges)
    return float(half < channel), half / channel


def ulcer_index(b, i, v):
    n = v["lookback_bars"]
    return (rms([1 - b["close"][j] / max(_closes(b, j, n)) for j in window(i, n)]),)


BY_NAME = {
    function.__name__: function
    for function in (
        parkinson,
        garman_klass,
        rogers_satchell,
        yang_zhang,
        parkinson_share,
        gap_share,
        atr_ratio,
        true_range_share,
        range_efficiency,
        normalised_range,
        high_low_asymmetry,
        corwin_schultz,
        abdi_ranaldo,
        roll_spread,
        close_to_close,
        bipower_variation,
        jump_share,
        jump_test,
        neighbour_truncation,
        realised_semivariance,
        signed_jump,
        realised_quarticity,
        har_components,
        volatility_ratio,
        volatility_of_volatility,
        volatility_percentile,
        leverage,
        ewma_volatility,
        gjr_volatility,
        chaikin_volatility,
        relative_volatility_index,
        bollinger_bandwidth,
        bollinger_percent_b,
        squeeze,
        ulcer_index,
    )
}
