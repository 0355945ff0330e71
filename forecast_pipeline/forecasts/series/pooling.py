"""One forecaster for several series: their rows end to end, each in its own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.splits.arrays import BarHistory, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

GAP_BARS = 1024
"""Unknown bars between two series, so that no context reaches from one into the other."""


def pooled(rows_of_series: Sequence[Rows]) -> Rows:
    """All rows of all series as those of one segment.

    The bars of each history are laid end to end, with `GAP_BARS` unknown returns between.

    Args:
        rows_of_series: Rows with the same inputs and horizons, each with its history.
    """
    histories = [rows.history for rows in rows_of_series if rows.history is not None]
    offsets = np.cumsum([0, *(history.returns.size + GAP_BARS for history in histories[:-1])])
    first = histories[0]
    candles = [history.candles for history in histories if history.candles is not None]
    extremes = [rows.extremes for rows in rows_of_series if rows.extremes is not None]
    return Rows(
        standardised=np.concatenate([rows.inputs for rows in rows_of_series]),
        increments=np.concatenate([rows.increments for rows in rows_of_series]),
        scale=np.concatenate([rows.scale for rows in rows_of_series]),
        issued_at_us=np.concatenate([rows.issued_at_us for rows in rows_of_series]),
        history=BarHistory(
            _with_gaps([history.returns for history in histories]),
            np.concatenate([history.bar + offset for history, offset in zip(histories, offsets, strict=True)]),
            np.concatenate([history.n_slots for history in histories]),
            first.horizons,
            first.slot_minutes,
            _with_gaps(candles) if len(candles) == len(histories) else None,
        ),
        extremes=np.concatenate(extremes) if len(extremes) == len(rows_of_series) else None,
    )


def _with_gaps(values: Sequence[Floats]) -> Floats:
    """Values by bar end to end, with NaN between."""
    gap = np.full((GAP_BARS, *values[0].shape[1:]), np.nan)
    return np.concatenate([part for each in values for part in (each, gap)][:-1])
