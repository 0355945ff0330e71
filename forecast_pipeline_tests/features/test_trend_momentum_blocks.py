"""Guards the building blocks of trend and momentum: steps, windows, warm-ups, and lengths that are refused."""

from __future__ import annotations

import numpy as np
import pytest

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.catalogue.warm_up import chain
from forecast_pipeline.features.indicators import (
    adaptive_mean,
    ehlers_filter,
    ehlers_oscillator,
    momentum_range,
    momentum_rate_of_change,
    momentum_relative_strength,
    moving_average,
    moving_average_recursive,
    moving_average_relation,
    moving_average_weighted,
    schaff_trend_cycle,
    sliding,
    trend_regression,
    wave_trend,
)
from forecast_pipeline.features.warm_up import bars_to_forget, exponential


@pytest.mark.parametrize("memory", [1, 2, 3, 5, 8, 13, 64, 100])
def test_doubled_steps_are_the_steps_one_by_one(memory):
    rng = np.random.default_rng(memory)
    values, smoothing = rng.random(140), rng.random(140)

    found = sliding_steps = adaptive_mean.adaptive_mean(values, smoothing, memory)

    expected = np.full(140, np.nan)
    for i in range(memory, 140):
        level = values[i - memory]
        for j in range(i - memory + 1, i + 1):
            level = (1.0 - smoothing[j]) * level + smoothing[j] * values[j]
        expected[i] = level
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    assert np.isnan(sliding_steps).sum() == memory


def test_a_warm_up_is_that_of_averages_then_of_windows():
    stages, values = ((exponential, "a"), (exponential, "b")), {"a": 12, "b": 26, "c": 9}
    sharp, blunt = (chain(*stages, windows=("c",), extra=2, margin=margin) for margin in (10.0, 1.0))

    forgotten = bars_to_forget((exponential(12), exponential(26)), 1e-7)
    assert sharp(values, Timeframe.H1, 1e-6) == forgotten + 8 + 2
    # A tolerance that is reached before the averages have their first values.
    assert blunt(values, Timeframe.H1, 0.9) == 11 + 25 + 1 + 8 + 2


def test_a_window_forgets_a_huge_price_and_a_nan_exactly():
    values = np.concatenate([[np.nan, 1e150], np.ones(8)])

    assert sliding.weighted_sum(values, [3.0, 2.0, 1.0])[4:].tolist() == [6.0] * 6
    assert sliding.window_squares(values[1:], 3)[3:].tolist() == [0.0] * 6


ONES = np.ones(60)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: moving_average.wma(ONES, 1), "at least 2, was 1"),
        (lambda: moving_average_weighted.hma(ONES, 3), "at least 4, was 3"),
        (
            lambda: moving_average_relation.moving_average_ratio(ONES, 9, 9),
            "fast_bars must be less than slow_bars=9, was 9",
        ),
        (lambda: moving_average_recursive.zlema(ONES, 2), "at least 3, was 2"),
        (lambda: trend_regression.quadratic_regression(ONES, 3), "at least 4, was 3"),
        (lambda: schaff_trend_cycle.schaff_trend_cycle(ONES, fast_bars=9, slow_bars=9), "fast_bars must be less"),
        (lambda: ehlers_filter.roofing_filter(ONES, 48, 10), "low_pass_bars must be less"),
        (lambda: ehlers_oscillator.laguerre_rsi(ONES, 1.0), r"damping must be in \[0, 1\), was 1.0"),
        (
            lambda: momentum_range.awesome_oscillator(ONES, ONES, ONES, fast_bars=5, slow_bars=5),
            "fast_bars must be less",
        ),
        (lambda: momentum_rate_of_change.rate_of_change(ONES, short_bars=9, middle_bars=9), "must increase"),
        (lambda: momentum_relative_strength.cmo(ONES, 1), "at least 2, was 1"),
        (lambda: wave_trend.inertia(ONES, 1), "at least 2, was 1"),
    ],
    ids=[
        "wma",
        "hma",
        "ratio",
        "zlema",
        "quadratic",
        "schaff",
        "roofing",
        "laguerre",
        "awesome",
        "roc",
        "cmo",
        "inertia",
    ],
)
def test_impossible_lengths_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()
