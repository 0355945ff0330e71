"""Guards that scaling exponents and fractal dimensions find those of simulated fractional Brownian motion."""

from __future__ import annotations

import numpy as np
import pytest

from forecast_pipeline.features.indicators import higuchi, scaling, sevcik, structure_function
from forecast_pipeline_tests.features.fractional_noise import fractional_close, fractional_noise


@pytest.mark.parametrize("hurst", [0.3, 0.5, 0.7])
def test_the_generator_has_the_covariance_of_fractional_noise(hurst):
    paths = np.array([fractional_noise(hurst, 64, seed) for seed in range(6000)])

    covariance = (paths[:, :1] * paths).mean(axis=0)

    lags = np.arange(64.0)
    expected = ((lags + 1) ** (2 * hurst) - 2 * lags ** (2 * hurst) + np.abs(lags - 1) ** (2 * hurst)) / 2
    np.testing.assert_allclose(covariance, expected, atol=0.06)
    assert paths.sum(axis=1).var() == pytest.approx(64 ** (2 * hurst), rel=0.08)


EXPONENTS = {
    "detrended_fluctuation": scaling.detrended_fluctuation,
    "structure_exponent": structure_function.structure_exponent,
}
# Mean minus true exponent over windows of 128 bars, measured on two paths of 65 536 steps each with seeds 0 and 1.
# Detrending in boxes of 4 and 8 bars sees less than the whole exponent; the structure function is exact but for the
# logarithm of a mean of few moves.
SCALING_BIAS = {
    ("detrended_fluctuation", 0.3): 0.027,
    ("detrended_fluctuation", 0.5): -0.004,
    ("detrended_fluctuation", 0.7): -0.022,
    ("structure_exponent", 0.3): -0.005,
    ("structure_exponent", 0.5): -0.008,
    ("structure_exponent", 0.7): -0.016,
}


@pytest.mark.parametrize(("name", "hurst"), list(SCALING_BIAS))
def test_scaling_exponents_find_those_of_fractional_noise(name, hurst):
    close = fractional_close(hurst, 2**14, seed=7)

    found = EXPONENTS[name](close, 128)

    assert np.nanmean(found) == pytest.approx(hurst + SCALING_BIAS[name, hurst], abs=0.012)


# Means over windows of 64 bars, measured on two paths of 65 536 steps each with seeds 0 and 1.
@pytest.mark.parametrize(("hurst", "dimension"), [(0.3, 1.705), (0.5, 1.509), (0.7, 1.317)])
def test_higuchi_finds_the_dimension_of_fractional_noise(hurst, dimension):
    close = fractional_close(hurst, 2**14, seed=7)

    assert dimension == pytest.approx(2.0 - hurst, abs=0.02)
    assert np.nanmean(higuchi.higuchi_dimension(close, 64)) == pytest.approx(dimension, abs=0.02)


def test_sevcik_orders_paths_by_their_roughness():
    found = [np.nanmean(sevcik.sevcik_dimension(fractional_close(h, 2**13), 64)) for h in (0.3, 0.5, 0.7)]

    assert found == pytest.approx([1.417, 1.323, 1.232], abs=0.01)


def test_the_correction_for_small_boxes_is_what_random_walks_leave():
    walks = np.random.default_rng(0).normal(size=(20_000, 8)).cumsum(axis=1)
    times = np.arange(8) - 3.5
    slopes = (walks * times).sum(axis=1) / (times**2).sum()
    left = walks - walks.mean(axis=1, keepdims=True) - slopes[:, None] * times

    assert scaling.random_walk_fluctuation(8) == pytest.approx(np.sqrt((left**2).mean()), rel=0.01)
