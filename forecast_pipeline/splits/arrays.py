"""The arrays that a forecaster sees: inputs, increments, scale and past returns of one segment of a fold.

Shapes: ``B`` rows, ``p`` inputs, ``K`` horizons, ``T`` bars.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.splits.moments import StandardisedRows
    from forecast_pipeline.splits.native import NativeWindows

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BarHistory:
    """Returns of all bars up to the last row, for forecasters that filter a variance of their own.

    What a forecaster makes of a row may depend on the bars up to that row's only.

    Attributes:
        returns: Shape ``(T,)``, log return of each bar over the root of its hour's share of the variance
            (`TargetScale.profile`); NaN where unknown.
        bar: Shape ``(B,)``, the bar at whose close each row is decided.
        n_slots: Shape ``(B, K)``, variance of each increment in slots of average variance: an increment over a
            quiet night counts less than its slots.
        horizons: Shape ``(K,)``, ends of the increments in slots.
        slot_minutes: Length of a slot, which is that of a bar.
        candles: Shape ``(T, 3)``, log of open, high and low over the close of each bar, over the same root as
            ``returns``; NaN where unknown. None where the bars have closes only.
        close_us: Shape ``(T,)``, close of each bar in UTC microseconds; None where bars have no times.
        profile: Shape ``(cells,)``, the hour's share of the variance that returns were divided by; None where there
            is none.
    """

    returns: Floats
    bar: npt.NDArray[np.int64]
    n_slots: Floats
    horizons: tuple[int, ...]
    slot_minutes: int
    candles: Floats | None = None
    close_us: npt.NDArray[np.int64] | None = None
    profile: Floats | None = None

    def take(self, positions: npt.NDArray[np.intp]) -> BarHistory:
        """The same bars for the rows at ``positions``."""
        return dataclasses.replace(self, bar=self.bar[positions], n_slots=self.n_slots[positions])


@dataclass(frozen=True, slots=True)
class Rows:
    """One segment of a fold, without any price.

    Attributes:
        standardised: Shape ``(B, p)``, standardised features, or what computes them.
        increments: Shape ``(B, K)``, realised log return between neighbouring horizons; NaN where
            unknown. A forecaster reads them in `Forecaster.fit` only.
        scale: Shape ``(B, K)``, ex-ante standard deviation of each increment.
        issued_at_us: Shape ``(B,)``, decision instants in UTC microseconds.
        history: Past returns; None where no forecaster needs them.
        extremes: Shape ``(B, K, 2)``, highest and lowest log price inside each increment relative to the price at
            its start, both ends included: never below ``max(0, increment)``, never above ``min(0, increment)``
            (`extremes.path_extremes`). NaN where the increment is unknown; None where bars have no highs and lows.
            A forecaster reads them in `Forecaster.fit` only.
        native: Past features of several timeframes at their own resolution, read when asked for; None where the
            rows do not come from a lake.
    """

    standardised: Floats | StandardisedRows
    increments: Floats
    scale: Floats
    issued_at_us: npt.NDArray[np.int64]
    history: BarHistory | None = None
    extremes: Floats | None = None
    native: NativeWindows | None = None

    @property
    def inputs(self) -> Floats:
        """Standardised features, shape ``(B, p)``."""
        return np.asarray(self.standardised)

    @property
    def scaled_increments(self) -> Floats:
        """Increments in units of their scale, shape ``(B, K)``."""
        return self.increments / self.scale

    @property
    def outcomes(self) -> Floats:
        """Log return from the decision to each horizon, shape ``(B, K)``."""
        return np.cumsum(self.increments, axis=1)

    def labelled(self) -> Rows:
        """The rows whose increments are all known."""
        known = np.isfinite(self.increments).all(axis=1)
        return self.take(np.flatnonzero(known))

    def take(self, positions: npt.NDArray[np.intp]) -> Rows:
        """The rows at ``positions``."""
        return Rows(
            self.standardised[positions],
            self.increments[positions],
            self.scale[positions],
            self.issued_at_us[positions],
            history=None if self.history is None else self.history.take(positions),
            extremes=None if self.extremes is None else self.extremes[positions],
            native=None if self.native is None else self.native.take(positions),
        )

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.issued_at_us.size)


@dataclass(frozen=True)
class FoldArrays:
    """The three segments of a fold, in the statistics of its training rows."""

    train: Rows
    validation: Rows
    test: Rows

    @functools.cached_property
    def fitting(self) -> tuple[Rows, Rows]:
        """Train and validation rows with known outcomes, the same objects for every family of the fold."""
        return self.train.labelled(), self.validation.labelled()
