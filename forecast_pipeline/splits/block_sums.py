"""Sums of products of a raw matrix over its blocks, taken before the statistics of any fold are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.intp]

MIN_BLOCK_ROWS = 1024
ROWS_PER_COLUMN = 4
"""Rows of a block for each column, so that the sums take no more memory than the matrix does."""


class BlockMatrix:
    """A raw matrix and the sums of its blocks, each computed when it is first asked for.

    Where a block begins depends on the number of columns only, and its sums on its own rows only: so what comes
    later cannot change a bit of them.

    Args:
        values: Shape ``(T, p)``, single or double precision; NaN and infinities where not defined.
        is_counted: Shape ``(T,)``, rows that sums contain: those with known targets.
    """

    def __init__(self, values: npt.NDArray[np.floating], is_counted: npt.NDArray[np.bool_]) -> None:
        self.values = values
        self.is_counted = is_counted
        self.block_rows = MIN_BLOCK_ROWS
        while self.block_rows < ROWS_PER_COLUMN * values.shape[1]:
            self.block_rows *= 2
        self.n_blocks = -(-values.shape[0] // self.block_rows)
        self._sums: dict[int, BlockSums] = {}

    def sums(self, block: int) -> BlockSums:
        """Sums over the counted rows of a block."""
        if block not in self._sums:
            self._sums[block] = block_sums(self.values[self.counted_in(block)])
        return self._sums[block]

    def counted_in(self, block: int) -> Positions:
        """Counted rows of a block."""
        first = block * self.block_rows
        return first + np.flatnonzero(self.is_counted[first : first + self.block_rows])

    def blocks_within(self, positions: Positions) -> tuple[int, int]:
        """First and past-the-last block of a run whose counted rows are all among increasing ``positions``.

        Only blocks that begin and end between the first and the last position: whether a later row of the last block
        is counted may not matter. No block if one of the positions is not counted.

        Example:
            >>> matrix = BlockMatrix(np.zeros((5000, 1)), np.ones(5000, bool))
            >>> matrix.blocks_within(np.arange(1000, 4500)), matrix.blocks_within(np.arange(1000))
            ((1, 4), (0, 0))
        """
        if positions.size == 0 or not self.is_counted[positions].all():
            return 0, 0
        first = -(-int(positions[0]) // self.block_rows)
        last = (int(positions[-1]) + 1) // self.block_rows
        if first >= last:
            return 0, 0
        inside = self.is_counted[first * self.block_rows : last * self.block_rows]
        n_counted = inside.reshape(-1, self.block_rows).sum(axis=1)
        n_held = np.bincount(positions // self.block_rows, minlength=last)[first:last]
        broken = np.flatnonzero(n_held != n_counted)
        stop = first + int(broken[0]) if broken.size else last
        return (first, stop) if first < stop else (0, 0)


@dataclass(frozen=True, slots=True)
class BlockSums:
    """Sums over the rows of one block.

    With ``W`` the finite values less ``centre``, 0 where not finite, and ``M`` the mask of finite values.

    Attributes:
        n_rows: Rows.
        centre: Mean of the finite values, shape ``(p,)``.
        total: Column sums of ``W``: what is left of them by rounding, shape ``(p,)``.
        ww: ``W'W``, shape ``(p, p)``.
        mw: ``M'W``, shape ``(p, p)``; None where all values are finite, as then it follows from ``total``.
        mm: ``M'M``, likewise.
        low: Smallest value, minus infinity if one is, shape ``(p,)``.
        high: Largest value, likewise.
    """

    n_rows: int
    centre: Floats
    total: Floats
    ww: Floats
    mw: Floats | None
    mm: Floats | None
    low: Floats
    high: Floats

    def add_to(self, gram: Floats, mean: Floats) -> None:
        """Add ``(X - mean)'(X - mean)`` over the finite values, shape ``(p, p)``.

        Example:
            >>> gram = np.zeros((1, 1))
            >>> block_sums(np.array([[1.0], [2.0], [np.nan]])).add_to(gram, np.array([0.0]))
            >>> gram.tolist()
            [[5.0]]
        """
        gram += self.ww
        shift = self.centre - mean
        if self.mw is None or self.mm is None:
            crossed = np.outer(shift, self.total + 0.5 * self.n_rows * shift)
        else:
            crossed = shift[:, None] * (self.mw + 0.5 * self.mm * shift)
        gram += crossed
        gram += crossed.T


def block_sums(rows: npt.NDArray[np.floating]) -> BlockSums:
    """Sums over rows, shape ``(n, p)``."""
    n_rows, n_columns = rows.shape
    w = rows.astype(np.float64)
    if n_rows == 0:
        nothing, square = np.zeros(n_columns), np.zeros((n_columns, n_columns))
        return BlockSums(0, nothing, nothing, square, None, None, nothing + np.inf, nothing - np.inf)
    low, high = w.min(axis=0), w.max(axis=0)  # NaN where a value is
    if np.isfinite(low).all() and np.isfinite(high).all():
        centre = w.mean(axis=0)
        w -= centre
        return BlockSums(n_rows, centre, w.sum(axis=0), w.T @ w, None, None, low, high)
    low, high = np.fmin.reduce(w, initial=np.inf), np.fmax.reduce(w, initial=-np.inf)
    is_known = np.isfinite(w)
    w[~is_known] = 0.0
    centre = w.sum(axis=0) / np.maximum(is_known.sum(axis=0), 1)
    w -= centre
    w[~is_known] = 0.0
    mask = is_known.astype(np.float64)
    return BlockSums(n_rows, centre, w.sum(axis=0), w.T @ w, mask.T @ w, mask.T @ mask, low, high)
