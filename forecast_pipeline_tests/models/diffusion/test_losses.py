"""Losses: the fair CRPS has its minimum at the truth and the plain one does not; KL and likelihoods by torch's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scoringrules
import torch
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.diffusion.losses import (
    crps_sample_estimator,
    fair_crps,
    free_bits,
    gaussian_nll,
    kl_divergence,
    student_t_nll,
)


def plain_crps(samples, outcome):
    """The estimator that divides by m squared: what must not be trained with."""
    spread = (samples[:, None] - samples[None, :]).abs().mean(dim=(0, 1))
    return (samples - outcome).abs().mean(dim=0) - 0.5 * spread


def slow_fair_crps(samples, outcome):
    """Every pair of samples, from the definition."""
    n_samples = len(samples)
    pairs = sum((samples[i] - samples[j]).abs() for i in range(n_samples) for j in range(n_samples))
    return (samples - outcome).abs().mean(dim=0) - pairs / (2 * n_samples * (n_samples - 1))


def slope_at_the_truth(loss, n_samples, n_rows=200_000):
    """Expected derivative with respect to the log deviation of normal samples, and its standard error."""
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(n_samples, n_rows, generator=generator, dtype=torch.float64)
    outcome = torch.randn(n_rows, generator=generator, dtype=torch.float64)
    log_sd = torch.zeros(n_rows, dtype=torch.float64, requires_grad=True)
    loss(torch.exp(log_sd) * noise, outcome).sum().backward()
    return log_sd.grad.mean().item(), log_sd.grad.std().item() / math.sqrt(n_rows)


@given(n_samples=st.integers(2, 12), seed=st.integers(0, 999), shape=st.sampled_from([(3,), (2, 4), ()]))
def test_fair_crps_and_its_gradient_are_those_of_all_pairs(n_samples, seed, shape):
    generator = torch.Generator().manual_seed(seed)
    samples = torch.randn(n_samples, *shape, generator=generator, dtype=torch.float64, requires_grad=True)
    outcome = torch.randn(shape, generator=generator, dtype=torch.float64)
    fast, slow = fair_crps(samples, outcome), slow_fair_crps(samples, outcome)

    torch.testing.assert_close(fast, slow, rtol=1e-12, atol=1e-12)
    gradients = [torch.autograd.grad(each.sum(), samples)[0] for each in (fast, slow)]
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=1e-12)


def test_fair_crps_is_the_fair_one_of_scoringrules():
    rng = np.random.default_rng(1)
    samples, outcome = rng.standard_normal((16, 50)), rng.standard_normal(50)
    expected = scoringrules.crps_ensemble(outcome, samples.T, estimator="fair")

    found = fair_crps(torch.from_numpy(samples), torch.from_numpy(outcome))

    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-12)


def test_the_fair_slope_vanishes_at_the_truth_and_the_plain_one_narrows():
    fair, fair_error = slope_at_the_truth(fair_crps, 8)
    plain, plain_error = slope_at_the_truth(plain_crps, 8)

    assert abs(fair) < 4.0 * fair_error
    # d/ds of s/sqrt(pi)/m, which the plain estimator adds to the score.
    assert plain == pytest.approx(1.0 / (8.0 * math.sqrt(math.pi)), abs=4.0 * plain_error)
    assert plain > 20.0 * plain_error


@pytest.mark.parametrize(
    ("n_samples", "narrowed"), [(2, 0.38), (4, 0.63), (8, 0.79), (16, 0.89), (32, 0.94), (64, 0.97)]
)
def test_the_plain_estimator_is_least_at_a_spread_that_is_too_small(n_samples, narrowed):
    """Normal samples of deviation s against N(0, 1): ``sqrt(2 (1 + s^2) / pi) - (1 - 1 / m) s / sqrt(pi)``."""
    share = 1.0 - 1.0 / n_samples
    least = share / math.sqrt(2.0 - share * share)

    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(n_samples, 100_000 // n_samples, generator=generator, dtype=torch.float64)
    outcome = torch.randn(100_000 // n_samples, generator=generator, dtype=torch.float64)
    log_sd = torch.tensor(math.log(least), dtype=torch.float64, requires_grad=True)
    plain_crps(torch.exp(log_sd) * noise, outcome).mean().backward()

    assert least == pytest.approx(narrowed, abs=0.006)
    assert log_sd.grad.item() == pytest.approx(0.0, abs=0.01)


def test_fair_crps_is_least_at_the_true_deviation():
    generator = torch.Generator().manual_seed(4)
    noise = torch.randn(4, 200_000, generator=generator, dtype=torch.float64)
    outcome = torch.randn(200_000, generator=generator, dtype=torch.float64)
    deviations = (0.6, 0.8, 1.0, 1.25, 1.6)
    scores = [fair_crps(each * noise, outcome).mean().item() for each in deviations]

    assert scores.index(min(scores)) == 2
    assert scores[2] == pytest.approx(1.0 / math.sqrt(math.pi), rel=0.02)


def test_fair_crps_keeps_small_differences_of_large_values_and_narrow_precision():
    generator = torch.Generator().manual_seed(5)
    samples, outcome = torch.randn(8, 20, generator=generator), torch.randn(20, generator=generator)
    narrow = fair_crps(samples.bfloat16(), outcome.bfloat16())

    assert narrow.dtype == torch.float32
    torch.testing.assert_close(
        fair_crps(samples + 1000.0, outcome + 1000.0), fair_crps(samples, outcome), atol=5e-4, rtol=0
    )


def test_nan_stays_in_its_row():
    samples, outcome = torch.randn(4, 3), torch.zeros(3)
    samples[1, 2] = math.nan

    assert torch.isnan(fair_crps(samples, outcome)).tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("samples", "outcome"), [(torch.zeros(1, 3), torch.zeros(3)), (torch.zeros(4, 3), torch.zeros(2))]
)
def test_fair_crps_refuses_one_sample_and_foreign_shapes(samples, outcome):
    with pytest.raises(InvalidConfiguration):
        fair_crps(samples, outcome)


def test_the_specified_name_means_the_fair_estimator():
    assert crps_sample_estimator is fair_crps


def test_kl_is_that_of_the_normal_laws():
    mean, log_variance = torch.randn(2, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    posterior = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    expected = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0))

    torch.testing.assert_close(kl_divergence(mean, log_variance), expected, rtol=1e-12, atol=1e-12)
    tiny = kl_divergence(torch.zeros(1), torch.full((1,), 1e-4))
    assert tiny.item() == pytest.approx(0.25e-8, rel=1e-2)  # lost without expm1


def test_free_bits_stop_the_gradient_of_dimensions_below_the_floor():
    per_dim = torch.tensor([0.01, 0.3, 2.0], requires_grad=True)
    total = free_bits(per_dim, 0.1)
    total.backward()

    assert total.item() == pytest.approx(2.4)
    assert per_dim.grad.tolist() == [0.0, 1.0, 1.0]
    with pytest.raises(InvalidConfiguration):
        free_bits(per_dim, -0.1)


def test_likelihoods_are_those_of_torch_distributions():
    residual, log_scale = torch.randn(2, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    degrees = torch.linspace(2.1, 30.0, 50, dtype=torch.float64)
    normal = torch.distributions.Normal(0.0, torch.exp(log_scale))
    student = torch.distributions.StudentT(degrees, 0.0, torch.exp(log_scale))

    torch.testing.assert_close(gaussian_nll(residual, log_scale), -normal.log_prob(residual))
    torch.testing.assert_close(student_t_nll(residual, log_scale, degrees), -student.log_prob(residual))
    torch.testing.assert_close(
        student_t_nll(residual, log_scale, 1e7), gaussian_nll(residual, log_scale), rtol=1e-4, atol=1e-4
    )
