"""Batches in an order that is a function of seed and epoch, so that a resumed epoch sees what the first try saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

Batch = dict[str, Any]


class BatchSampler(Sampler[list[int]]):
    """Lists of row numbers; shuffled anew in each epoch, or in order.

    A last list of fewer than half a batch is left out of a shuffled epoch: its gradient would be noise.

    Args:
        n_rows: Number of rows.
        batch_size: Rows of a batch.
        seed: Seed of the order; None keeps the rows in order.
    """

    def __init__(self, n_rows: int, batch_size: int, seed: int | None) -> None:
        self.n_rows, self.batch_size, self.seed = n_rows, batch_size, seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Number of batches."""
        whole, rest = divmod(self.n_rows, self.batch_size)
        keeps_rest = rest > 0 and (self.seed is None or whole == 0 or 2 * rest >= self.batch_size)
        return whole + keeps_rest

    def __iter__(self) -> Iterator[list[int]]:
        """Row numbers of each batch."""
        order = torch.arange(self.n_rows)
        if self.seed is not None:
            generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % 2**63)
            order = torch.randperm(self.n_rows, generator=generator)
        for number in range(len(self)):
            yield order[number * self.batch_size : (number + 1) * self.batch_size].tolist()


class ArrayDataset(Dataset[Batch]):
    """Rows of tensors that are there already; a list of numbers gives a whole batch.

    Args:
        tensors: Named tensors with rows along the first axis.
    """

    def __init__(self, **tensors: Tensor) -> None:
        self.tensors = tensors

    def __len__(self) -> int:
        """Number of rows."""
        return int(next(iter(self.tensors.values())).shape[0])

    def __getitem__(self, rows: Any) -> Batch:  # noqa: ANN401 - a number or a list of numbers
        """One row, or a batch of rows."""
        return {name: tensor[rows] for name, tensor in self.tensors.items()}


def batches(dataset: Dataset[Batch], batch_size: int, seed: int | None, num_workers: int = 0) -> DataLoader[Batch]:
    """A loader whose sampler hands whole lists of rows to the dataset.

    Args:
        dataset: Takes a list of row numbers.
        batch_size: Rows of a batch.
        seed: Seed of the order; None keeps the rows in order.
        num_workers: Processes that prepare batches.
    """
    n_rows = len(dataset)  # type: ignore[arg-type]  # all of ours have a length
    return DataLoader(
        dataset,
        batch_size=None,
        sampler=BatchSampler(n_rows, batch_size, seed),
        num_workers=num_workers,
        multiprocessing_context="forkserver" if num_workers else None,
        persistent_workers=num_workers > 0,
    )
