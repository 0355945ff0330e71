"""Futures that never were: every value after a cut replaced by wild garbage, or by an echo of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.splits.build import CANDLE_COLUMNS, with_labels
from forecast_pipeline.splits.targets import forward_log_returns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from forecast_pipeline.core.timeframe import Timeframe

    Floats = npt.NDArray[np.float64]

SCALE = -100.0
GAP_FRACTION = 0.1
EMPTIED_EVERY = 5
"""Each fifth feature vanishes after the cut, so that a coverage measured on all rows changes too."""
_PRICES = ("price", "fill_price", "bar_open", "bar_high", "bar_low")


def invent_future(frame: pl.DataFrame, first_row: int, seed: int) -> pl.DataFrame:
    """The matrix with every value from a row on shuffled, multiplied by -100 and in places taken away.

    The clock stays: when bars close is no secret. Prices stay positive and finite, and highs above lows. Labels
    are left as they are; `relabelled` computes them again from the prices.

    Args:
        frame: Matrix of a split.
        first_row: First row that is garbage.
        seed: Seed of the garbage.

    Example:
        >>> frame = pl.DataFrame({"price": [1.0, 1.1, 1.2], "rsi": [50.0, 60.0, 70.0]})
        >>> made = invent_future(frame, 1, seed=3)
        >>> made["rsi"][0], made["price"][0], bool((made["price"][1:] > 50).all())
        (50.0, 1.0, True)
    """
    n_later = frame.height - first_row
    if n_later <= 0:
        return frame
    rng = np.random.default_rng(seed)
    changed = []
    for position, name in enumerate(frame.columns):
        column = frame[name]
        if not column.dtype.is_float():
            continue
        later = column[first_row:].fill_null(float("nan")).to_numpy().astype(np.float64)
        # Doubled noise, so that a column that does not vary in the real future varies in this one.
        noise = rng.standard_normal(n_later) * max(float(np.nanmax(np.abs(later), initial=0.0)), 1e-6)
        shuffled = np.where(np.isfinite(later), later, 0.0)[rng.permutation(n_later)]
        if name in _PRICES:
            made = abs(SCALE) * np.maximum(np.abs(shuffled), 1e-3) * np.exp(rng.standard_normal(n_later))
        else:
            made = SCALE * (shuffled + 2.0 * noise)
            made[rng.random(n_later) < GAP_FRACTION] = np.nan
            if position % EMPTIED_EVERY == 0 and name != "bar_return":
                made[:] = np.nan
        values = np.concatenate([column[:first_row].fill_null(float("nan")).to_numpy(), made])
        changed.append(pl.Series(name, values).cast(column.dtype).fill_nan(None))
    return _enclosed(frame.with_columns(changed), first_row)


def _enclosed(frame: pl.DataFrame, first_row: int) -> pl.DataFrame:
    """Highs and lows from a row on widened to hold the other prices of their bar."""
    prices = [name for name in ("price", "bar_open", "bar_high", "bar_low") if name in frame.columns]
    bounds = {"bar_high": pl.max_horizontal(prices), "bar_low": pl.min_horizontal(prices)}
    is_later = pl.int_range(pl.len()) >= first_row
    return frame.with_columns(
        pl.when(is_later).then(bound).otherwise(name).alias(name)
        for name, bound in bounds.items()
        if name in frame.columns
    )


def echo_past(frame: pl.DataFrame, first_row: int, _seed: int = 0) -> pl.DataFrame:
    """The matrix with every value from a row on taken from the rows just before it, over and over.

    What a fold has learned holds in this future better than in any real one, and in
    `invent_future` not at all: a choice made by looking ahead falls differently in one of the two.

    Args:
        frame: Matrix of a split.
        first_row: First row that is garbage, at least 1 where there are any.

    Example:
        >>> frame = pl.DataFrame({"price": [1.0, 2.0, 1.5], "bar_return": [0.0, 0.5, -0.1], "rsi": [50.0, 60.0, 70.0]})
        >>> echo_past(frame, 2)["rsi"].to_list()
        [50.0, 60.0, 60.0]
    """
    n_later = frame.height - first_row
    if n_later <= 0:
        return frame
    n_past = min(first_row, n_later)
    place = first_row - n_past + np.arange(n_later) % n_past
    moves = frame["bar_return"].fill_null(0.0).to_numpy()[place]
    path = float(frame["price"][first_row - 1]) * np.exp(np.cumsum(np.where(np.isfinite(moves), moves, 0.0)))
    changed = []
    for name in frame.columns:
        column = frame[name]
        if not column.dtype.is_float():
            continue
        if name in _PRICES:
            # As far from the close as on the bar that is echoed.
            shape = (column / frame["price"]).fill_null(float("nan")).to_numpy()[place]
            later = pl.Series(name, path * (shape if name in CANDLE_COLUMNS else 1.0), dtype=column.dtype)
        else:
            later = column.gather(place)
        changed.append(pl.concat([column[:first_row], later]))
    return frame.with_columns(changed)


FUTURES: dict[str, Callable[[pl.DataFrame, int, int], pl.DataFrame]] = {"wild": invent_future, "echo": echo_past}
"""What may stand after a cut: matrix, first row and seed to the matrix with another future."""


def relabelled(frame: pl.DataFrame, timeframe: Timeframe, horizons: Sequence[int]) -> pl.DataFrame:
    """The matrix with outcomes and path extremes computed again from its prices, as the split stage computes them."""
    close_us = frame["close_ts_utc"].cast(pl.Int64).to_numpy()
    targets = forward_log_returns(close_us, frame["price"].to_numpy(), timeframe, horizons)
    return with_labels(frame, targets, horizons)
