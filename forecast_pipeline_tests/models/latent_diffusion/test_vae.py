"""Promise: the autoencoder begins as a projection and back, and says so when its latent carries nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.models.diffusion.losses import free_bits, gaussian_nll, kl_divergence
from forecast_pipeline.models.latent_diffusion.collapse import LatentUse, check_latent_use, latent_use
from forecast_pipeline.models.latent_diffusion.lit import AUTOENCODER, ForexDiffusionLit
from forecast_pipeline.models.latent_diffusion.parameters import LatentDiffusionParameters
from forecast_pipeline.models.latent_diffusion.vae import START_LOG_VARIANCE, VAE
from forecast_pipeline.models.neural.batches import ArrayDataset, batches
from forecast_pipeline.models.neural.path_targets import PathTargets, ScaledPaths
from forecast_pipeline.models.neural.training import train_stage
from forecast_pipeline_tests.models.neural.worlds import HORIZONS, UNIT, WIDTHS, garch_t, rows_of

N_CONTEXT, HIDDEN = 6, 8


def made_vae(n_channels=3, n_horizons=4, z_dim=5, seed=0):
    torch.manual_seed(seed)
    return VAE(n_channels, n_horizons, z_dim, N_CONTEXT, HIDDEN)


def inputs(n, n_channels=3, n_horizons=4, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(n, n_channels, n_horizons, generator=generator),
        torch.randn(n, N_CONTEXT, generator=generator),
    )


@pytest.mark.parametrize(
    ("n_channels", "n_horizons", "z_dim"), [(1, 1, 1), (1, 4, 2), (3, 4, 12), (3, 10, 16), (1, 30, 8), (3, 17, 5)]
)
def test_latents_and_paths_have_their_shapes(n_channels, n_horizons, z_dim):
    vae = made_vae(n_channels, n_horizons, z_dim)
    paths, context = inputs(7, n_channels, n_horizons)

    decoded, mean, log_variance, latent = vae(paths, context, torch.zeros(7, z_dim))

    assert tuple(decoded.location.shape) == tuple(decoded.log_scale.shape) == (7, n_channels, n_horizons)
    assert tuple(mean.shape) == tuple(log_variance.shape) == tuple(latent.shape) == (7, z_dim)
    torch.testing.assert_close(latent, mean)


@pytest.mark.parametrize("z_dim", [5, 12])
def test_it_begins_as_an_orthogonal_projection_and_back(z_dim):
    vae = made_vae(z_dim=z_dim)
    paths, context = inputs(200)
    with torch.no_grad():
        decoded, mean, log_variance, _ = vae(paths, context, torch.zeros(200, z_dim))

    weight = vae.analysis.weight.detach()
    torch.testing.assert_close(weight @ weight.T, torch.eye(z_dim), rtol=0, atol=1e-5)
    torch.testing.assert_close(mean, paths.flatten(1) @ weight.T)
    torch.testing.assert_close(decoded.location.flatten(1), mean @ weight)
    assert (log_variance == START_LOG_VARIANCE).all()
    if z_dim == 12:  # nothing is lost
        torch.testing.assert_close(decoded.location, paths, rtol=0, atol=1e-5)


@pytest.mark.parametrize("z_dim", [3, 6, 9])
def test_untrained_draws_have_nearly_the_variance_of_normal_scores(z_dim):
    """A denoiser that knows nothing yet draws the right widths: k of 12 dimensions and the rest as decoder noise."""
    vae = made_vae(z_dim=z_dim)
    generator = torch.Generator().manual_seed(2)
    latent = torch.randn(20_000, z_dim, generator=generator)
    with torch.no_grad():
        decoded = vae.decode(latent, torch.zeros(20_000, N_CONTEXT))
        noise = torch.randn(decoded.location.shape, generator=generator)
        drawn = decoded.location + torch.exp(decoded.log_scale) * noise

    assert float(drawn.square().mean()) == pytest.approx(1.0, abs=0.03)
    assert float(decoded.location.square().mean()) == pytest.approx(z_dim / 12, abs=0.03)


def test_reparameterisation_moves_the_latent_by_its_deviation():
    vae = made_vae()
    paths, context = inputs(7)

    _, mean, log_variance, latent = vae(paths, context, torch.full((7, 5), 2.0))

    torch.testing.assert_close(latent, mean + 2.0 * torch.exp(0.5 * log_variance))


def test_everything_learns():
    vae = made_vae()
    with torch.no_grad():  # at the very start outputs are zero, and nothing behind them has a gradient yet
        for layer in (vae.posterior_head, vae.output):
            layer.weight.normal_(0.0, 0.1)
    paths, context = inputs(32)
    decoded, mean, log_variance, _ = vae(paths, context, torch.randn(32, 5))

    loss = gaussian_nll(paths - decoded.location, decoded.log_scale).sum() + kl_divergence(mean, log_variance).sum()
    loss.backward()

    silent = [name for name, each in vae.named_parameters() if each.grad is None or not each.grad.any()]
    assert silent == []


def test_paths_of_a_batch_do_not_see_each_other():
    vae = made_vae()
    paths, context = inputs(6)

    whole = vae.encode(paths, context)[0]

    torch.testing.assert_close(vae.encode(paths[:2], context[:2])[0], whole[:2], rtol=1e-5, atol=1e-6)


def test_a_latent_that_follows_its_paths_is_active():
    use = latent_use(made_vae(), *inputs(500))

    assert use.active_fraction == 1.0
    assert len(use.kl) == 5
    assert min(use.kl) > 0.5
    check_latent_use(use, 1.0)


def test_dimensions_that_do_not_move_are_counted():
    vae = made_vae()
    with torch.no_grad():
        vae.analysis.weight[:3] = 0.0

    assert latent_use(vae, *inputs(500)).active_fraction == pytest.approx(0.4)


def test_a_collapsed_latent_is_refused_with_what_to_do():
    """M11."""
    vae = made_vae()
    with torch.no_grad():
        vae.analysis.weight.zero_()
        vae.posterior_head.bias.zero_()
    use = latent_use(vae, *inputs(500))

    assert use == LatentUse(0.0, (0.0,) * 5)
    with pytest.raises(TrainingFailed) as refusal:
        check_latent_use(use, 0.1)

    for part in ("at least 10% of the 5 latent dimensions must be active, was 0%", "0.000", "lambda_kl", "free_bits"):
        assert part in str(refusal.value)


def test_free_bits_leave_a_dimension_its_nats():
    per_dim = torch.tensor([0.01, 0.2, 1.0], requires_grad=True)

    free_bits(per_dim, 0.05).backward()

    np.testing.assert_array_equal(per_dim.grad, [0.0, 1.0, 1.0])


@pytest.mark.slow
def test_decoder_means_alone_are_too_narrow_and_the_decoder_s_own_noise_mends_it():
    """Acceptance, GARCH-t world: a latent of two carries half the variance of four increments, noise the rest."""
    n, n_train, widths = 4980, 4000, torch.tensor(np.sqrt(WIDTHS), dtype=torch.float32)
    returns, after = garch_t(n + HORIZONS[-1], 5)
    scaled = ScaledPaths(rows_of(returns, 0, n).increments / (UNIT * np.sqrt(after[:n, None] * WIDTHS)))
    targets = PathTargets.fit(scaled, is_symmetric=True)
    scores = torch.from_numpy(targets.scores(scaled, np.random.default_rng(0)).astype(np.float32))
    context = torch.from_numpy(np.log(after[:n, None])).float().expand(n, 8).contiguous()
    torch.manual_seed(0)
    settings = LatentDiffusionParameters(z_dim=2, context_dim=8, patch_len=8, n_down=2, learning_rate=2e-3)
    sizes = {"n_channels": 2, "n_features": 2, "n_slow": 0, "path_channels": 1}
    module = ForexDiffusionLit(settings, 3, weights=np.full((5, 4), 0.2), **sizes)
    parts = [ArrayDataset(scores=scores[rows], context=context[rows]) for rows in (slice(n_train), slice(n_train, n))]
    loaders = batches(parts[0], 256, 3), batches(parts[1], 2048, None)
    train_stage(module, AUTOENCODER, *loaders, family="test", n_epochs=20, folder=None)

    paths, past, generator = scores[:n_train], context[:n_train], torch.Generator().manual_seed(1)
    with torch.no_grad():
        decoded, *_ = module.vae(paths, past, torch.randn(n_train, 2, generator=generator))
        drawn = decoded.location + torch.exp(decoded.log_scale) * torch.randn(paths.shape, generator=generator)

    def ratios(made):
        ends = [(each * widths).sum(dim=-1).var() for each in (made, paths)]
        return float(made.var(dim=0).mean() / paths.var(dim=0).mean()), float(ends[0] / ends[1])

    assert all(0.95 < ratio < 1.05 for ratio in ratios(drawn))
    assert all(ratio < 0.8 for ratio in ratios(decoded.location))
