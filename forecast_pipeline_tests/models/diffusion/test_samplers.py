"""Samplers: the measured table on an exactly known target, the two known failures, order, seeds, both ends."""

from __future__ import annotations

import math

import pytest
import torch

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.diffusion.exact_targets import FAT_TAILED, GaussianMixture
from forecast_pipeline.models.diffusion.samplers import (
    DEFAULT_SAMPLER,
    DEFAULT_STEPS,
    SAMPLERS,
    draw,
    n_noises,
    spaced_steps,
)
from forecast_pipeline.models.diffusion.schedule import NoiseSchedule

NORMAL = GaussianMixture((1.0,), (0.0,), (1.0,))
SKEWED = GaussianMixture((0.3, 0.7), (-1.1, 0.5), (0.8, 0.5))
PARAMETERIZATIONS = ("v", "epsilon")


def normal_quantiles(n_quantiles=4001, dtype=torch.float64):
    """Noise with nothing left to chance: an ODE in one dimension maps these to quantiles of the draws."""
    level = (torch.arange(n_quantiles, dtype=torch.float64) + 0.5) / n_quantiles
    return torch.special.ndtri(level).to(dtype)


def noise_for(sampler, n_steps, n_draws, seed=1):
    """Noise to start from, and that of the steps if the sampler has any."""
    generator = torch.Generator().manual_seed(seed)
    count = n_noises(sampler, n_steps)
    initial = torch.randn(n_draws, generator=generator)
    return initial, torch.randn(count, n_draws, generator=generator) if count else None


def ratios(draws, target):
    """Deviation and 99 % quantile of the draws over those of a symmetric target."""
    tail = draws.abs().sort().values[round(0.98 * draws.numel())].item()
    return draws.std().item() / target.deviation, tail / target.quantile(0.99)


