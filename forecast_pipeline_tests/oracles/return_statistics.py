"""Statistics of one bar's window as plain loops from the definitions: slow, obvious, never optimised.

Every function takes a dictionary of lists ``open high low close``, the row ``i`` and the parameters by name, and
returns the row's values in the order of the catalogue. Nothing here uses TA-Lib or the package.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from statistics import mean, median, pstdev

import numpy as np

from forecast_pipeline_tests.oracles.windows import (
    correlation,
    line,
    logs,
    quantile,
    returns,
    rms,
    serial_correlation,
    shannon,
    standardised,
)

TIE = 1e-10  # closes that differ by less than this part of the price are equal


def skewness(b, i, v):
    return (mean(x**3 for x in standardised(returns(b, i, v["lookback_bars"]))),)


def kurtosis(b, i, v):
    return (mean(x**4 for x in standardised(returns(b, i, v["lookback_bars"]))) - 3,)


def return_quantiles(b, i, v):
    r = returns(b, i, v["lookback_bars"])
    low, middle, high = (quantile(r, level) for level in (0.05, 0.5, 0.95))
    return low / pstdev(r), high / pstdev(r), (high + low - 2 * middle) / (high - low)


def mad_ratio(b, i, v):
    r = returns(b, i, v["lookback_bars"])
    return (1.482602218505602 * median(abs(x - median(r)) for x in r) / pstdev(r),)


def largest_move_share(b, i, v):
    sizes = [abs(x) for x in returns(b, i, v["lookback_bars"])]
    return (max(sizes) / math.fsum(sizes),)


def return_entropy(b, i, v):
    fifths = [0.5 * (1 + math.erf(x / math.sqrt(2))) * 5 for x in standardised(returns(b, i, v["lookback_bars"]))]
    return (shannon([math.floor(x) for x in fifths], 5),)


def close_zscore(b, i, v):
    return (standardised(logs(b, i, v["lookback_bars"]))[-1],)


def _rank(values, tie):
    *others, own = values
    return mean(0.5 if abs(x - own) <= tie else float(x < own) for x in others)


def close_rank(b, i, v):
    closes = b["close"][i - v["lookback_bars"] + 1 : i + 1]
    return (_rank(closes, TIE * closes[-1]),)


def return_zscore(b, i, v):
    r = returns(b, i, v["lookback_bars"])
    return (r[-1] / rms(r),)


def return_rank(b, i, v):
    return (_rank(returns(b, i, v["lookback_bars"]), 1e-14),)


def median_distance(b, i, v):
    closes = b["close"][i - v["lookback_bars"] + 1 : i + 1]
    return (math.log(closes[-1] / median(closes)),)


def linear_fit(b, i, v):
    n = v["lookback_bars"]
    _, t, residuals = line(list(range(n)), logs(b, i, n))
    return t, residuals[-1] / math.sqrt(math.fsum(e * e for e in residuals) / (n - 2))


def autocorrelation(b, i, v):
    r = returns(b, i, v["lookback_bars"])
    return serial_correlation(r, 1), serial_correlation(r, v["lag_bars"])


def absolute_autocorrelation(b, i, v):
    r = [abs(x) for x in returns(b, i, v["lookback_bars"])]
    return serial_correlation(r, 1), serial_correlation(r, v["lag_bars"])


def partial_autocorrelation(b, i, v):
    """The second coefficient of Yule and Walker's equations."""
    r = returns(b, i, v["lookback_bars"])
    first, second = serial_correlation(r, 1), serial_correlation(r, 2)
    return (float(np.linalg.solve([[1, first], [first, 1]], [first, second])[1]),)


def ljung_box(b, i, v):
    n, m = v["lookback_bars"], v["n_lags"]
    r = returns(b, i, n)
    return (n * (n + 2) * math.fsum(serial_correlation(r, k) ** 2 / (n - k) for k in range(1, m + 1)) / m,)


