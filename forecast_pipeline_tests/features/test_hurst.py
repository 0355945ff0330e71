"""Guards that the Hurst exponent by rescaled range finds the exponent of simulated fractional Brownian motion."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from forecast_pipeline.features.indicators.statistics import hurst
from forecast_pipeline_tests.features.fractional_noise import fractional_close

# Mean estimate minus true exponent by window. Measured on three paths of 65 536 steps each (seeds 0, 1, 2) of
# `fractional_noise`, which is exact in distribution; the means of the paths spread by 0.002. The correction of Anis
# and Lloyd is made for independent returns, so estimates of other exponents are drawn towards one half.
BIAS = {
    (0.3, 64): 0.052,
    (0.5, 64): -0.011,
    (0.7, 64): -0.084,
    (0.3, 256): 0.046,
    (0.5, 256): -0.004,
    (0.7, 256): -0.062,
}
MARGIN = 0.012  # of a path of 32 768 steps; windows overlap


@functools.cache
def mean_estimate(exponent: float, window: int) -> float:
    return float(np.nanmean(hurst(fractional_close(exponent, 2**15, seed=11), window)))


@pytest.mark.parametrize("window", [64, 256])
def test_the_mean_estimate_increases_with_the_exponent(window):
    low, middle, high = (mean_estimate(exponent, window) for exponent in (0.3, 0.5, 0.7))

    assert low + 0.1 < middle < high - 0.1


@pytest.mark.parametrize("window", [64, 256])
def test_a_random_walk_is_found_without_bias(window):
    assert mean_estimate(0.5, window) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("exponent", "window"), list(BIAS))
def test_the_bias_is_the_measured_one(exponent, window):
    assert mean_estimate(exponent, window) - exponent == pytest.approx(BIAS[exponent, window], abs=MARGIN)


@pytest.mark.parametrize("exponent", [0.3, 0.5, 0.7])
def test_the_bias_shrinks_with_the_window(exponent):
    short, long = (abs(mean_estimate(exponent, window) - exponent) for window in (64, 256))

    assert long < short


def test_the_estimate_does_not_depend_on_the_size_of_the_moves():
    small, large = (fractional_close(0.7, 2000, seed=3, scale=scale) for scale in (1e-5, 1e-2))

    np.testing.assert_allclose(hurst(small), hurst(large), atol=1e-6)
