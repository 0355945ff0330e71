"""What the oracles of windows share: returns, moments, quantiles, lines, correlations, all as plain loops."""

from __future__ import annotations

import math
from collections import Counter
from statistics import mean, pstdev


def returns(b, i, n):
    """The last ``n`` log returns up to row ``i``."""
    c = b["close"]
    return [math.log(c[j] / c[j - 1]) for j in range(i - n + 1, i + 1)]


def rms(values):
    return math.sqrt(math.fsum(x * x for x in values) / len(values))


def correlation(left, right):
    a, b = mean(left), mean(right)
    together = math.fsum((x - a) * (y - b) for x, y in zip(left, right, strict=True))
    squares = math.fsum((x - a) ** 2 for x in left) * math.fsum((y - b) ** 2 for y in right)
    return 0.0 if squares == 0 else together / math.sqrt(squares)


def true_range(b, j):
    """Log of the range of bar ``j`` widened to the close before."""
    return math.log(max(b["high"][j], b["close"][j - 1]) / min(b["low"][j], b["close"][j - 1]))


def window(i, n):
    return range(i - n + 1, i + 1)


def logs(b, i, n):
    """The last ``n`` log closes up to row ``i``."""
    return [math.log(x) for x in b["close"][i - n + 1 : i + 1]]


def standardised(values):
    return [(x - mean(values)) / pstdev(values) for x in values]


def quantile(values, level):
    ordered = sorted(values)
    place = level * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def shannon(observations, n_bins):
    counts = Counter(observations).values()
    total = sum(counts)
    return -math.fsum(n / total * math.log(n / total) for n in counts) / math.log(n_bins)


def line(x, y):
    """Slope, its t statistic and the residuals of a least-squares line."""
    slope = correlation(x, y) * pstdev(y) / pstdev(x)
    residuals = [b - mean(y) - slope * (a - mean(x)) for a, b in zip(x, y, strict=True)]
    left = math.fsum(e * e for e in residuals) / (len(x) - 2)
    return slope, slope / math.sqrt(left / math.fsum((a - mean(x)) ** 2 for a in x)), residuals


def serial_correlation(x, lag):
    m = mean(x)
    squares = math.fsum((a - m) ** 2 for a in x)
    return math.fsum((x[j] - m) * (x[j - lag] - m) for j in range(lag, len(x))) / squares
