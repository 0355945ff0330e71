"""Everything together: a small network trained on a mixture steered by a context draws that mixture."""

from __future__ import annotations

import math

import pytest
import torch

from forecast_pipeline.models.diffusion.denoiser import DiffusionModel
from forecast_pipeline.models.diffusion.exact_targets import GaussianMixture
from forecast_pipeline.models.diffusion.samplers import draw
from forecast_pipeline.models.diffusion.schedule import NoiseSchedule
from forecast_pipeline.models.diffusion.steps import loss_weight, stratified_steps

CONTEXTS = (-0.5, 0.0, 0.5)


def clean_rows(context, generator):
    """Two humps on a line that turns with the context, and a volatility that grows with it."""
    n_rows = len(context)
    sign = 2.0 * torch.randint(0, 2, (n_rows, 1), generator=generator) - 1.0
    mean = torch.cat([torch.full_like(context, 0.8), 0.8 * context], dim=1)
    return torch.exp(0.4 * context) * (sign * mean + 0.6 * torch.randn(n_rows, 2, generator=generator))


def trained(schedule, n_updates=1500, batch=512):
    """The average of the weights of a short training."""
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(1)
    model = DiffusionModel(2, 1, width=64, n_blocks=2, time_width=64)
    averaged = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995)
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    annealing = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_updates)
    for _ in range(n_updates):
        context = 2.0 * torch.rand(batch, 1, generator=generator) - 1.0
        clean, noise = clean_rows(context, generator), torch.randn(batch, 2, generator=generator)
        step = stratified_steps(batch, schedule.n_steps, torch.rand(batch, generator=generator))
        error = model(schedule.noised(clean, noise, step), step, context) - schedule.target(clean, noise, step)
        optimiser.zero_grad()
        (loss_weight(schedule, step, "plain")[:, None] * error.square()).mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        annealing.step()
        averaged.update_parameters(model)
    return averaged.module.eval()


@pytest.fixture
def one_thread():
    """Sums that round alike, and a core left for others."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
def test_a_trained_network_draws_the_mixture_of_its_context(one_thread):
    schedule = NoiseSchedule(1000)
    model, generator = trained(schedule), torch.Generator().manual_seed(2)
    deviations, tails = [], []
    for context in CONTEXTS:
        with torch.no_grad():
            denoise = model.conditioned(torch.tensor([[context]]))
        draws = draw(denoise, schedule, torch.randn(30_000, 2, generator=generator), None)
        volatility = math.exp(0.4 * context)
        for k, mean in enumerate((0.8 * volatility, 0.8 * context * volatility)):
            target = GaussianMixture((0.5, 0.5), (-mean, mean), (0.6 * volatility,) * 2)
            tail = draws[:, k].abs().sort().values[round(0.98 * len(draws))].item()
            deviations.append(draws[:, k].std().item() / target.deviation)
            tails.append(tail / target.quantile(0.99))
            assert target.excess_crps(draws[:, k]) < 2e-3
        correlation = 0.64 * context / math.sqrt(0.64 * context**2 + 0.36)
        assert torch.corrcoef(draws.T)[0, 1].item() == pytest.approx(correlation, abs=0.05)

    # The tolerance of the sampler alone for their means; single ones scatter by what a short training leaves.
    assert 0.975 <= sum(deviations) / len(deviations) <= 1.02
    assert 0.97 <= sum(tails) / len(tails) <= 1.03
    assert deviations == pytest.approx([1.0] * 6, abs=0.05)
    assert tails == pytest.approx([1.0] * 6, abs=0.06)
