"""Stage 4 against pandas and DuckDB: joining 60 columns of hourly features onto minutes."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
from side_by_side import Ratio, compare, simulated_year

from forecast_pipeline.splits.align import align

N_COLUMNS = 60


def run() -> list[Ratio]:
    """As-of join on the closing instant."""
    clock = simulated_year().select(close_ts_utc=pl.col("ts_utc") + pl.duration(minutes=1))
    hours = clock.filter(pl.col("close_ts_utc").dt.minute() == 0)
    values = np.random.default_rng(1).standard_normal((hours.height, N_COLUMNS)).astype(np.float32)
    slow = hours.with_columns(pl.from_numpy(values, schema=[f"f{k}" for k in range(N_COLUMNS)]))
    names = slow.columns[1:]
    left, right = clock.to_pandas(), slow.to_pandas()
    connection = duckdb.connect()
    connection.register("base", clock.to_arrow())
    connection.register("slow", slow.to_arrow())
    question = "select * from base asof left join slow using (close_ts_utc)"
    return [
        compare(
            "join 60 hourly columns onto a year of minutes",
            "pandas merge_asof",
            lambda: align(clock, slow, names, 60),
            lambda: pd.merge_asof(left, right, on="close_ts_utc"),
        ),
        compare(
            "the same",
            "DuckDB asof join",
            lambda: align(clock, slow, names, 60),
            lambda: connection.sql(question).to_arrow_table(),
        ),
    ]