def range_return_correlation(b, i, v):
    n = v["lookback_bars"]
    ranges = [math.log(b["high"][j] / b["low"][j]) for j in range(i - n + 1, i + 1)]
    return (correlation(ranges, returns(b, i, n)),)


def variance_ratio(b, i, v):
    """Lo and MacKinlay's estimators of the variance over 1 and over q bars and of the error of their ratio."""
    n, q = v["lookback_bars"], v["aggregate_bars"]
    p = logs(b, i, n + 1)
    mu = (p[n] - p[0]) / n
    short = math.fsum((p[k] - p[k - 1] - mu) ** 2 for k in range(1, n + 1)) / (n - 1)
    m = q * (n - q + 1) * (1 - q / n)
    long = math.fsum((p[k] - p[k - q] - q * mu) ** 2 for k in range(q, n + 1)) / m
    e = [p[k] - p[k - 1] - mu for k in range(1, n + 1)]
    squares = math.fsum(x * x for x in e)
    theta = 0.0
    for j in range(1, q):
        delta = n * math.fsum(e[k] ** 2 * e[k - j] ** 2 for k in range(j, n)) / squares**2
        theta += (2 * (q - j) / q) ** 2 * delta
    return long / short, math.sqrt(n) * (long / short - 1) / math.sqrt(theta)


def mean_reversion(b, i, v):
    n = v["lookback_bars"]
    levels = logs(b, i, n + 1)
    slope, t, _ = line(levels[:-1], returns(b, i, n))
    kept = 1 + slope
    half_life = 1.0 if kept >= 1 else 0.0 if kept <= 0 else math.log(0.5) / math.log(kept) / n
    return -slope, min(half_life, 1.0), t


def permutation_entropy(b, i, v):
    closes = b["close"][i - v["lookback_bars"] + 1 : i + 1]
    ticks = [round(x * 1e7) for x in closes]  # equal closes are equal; the sort keeps the earlier first
    patterns = [tuple(sorted(range(3), key=lambda k: ticks[j + k])) for j in range(len(ticks) - 2)]
    return (shannon(patterns, 6),)


def sign_entropy(b, i, v):
    signs = [(x > TIE) - (x < -TIE) for x in returns(b, i, v["lookback_bars"] + 1)]
    return (shannon(list(pairwise(signs)), 9),)


def _higuchi(x, largest):
    n = len(x)
    points = []
    for k in range(1, largest + 1):
        lengths = []
        for m in range(k):
            # Higuchi counts from the first sample; here from the last, which is the present.
            y = x[::-1]
            steps = (n - 1 - m) // k
            length = math.fsum(abs(y[m + s * k] - y[m + (s - 1) * k]) for s in range(1, steps + 1))
            lengths.append(length * (n - 1) / (steps * k) / k)
        points.append((math.log(1 / k), math.log(mean(lengths))))
    return float(np.polyfit(*zip(*points, strict=True), 1)[0])


def _sevcik(x):
    n = len(x)
    y = [(a - min(x)) / (max(x) - min(x)) for a in x]
    length = math.fsum(math.hypot(1 / (n - 1), b - a) for a, b in pairwise(y))
    return 1 + math.log(length) / math.log(2 * (n - 1))


def fractal_dimension(b, i, v):
    x = logs(b, i, v["lookback_bars"])
    return _higuchi(x, 8), _sevcik(x)


def _fluctuation(points):
    times = np.arange(len(points))
    return float(np.mean((points - np.polyval(np.polyfit(times, points, 1), times)) ** 2))


def _walk_fluctuation(size):
    """Mean fluctuation of a random walk: steps are independent, so every step's own contribution adds up."""
    return sum(_fluctuation(np.where(np.arange(size) >= step, 1.0, 0.0)) for step in range(1, size))