@pytest.mark.parametrize("parameterization", PARAMETERIZATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_default_keeps_deviation_and_tail_of_a_fat_tailed_target(dtype, parameterization):
    schedule = NoiseSchedule(1000, parameterization)
    draws = draw(FAT_TAILED.denoiser(schedule), schedule, normal_quantiles(dtype=dtype), None)
    deviation, tail = ratios(draws, FAT_TAILED)

    assert draws.dtype == dtype
    assert 0.975 <= deviation <= 1.02
    assert 0.97 <= tail <= 1.03
    assert FAT_TAILED.excess_crps(draws) < 1e-4


@pytest.mark.parametrize(
    ("sampler", "n_steps", "deviation", "tail"),
    [
        ("ddim", 50, 0.963, 0.957),
        ("ddim", 20, 0.917, 0.911),
        ("ddim", 5, 0.703, 0.678),
        ("dpm_solver", 50, 0.997, 0.996),
        ("dpm_solver", 20, 0.983, 0.986),
        ("dpm_solver", 10, 0.946, 0.957),
        ("dpm_solver", 5, 0.805, 0.784),
    ],
)
def test_samplers_of_the_ode_lose_what_the_design_measured(sampler, n_steps, deviation, tail):
    schedule = NoiseSchedule(1000)
    draws = draw(FAT_TAILED.denoiser(schedule), schedule, normal_quantiles(), None, sampler=sampler, n_steps=n_steps)

    assert ratios(draws, FAT_TAILED) == (pytest.approx(deviation, abs=0.01), pytest.approx(tail, abs=0.03))


@pytest.mark.parametrize(
    ("sampler", "n_steps", "deviation", "tail"),
    [
        pytest.param("ddpm", 50, 0.931, 0.923, marks=pytest.mark.slow),
        ("ddpm", 20, 0.842, 0.820),
        ("dpm_solver_sde", 20, 1.008, 0.999),
        ("dpm_solver_sde", 10, 0.982, 0.993),
    ],
)
def test_random_samplers_lose_what_the_design_measured(sampler, n_steps, deviation, tail):
    schedule = NoiseSchedule(1000)
    initial, step_noise = noise_for(sampler, n_steps, 40_000)
    draws = draw(FAT_TAILED.denoiser(schedule), schedule, initial, step_noise, sampler=sampler, n_steps=n_steps)

    assert ratios(draws, FAT_TAILED) == (pytest.approx(deviation, abs=0.02), pytest.approx(tail, abs=0.03))


@pytest.mark.slow
@pytest.mark.parametrize("parameterization", PARAMETERIZATIONS)
def test_a_thousand_ancestral_steps_are_nearly_exact(parameterization):
    schedule = NoiseSchedule(1000, parameterization)
    initial, step_noise = noise_for("ddpm", 1000, 30_000)
    draws = draw(FAT_TAILED.denoiser(schedule), schedule, initial, step_noise, sampler="ddpm", n_steps=1000)

    assert ratios(draws, FAT_TAILED) == (pytest.approx(1.0, abs=0.025), pytest.approx(1.0, abs=0.03))
    assert FAT_TAILED.excess_crps(draws) < 3e-4


def test_clipped_clean_values_cut_the_tails_to_a_third():
    """``clip_sample=True``, a default elsewhere: right for pixels, ruin for returns."""
    schedule = NoiseSchedule(1000)
    exact = FAT_TAILED.denoiser(schedule)

    def clipped(noisy, step):
        clean = schedule.clean_from(exact(noisy, step), noisy, step).clamp(-1.0, 1.0)
        share = schedule.alpha_bar[step]
        noise = (noisy - share.sqrt() * clean) / (1.0 - share).sqrt()
        return schedule.target(clean, noise, step)

    draws = draw(clipped, schedule, normal_quantiles(), None, sampler="ddim", n_steps=20)

    assert ratios(draws, FAT_TAILED) == (pytest.approx(0.62, rel=0.05), pytest.approx(0.35, rel=0.05))


def test_a_target_of_a_twentieth_is_drawn_with_half_its_deviation():
    """The last step, of first order, starts where the noise is larger than such a target."""
    schedule, small = NoiseSchedule(1000), FAT_TAILED.scaled(0.05)
    draws = draw(small.denoiser(schedule), schedule, normal_quantiles(), None, sampler="dpm_solver", n_steps=20)

    assert ratios(draws, small)[0] == pytest.approx(0.5, rel=0.05)
    assert 0.05 < small.excess_crps(draws) < 0.075


@pytest.mark.parametrize(("sampler", "order"), [("ddim", 1.0), ("dpm_solver", 2.0)])
def test_errors_fall_with_the_order_of_the_sampler(sampler, order):
    schedule = NoiseSchedule(1000)
    truth = torch.tensor([SKEWED.quantile((k + 0.5) / 201) for k in range(201)], dtype=torch.float64)
    errors = []
    for n_steps in (20, 80):
        initial = normal_quantiles(201)
        draws = draw(SKEWED.denoiser(schedule), schedule, initial, None, sampler=sampler, n_steps=n_steps)
        errors.append((draws - truth).square().mean().sqrt().item())

    assert math.log(errors[0] / errors[1], 4.0) == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize("parameterization", PARAMETERIZATIONS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_draws_a_normal_target(sampler, parameterization):
    schedule = NoiseSchedule(1000, parameterization)
    target = GaussianMixture((1.0,), (0.4,), (0.9,))
    initial, step_noise = noise_for(sampler, 100, 10_000)
    draws = draw(target.denoiser(schedule), schedule, initial, step_noise, sampler=sampler, n_steps=100)

    assert draws.mean().item() == pytest.approx(0.4, abs=0.04)
    assert draws.std().item() == pytest.approx(0.9, rel=0.05)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_draws_both_humps_with_their_weights(sampler):
    schedule = NoiseSchedule(1000)
    initial, step_noise = noise_for(sampler, 100, 20_000)
    draws = draw(SKEWED.denoiser(schedule), schedule, initial, step_noise, sampler=sampler, n_steps=100)

    below = [(draws <= at).double().mean().item() for at in (-1.0, -0.3, 0.5)]

    expected = SKEWED.cumulative(torch.tensor([-1.0, -0.3, 0.5], dtype=torch.float64)).tolist()
    assert below == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("n_steps", [1, 2, 3])
def test_nothing_left_of_the_signal_gives_no_nan_and_the_last_step_the_clean_value(sampler, zero, n_steps):
    """Two steps by hand: the first from pure noise, the second ends in the predicted clean value."""
    schedule = NoiseSchedule(10, zero_terminal_snr=zero)
    seen = []

    def denoise(noisy, step):
        prediction = 0.3 * noisy + 0.1
        seen.append(schedule.clean_from(prediction, noisy, step))
        return prediction

    initial, step_noise = noise_for(sampler, n_steps, 5)
    draws = draw(denoise, schedule, initial, step_noise, sampler=sampler, n_steps=n_steps)

    assert len(seen) == n_steps
    torch.testing.assert_close(draws, seen[-1])
    assert bool(torch.isfinite(draws).all())


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_target_without_spread_is_drawn_exactly(sampler):
    """Whatever the noise, a perfect denoiser of a constant ends at the constant."""
    schedule = NoiseSchedule(1000)

    def denoise(noisy, step):
        share = schedule.alpha_bar[step].float()
        noise = (noisy - share.sqrt() * 1.7) / (1.0 - share).sqrt()
        return schedule.target(torch.full_like(noisy, 1.7), noise, step)

    initial, step_noise = noise_for(sampler, 20, 100)
    draws = draw(denoise, schedule, initial, step_noise, sampler=sampler, n_steps=20)

    torch.testing.assert_close(draws, torch.full((100,), 1.7), rtol=1e-5, atol=0.0)


def test_first_order_sde_solver_takes_the_ancestral_step():
    """Two steps have no second-order one: the first starts from pure noise, the last ends in the clean value."""
    schedule = NoiseSchedule(100)
    initial, step_noise = noise_for("ddpm", 2, 50)
    drawn = [
        draw(SKEWED.denoiser(schedule), schedule, initial, step_noise, sampler=sampler, n_steps=2)
        for sampler in ("ddpm", "dpm_solver_sde")
    ]

    assert torch.equal(*drawn)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_rows_do_not_know_each_other(sampler):
    schedule = NoiseSchedule(1000)
    initial, step_noise = noise_for(sampler, 20, 64)
    denoise = SKEWED.denoiser(schedule)
    together = draw(denoise, schedule, initial, step_noise, sampler=sampler)
    own = None if step_noise is None else step_noise[:, 10:20]

    torch.testing.assert_close(draw(denoise, schedule, initial[10:20], own, sampler=sampler), together[10:20])


def test_draws_have_no_gradient_and_leave_the_noise_alone():
    schedule, factor = NoiseSchedule(10), torch.tensor(0.5, requires_grad=True)
    initial = torch.ones(3)
    draws = draw(lambda noisy, _step: factor * noisy, schedule, initial, None, n_steps=5)

    assert not draws.requires_grad
    assert torch.equal(initial, torch.ones(3))


def test_runs_visit_the_last_trained_step_first_and_a_long_one_visits_all():
    visited = []
    schedule = NoiseSchedule(50)

    def denoise(noisy, step):
        visited.append(step.item())
        return noisy

    draw(denoise, schedule, torch.ones(1), None, sampler="ddim", n_steps=5)
    assert visited == [49, 39, 29, 19, 9]
    assert spaced_steps(50, 50) == list(range(49, -1, -1))
    assert spaced_steps(1000, 7)[0] == 999
    assert len(set(spaced_steps(1000, 999))) == 999


def test_a_run_that_skips_steps_starts_where_epsilon_still_tells_of_the_clean_value():
    schedule, visited = NoiseSchedule(1000, "epsilon"), []

    def denoise(noisy, step):
        visited.append(step.item())
        return noisy

    draw(denoise, schedule, torch.ones(1), None)
    strided_start = visited[0]
    visited.clear()
    draw(denoise, schedule, torch.ones(1), None, sampler="ddim", n_steps=1000)

    assert strided_start == schedule.n_strided - 1 == 966
    assert visited == list(range(999, -1, -1))


def test_the_default_is_the_second_order_solver_in_twenty_steps():
    assert (DEFAULT_SAMPLER, DEFAULT_STEPS) == ("dpm_solver", 20)
    assert [n_noises(each, 20) for each in SAMPLERS] == [19, 0, 0, 19]


def _same(noisy, _step):
    return noisy


@pytest.mark.parametrize(
    "refused",
    [
        lambda: n_noises("euler", 20),
        lambda: n_noises("ddim", 0),
        lambda: spaced_steps(10, 11),
        lambda: draw(_same, NoiseSchedule(10), torch.ones(2), None, n_steps=11),
        lambda: draw(_same, NoiseSchedule(10), torch.ones(2), None, sampler="ddpm", n_steps=5),
        lambda: draw(_same, NoiseSchedule(10), torch.ones(2), torch.ones(5, 2), sampler="ddpm", n_steps=5),
        lambda: draw(_same, NoiseSchedule(10), torch.ones(2), None, sampler="DDIM", n_steps=5),
    ],
)
def test_impossible_runs_are_refused(refused):
    with pytest.raises(InvalidConfiguration):
        refused()
