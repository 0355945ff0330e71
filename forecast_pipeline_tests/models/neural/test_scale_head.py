"""Promise: the direct head begins at the mixture it is given, and its scores are those of a Student t."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from forecast_pipeline.models.neural.scale_head import (
    CORRECTION_LIMIT,
    GATE_LIMIT,
    LEAST_WEIGHT,
    MEAN_LIMIT,
    Direct,
    ScaleHead,
)
from forecast_pipeline.scores.crps import crps_from_draws

N_STATES, N_HORIZONS, N_CONTEXT, N_ROWS = 5, 3, 7, 40
DEGREES = (3.0, 6.0, 40.0)


def made_head(weights=None):
    rng = np.random.default_rng(0)
    return ScaleHead(rng.uniform(0.0, 0.5, (N_STATES, N_HORIZONS)) if weights is None else weights, N_CONTEXT)


def moved(head, size=1.0, degrees=DEGREES):
    """With random weights and given degrees of freedom."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        head.steering.weight.copy_(size * torch.randn(head.steering.weight.shape, generator=generator))
        head.log_degrees.copy_(torch.log(torch.tensor(degrees) - 2.1))
    return head


@pytest.fixture
def states():
    return torch.from_numpy(np.random.default_rng(2).lognormal(size=(N_ROWS, N_STATES)).astype(np.float32))


@pytest.fixture
def context():
    return torch.randn(N_ROWS, N_CONTEXT, generator=torch.Generator().manual_seed(3))


def test_an_untrained_head_is_the_mixture_whatever_the_context(states, context):
    weights = np.random.default_rng(4).uniform(0.05, 0.5, (N_STATES, N_HORIZONS))

    direct = made_head(weights)(states, context)

    np.testing.assert_allclose(np.exp(2 * direct.log_scale.detach().numpy()), states.numpy() @ weights, rtol=1e-5)
    assert not direct.mean.any()


def test_weights_of_zero_can_still_grow(states, context):
    head = made_head(np.zeros((N_STATES, N_HORIZONS)))

    log_scale = head(states, context).log_scale

    np.testing.assert_allclose(
        np.exp(2 * log_scale[:, 0].detach().numpy()), LEAST_WEIGHT * states.numpy().sum(axis=1), rtol=1e-4
    )
    log_scale.sum().backward()
    assert (head.log_weight.grad > 0).all()


def test_a_context_can_not_move_the_law_further_than_its_limits(states, context):
    head = made_head()
    with torch.no_grad():
        plain = head(states, context).log_scale
        steered = moved(head, size=1e3)(states, context)

    assert (torch.abs(steered.log_scale - plain) <= 0.5 * GATE_LIMIT + CORRECTION_LIMIT + 1e-5).all()
    assert (torch.abs(steered.mean) <= MEAN_LIMIT + 1e-6).all()


def test_without_trust_the_context_says_nothing_of_the_deviation_and_keeps_its_mean(states, context):
    head = moved(made_head())
    head.trust.fill_(0.0)

    direct = head(states, context)

    torch.testing.assert_close(direct.log_scale, made_head()(states, context).log_scale)
    torch.testing.assert_close(direct.mean, moved(made_head())(states, context).mean)


def test_the_likelihood_is_that_of_a_student_t_of_the_given_deviation(states, context):
    head = moved(made_head())
    outcome = torch.randn(N_ROWS, N_HORIZONS, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        direct = head(states, context)
        found = head.nll(direct, outcome).double().numpy()

    deviation = np.exp(direct.log_scale.double().numpy())
    degrees = np.array(DEGREES)
    law = stats.t(degrees, direct.mean.numpy() * deviation, deviation * np.sqrt((degrees - 2) / degrees))
    constant = 0.5 * np.log(np.pi)
    np.testing.assert_allclose(found, -law.logpdf(outcome.double().numpy()) - constant, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(law.std(), deviation, rtol=1e-5)


def test_crps_is_that_of_the_same_law():
    """Against draws of SciPy; Wilson and Hilferty's cube is within 2 %."""
    n_draws, outcomes = 4000, torch.tensor([[0.0, 0.0, 0.0], [1.5, -1.5, 1.5], [-4.0, 4.0, -4.0]])
    head = moved(made_head())
    direct = Direct(torch.full((3, 3), 0.3), torch.full((3, 3), 0.2))
    normals = torch.randn(2, n_draws, 3, 3, generator=torch.Generator().manual_seed(6))
    with torch.no_grad():
        found = head.crps(direct, outcomes, normals).numpy()

    for k, degrees in enumerate(DEGREES):
        unit = stats.t.rvs(degrees, size=(200_000, 1), random_state=7) * np.sqrt((degrees - 2) / degrees)
        draws = np.exp(0.3) * (0.2 + np.repeat(unit, 3, axis=1))
        expected = crps_from_draws(draws, outcomes[:, k].numpy())
        np.testing.assert_allclose(found[:, k], expected, rtol=0.03, atol=0.02)


@pytest.mark.parametrize("outcome", [0.0, 1e3, 1e8], ids=["nothing", "shock", "bad tick"])
def test_gradients_are_finite_whatever_happens(states, context, outcome):
    head = moved(made_head())
    direct = head(1e4 * states, context)
    target = torch.full((N_ROWS, N_HORIZONS), outcome)
    normals = 5.0 * torch.randn(2, 8, N_ROWS, N_HORIZONS, generator=torch.Generator().manual_seed(8))

    (head.nll(direct, target).mean() + head.crps(direct, target, normals).mean()).backward()

    assert all(torch.isfinite(each.grad).all() for each in head.parameters())


def test_degrees_stay_above_two():
    head = made_head()
    with torch.no_grad():
        head.log_degrees.fill_(-50.0)

    assert (head.degrees > 2.0).all()
    assert torch.isfinite(head.nll(Direct(torch.zeros(1, 3), torch.zeros(1, 3)), torch.ones(1, 3))).all()
