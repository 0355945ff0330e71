"""Stage 2 against pandas: seven timeframes from a year of minutes."""

from __future__ import annotations

import polars as pl
from side_by_side import Ratio, compare, simulated_year

from forecast_pipeline.bars.resample import resample
from forecast_pipeline.core.schema import CANDLES
from forecast_pipeline.core.timeframe import Timeframe

PANDAS_RULES = {"5m": "5min", "15m": "15min", "30m": "30min", "1h": "1h", "4h": "4h", "1d": "1D"}


def run() -> list[Ratio]:
    """Aggregate to six slower timeframes."""
    year = simulated_year()
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in CANDLES.items() if name not in year.columns]
    candles = year.with_columns(missing).with_columns(
        source_minutes=pl.lit(1, pl.Int32), spread=pl.lit(None, pl.Float64)
    )
    table = year.to_pandas().set_index("ts_utc").tz_convert("America/New_York").tz_localize(None)
    rules = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    return [
        compare(
            "resample a year to six timeframes",
            "pandas resample on the New York clock",
            lambda: [resample(candles, Timeframe(name)) for name in PANDAS_RULES],
            lambda: [table.resample(rule).agg(rules).dropna() for rule in PANDAS_RULES.values()],
        )
    ]
