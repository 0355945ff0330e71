"""The usual spread by hour of the week, from the rows that lie before every test row."""

from __future__ import annotations

import numpy as np
import polars as pl

from forecast_pipeline.backtests.schema import OUT_OF_SAMPLE
from forecast_pipeline.candles.weekly_spread import HOURS_PER_WEEK, hour_of_week


def profile_before_test(forecasts: pl.DataFrame) -> pl.DataFrame | None:
    """Median measured spread of each hour of the week over the training rows before the first test row.

    It knows nothing of the test, unlike a profile of the whole history of candles; crossed quotes are left out.

    Args:
        forecasts: All rows of a forecasts file, in-sample ones included.

    Returns:
        Columns ``hour_of_week``, ``spread`` (price, NaN where no row) and ``n_candles`` as in
        `candles.spread_profile`; None if no spread was measured before the test.

    Example:
        >>> import datetime as dt
        >>> stamps = [dt.datetime(2024, 1, 7, hour, tzinfo=dt.UTC) for hour in (22, 23)]
        >>> columns = {"segment": ["in_sample", "out_of_sample"], "spread": [0.0002, 9.0]}
        >>> rows = pl.DataFrame({"issued_at_utc": stamps} | columns)
        >>> profile_before_test(rows)["spread"][0]
        0.0002
    """
    tested = forecasts.filter(pl.col("segment") == OUT_OF_SAMPLE)["issued_at_utc"]
    is_known = pl.col("spread").is_finite() & (pl.col("spread") >= 0.0)
    rows = forecasts.select("issued_at_utc", "spread").filter(is_known)
    rows = rows.filter(pl.col("issued_at_utc") < tested.min()) if tested.len() else rows
    rows = rows.unique("issued_at_utc").sort("issued_at_utc")
    if rows.is_empty():
        return None
    hours = pl.Series("hour_of_week", hour_of_week(rows["issued_at_utc"].dt.epoch("us").to_numpy()))
    found = rows.with_columns(hours).group_by("hour_of_week").agg(pl.median("spread"), pl.len().alias("n_candles"))
    every = pl.DataFrame({"hour_of_week": np.arange(HOURS_PER_WEEK)})
    joined = every.join(found, "hour_of_week", "left", maintain_order="left")
    return joined.with_columns(
        pl.col("spread").fill_null(float("nan")), pl.col("n_candles").fill_null(0).cast(pl.Int64)
    )
