"""The noise schedule: betas and shares by the paper, identities in both precisions, both ends well posed."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.diffusion.schedule import NoiseSchedule, cosine_alphas


def slow_alphas(n_steps, offset=0.008, max_beta=0.999):
    """Cosine shares step by step, from the definition."""
    shares, product = [], 1.0
    for t in range(1, n_steps + 1):
        now, before = (math.cos((u / n_steps + offset) / (1 + offset) * math.pi / 2) ** 2 for u in (t, t - 1))
        product *= 1.0 - min(1.0 - now / before, max_beta)
        shares.append(product)
    return torch.tensor(shares, dtype=torch.float64)


@pytest.mark.parametrize("n_steps", [2, 10, 1000])
def test_cosine_shares_are_those_of_the_definition(n_steps):
    made = cosine_alphas(n_steps, zero_terminal_snr=False)

    torch.testing.assert_close(made, slow_alphas(n_steps), rtol=1e-10, atol=0.0)


def test_cut_betas_leave_the_published_signal_at_the_last_step():
    assert cosine_alphas(1000, zero_terminal_snr=False)[-1].item() == pytest.approx(2.4e-9, rel=0.02)
    assert cosine_alphas(100, zero_terminal_snr=False)[-1].item() == pytest.approx(2.4e-7, rel=0.02)


@given(n_steps=st.integers(2, 2000), zero=st.booleans())
def test_shares_fall_strictly_within_zero_and_one(n_steps, zero):
    shares = cosine_alphas(n_steps, zero_terminal_snr=zero)

    assert shares.dtype == torch.float64
    assert bool((torch.diff(shares) < 0).all())
    assert 0.0 < shares[0].item() < 1.0
    assert (shares[-1].item() == 0.0) == zero


def test_zero_terminal_snr_keeps_the_first_step_and_hardly_moves_the_others():
    cut, zero = cosine_alphas(1000, zero_terminal_snr=False), cosine_alphas(1000)

    assert zero[0].item() == pytest.approx(cut[0].item(), rel=1e-14)
    assert (zero.sqrt() - cut.sqrt()).abs().max().item() < 5e-5


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.float64, 1e-14)])
def test_v_gives_back_clean_value_and_noise_at_every_step_even_without_signal(dtype, tolerance):
    schedule = NoiseSchedule(1000)
    step = torch.arange(1000)
    clean, noise = torch.randn(2, 1000, 3, dtype=dtype, generator=torch.Generator().manual_seed(1))
    noisy, v = schedule.noised(clean, noise, step), schedule.target(clean, noise, step)

    assert noisy.dtype == v.dtype == dtype
    torch.testing.assert_close(schedule.clean_from(v, noisy, step), clean, rtol=0.0, atol=tolerance)
    torch.testing.assert_close(schedule.noise_from(v, noisy, step), noise, rtol=0.0, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 3e-5), (torch.float64, 1e-13)])
def test_epsilon_gives_back_the_clean_value_wherever_a_strided_run_may_start(dtype, tolerance):
    schedule = NoiseSchedule(1000, "epsilon")
    step = torch.arange(schedule.n_strided)
    clean, noise = torch.randn(2, len(step), 3, dtype=dtype, generator=torch.Generator().manual_seed(1))
    noisy = schedule.noised(clean, noise, step)

    torch.testing.assert_close(schedule.target(clean, noise, step), noise)
    torch.testing.assert_close(schedule.clean_from(noise, noisy, step), clean, rtol=0.0, atol=tolerance)
    torch.testing.assert_close(schedule.noise_from(noise, noisy, step), noise)


def test_epsilon_never_meets_a_step_without_signal_and_strides_only_over_well_posed_ones():
    schedule = NoiseSchedule(1000, "epsilon", zero_terminal_snr=True)
    ratio = (schedule.snr(torch.arange(1000))).sqrt()

    assert schedule.alpha_bar[-1].item() > 0.0
    assert schedule.n_strided == int((ratio >= 1 / 20).sum()) == 967
    assert NoiseSchedule(1000).n_strided == 1000


def test_v_weighs_the_error_of_the_clean_value_by_one_over_the_noise_share():
    """``|v - v'|^2 = (1 + SNR) |clean - clean'|^2`` for the same noisy value."""
    schedule = NoiseSchedule(50)
    step = torch.arange(49)
    noisy, v, other = torch.randn(3, 49, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    moved = schedule.clean_from(v, noisy, step) - schedule.clean_from(other, noisy, step)

    expected = (1.0 + schedule.snr(step)[:, None]) * moved.square()

    torch.testing.assert_close((v - other).square(), expected, rtol=1e-5, atol=1e-12)


def test_signal_and_deviation_make_unit_variance_in_the_default_precision():
    schedule = NoiseSchedule(1000)
    step = torch.arange(1000)

    assert schedule.signal(step).dtype == schedule.deviation(step).dtype == torch.float32
    torch.testing.assert_close(schedule.signal(step) ** 2 + schedule.deviation(step) ** 2, torch.ones(1000))
    # From float32 shares the first deviation would be off by a thousandth.
    assert schedule.deviation(torch.tensor(0)).item() == pytest.approx(
        math.sqrt(1.0 - cosine_alphas(1000)[0].item()), rel=1e-6
    )


def test_a_single_step_serves_any_shape_as_one_step_a_row_does():
    schedule = NoiseSchedule(10)
    clean, noise = torch.randn(2, 4, 3, 2, generator=torch.Generator().manual_seed(3))

    single = schedule.noised(clean, noise, torch.tensor(7))

    assert torch.equal(single, schedule.noised(clean, noise, torch.full((4,), 7)))
    assert torch.equal(single, schedule.noised(clean, noise, torch.full((4, 3), 7)))


def test_a_schedule_adds_nothing_to_the_state_of_a_model():
    assert dict(NoiseSchedule(10).state_dict()) == {}


@pytest.mark.parametrize(
    "make",
    [
        lambda: cosine_alphas(1),
        lambda: cosine_alphas(10, offset=-0.1),
        lambda: cosine_alphas(10, max_beta=1.0),
        lambda: NoiseSchedule(10, "x0"),
    ],
)
def test_impossible_schedules_are_refused(make):
    with pytest.raises(InvalidConfiguration):
        make()
