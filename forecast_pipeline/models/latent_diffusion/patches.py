"""Patches of past bars with what a decision is conditioned on and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.data import Dataset

from forecast_pipeline.models.neural.batches import Batch

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.neural.conditioning import Conditions

    Floats = npt.NDArray[np.float64]


class CandlePatchDataset(Dataset[Batch]):
    """Decisions as ``patch (B, C, L)``, ``features``, ``slow``, ``states`` and ``target (B, K)``.

    A patch is cut out of the channels of all bars when it is asked for: it ends at the bar of the decision, and what
    lies before the first bar is 0. So a patch holds nothing that was not known at the decision's close.

    Args:
        channels: Shape ``(T, C)``, of all bars up to the last decision.
        bar: Shape ``(B,)``, bar at whose close each row is decided.
        conditions: Conditions of the rows.
        target: Shape ``(B, K)``, increments over `Conditions.unit`; None where they are not known.
        patch_len: Bars of a patch ``L``.
    """

    def __init__(
        self,
        channels: npt.NDArray[np.float32],
        bar: npt.NDArray[np.int64],
        conditions: Conditions,
        target: Floats | None,
        patch_len: int,
    ) -> None:
        self.channels, self.bar, self.patch_len = channels, bar, patch_len
        self.features = torch.from_numpy(conditions.features)
        self.slow = torch.from_numpy(conditions.slow)
        self.states = torch.from_numpy(conditions.states)
        self.target = None if target is None else torch.from_numpy(target.astype(np.float32))

    def __len__(self) -> int:
        """Number of decisions."""
        return int(self.bar.size)

    def __getitem__(self, rows: Any) -> Batch:  # noqa: ANN401 - a number or a list of numbers
        """One decision, or a batch of decisions."""
        places = self.bar[rows, None] + np.arange(1 - self.patch_len, 1)
        patch = self.channels[np.maximum(places, 0)]
        patch[places < 0] = 0.0
        batch = {
            "patch": torch.from_numpy(np.ascontiguousarray(np.swapaxes(patch, -1, -2))),
            "features": self.features[rows],
            "slow": self.slow[rows],
            "states": self.states[rows],
        }
        return batch if self.target is None else batch | {"target": self.target[rows]}
