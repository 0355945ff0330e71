"""Features of one timeframe at their own resolution, and their statistics up to an instant.

A panel may be a file that is mapped and not read: nothing here touches more of it than it is asked for.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.splits.standardise import CONSTANT_TOLERANCE, Standardiser

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Singles = npt.NDArray[np.float32]
    Instants = npt.NDArray[np.int64]

BLOCK_ROWS = 16_384
"""Rows whose sums are taken at once, and kept: the training windows of folds share nearly all of them."""


class Moments(NamedTuple):
    """Number of finite values, their mean and their summed squared distance from it, each of shape ``(F,)``."""

    n_known: Floats
    mean: Floats
    squares: Floats

    def joined(self, other: Moments) -> Moments:
        """Moments of both together (Chan, Golub and LeVeque 1983, equation 2.1)."""
        n_known = self.n_known + other.n_known
        share = np.divide(other.n_known, n_known, out=np.zeros_like(n_known), where=n_known > 0)
        shift = other.mean - self.mean
        squares = self.squares + other.squares + np.square(shift) * self.n_known * share
        return Moments(n_known, self.mean + shift * share, squares)


@dataclass(frozen=True)
class NativePanel:
    """All closed bars of one timeframe, oldest first, in raw units.

    Attributes:
        timeframe_minutes: Length of a bar.
        close_us: Shape ``(T,)``, closes in UTC microseconds, increasing.
        values: Shape ``(T, F)``, single precision; NaN where undefined. The first of them if there are ``later`` ones.
        columns: Names of the ``F`` features.
        later: Values of the bars after those of ``values``, where another future is put in their place.

    Raises:
        InvalidConfiguration: If clock, values and names are not of one length.

    Example:
        >>> panel = NativePanel(60, np.array([0, 1, 2]), np.array([[1.0], [3.0], [9.0]], np.float32), ("rsi",))
        >>> panel.standardiser(until_us=1, min_coverage_fraction=0.5).mean.tolist()
        [2.0]
    """

    timeframe_minutes: int
    close_us: Instants
    values: Singles
    columns: tuple[str, ...]
    later: Singles | None = None
    _moments: dict[int, Moments] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a panel that does not fit together."""
        n_rows = self.values.shape[0] + (0 if self.later is None else self.later.shape[0])
        if (n_rows, self.values.shape[1]) != (self.close_us.size, len(self.columns)):
            raise InvalidConfiguration(
                f"a panel of {self.close_us.size} bars must have {len(self.columns)} values on each",
                was=f"{n_rows} rows of {self.values.shape[1]}",
            )

    def read(self, start: int, stop: int) -> Singles:
        """Values of a run of bars, shape ``(stop - start, F)``."""
        n_first = self.values.shape[0]
        if self.later is None or stop <= n_first:
            return np.asarray(self.values[start:stop])
        return np.concatenate([self.values[start:n_first], self.later[max(start - n_first, 0) : stop - n_first]])

    def gather(self, places: npt.NDArray[np.int64]) -> Singles:
        """Values of any bars, shape ``(..., F)``; always a copy."""
        n_first = self.values.shape[0]
        if self.later is None:
            return np.asarray(self.values[places])
        made = np.empty((*places.shape, len(self.columns)), np.float32)
        is_later = places >= n_first
        made[~is_later] = self.values[places[~is_later]]
        made[is_later] = self.later[places[is_later] - n_first]
        return made

    def last_closed(self, issued_at_us: Instants) -> npt.NDArray[np.int64]:
        """Newest bar that had closed at each instant, shape ``(B,)``; -1 before the first close.

        Example:
            >>> panel = NativePanel(60, np.array([10, 20]), np.zeros((2, 1), np.float32), ("rsi",))
            >>> panel.last_closed(np.array([9, 10, 11, 20])).tolist()
            [-1, 0, 0, 1]
        """
        return np.searchsorted(self.close_us, issued_at_us, side="right") - 1

    def standardiser(self, until_us: int, min_coverage_fraction: float) -> Standardiser:
        """Statistics of the bars that had closed at an instant, as `Standardiser.fit` defines them.

        Args:
            until_us: Decision of the last training row.
            min_coverage_fraction: Smallest share of defined values of a column that is kept.
        """
        stop = int(self.last_closed(np.array([until_us]))[0]) + 1
        found = Moments(*np.zeros((3, len(self.columns))))
        for start in range(0, stop, BLOCK_ROWS):
            found = found.joined(self._block(start) if start + BLOCK_ROWS <= stop else moments(self.read(start, stop)))
        std = np.sqrt(found.squares / np.maximum(found.n_known, 1))
        is_constant = std <= CONSTANT_TOLERANCE * np.maximum(1.0, np.abs(found.mean))
        coverage = found.n_known / max(stop, 1)
        is_kept = (coverage >= min_coverage_fraction) & (found.n_known > 1) & ~is_constant
        return Standardiser(self.columns, found.mean, np.where(is_constant, 1.0, std), coverage, is_kept)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """A copy in another process maps the same file again; its values are not carried there."""
        values: object = self.values
        base: object = self.values.base
        # A part of a mapped array does not know its place in the file.
        if isinstance(self.values, np.memmap) and isinstance(base, mmap.mmap):
            values = (self.values.filename, self.values.dtype.str, self.values.offset, self.values.shape)
        return _copied, (self.timeframe_minutes, self.close_us, values, self.columns, self.later)

    def _block(self, start: int) -> Moments:
        if start not in self._moments:
            self._moments[start] = moments(self.read(start, start + BLOCK_ROWS))
        return self._moments[start]


def _copied(
    timeframe_minutes: int, close_us: Instants, values: object, columns: tuple[str, ...], later: Singles | None
) -> NativePanel:
    if isinstance(values, tuple):
        path, dtype, offset, shape = values
        values = np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape)
    return NativePanel(timeframe_minutes, close_us, cast("Singles", values), columns, later)


def moments(rows: Singles) -> Moments:
    """Moments of the finite values of each column, rows of shape ``(n, F)``.

    Example:
        >>> [each.tolist() for each in moments(np.array([[1.0], [3.0], [np.nan]], np.float32))]
        [[2.0], [2.0], [2.0]]
    """
    known = np.isfinite(rows)
    n_known = known.sum(axis=0).astype(np.float64)
    values = np.where(known, rows, 0.0).astype(np.float64)
    mean = values.sum(axis=0) / np.maximum(n_known, 1)
    values -= mean
    values[~known] = 0.0
    remainder = values.sum(axis=0) / np.maximum(n_known, 1)  # what rounding left of the mean of many equal values
    values -= remainder
    values[~known] = 0.0
    return Moments(n_known, mean + remainder, np.square(values, out=values).sum(axis=0))
