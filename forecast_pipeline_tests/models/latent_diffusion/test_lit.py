"""Promise: each stage teaches its own networks, and the velocity loss never reaches the latent it is about."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from forecast_pipeline.models.diffusion.radial import RadialDenoiser
from forecast_pipeline.models.latent_diffusion.lit import (
    AUTOENCODER,
    DIFFUSION,
    DIRECT,
    JOINT,
    ForexDiffusionLit,
)
from forecast_pipeline.models.latent_diffusion.parameters import LatentDiffusionParameters
from forecast_pipeline.models.neural.path_noise import mirrored_tensor

N_STATES, N_HORIZONS, N_FEATURES, N_ROWS = 5, 4, 6, 24
SMALL = {
    "patch_len": 8,
    "n_down": 2,
    "z_dim": 6,
    "hidden_channels": 8,
    "context_dim": 8,
    "denoiser_width": 16,
    "denoiser_blocks": 1,
    "dropout": 0.0,
}


def made_module(stage, path_channels=3, **settings):
    torch.manual_seed(0)
    module = ForexDiffusionLit(
        LatentDiffusionParameters(**(SMALL | settings)),
        3,
        n_channels=2,
        n_features=N_FEATURES,
        n_slow=3,
        weights=np.full((N_STATES, N_HORIZONS), 0.2),
        path_channels=path_channels,
    )
    module.begin(stage, 100)
    return module


def generator(seed=5):
    return torch.Generator().manual_seed(seed)


def paths_batch(path_channels=3):
    drawn = generator(1)
    return {
        "scores": torch.randn(N_ROWS, path_channels, N_HORIZONS, generator=drawn),
        "context": torch.randn(N_ROWS, 8, generator=drawn),
    }


def direct_batch():
    drawn = generator(2)
    return {
        "patch": torch.randn(N_ROWS, 2, 8, generator=drawn),
        "features": torch.randn(N_ROWS, N_FEATURES, generator=drawn),
        "slow": torch.randn(N_ROWS, 3, generator=drawn),
        "states": torch.rand(N_ROWS, N_STATES, generator=drawn) + 0.5,
        "target": torch.randn(N_ROWS, N_HORIZONS, generator=drawn),
    }


def has_gradient(network):
    return any(each.grad is not None and bool(each.grad.any()) for each in network.parameters())


@pytest.mark.parametrize(
    ("stage", "learning"),
    [
        (DIRECT, {"encoder", "head"}),
        (AUTOENCODER, {"vae"}),
        (DIFFUSION, {"denoiser"}),
        (JOINT, {"vae", "denoiser"}),
    ],
)
def test_a_stage_teaches_its_own_networks(stage, learning):
    module = made_module(stage)
    with torch.no_grad():  # begins at zero, and then nothing before it has a gradient yet
        module.head.steering.weight.normal_(0.0, 0.1)

    module.losses(direct_batch() if stage == DIRECT else paths_batch(), generator())["loss"].backward()

    networks = ("encoder", "head", "vae", "denoiser")
    assert {name for name in networks if has_gradient(getattr(module, name))} == learning
    assert {name for name in networks if getattr(module, name).training} == learning
    optimised = {id(each) for group in module.parameter_groups() for each in group["params"]}
    assert optimised == {id(each) for name in learning for each in getattr(module, name).parameters()}


def test_in_joint_training_the_velocity_does_not_reach_the_autoencoder():
    """Or the encoder would lower the loss by shrinking its latent."""
    module = made_module(JOINT)

    module.losses(paths_batch(), generator())["v"].backward()

    assert not has_gradient(module.vae)
    assert has_gradient(module.denoiser)


def test_in_joint_training_the_scale_of_the_latent_is_followed():
    module = made_module(JOINT)
    batch = {name: value * (3.0 if name == "scores" else 1.0) for name, value in paths_batch().items()}

    for step in range(200):
        module.losses(batch, generator(step))

    assert float(module.latent_std.mean()) == pytest.approx(3.0, rel=0.3)
    before = module.latent_std.clone()
    module.eval()
    module.losses(batch, generator())
    assert torch.equal(module.latent_std, before)  # validation does not move it


def test_the_latent_that_the_denoiser_sees_has_unit_variance():
    module = made_module(DIFFUSION, is_symmetric=False)
    scores, context = 5.0 * torch.randn(4000, 3, N_HORIZONS, generator=generator(1)) + 2.0, torch.zeros(4000, 8)

    module.standardise_latents(scores, context)

    with torch.no_grad():
        mean, log_variance = module.vae.encode(scores, context)
        latent = module._standardised(
            mean + torch.exp(0.5 * log_variance) * torch.randn(mean.shape, generator=generator())
        )
    torch.testing.assert_close(latent.mean(dim=0), torch.zeros(6), rtol=0, atol=0.06)
    torch.testing.assert_close(latent.std(dim=0), torch.ones(6), rtol=0, atol=0.05)


def test_an_untrained_denoiser_has_the_loss_of_a_standard_normal_latent():
    """Whose velocity has variance 1, and 0 is predicted."""
    module = made_module(DIFFUSION)
    scores, context = torch.randn(8000, 3, N_HORIZONS, generator=generator(1)), torch.zeros(8000, 8)
    module.standardise_latents(scores, context)

    with torch.no_grad():
        losses = module.losses({"scores": scores, "context": context}, generator())

    assert float(losses["v"]) == pytest.approx(1.0, abs=0.03)


def test_the_kl_divergence_begins_without_weight():
    """And counts whole in validation, where epochs are compared."""
    module, batch = made_module(AUTOENCODER, lambda_kl=1000.0), paths_batch()

    training = module.losses(batch, generator())
    assert float(training["loss"].detach()) == pytest.approx(float(training["reconstruction"].detach()), rel=1e-5)
    module.eval()
    validation = module.losses(batch, generator())
    assert float(validation["loss"].detach()) > 500.0


@pytest.mark.parametrize("is_symmetric", [True, False])
def test_mirror_images_are_learned_from_where_they_are_as_likely(is_symmetric):
    module = made_module(AUTOENCODER, is_symmetric=is_symmetric, z_dim=3)
    with torch.no_grad():  # a likelihood that is not symmetric
        module.vae.output.bias[:3] = 1.0
    batch = paths_batch()
    images = {**batch, "scores": mirrored_tensor(batch["scores"], torch.ones(N_ROWS, dtype=torch.bool))}

    def loss(of, *, training):
        module.training = training
        return float(module.losses(of, generator())["reconstruction"].detach())

    assert loss(batch, training=False) != pytest.approx(loss(images, training=False), abs=1e-3)
    assert (loss(batch, training=True) == loss(batch, training=False)) is not is_symmetric


def test_validation_of_the_direct_head_is_its_likelihood():
    module = made_module(DIRECT)

    training = module.losses(direct_batch(), generator())
    module.eval()
    validation = module.losses(direct_batch(), generator())

    assert torch.equal(validation["loss"], validation["nll"])
    expected = training["nll"] + 0.1 * training["crps"]
    torch.testing.assert_close(training["loss"], expected)
    assert set(made_module(DIRECT, lambda_crps=0.0).losses(direct_batch(), generator())) == {"loss", "nll"}


@pytest.mark.parametrize(("path_channels", "z_dim", "expected"), [(1, 16, 4), (3, 16, 12), (3, 6, 6)])
def test_a_latent_is_not_longer_than_its_path(path_channels, z_dim, expected):
    module = made_module(AUTOENCODER, path_channels, z_dim=z_dim)

    assert module.z_dim == expected
    assert torch.isfinite(module.losses(paths_batch(path_channels), generator())["loss"])


@pytest.mark.parametrize("weight", ["plain", "min_snr", "log_snr"])
@pytest.mark.parametrize("parameterization", ["v", "epsilon"])
def test_every_weight_and_parameterisation_has_a_finite_loss(weight, parameterization):
    module = made_module(DIFFUSION, loss_weight=weight, parameterization=parameterization)

    losses = module.losses(paths_batch(), generator())
    losses["loss"].backward()

    assert torch.isfinite(losses["loss"])
    assert all(torch.isfinite(each.grad).all() for each in module.denoiser.parameters() if each.grad is not None)


def test_the_denoiser_has_its_own_learning_rate():
    rates = {stage: made_module(stage).learning_rate for stage in (DIRECT, AUTOENCODER, DIFFUSION, JOINT)}

    assert rates == {DIRECT: 5e-4, AUTOENCODER: 5e-4, DIFFUSION: 1e-4, JOINT: 5e-4}


def awake(model):
    """With output and steering that are not zero any more."""
    with torch.no_grad():
        for place, each in enumerate(model.parameters()):
            each.copy_(0.2 * torch.randn(each.shape, generator=generator(place)))
    return model


def test_a_radial_denoiser_begins_at_zero_and_works_the_context_in_once():
    model = RadialDenoiser(4, 3, width=16, n_blocks=1)
    noisy, step, context = torch.randn(9, 4), torch.tensor(500), torch.randn(1, 3)
    assert not model(noisy, step.expand(9), context.expand(9, -1)).any()

    awake(model)

    whole = model(noisy, step.expand(9), context.expand(9, -1))
    torch.testing.assert_close(model.conditioned(context)(noisy, step), whole, rtol=1e-4, atol=1e-4)


def test_a_radial_denoiser_can_answer_with_a_gain():
    """The vector comes back, longer or shorter, when only the gain is not zero: nothing of its direction is lost."""
    model = RadialDenoiser(4, 3, width=16, n_blocks=1)
    with torch.no_grad():
        model.network.output.bias[-1] = -0.7
    noisy = torch.randn(9, 4, generator=generator())

    predicted = model(noisy, torch.zeros(9, dtype=torch.long), torch.zeros(9, 3))

    torch.testing.assert_close(predicted, -0.7 * noisy)


def test_a_radial_denoiser_is_finite_at_the_origin_and_far_out():
    model = awake(RadialDenoiser(4, 3, width=16, n_blocks=1))
    noisy = torch.tensor([[0.0] * 4, [1e4] * 4], requires_grad=True)

    predicted = model(noisy, torch.zeros(2, dtype=torch.long), torch.zeros(2, 3))
    predicted.sum().backward()

    assert torch.isfinite(predicted).all()
    assert torch.isfinite(noisy.grad).all()


def test_in_epsilon_what_the_noisy_value_says_of_the_noise_goes_around_the_network():
    module = made_module(DIFFUSION, parameterization="epsilon")
    noisy, step = torch.randn(9, 6, generator=generator()), torch.full((9,), 600)

    predicted = module.denoiser(noisy, step, torch.zeros(9, 8))

    expected = torch.sqrt(1.0 - module.schedule.alpha_bar[600]).float() * noisy  # of a standard normal target
    torch.testing.assert_close(predicted, expected, rtol=1e-4, atol=1e-5)
