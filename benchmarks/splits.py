"""Stage 4 against its peers: joining hourly features onto minutes, and purged combinatorial splits."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
from purgedcv import CombinatorialPurgedCV as Purgedcv
from side_by_side import Ratio, compare, simulated_year
from skfolio.model_selection import CombinatorialPurgedCV as Skfolio  # type: ignore[import-untyped]

from forecast_pipeline.splits.align import align
from forecast_pipeline.splits.combinatorial import CombinatorialPurged
from forecast_pipeline.splits.purge import Embargo
from forecast_pipeline.splits.splitter import EventPurge, RowPurge

N_COLUMNS = 60
N_GROUPS, N_TEST_GROUPS = 10, 2
HORIZON, EMBARGO = 12, 2880
MINUTE = 60_000_000


def run() -> list[Ratio]:
    """As-of join on the closing instant, then splits."""
    return [*_joins(), *_splits()]


def _splits() -> list[Ratio]:
    """All 45 splits of a year; that ours are equal to theirs is tested where the tests are."""
    close_us = simulated_year()["ts_utc"].to_physical().to_numpy() + MINUTE
    by_rows = CombinatorialPurged(N_GROUPS, N_TEST_GROUPS, RowPurge(HORIZON, EMBARGO, HORIZON))
    skfolio = Skfolio(N_GROUPS, N_TEST_GROUPS, purged_size=HORIZON, embargo_size=EMBARGO)
    rows = np.zeros((close_us.size, 1))

    tenth = close_us[::10]  # the peer takes ever longer the more rows there are
    label_end = tenth + HORIZON * MINUTE
    purge = EventPurge(tenth, label_end, Embargo(EMBARGO * MINUTE, "clock"), "exact")
    by_event = CombinatorialPurged(N_GROUPS, N_TEST_GROUPS, purge)
    start, end = (pd.Series(pd.to_datetime(instants, unit="us")) for instants in (tenth, label_end))
    length = pd.Timedelta(minutes=EMBARGO)
    purgedcv = Purgedcv(N_GROUPS, N_TEST_GROUPS, prediction_times=start, evaluation_times=end, embargo=length)
    return [
        compare(
            "45 purged splits of a year of minutes, by rows",
            "skfolio",
            lambda: [train.size for train, _ in by_rows.split(rows)],
            lambda: [train.size for train, _ in skfolio.split(rows)],
        ),
        compare(
            "45 splits of every tenth minute, by event time",
            "purgedcv",
            lambda: [train.size for train, _ in by_event.split(tenth)],
            lambda: [train.size for train, _ in purgedcv.split(rows[::10])],
        ),
    ]


def _joins() -> list[Ratio]:
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
