"""Standardised rows of a fold, and their normal equations without standardising and squaring them again.

A walk-forward standardises and squares nearly the same rows in every fold. Here every block of the raw matrix is
squared once. With ``W`` a block's finite values less its centre, ``M`` their mask, and ``d`` the centre less the
fold's mean, the block adds to the Gram matrix, before it is divided by the fold's deviations,

    W'W + d_j (M'W) + (W'M) d_k + d_j d_k (M'M)

Rows that the standardiser cuts are taken out and put back as cut; rows of blocks that are covered in part are
squared directly. No sum for a fold reads a row after its last one: what comes later cannot change a bit of it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast_pipeline.splits.standardise import CLIP_STD

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from forecast_pipeline.splits.block_sums import BlockMatrix
    from forecast_pipeline.splits.standardise import Standardiser

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.intp]

CHUNK_ROWS = 1024
"""Rows standardised at once: they stay in the cache."""
MAX_OFFSET = 1e4
"""Largest mean in deviations at which the mean may be taken off a product instead of off every value: it costs as
many digits as it has."""


class NormalEquations(NamedTuple):
    """``X'X`` of shape ``(p, p)`` and ``X'Y`` of shape ``(p, K)``."""

    gram: Floats
    cross: Floats


def normal_equations(inputs: Floats | StandardisedRows, targets: Floats) -> NormalEquations:
    """Second moments of inputs, shape ``(B, p)``, and of inputs with targets, shape ``(B, K)``.

    Example:
        >>> normal_equations(np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]]))
        NormalEquations(gram=array([[5.]]), cross=array([[11.]]))
    """
    if isinstance(inputs, StandardisedRows):
        return NormalEquations(inputs.gram, inputs.cross(targets))
    return NormalEquations(inputs.T @ inputs, inputs.T @ targets)


class StandardisedRows:
    """Rows of a raw matrix in the statistics of a fold, computed when asked for.

    Args:
        matrix: All rows.
        standardiser: Statistics of the fold.
        positions: Shape ``(B,)``, rows of the matrix, increasing.
    """

    def __init__(self, matrix: BlockMatrix, standardiser: Standardiser, positions: Positions) -> None:
        self.matrix = matrix
        self.standardiser = standardiser
        self.positions = positions
        self._kept = np.flatnonzero(standardiser.is_kept)
        self._mean, self._std = standardiser.mean[self._kept], standardiser.std[self._kept]
        self._asked: tuple[Floats, Floats] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and inputs."""
        return self.positions.size, self._kept.size

    def __getitem__(self, positions: Positions) -> StandardisedRows:
        """Some of the rows, in their order."""
        return StandardisedRows(self.matrix, self.standardiser, self.positions[positions])

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Floats:  # noqa: FBT001 - numpy's signature
        """The rows themselves, shape ``(B, p)``."""
        del copy
        made = np.empty(self.shape, dtype)
        for start, rows in self._chunks(self.positions):
            made[start : start + rows.shape[0]] = self._standardised(rows)
        return made

    def __matmul__(self, weights: Floats) -> Floats:
        """Product with weights, shape ``(p, K)`` to ``(B, K)``."""
        made = np.empty((self.positions.size, weights.shape[1]))
        per_unit = weights / self._std[:, None]
        offset = self._mean @ per_unit
        for start, rows in self._chunks(self.positions):
            is_plain = self._is_plain(rows)
            product = rows.astype(np.float64) @ per_unit - offset if is_plain else self._standardised(rows) @ weights
            made[start : start + rows.shape[0]] = product
        return made

    def cross(self, targets: Floats) -> Floats:
        """``X'Y`` with targets, shape ``(B, K)`` to ``(p, K)``.

        The last answer is kept: the linear families of a fold ask the same question one after the other.
        """
        if self._asked is not None and np.array_equal(self._asked[0], targets):
            return self._asked[1].copy()
        raw, total = np.zeros((self._kept.size, targets.shape[1])), np.zeros(targets.shape[1])
        made = np.zeros_like(raw)
        first, stop = self._whole
        is_plain = {block: not (self._has_holes(block) or self._has_cuts(block)) for block in range(first, stop)}
        for start, rows in self._chunks(self.positions):
            part = targets[start : start + rows.shape[0]]
            block = int(self.positions[start]) // self.matrix.block_rows
            if is_plain[block] if block in is_plain else self._is_plain(rows):
                raw += rows.astype(np.float64).T @ part
                total += part.sum(axis=0)
            else:
                made += self._standardised(rows).T @ part
        made += (raw - np.outer(self._mean, total)) / self._std[:, None]
        self._asked = (targets, made)
        return made.copy()

    @functools.cached_property
    def gram(self) -> Floats:
        """``X'X``, shape ``(p, p)``, by block sums."""
        matrix, kept = self.matrix, self._kept
        first, stop = self._whole
        whole = np.zeros((self.standardiser.mean.size,) * 2)
        for block in range(first, stop):
            matrix.sums(block).add_to(whole, self.standardiser.mean)
        made = whole[np.ix_(kept, kept)] / np.outer(self._std, self._std)
        for block in filter(self._has_cuts, range(first, stop)):
            rows = matrix.values[np.ix_(matrix.counted_in(block), kept)]
            was = (rows.astype(np.float64) - self._mean) / self._std
            is_cut = (np.abs(was) > CLIP_STD).any(axis=1)
            was = np.where(np.isfinite(was[is_cut]), was[is_cut], 0.0)
            now = self._standardised(rows[is_cut])
            made += now.T @ now - was.T @ was
        block_of = self.positions // matrix.block_rows
        for _, rows in self._chunks(self.positions[(block_of < first) | (block_of >= stop)]):
            part = self._standardised(rows)
            made += part.T @ part
        return made

    @functools.cached_property
    def _whole(self) -> tuple[int, int]:
        """Blocks of which all counted rows are among these, and every one of these that they hold is counted."""
        return self.matrix.blocks_within(self.positions)

    def _has_holes(self, block: int) -> bool:
        return self.matrix.sums(block).mm is not None

    def _has_cuts(self, block: int) -> bool:
        """Whether a value of a whole block is more than `CLIP_STD` deviations from the mean, or nearly so."""
        sums = self.matrix.sums(block)
        return not self._is_within(sums.low[self._kept], sums.high[self._kept])

    def _is_plain(self, rows: npt.NDArray[np.floating]) -> bool:
        """Whether all values are known and none is cut, so that a product may be standardised afterwards."""
        return self._is_within(rows.min(axis=0), rows.max(axis=0))

    def _is_within(self, low: npt.NDArray[np.floating], high: npt.NDArray[np.floating]) -> bool:
        reach = CLIP_STD * self._std * (1.0 - 1e-6)
        return bool(((low >= self._mean - reach) & (high <= self._mean + reach)).all()) and self._is_near

    @functools.cached_property
    def _is_near(self) -> bool:
        return bool((np.abs(self._mean) <= MAX_OFFSET * self._std).all())

    def _chunks(self, positions: Positions) -> Iterator[tuple[int, npt.NDArray[np.floating]]]:
        """Raw values of the inputs with the place of the first, some rows at a time and never of two blocks."""
        is_all = self._kept.size == self.matrix.values.shape[1]
        block_rows = self.matrix.block_rows
        start = 0
        while start < positions.size:
            end = (int(positions[start]) // block_rows + 1) * block_rows
            stop = min(start + CHUNK_ROWS, int(np.searchsorted(positions, end)))
            part = positions[start:stop]
            is_run = part[-1] - part[0] == part.size - 1
            rows = self.matrix.values[part[0] : part[-1] + 1] if is_run else self.matrix.values[part]
            yield start, rows if is_all else rows[:, self._kept]
            start = stop

    def _standardised(self, rows: npt.NDArray[np.floating]) -> Floats:
        """What `Standardiser.transform` makes of them, in one pass over memory that stays in the cache."""
        made = rows.astype(np.float64)
        made -= self._mean
        made /= self._std
        np.clip(made, -CLIP_STD, CLIP_STD, out=made)
        made[np.isnan(made)] = 0.0
        return made
