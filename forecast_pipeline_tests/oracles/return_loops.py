"""Momentum as returns, distances and counts, as plain loops from their definitions: slow, obvious, never optimised.

Every function takes a dictionary of arrays ``open high low close`` and returns its columns, NaN where too few bars
exist.
"""

from __future__ import annotations

import math

import numpy as np

from forecast_pipeline_tests.oracles.trend_loops import line_through
from forecast_pipeline_tests.oracles.trend_momentum import (
    NAN,
    columns,
    distance,
    exponential,
    lag,
    linear,
    medians,
    pairwise,
    rolling,
    runs,
    simple,
    steps,
)


def _returns(b, n):
    return pairwise(lambda now, before: math.log(now / before), b["close"], lag(b["close"], n))


def roc(b):
    return columns(_returns(b, 12))


def rate_of_change(b):
    return tuple(np.array(_returns(b, n)) / n for n in (20, 60, 120))


def normalised_momentum(b, n=50):
    def in_volatility(w):
        size = math.sqrt(math.fsum(x * x for x in w))
        return math.fsum(w) / size if size else 0.0

    return columns(rolling(_returns(b, 1), n, in_volatility))


def momentum_acceleration(b, n=10):
    return columns(pairwise(lambda now, before: now - before, _returns(b, n), lag(_returns(b, n), n)))


def smoothed_roc(b):
    average = exponential(b["close"], 13)
    return columns(pairwise(lambda now, before: math.log(now / before), average, lag(average, 21)))


def kst(b):
    parts = [simple(_returns(b, n), k) for n, k in ((10, 10), (15, 10), (20, 10), (30, 15))]
    line = pairwise(lambda r1, r2, r3, r4: r1 + 2 * r2 + 3 * r3 + 4 * r4, *parts)
    return columns(line, simple(line, 9))


def coppock(b):
    return columns(linear(pairwise(lambda x, y: x + y, _returns(b, 14), _returns(b, 11)), 10))


def price_momentum_oscillator(b):
    line = exponential(exponential(_returns(b, 1), 34), 19)
    return columns(line, exponential(line, 10))


def detrended_price(b):
    return (distance(b["close"], lag(simple(b["close"], 20), 11)),)


def chande_forecast(b, n=14):
    price = [math.log(c) for c in b["close"]]

    def surprise(w):
        intercept, slope = line_through(w[:-1])
        return w[-1] - (intercept + slope * n)

    return columns(rolling(price, n + 1, surprise))


def roofing_filter(b):
    price = [math.log(c) for c in b["close"]]
    angle = math.sqrt(0.5) * 2 * math.pi / 48
    a = (math.cos(angle) + math.sin(angle) - 1) / math.cos(angle)
    detrended = [0.0, 0.0]
    for i in range(len(price)):
        one, two = price[max(i - 1, 0)], price[max(i - 2, 0)]
        detrended.append(
            (1 - a / 2) ** 2 * (price[i] - 2 * one + two) + 2 * (1 - a) * detrended[-1] - (1 - a) ** 2 * detrended[-2]
        )
    pole = math.exp(-1.4142135623730951 * math.pi / 10)
    c2, c3 = 2 * pole * math.cos(1.4142135623730951 * math.pi / 10), -pole * pole
    smooth = [0.0, 0.0]
    for i in range(2, len(detrended)):
        smooth.append((1 - c2 - c3) * (detrended[i] + detrended[i - 1]) / 2 + c2 * smooth[-1] + c3 * smooth[-2])
    return columns(smooth[2:])


def center_of_gravity(b, n=10):
    """Ehlers' sum over prices weighted by their age plus one, less than the middle one where the newer are heavier."""

    def centre(w):
        return (n + 1) / 2 - math.fsum((1 + k) * w[-1 - k] for k in range(n)) / math.fsum(w)

    return columns(rolling(b["close"], n, centre))


def elder_ray(b):
    average = exponential(b["close"], 13)
    return tuple(
        np.array(pairwise(lambda x, level, c: (x - level) / c, b[side], average, b["close"]))
        for side in ("high", "low")
    )


def awesome_oscillator(b):
    line = pairwise(lambda fast, slow: fast - slow, simple(medians(b), 5), simple(medians(b), 34))
    accelerator = pairwise(lambda x, y: x - y, line, simple(line, 5))
    return np.array(line) / b["close"], np.array(accelerator) / b["close"]


def qstick(b):
    return (np.array(simple(b["close"] - b["open"], 8)) / b["close"],)


def psychological_line(b, n=12):
    scores = pairwise(lambda x: 100.0 if x > 0 else 50.0 if x == 0 else 0.0, steps(b["close"]))
    return columns(simple(scores, n))


def streak(b, most=20):
    found, c = runs(b, most), b["close"]
    known = range(most, len(found))
    return (
        np.array([NAN] * most + [float(found[i]) for i in known]),
        np.array([NAN] * most + [math.log(c[i] / c[i - abs(found[i])]) for i in known]),
    )


BY_NAME = {
    function.__name__: function
    for function in (
        roc,
        rate_of_change,
        normalised_momentum,
        momentum_acceleration,
        smoothed_roc,
        kst,
        coppock,
        price_momentum_oscillator,
        detrended_price,
        chande_forecast,
        roofing_filter,
        center_of_gravity,
        elder_ray,
        awesome_oscillator,
        qstick,
        psychological_line,
        streak,
    )
}
