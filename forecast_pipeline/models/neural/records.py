"""Arrays that the steps of a neural fit hand to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from forecast_pipeline.models.mean_shrinkage import cautious_shrinkage
from forecast_pipeline.models.neural.path_targets import ScaledPaths

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.neural.conditioning import Conditions
    from forecast_pipeline.splits.arrays import BarHistory, Rows

    Floats = npt.NDArray[np.float64]


CUT = 5.0
"""Deviations at which outcomes are cut where the mean is judged: one surprise is not evidence of a mean."""
BLOCK_HORIZONS = 2


class Known(NamedTuple):
    """A segment with known outcomes.

    Attributes:
        rows: Its rows.
        conditions: What they are conditioned on.
        target: Shape ``(B, K)``, increments over `Conditions.unit`.
    """

    rows: Rows
    conditions: Conditions
    target: Floats


class DirectArrays(NamedTuple):
    """What encoder and scale head say of a batch.

    Attributes:
        context: Shape ``(B, n_context)``.
        deviation: Shape ``(B, K)``, of each increment, as a log return.
        mean: Shape ``(B, K)``, mean in deviations, before it is shrunk.
    """

    context: Tensor
    deviation: Floats
    mean: Floats

    def head(self, n_rows: int) -> DirectArrays:
        """The first rows."""
        return DirectArrays(self.context[:n_rows], self.deviation[:n_rows], self.mean[:n_rows])

    @classmethod
    def joined(cls, parts: list[DirectArrays]) -> DirectArrays:
        """Batches after each other."""
        deviation, mean = (np.concatenate([cast("Floats", part[place]) for part in parts]) for place in (1, 2))
        return cls(torch.cat([part.context for part in parts]), deviation, mean)


def joined_paths(paths: list[ScaledPaths]) -> ScaledPaths:
    """Paths of segments after each other."""
    columns = [None if each[0] is None else np.concatenate(each) for each in zip(*paths, strict=True)]
    return ScaledPaths(cast("Floats", columns[0]), columns[1], columns[2])


def mean_slope(validation: Known, output: DirectArrays, horizons: tuple[int, ...]) -> float:
    """How much of the direct head's mean holds up on validation rows (`cautious_shrinkage`), outcomes cut at `CUT`.

    Labels overlap, and means hardly change from row to row: the same surprise meets the same mean in every row that
    spans it. Evidence is therefore counted in blocks of twice the longest horizon, from whose sums the variance of the
    slope is measured; never as more than the outcomes that lie side by side.
    """
    outcome = np.clip(validation.rows.increments / output.deviation, -CUT, CUT)
    width = max(float(np.mean(np.diff([0, *horizons]))), 1.0)
    power = max(float(np.sum(np.square(output.mean))), np.finfo(float).tiny)
    evidence = output.mean * (outcome - np.sum(output.mean * outcome) / power * output.mean)
    block = cast("BarHistory", validation.rows.history).bar // (BLOCK_HORIZONS * horizons[-1])
    sums = np.bincount(block - block.min(), weights=evidence.sum(axis=1))
    alike = max(float(np.sum(np.square(sums)) / max(np.sum(np.square(evidence)), np.finfo(float).tiny)), width)
    return cautious_shrinkage(output.mean, outcome, outcome.size / alike)
