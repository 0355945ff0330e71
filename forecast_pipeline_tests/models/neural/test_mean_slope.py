"""Promise: of a mean that the direct head sees, what held up on validation rows is kept, and noise is taken back."""

from __future__ import annotations

import types

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.models.mean_shrinkage import cautious_shrinkage, shrinkage
from forecast_pipeline.models.neural.records import DirectArrays, Known, mean_slope
from forecast_pipeline.models.variance_mixture import fit_coefficients

HORIZONS = (1, 3, 6, 12)
N = 1200


@given(slope=st.floats(-2.0, 3.0), seed=st.integers(0, 50))
def test_a_slope_lies_between_nothing_and_all(slope, seed):
    rng = np.random.default_rng(seed)
    mean = rng.standard_normal((200, 2))
    outcome = slope * mean + rng.standard_normal((200, 2))

    plain, cautious = shrinkage(mean, outcome), cautious_shrinkage(mean, outcome, 400)

    assert 0.0 <= cautious <= plain <= 1.0


def test_a_signal_is_kept_and_half_a_signal_by_half():
    rng = np.random.default_rng(1)
    mean = 0.3 * rng.standard_normal((3000, 3))

    whole, half = (
        cautious_shrinkage(mean, slope * mean + rng.standard_normal(mean.shape), mean.size) for slope in (1.0, 0.5)
    )

    assert whole > 0.9
    assert half == pytest.approx(0.5, abs=0.08)


def test_noise_is_mostly_taken_back():
    kept = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        mean = rng.standard_normal((500, 1))
        kept.append(cautious_shrinkage(0.05 * mean, rng.standard_normal((500, 1)), 500))

    assert np.mean(np.array(kept) > 0.0) < 0.2  # one side beyond one standard error
    assert cautious_shrinkage(np.zeros((5, 1)), np.ones((5, 1)), 5) == 0.0


def overlapping(seed, signal=0.0, persistence=0.99, size=0.05):
    """Rows one bar apart, increments of the horizon grid, and a mean that hardly changes from row to row."""
    rng = np.random.default_rng(seed)
    slow = np.empty(N)
    slow[0] = rng.standard_normal()
    for t in range(1, N):
        slow[t] = persistence * slow[t - 1] + np.sqrt(1 - persistence**2) * rng.standard_normal()
    steps = rng.standard_normal(N + 12)
    steps[1 : N + 1] += signal * slow
    sums = np.concatenate([[0.0], np.cumsum(steps)])
    bar = np.arange(N)
    ends = np.stack([sums[bar + 1 + h] - sums[bar + 1] for h in HORIZONS], axis=1)
    target = np.diff(ends, axis=1, prepend=0.0) / np.sqrt(np.diff([0, *HORIZONS]))
    rows = types.SimpleNamespace(history=types.SimpleNamespace(bar=bar), increments=target)
    mean = size * np.tile(slow[:, None], (1, 4))
    return Known(rows, None, target), DirectArrays(torch.zeros(N, 1), np.ones_like(target), mean)


@pytest.mark.parametrize("persistence", [0.0, 0.9, 0.995])
def test_a_mean_that_hardly_changes_is_not_taken_for_evidence(persistence):
    """Overlapping labels meet it again and again; counted one by one they would keep a quarter of pure noise."""
    kept = np.array([mean_slope(*overlapping(seed, persistence=persistence), HORIZONS) for seed in range(120)])

    assert (kept > 0.0).mean() < 0.25
    assert kept.mean() < 0.15


def test_a_mean_that_is_there_is_kept():
    known, output = overlapping(3, signal=0.2, persistence=0.9, size=0.2)

    assert mean_slope(known, output, HORIZONS) > 0.7


def test_one_surprise_is_not_evidence():
    known, output = overlapping(5)
    known.rows.increments[100] = 1e6 * np.sign(output.mean[100])

    assert mean_slope(known, output, HORIZONS) < 0.9


def test_mixtures_of_variances_are_found_again_and_never_negative():
    rng = np.random.default_rng(2)
    states = rng.lognormal(size=(4000, 3))
    weights = np.array([[0.7, 0.0], [0.0, 0.3], [0.2, 0.6]])
    squared = (states @ weights) * rng.standard_normal((4000, 2)) ** 2
    squared[::7, 1] = np.nan

    found = fit_coefficients(states, squared)

    assert (found >= 0.0).all()
    np.testing.assert_allclose(found, weights, rtol=0, atol=0.12)
