"""Checks of a record against its neighbours: spikes that revert, feeds that hang, changes of scale, real extremes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from forecast_pipeline.core.errors import RefusedFile

SPIKE_FACTOR = 1.5
MAX_SPIKE_RECORDS = 30
SCALE_FACTOR = 5.0
EXTREME_LOG_RETURN = 0.03
STALE_MINUTES = 60
MIN_STALE_RECORDS = 5
_WINDOW = 2 * MAX_SPIKE_RECORDS + 1
_MIN_NEIGHBOURS = 3
_ALL = ("open", "high", "low", "close", "ask_open", "ask_high", "ask_low", "ask_close")

Mask = npt.NDArray[np.bool_]


def spikes(records: pl.DataFrame) -> Mask:
    """Records with a price more than ``SPIKE_FACTOR`` off the median close of the records around them.

    A shift that lasts more than ``MAX_SPIKE_RECORDS`` records is the median itself and no spike.

    Args:
        records: Good records sorted by their stamp.
    """
    if records.height <= _MIN_NEIGHBOURS or not _has_jump(records):
        return np.zeros(records.height, dtype=bool)
    limit = float(np.log(SPIKE_FACTOR))
    around = pl.lit(_median_around(records["close"]))
    off = pl.any_horizontal(*[((pl.col(name) / around).log().abs() > limit).fill_null(value=False) for name in _ALL])
    return records.select(off.alias("off"))["off"].to_numpy()


def check_scale(records: pl.DataFrame, name: str) -> None:
    """Refuse a file whose prices change their scale.

    Args:
        records: Good records without spikes, sorted by their stamp.
        name: File name, for the message.

    Raises:
        RefusedFile: Naming the first seam.
    """
    jumps = records.with_columns(
        factor=pl.col("open") / pl.col("close").shift(1), before=pl.col("close").shift(1)
    ).filter((pl.col("factor") > SCALE_FACTOR) | (pl.col("factor") < 1 / SCALE_FACTOR))
    if jumps.height:
        first = jumps.row(0, named=True)
        raise RefusedFile(
            f"prices of {name} must keep one scale",
            was=f"{first['before']:g} and then {first['open']:g} at {first['ts_utc']:%Y-%m-%d %H:%M}",
            why="a return over that seam is no market's",
            do="mend the file, or cut it at the seam",
        )


def stale_rows(records: pl.DataFrame, source_minutes: int) -> Mask:
    """Records of a feed that hangs: four equal prices, the same for an hour or more; the first of a run is not marked.

    A run in which the volume changes is a market that stands still and is left alone.

    Args:
        records: Good records sorted by their stamp.
        source_minutes: Length of a record.
    """
    needed = max(MIN_STALE_RECORDS, STALE_MINUTES // source_minutes)
    if records.height < needed:
        return np.zeros(records.height, dtype=bool)
    close, volume = records["close"].to_numpy(), records["volume"].fill_null(0.0).to_numpy()
    is_flat = (records["high"] == records["low"]).to_numpy() & (records["open"] == records["close"]).to_numpy()
    repeats = np.zeros(records.height, dtype=bool)
    repeats[1:] = is_flat[1:] & is_flat[:-1] & (close[1:] == close[:-1]) & (volume[1:] == volume[:-1])
    if not repeats.any():
        return repeats
    edges = np.flatnonzero(np.diff(np.r_[False, repeats, False].astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]
    long = ends - begins + 1 >= needed
    stale = np.zeros(records.height, dtype=bool)
    for begin, end in zip(begins[long], ends[long], strict=True):
        stale[begin:end] = True
    return stale


def n_extremes(records: pl.DataFrame, source_minutes: int) -> int:
    """How many records of at most an hour move by more than ``EXTREME_LOG_RETURN``."""
    if source_minutes > STALE_MINUTES:
        return 0
    return int(((records["high"] / records["low"]).log() > EXTREME_LOG_RETURN).sum())


def _median_around(close: pl.Series) -> pl.Series:
    """Median of the window around each record; near the ends that of the first and the last whole window."""
    if close.len() <= _WINDOW:
        return pl.Series([close.median()] * close.len(), dtype=pl.Float64)
    middle = close.rolling_median(_WINDOW, center=True).to_numpy().copy()
    half = _WINDOW // 2
    middle[:half], middle[-half:] = middle[half], middle[-half - 1]
    return pl.Series(middle)


def _has_jump(records: pl.DataFrame) -> bool:
    """Whether any price is far from the close before it: a cheap look that spares most files the median."""
    before = pl.col("close").shift(1)
    top, bottom = pl.max_horizontal("high", "ask_high"), pl.min_horizontal("low", "ask_low")
    inside = (top / bottom).max() > SPIKE_FACTOR
    far = ((top / before > SPIKE_FACTOR) | (bottom / before < 1 / SPIKE_FACTOR)).any()
    return bool(records.select(inside | far).item())
