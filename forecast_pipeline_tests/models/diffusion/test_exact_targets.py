"""Exact targets: moments and quantiles of their draws, denoisers equal to a numerical average over clean values."""

from __future__ import annotations

import math

import pytest
import torch

from forecast_pipeline.models.diffusion.exact_targets import FAT_TAILED, GaussianMixture, random_volatility
from forecast_pipeline.models.diffusion.schedule import NoiseSchedule

SKEWED = GaussianMixture((0.3, 0.7), (-1.1, 0.5), (0.8, 0.5))


def density(target, values):
    weights, means, deviations = (
        torch.tensor(each, dtype=torch.float64) for each in (target.weights, target.means, target.deviations)
    )
    standard = (values[..., None] - means) / deviations
    return (weights * torch.exp(-0.5 * standard**2) / deviations / math.sqrt(2 * math.pi)).sum(dim=-1)


@pytest.mark.parametrize("target", [FAT_TAILED, SKEWED], ids=["fat tails", "skewed"])
@pytest.mark.parametrize("parameterization", ["v", "epsilon"])
@pytest.mark.parametrize("step", [0, 50, 400, 900, 998])
def test_the_denoiser_is_the_average_over_clean_values_given_the_noisy_one(target, parameterization, step):
    schedule = NoiseSchedule(1000, parameterization)
    share = schedule.alpha_bar[step].item()
    signal, deviation = math.sqrt(share), math.sqrt(1 - share)
    noisy = torch.tensor([-2.0, 0.1, 1.5], dtype=torch.float64)
    clean = torch.linspace(-25.0, 25.0, 50_001, dtype=torch.float64)
    for each in noisy:
        noise = (each - signal * clean) / deviation
        weight = density(target, clean) * torch.exp(-0.5 * noise**2)
        of_clean = schedule.target(clean, noise, torch.tensor(step))
        expected = ((weight * of_clean).sum() / weight.sum()).item()
        assert target.denoiser(schedule)(each, torch.tensor(step)).item() == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_one_step_a_row_denoises_like_a_single_step():
    schedule = NoiseSchedule(1000)
    noisy, denoise = torch.randn(4, 3, generator=torch.Generator().manual_seed(1)), SKEWED.denoiser(schedule)

    torch.testing.assert_close(denoise(noisy, torch.full((4,), 300)), denoise(noisy, torch.tensor(300)))


@pytest.mark.parametrize("target", [FAT_TAILED, SKEWED], ids=["fat tails", "skewed"])
def test_draws_have_the_moments_and_quantiles_that_are_said(target):
    generator = torch.Generator().manual_seed(2)
    draws = target.drawn(
        torch.rand(400_000, generator=generator), torch.randn(400_000, generator=generator, dtype=torch.float64)
    )

    assert draws.mean().item() == pytest.approx(target.mean, abs=0.01)
    assert draws.std().item() == pytest.approx(target.deviation, rel=0.01)
    # Fourth moments of fat tails scatter by a tenth even here.
    assert (((draws - draws.mean()) / draws.std()) ** 4).mean().item() == pytest.approx(target.kurtosis, rel=0.25)
    for level in (0.01, 0.5, 0.99):
        assert (draws <= target.quantile(level)).double().mean().item() == pytest.approx(level, abs=0.002)


def test_the_fat_tailed_target_has_unit_variance_and_kurtosis_9_6():
    assert (FAT_TAILED.mean, FAT_TAILED.deviation) == (0.0, pytest.approx(1.0, abs=1e-12))
    assert FAT_TAILED.kurtosis == pytest.approx(9.6, abs=0.01)
    with pytest.raises(ValueError, match="at least 3"):
        random_volatility(2.5)


def test_scaling_scales_every_quantile():
    assert SKEWED.scaled(0.05).quantile(0.9) == pytest.approx(0.05 * SKEWED.quantile(0.9), rel=1e-9)


def test_excess_crps_of_a_normal_law_that_is_too_wide_is_the_known_one():
    """``E|X - Y| - E|X - X'| / 2 - E|Y - Y'| / 2`` over ``E|Y - Y'| / 2`` for deviations 2 and 1."""
    level = (torch.arange(100_001, dtype=torch.float64) + 0.5) / 100_001
    wide = 2.0 * torch.special.ndtri(level)

    excess = GaussianMixture((1.0,), (0.0,), (1.0,)).excess_crps(wide)

    assert excess == pytest.approx(math.sqrt(2 * 5) - 2 - 1, rel=1e-3)
    assert FAT_TAILED.excess_crps(torch.tensor([FAT_TAILED.quantile(p) for p in level[50::1000].tolist()])) < 1e-3
