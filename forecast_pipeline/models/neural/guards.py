"""Training that must not go on: losses that are not finite, and weights that explode."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from lightning.pytorch.callbacks import Callback

from forecast_pipeline.core.errors import TrainingFailed

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule, Trainer

LARGEST_LOSS = 1e6
LARGEST_WEIGHT = 1e6


class StopOnDivergence(Callback):
    """Ends a training whose loss or weights left the range of sense, before it can overwrite a good checkpoint."""

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's own types
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Look at the loss of a step.

        Raises:
            TrainingFailed: If it is not finite, or beyond `LARGEST_LOSS`.
        """
        del batch, batch_idx
        loss = float(outputs["loss"])
        if not math.isfinite(loss) or abs(loss) > LARGEST_LOSS:
            raise _failed("the loss must stay finite", f"{loss} in step {trainer.global_step}", trainer, pl_module)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look at the weights after an epoch.

        Raises:
            TrainingFailed: If one is not finite, or beyond `LARGEST_WEIGHT`.
        """
        sizes = [each.detach().abs().max() for each in pl_module.parameters() if each.numel()]
        largest = float(torch.stack(sizes).max()) if sizes else 0.0  # NaN if one is, unlike Python's own max
        if not largest < LARGEST_WEIGHT:  # false of NaN
            found = f"{largest} after epoch {trainer.current_epoch + 1}"
            raise _failed("weights must stay finite and small", found, trainer, pl_module)


def _failed(what: str, found: str, trainer: Trainer, module: LightningModule) -> TrainingFailed:
    kept = trainer.checkpoint_callback.best_model_path if trainer.checkpoint_callback is not None else ""  # type: ignore[attr-defined]
    stage = getattr(module, "stage", "training")
    return TrainingFailed(
        f"{stage}: {what}",
        was=found,
        do="lower learning_rate or gradient_clip"
        + ("; the last good checkpoint is kept" if kept else "; no checkpoint had been written yet"),
    )
