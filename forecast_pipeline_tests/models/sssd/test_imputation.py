"""Promise: SSSD^S4 holds what is observed, reads nothing that is missing, and fills gaps better than straight lines."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.s4.parameter_groups import parameter_groups
from forecast_pipeline.models.s4.settings import S4Settings
from forecast_pipeline.models.sssd.imputation import ImputationModel, imputation_loss, impute
from forecast_pipeline.models.sssd.imputation_forecaster import ImputationForecaster
from forecast_pipeline.models.sssd.imputation_parameters import ImputationParameters
from forecast_pipeline.models.sssd.linear_schedule import LinearNoiseSchedule, linear_alphas
from forecast_pipeline.models.sssd.residual_s4 import ResidualS4
from forecast_pipeline.models.storage import dump_state, load_state
from forecast_pipeline_tests.models.made_rows import segments

N_STEPS = 200


def model(*, gives_v=False, n_channels=1, bidirectional=True, kernel="s4d", width=8, n_blocks=2):
    torch.manual_seed(0)
    settings = S4Settings(kernel=kernel, state_size=8, bidirectional=bidirectional, kernel_length=24)
    network = ResidualS4(n_channels, width=width, n_blocks=n_blocks, step_width=16, settings=settings)
    return ImputationModel(network, LinearNoiseSchedule(N_STEPS), gives_v)


def shaken(made):
    with torch.no_grad():
        for parameter in made.network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    made.network.eval()
    return made


def test_the_schedule_is_the_line_of_the_paper():
    betas = [1e-4 + (0.02 - 1e-4) * step / (N_STEPS - 1) for step in range(N_STEPS)]
    expected, product = [], 1.0
    for beta in betas:
        product *= 1.0 - beta
        expected.append(product)

    np.testing.assert_allclose(linear_alphas(N_STEPS), expected, rtol=1e-12)
    schedule = LinearNoiseSchedule(N_STEPS)
    np.testing.assert_allclose(schedule.alpha_bar, expected, rtol=1e-12)
    np.testing.assert_allclose(schedule.signal(torch.tensor([7])), np.sqrt(expected[7]), rtol=1e-6)


@pytest.mark.parametrize("kernel", ["s4d", "dplr"])
def test_missing_values_are_not_read_and_observed_ones_come_back(kernel):
    made = shaken(model(n_channels=2, kernel=kernel))
    values, mask = torch.randn(3, 2, 24), (torch.rand(3, 2, 24) < 0.7).float()
    hidden = torch.where(mask > 0, values, torch.full_like(values, torch.nan))

    found, again = (
        impute(made, each, mask, n_samples=4, n_steps=5, generator=torch.Generator().manual_seed(1))
        for each in (values, hidden)
    )

    assert found.shape == (4, 3, 2, 24)
    assert torch.equal(found, again)
    assert torch.isfinite(found).all()
    observed = mask.bool().expand_as(found)
    assert torch.equal(found[observed], values.expand_as(found)[observed])


def test_the_loss_is_on_missing_values_only():
    made, values = shaken(model()), torch.randn(16, 1, 24)
    mask = torch.ones_like(values)
    mask[..., 10:14] = 0.0

    squared = imputation_loss(made, values, mask, torch.Generator().manual_seed(0))

    assert (squared[mask > 0] == 0.0).all()
    assert (squared[mask == 0] > 0.0).all()


class Recorder(torch.nn.Module):
    """Keeps the noisy values that it is given."""

    def forward(self, noisy, *_):
        self.noisy = noisy
        return torch.zeros_like(noisy)


@pytest.mark.parametrize("phase", ["training", "drawing"])
def test_the_network_is_given_observed_values_without_noise(phase):
    recorder, values = Recorder(), torch.randn(8, 1, 24)
    mask = (torch.rand(8, 1, 24) < 0.5).float()
    made = ImputationModel(recorder, LinearNoiseSchedule(N_STEPS))

    if phase == "training":
        imputation_loss(made, values, mask, torch.Generator().manual_seed(0))
    else:
        impute(made, values, mask, n_samples=1, n_steps=1)

    assert torch.equal(recorder.noisy[mask > 0], values[mask > 0])
    assert not torch.isclose(recorder.noisy[mask == 0], values[mask == 0]).any()


def test_an_untrained_network_predicts_no_noise_or_v_of_nothing():
    """Zero output: epsilon 0, whose loss is 1; or v = 0, whose epsilon is what the noisy value itself says."""
    values, mask = torch.randn(4000, 1, 4), torch.zeros(4000, 1, 4)

    plain, around = (
        imputation_loss(model(gives_v=gives_v), values, mask, torch.Generator().manual_seed(0)).mean().item()
        for gives_v in (False, True)
    )

    expected = float(linear_alphas(N_STEPS).mean())  # E (noise - s (a x + s noise))^2 = a^2 for unit variance
    assert plain == pytest.approx(1.0, abs=0.03)
    assert around == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_only_a_bidirectional_network_sees_far_ahead(bidirectional):
    """Convolutions see one place ahead in each block; state spaces all of it, or nothing."""
    network = shaken(model(bidirectional=bidirectional)).network
    values, mask = torch.randn(1, 1, 24), torch.ones(1, 1, 24)
    later = values.clone()
    later[..., 20:] += 2.0

    with torch.no_grad():
        before, after = (network(each, each, mask, torch.tensor(9)) for each in (values, later))

    assert torch.allclose(before[..., :10], after[..., :10], atol=1e-5) == (not bidirectional)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InvalidConfiguration, match="one shape"):
        impute(model(), torch.zeros(2, 1, 5), torch.ones(2, 1, 6))


def sequences(n_rows, generator):
    """Two sines of random phase and a little noise, unit variance, 24 steps."""
    time = torch.arange(24.0)
    phase = 6.283 * torch.rand(n_rows, 2, generator=generator)
    waves = torch.sin(0.7 * time + phase[:, :1]) + 0.5 * torch.sin(1.6 * time + phase[:, 1:])
    return ((waves + 0.05 * torch.randn(n_rows, 24, generator=generator)) / 0.8)[:, None]


def gaps(n_rows, generator):
    """Six missing steps in a row somewhere inside."""
    start = torch.randint(3, 15, (n_rows, 1), generator=generator)
    place = torch.arange(24)
    return ((place < start) | (place >= start + 6)).float()[:, None]


@pytest.mark.slow
def test_gaps_are_filled_better_than_by_straight_lines():
    made, generator = model(width=16, gives_v=True), torch.Generator().manual_seed(5)
    optimiser = torch.optim.AdamW(parameter_groups(made.network, 3e-3, 0.0))
    for _ in range(900):
        values, mask = sequences(64, generator), gaps(64, generator)
        loss = imputation_loss(made, values, mask, generator).sum() / (1.0 - mask).sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(made.network.parameters(), 1.0)
        optimiser.step()
    made.network.eval()
    values, mask = sequences(64, generator), gaps(64, generator)

    drawn = impute(made, values, mask, n_samples=20, sampler="dpm_solver", n_steps=20, generator=generator)

    place, lines = np.arange(24), values.numpy().copy()
    for row, is_observed in zip(lines[:, 0], mask[:, 0].numpy() > 0, strict=True):
        row[~is_observed] = np.interp(place[~is_observed], place[is_observed], row[is_observed])
    missing = mask.numpy() == 0
    errors = [np.abs(each - values.numpy())[missing].mean() for each in (drawn.mean(dim=0).numpy(), lines)]
    assert errors[0] < 0.5 * errors[1]


@pytest.mark.slow
def test_the_forecaster_fits_draws_and_survives_storage():
    train, validation, test = segments(n_test=6)
    settings = ImputationParameters(
        window_bars=8,
        residual_channels=4,
        residual_blocks=1,
        step_width=8,
        s4_state_dim=4,
        epochs=1,
        network_epochs=1,
        sampling_steps=4,
    )
    forecaster = ImputationForecaster.from_parameters(settings, 3)
    forecaster.recalibration_draws = 1024
    forecaster.fit(train, validation)

    drawn = forecaster.sample(test, 40)

    restored = ImputationForecaster.from_state(load_state(dump_state(forecaster.state()), "test"))
    alone = forecaster.sample(test.take(np.array([2])), 40)
    assert drawn.shape == (40, 6, 3)
    assert np.isfinite(drawn).all()
    np.testing.assert_array_equal(restored.sample(test, 40), drawn)
    np.testing.assert_array_equal(alone[:, 0], drawn[:, 2])
