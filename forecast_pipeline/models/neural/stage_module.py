"""The Lightning module that all neural families train in stages: optimiser, seeds, and a curve of losses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import torch

from forecast_pipeline.models.neural.path_noise import mirrored_tensor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

    from forecast_pipeline.models.neural.batches import Batch
    from forecast_pipeline.models.neural.parameters import NeuralParameters

DIRECT, DIFFUSION = "direct", "diffusion"
"""Stages that every family has: encoder and scale head first, the denoiser last."""
WARM_UP_FRACTION = 0.05
VALIDATION_SEED = 104_729


class StageModule(pl.LightningModule):
    """Losses of one stage of training; a family says what they are.

    Every step draws its noise from a generator seeded by (seed, stage, step), so that a resumed training sees what an
    uninterrupted one would; validation always draws the same.

    Attributes:
        stage: Name of the stage in training.
        n_steps: Optimiser steps of the stage, for schedules; set before training.
        curve: One entry an epoch of the stage: losses by name.
    """

    def __init__(self, settings: NeuralParameters, seed: int) -> None:
        super().__init__()
        self.settings, self.seed = settings, seed
        self.stage = ""
        self.n_steps = 1
        self.curve: list[dict[str, float]] = []

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Parts of the loss of the present stage; ``loss`` is what is minimised."""
        raise NotImplementedError

    def validation_losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """The same on a validation batch, where more may be measured."""
        return self.losses(batch, generator)

    def trained(self) -> Iterable[nn.Module]:
        """Networks that the present stage trains."""
        raise NotImplementedError

    def begin(self, stage: str, n_steps: int) -> None:
        """Enter a stage: only its networks learn."""
        self.stage, self.n_steps = stage, max(n_steps, 1)
        self.curve = []
        self.requires_grad_(requires_grad=False)
        self.eval()  # what rests does not drop units; Lightning keeps the modes it finds
        self.training = True
        for network in self.trained():
            network.requires_grad_(requires_grad=True)
            network.train()

    @property
    def learning_rate(self) -> float:
        """Largest step size of the present stage."""
        settings = self.settings
        return settings.denoiser_learning_rate if self.stage == DIFFUSION else settings.learning_rate

    def mirrored_by_chance(self, scores: Tensor, generator: torch.Generator) -> Tensor:
        """Paths of shape ``(B, C, K)``, in training half of them mirrored where the law is taken as symmetric."""
        if not (self.settings.is_symmetric and self.training):
            return scores
        coins = torch.randint(2, (scores.shape[0],), generator=generator).to(scores.device)
        return mirrored_tensor(scores, coins.bool())

    @property
    def progress(self) -> float:
        """Share of the stage's steps that is done, in [0, 1]."""
        return min(self.global_step / self.n_steps, 1.0)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Losses of a step, logged; dropout and noise are seeded by its number."""
        del batch_idx
        seed = self._step_seed(self.global_step)
        torch.manual_seed(seed)
        parts = self.losses(batch, torch.Generator().manual_seed(seed + 1))
        self._log("train", parts, _rows(batch))
        return parts["loss"]

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Losses on validation rows, with the same noise in every epoch."""
        generator = torch.Generator().manual_seed(VALIDATION_SEED + batch_idx)
        self._log("validation", self.validation_losses(batch, generator), _rows(batch))

    def on_train_epoch_end(self) -> None:
        """Keep the losses of the epoch; before its end, those of training steps are still the epoch's before."""
        values = {name: float(value) for name, value in self.trainer.callback_metrics.items()}
        self.curve.append({"epoch": float(self.current_epoch + 1), **values})

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the curve into the checkpoint."""
        checkpoint["curve"] = self.curve

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the curve from the checkpoint."""
        self.curve = list(checkpoint["curve"])

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's own union
        """AdamW with a short warm-up and a cosine to nothing (Loshchilov and Hutter 2017, 2019)."""
        optimiser = torch.optim.AdamW(self.parameter_groups(), lr=self.learning_rate, fused=self.settings.fuses)
        warm_up = max(int(WARM_UP_FRACTION * self.n_steps), 1)

        def factor(step: int) -> float:
            if step < warm_up:
                return (step + 1) / warm_up
            done = min((step - warm_up) / max(self.n_steps - warm_up, 1), 1.0)
            return 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * done))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Weights with decay, and biases, gains and single numbers without."""
        learning = [each for each in self.parameters() if each.requires_grad]
        return [
            {"params": [each for each in learning if each.ndim > 1], "weight_decay": self.settings.weight_decay},
            {"params": [each for each in learning if each.ndim <= 1], "weight_decay": 0.0},
        ]

    def _step_seed(self, step: int) -> int:
        stage = sum(ord(letter) * 131**place for place, letter in enumerate(self.stage)) % 2**31
        return int((self.seed * 1_000_003 + stage * 7919 + 2 * step) % 2**62)

    def _log(self, segment: str, parts: dict[str, Tensor], n_rows: int) -> None:
        named = {f"{segment}/{name}": value.detach() for name, value in parts.items()}
        self.log_dict(named, on_step=False, on_epoch=True, batch_size=n_rows)


def _rows(batch: Batch) -> int:
    return int(next(iter(batch.values())).shape[0])
