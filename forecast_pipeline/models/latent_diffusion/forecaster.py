"""The latent diffusion forecaster: patches in, two stages of training after the direct head, paths out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch

from forecast_pipeline.models.latent_diffusion.collapse import check_latent_use, latent_use
from forecast_pipeline.models.latent_diffusion.lit import AUTOENCODER, JOINT, ForexDiffusionLit
from forecast_pipeline.models.latent_diffusion.parameters import LatentDiffusionParameters
from forecast_pipeline.models.latent_diffusion.patches import CandlePatchDataset
from forecast_pipeline.models.neural.batches import ArrayDataset, batches
from forecast_pipeline.models.neural.drawing import denoised, normals
from forecast_pipeline.models.neural.forecaster import NeuralForecaster
from forecast_pipeline.models.neural.stage_module import DIFFUSION, DIRECT
from forecast_pipeline.models.neural.training import MIN_DELTA, train_for

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from forecast_pipeline.models.neural.conditioning import Conditions
    from forecast_pipeline.models.neural.records import Known
    from forecast_pipeline.splits.arrays import BarHistory, Rows

    Floats = npt.NDArray[np.float64]

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
        return self._patches(rows, conditions, None)

    def fit_direct(self, train: Known, validation: Known) -> None:
        """Train encoder and scale head on the increments."""
        datasets = [self._patches(part.rows, part.conditions, part.target) for part in (train, validation)]
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
        module = self.module
        denoise = module.denoiser.conditioned(context)
        latent = denoised(denoise, module.schedule, noise, (n_samples, module.z_dim), self.parameters)
        latent = latent * module.latent_std + module.latent_mean
        decoded = module.vae.decode(latent, context.expand(n_samples, -1))
        own: Tensor = decoded.location + torch.exp(decoded.log_scale) * normals(noise, *decoded.location.shape)
        return own

    def _patches(self, rows: Rows, conditions: Conditions, target: Floats | None) -> CandlePatchDataset:
        history = cast("BarHistory", rows.history)
        channels = self._conditioner.bar_channels(history)
        return CandlePatchDataset(channels, history.bar, conditions, target, self.parameters.patch_len)

    def _train(self, stage: str, datasets: list[Any]) -> None:
        settings = self.parameters
        train = batches(datasets[0], settings.batch_size, self.seed, settings.num_workers)
        validation = batches(datasets[1], VALIDATION_BATCH, None, settings.num_workers)
        train_for(
            self,
            stage,
            train,
            validation,
            n_epochs=settings.epochs,
            min_delta=AUTOENCODER_MIN_DELTA if stage == AUTOENCODER else MIN_DELTA,
            patience=min(AUTOENCODER_PATIENCE, settings.patience) if stage == AUTOENCODER else None,
        )
