"""The latent diffusion forecaster: patches in, two stages of training after the direct head, paths out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch

from forecast_pipeline.models.diffusion.samplers import draw, n_noises
from forecast_pipeline.models.latent_diffusion.collapse import check_latent_use, latent_use
from forecast_pipeline.models.latent_diffusion.lit import AUTOENCODER, DIFFUSION, DIRECT, JOINT, ForexDiffusionLit
from forecast_pipeline.models.latent_diffusion.parameters import LatentDiffusionParameters
from forecast_pipeline.models.latent_diffusion.patches import CandlePatchDataset
from forecast_pipeline.models.neural.batches import ArrayDataset, batches
from forecast_pipeline.models.neural.forecaster import NeuralForecaster
from forecast_pipeline.models.neural.training import train_stage

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from forecast_pipeline.models.neural.conditioning import Conditions
    from forecast_pipeline.models.neural.records import Known
    from forecast_pipeline.splits.arrays import BarHistory, Rows

AUTOENCODER_PATIENCE = 3
LATENT_ROWS = 4096
VALIDATION_BATCH = 2048
AUTOENCODER_MIN_DELTA = 0.02
"""Nats a path: an autoencoder that holds nearly all of it already gains digits forever."""


class LatentDiffusion(NeuralForecaster):
    """A VAE of the future path of increments, and diffusion of its latents given the past.

    Rombach et al. 2022 with the past in the place of the prompt; v-prediction of Salimans and Ho 2022. The decoder's
    likelihood is drawn from, not only its location.
    """

    family = "latent_diffusion"

    @classmethod
    def parameters_class(cls) -> type[LatentDiffusionParameters]:
        """Settings of the family."""
        return LatentDiffusionParameters

    def build_module(self, path_channels: int) -> ForexDiffusionLit:
        """The untrained networks."""
        return ForexDiffusionLit(
            self.parameters,
            self.seed,
            n_channels=len(self._conditioner.channels),
            n_features=self._conditioner.mean.size,
            n_slow=self.n_slow,
            weights=self.weights,
            path_channels=path_channels,
        )

    def batch_of(self, rows: Rows, conditions: Conditions) -> CandlePatchDataset:
        """Patches of decisions."""
        history = cast("BarHistory", rows.history)
        channels = self._conditioner.bar_channels(history)
        return CandlePatchDataset(channels, history.bar, conditions, None, self.parameters.patch_len)

    def fit_direct(self, train: Known, validation: Known) -> None:
        """Train encoder and scale head on the increments."""
        datasets = [self._patches(part) for part in (train, validation)]
        self._train(DIRECT, datasets)

    def fit_generator(self, train: dict[str, Tensor], validation: dict[str, Tensor]) -> None:
        """Train VAE and denoiser.

        Raises:
            TrainingFailed: If the latent collapses.
        """
        datasets = [ArrayDataset(**part) for part in (train, validation)]
        if self.parameters.training_mode == "joint":
            self._train(JOINT, datasets)
        else:
            self._train(AUTOENCODER, datasets)
        every = max(len(datasets[0]) // LATENT_ROWS, 1)
        paths, context = train["scores"][::every], train["context"][::every]
        use = latent_use(self.module.vae, paths, context)
        check_latent_use(use, self.parameters.min_active_fraction)
        self.curves["latent"] = [{"active_fraction": use.active_fraction}, *({"kl": each} for each in use.kl)]
        if self.parameters.training_mode == "two_stage":
            self.module.standardise_latents(paths, context)
            self._train(DIFFUSION, datasets)

    def generate(self, context: Tensor, noise: np.random.Generator, n_samples: int) -> Tensor:
        """Latents from noise, decoded, with the decoder's own noise on top."""
        settings, module = self.parameters, self.module
        n_steps = settings.sampling_steps
        initial = _normals(noise, n_samples, module.z_dim)
        n_extra = n_noises(settings.sampler, n_steps)
        extra = _normals(noise, n_extra, n_samples, module.z_dim) if n_extra else None
        denoise = module.denoiser.conditioned(context)
        latent = draw(denoise, module.schedule, initial, extra, sampler=settings.sampler, n_steps=n_steps)
        latent = latent * module.latent_std + module.latent_mean
        decoded = module.vae.decode(latent, context.expand(n_samples, -1))
        own: Tensor = decoded.location + torch.exp(decoded.log_scale) * _normals(noise, *decoded.location.shape)
        return own

    def _patches(self, known: Known) -> CandlePatchDataset:
        history = cast("BarHistory", known.rows.history)
        channels = self._conditioner.bar_channels(history)
        return CandlePatchDataset(channels, history.bar, known.conditions, known.target, self.parameters.patch_len)

    def _train(self, stage: str, datasets: list[Any]) -> None:
        settings = self.parameters
        train = batches(datasets[0], settings.batch_size, self.seed, settings.num_workers)
        validation = batches(datasets[1], VALIDATION_BATCH, None, settings.num_workers)
        self.curves[stage] = train_stage(
            self.module,
            stage,
            train,
            validation,
            family=self.family,
            n_epochs=min(settings.refit_epochs, settings.epochs) if self.is_warm else settings.epochs,
            folder=self.run_folder,
            min_delta=AUTOENCODER_MIN_DELTA if stage == AUTOENCODER else 1e-5,
            patience=min(AUTOENCODER_PATIENCE, settings.patience) if stage == AUTOENCODER else None,
        )


def _normals(noise: np.random.Generator, *shape: int) -> Tensor:
    return torch.from_numpy(noise.standard_normal(shape, "float32"))
