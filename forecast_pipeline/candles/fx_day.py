"""Daily records that carry a date: read as FX days, or refused where they are cut at another hour."""

from __future__ import annotations

import polars as pl

from forecast_pipeline.core.errors import RefusedFile
from forecast_pipeline.core.trading_clock import unshifted_clock

_SUNDAY = 7
MAX_SUNDAY_FRACTION = 0.05


def is_midnight(stamps: pl.Series) -> bool:
    """Whether all stamps are dates."""
    present = stamps.drop_nulls()
    return present.len() > 0 and present.dt.truncate("1d").equals(present)


def as_fx_days(stamps: pl.Series, name: str) -> pl.Series:
    """Open instants of the FX days that carry these dates, 17:00 New York of the day before.

    Raises:
        RefusedFile: If there are Sundays: then the days run from midnight to midnight.
    """
    days = stamps.drop_nulls()
    n_sundays = int((days.dt.weekday() == _SUNDAY).sum())
    if n_sundays > MAX_SUNDAY_FRACTION * days.len():
        raise RefusedFile(
            f"daily records of {name} must run from 17:00 to 17:00 New York",
            was=f"cut at midnight, {n_sundays} of {days.len()} are Sundays",
            why="the end of such a day belongs to the next FX day, and a forecast at its close would know the future",
            do="ingest the vendor's minutes or hours",
        )
    opened = unshifted_clock(stamps.cast(pl.Datetime("us")).cast(pl.Int64).fill_null(0).to_numpy())
    return pl.Series("ts_utc", opened).cast(pl.Datetime("us", "UTC")).set(stamps.is_null(), None)