def detrended_fluctuation(b, i, v):
    x = np.array(logs(b, i, v["lookback_bars"]))
    x = (x - x[-1]) * 1e4
    points = []
    size = 4
    while size <= v["lookback_bars"] // 8:
        boxes = [_fluctuation(x[j : j + size]) for j in range(len(x) - size + 1)]
        points.append((math.log(size), 0.5 * math.log(mean(boxes) / _walk_fluctuation(size))))
        size *= 2
    return (0.5 + float(np.polyfit(*zip(*points, strict=True), 1)[0]),)


def structure_exponent(b, i, v):
    x = logs(b, i, v["lookback_bars"])
    points = [(math.log(k), math.log(mean((x[j] - x[j - k]) ** 2 for j in range(k, len(x)))) / 2) for k in (1, 2, 4, 8)]
    return (float(np.polyfit(*zip(*points, strict=True), 1)[0]),)


def largest_swings(b, i, v):
    x = logs(b, i, v["lookback_bars"])
    pairs = [x[k] - x[j] for k in range(len(x)) for j in range(k + 1)]
    return -min(pairs), max(pairs)


def up_fraction(b, i, v):
    return (mean(0.5 if abs(x) <= TIE else float(x > 0) for x in returns(b, i, v["lookback_bars"])),)


def gain_loss_ratio(b, i, v):
    r = returns(b, i, v["lookback_bars"])
    gains, losses = [x for x in r if x > TIE], [-x for x in r if x < -TIE]
    gain, loss = (mean(side) if side else 0.0 for side in (gains, losses))
    return (gain / (gain + loss),)


def self_normalised_return(b, i, v):
    r = returns(b, i, v["lookback_bars"])
    return (math.fsum(r) / math.sqrt(math.fsum(x * x for x in r)),)


def path_roughness(b, i, v):
    r = returns(b, i, v["lookback_bars"] + 1)
    return (math.fsum(abs(y - x) for x, y in pairwise(r)) / math.fsum(abs(x) + abs(y) for x, y in pairwise(r)),)


def runs_test(b, i, v):
    signs = [(x > TIE) - (x < -TIE) for x in returns(b, i, v["lookback_bars"])]
    n, counts = len(signs), Counter(signs).values()
    runs = 1 + sum(x != y for x, y in pairwise(signs))
    expected = (n * (n + 1) - sum(c**2 for c in counts)) / n
    squares, cubes = sum(c**2 for c in counts), sum(c**3 for c in counts)
    error = (squares * (squares + n * (n + 1)) - 2 * n * cubes - n**3) / (n**2 * (n - 1))
    return (0.0 if error == 0 else (runs - expected) / math.sqrt(error),)


def turning_points(b, i, v):
    r = returns(b, i, v["lookback_bars"])
    n, total = len(r), 0.0
    for before, own, after in zip(r, r[1:], r[2:], strict=False):
        if abs(own - before) <= 1e-14 or abs(own - after) <= 1e-14:
            continue
        total += float((own > before) == (own > after)) - 2 / 3
    return (total / math.sqrt((16 * n - 29) / 90),)


def low_frequency_share(b, i, v):
    r = returns(b, i, v["lookback_bars"])
    power = np.abs(np.fft.fft(np.array(r) - mean(r))) ** 2
    low = v["n_frequencies"]
    return (float((power[1 : low + 1].sum() + power[-low:].sum()) / power.sum()),)


BY_NAME = {
    function.__name__: function
    for function in (
        skewness,
        kurtosis,
        return_quantiles,
        mad_ratio,
        largest_move_share,
        return_entropy,
        close_zscore,
        close_rank,
        return_zscore,
        return_rank,
        median_distance,
        linear_fit,
        autocorrelation,
        absolute_autocorrelation,
        partial_autocorrelation,
        ljung_box,
        range_return_correlation,
        variance_ratio,
        mean_reversion,
        permutation_entropy,
        sign_entropy,
        fractal_dimension,
        detrended_fluctuation,
        structure_exponent,
        largest_swings,
        up_fraction,
        gain_loss_ratio,
        self_normalised_return,
        path_roughness,
        runs_test,
        turning_points,
        low_frequency_share,
    )
}
