"""Rows of the forecasts file by model and horizon, and their columns as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.schema import quantile_column
from forecast_pipeline.backtests.trading.rollover import decision_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

BPS = 1e4
ROW = ["fold", "issued_at_utc"]
"""What names one decision."""
GROUP = ["horizon_bars", "is_baseline", "model"]
"""What names one series of forecasts."""


def groups(rows: pl.DataFrame) -> Iterator[tuple[tuple[int, bool, str], pl.DataFrame]]:
    """Each series of forecasts with its key, in the order of the rows."""
    for key, group in rows.partition_by(GROUP, as_dict=True, maintain_order=True).items():
        yield (int(key[0]), bool(key[1]), str(key[2])), group


def identity(key: tuple[int, bool, str]) -> dict[str, Any]:
    """The key by column."""
    return dict(zip(GROUP, key, strict=True))


def overlap_rows(horizon_bars: int, stride_bars: int) -> int:
    """How many neighbouring decisions share a part of one label.

    Example:
        >>> overlap_rows(60, 1), overlap_rows(60, 25), overlap_rows(1, 25)
        (60, 3, 1)
    """
    return -(-horizon_bars // stride_bars)


def floats(rows: pl.DataFrame, name: str) -> Floats:
    """A column as doubles, NaN for null, shape ``(B,)``."""
    return rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def labels(rows: pl.DataFrame) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Start and end of each row's label in UTC microseconds, shapes ``(B,)``."""
    return rows["issued_at_utc"].to_physical().to_numpy(), rows["target_ts_utc"].to_physical().to_numpy()


def interval(rows: pl.DataFrame, nominal: float, prefix: str = "") -> tuple[Floats, Floats]:
    """Lower and upper end of the central interval, shapes ``(B,)``; ``prefix`` "c" for the calibrated one."""
    tail = (1.0 - nominal) / 2.0
    lower, upper = quantile_column(tail), quantile_column(1.0 - tail)
    return floats(rows, f"{prefix}{lower}"), floats(rows, f"{prefix}{upper}")


def standardised(rows: pl.DataFrame) -> Floats:
    """Outcomes over their expected deviation, shape ``(B,)``; as they are where none is known.

    Their serial correlation is the overlap of labels, not the clustering of volatility.
    """
    outcome, scale = floats(rows, "outcome"), floats(rows, "scale")
    is_scaled = np.isfinite(scale) & (scale > 0.0)
    return np.divide(outcome, scale, out=outcome.copy(), where=is_scaled)


def fx_day(issued_at_utc: pl.Series) -> pl.Series:
    """Day number of the FX day, 17:00 to 17:00 New York, that each decision ends or lies in.

    A decision at a close of 17:00 belongs to the day that it ends, so that Friday's last one is no day of its own.

    Example:
        >>> import datetime as dt
        >>> hours = [dt.datetime(2024, 1, 2, 21, tzinfo=dt.UTC), dt.datetime(2024, 1, 2, 22, tzinfo=dt.UTC)]
        >>> fx_day(pl.Series([*hours, hours[1] + dt.timedelta(hours=1)])).diff().to_list()
        [None, 0, 1]
    """
    return pl.Series("fx_day", decision_day(issued_at_utc.dt.epoch("us").to_numpy()))
