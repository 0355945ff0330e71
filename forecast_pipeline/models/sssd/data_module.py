"""``SSSDDataModule``: loaders of training and validation windows that read the lake's panels batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lightning.pytorch as pl

from forecast_pipeline.models.neural.batches import batches
from forecast_pipeline.models.neural.training import train_for

if TYPE_CHECKING:
    from torch.utils.data import DataLoader, Dataset

    from forecast_pipeline.models.neural.batches import Batch
    from forecast_pipeline.models.neural.forecaster import NeuralForecaster

VALIDATION_BATCH_ROWS = 1024


class SSSDDataModule(pl.LightningDataModule):
    """Training batches in an order of the seed, validation batches in the order of rows.

    No matrix of all windows is made: the dataset gathers those of a batch from arrays that are mapped from disk, in
    this process or in ``num_workers`` others, which start fresh (``forkserver``) and map the same files.

    Attributes:
        train: Training rows.
        validation: Validation rows.

    Args:
        train: Takes a list of row numbers; can be sent to another process.
        validation: The same.
        batch_size: Rows of a gradient step.
        seed: Seed of the order of training rows.
        num_workers: Processes that prepare batches.
    """

    def __init__(
        self, train: Dataset[Batch], validation: Dataset[Batch], *, batch_size: int, seed: int, num_workers: int = 0
    ) -> None:
        super().__init__()
        self.train, self.validation = train, validation
        self.batch_size, self.seed, self.num_workers = batch_size, seed, num_workers

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled anew in each epoch, as a function of seed and epoch."""
        return batches(self.train, self.batch_size, self.seed, self.num_workers)

    def val_dataloader(self) -> DataLoader[Batch]:
        """In order."""
        return batches(self.validation, VALIDATION_BATCH_ROWS, None, self.num_workers)


def train_on(
    forecaster: NeuralForecaster,
    stage: str,
    train: Dataset[Batch],
    validation: Dataset[Batch],
    *,
    n_epochs: int,
    num_workers: int = 0,
) -> None:
    """Train a stage of a forecaster's module, and keep its curve.

    Args:
        forecaster: With the module built.
        stage: Name of the stage.
        train: Training rows.
        validation: Validation rows.
        n_epochs: Most epochs, fewer where training starts from the weights of the fold before.
        num_workers: Processes that prepare batches.

    Raises:
        TrainingFailed: If training diverges.
    """
    settings = forecaster.parameters
    data = SSSDDataModule(
        train, validation, batch_size=settings.batch_size, seed=forecaster.seed, num_workers=num_workers
    )
    train_for(forecaster, stage, data.train_dataloader(), data.val_dataloader(), n_epochs=n_epochs)
