"""Steps of a batch: one in each part; weights by their definitions, finite at both ends."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.diffusion.schedule import NoiseSchedule
from forecast_pipeline.models.diffusion.steps import LOSS_WEIGHTS, loss_weight, stratified_steps

ALL = torch.arange(1000)


@given(batch=st.integers(1, 300), n_steps=st.integers(2, 1000), seed=st.integers(0, 99))
def test_every_part_of_the_steps_has_one_row(batch, n_steps, seed):
    uniforms = torch.rand(batch, generator=torch.Generator().manual_seed(seed))
    steps = stratified_steps(batch, n_steps, uniforms)

    assert steps.dtype == torch.int64
    for i, step in enumerate(steps.tolist()):
        assert i * n_steps / batch - 1 < step <= (i + 1) * n_steps / batch
        assert 0 <= step < n_steps


def test_one_row_a_step_visits_every_step():
    uniforms = torch.rand(1000, generator=torch.Generator().manual_seed(1))

    assert torch.equal(stratified_steps(1000, 1000, uniforms), ALL)


def test_all_steps_are_visited_equally_often():
    uniforms = torch.rand(3000, 7, generator=torch.Generator().manual_seed(1))
    counts = sum(torch.bincount(stratified_steps(7, 10, each), minlength=10) for each in uniforms)

    assert bool(((counts / 2100 - 1).abs() < 0.1).all())


def test_the_largest_uniform_stays_below_the_number_of_steps():
    almost_one = torch.nextafter(torch.tensor([1.0] * 3), torch.tensor(0.0))

    assert stratified_steps(3, 1000, almost_one).tolist() == [333, 666, 999]


@pytest.mark.parametrize("parameterization", ["v", "epsilon"])
@pytest.mark.parametrize("kind", LOSS_WEIGHTS)
def test_weights_are_finite_and_not_negative(kind, parameterization):
    weights = loss_weight(NoiseSchedule(1000, parameterization), ALL, kind)

    assert weights.shape == (1000,)
    assert bool(torch.isfinite(weights).all())
    assert bool((weights >= 0).all())


@pytest.mark.parametrize("parameterization", ["v", "epsilon"])
def test_min_snr_weighs_the_clean_error_by_the_snr_up_to_gamma(parameterization):
    """Weight times what the error of the prediction is in units of the clean error."""
    schedule = NoiseSchedule(1000, parameterization)
    snr = schedule.snr(ALL).double()
    per_clean_error = snr if parameterization == "epsilon" else 1.0 + snr

    weighted = loss_weight(schedule, ALL, "min_snr", gamma=5.0).double() * per_clean_error

    torch.testing.assert_close(weighted, snr.clamp(max=5.0), rtol=1e-5, atol=0.0)


def test_uniform_log_snr_weights_are_its_slope_with_mean_one():
    schedule = NoiseSchedule(1000)
    weights = loss_weight(schedule, ALL, "log_snr")
    log_snr = torch.log(schedule.snr(ALL).double())
    slope = 0.5 * (log_snr[:-2] - log_snr[2:])

    assert weights.mean().item() == pytest.approx(1.0, rel=1e-5)
    torch.testing.assert_close(weights[1:998] / weights[500], (slope / slope[499])[:997].float(), rtol=1e-4, atol=0.0)
    assert bool((weights > 0).all())


@pytest.mark.parametrize(
    "refused",
    [
        lambda: stratified_steps(3, 10, torch.zeros(2)),
        lambda: stratified_steps(0, 10, torch.zeros(0)),
        lambda: loss_weight(NoiseSchedule(10), torch.tensor([1]), "max_snr"),
        lambda: loss_weight(NoiseSchedule(10), torch.tensor([1]), "min_snr", gamma=0.0),
    ],
)
def test_impossible_steps_and_weights_are_refused(refused):
    with pytest.raises(InvalidConfiguration):
        refused()
