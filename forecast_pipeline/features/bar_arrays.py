"""Bars as plain arrays, checked once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.core.schema import BARS, check_clock, check_schema
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, shifted_clock

FloatArray = npt.NDArray[np.float64]
PRICES = ("open", "high", "low", "close")
_US_PER_DAY = MINUTES_PER_DAY * MICROSECONDS_PER_MINUTE


@dataclass(frozen=True, slots=True, eq=False)
class BarArrays:
    """One timeframe's bars, all arrays of shape ``(T,)``, oldest first.

    Attributes:
        open: First price, finite and positive, in quote currency.
        high: Highest price.
        low: Lowest price.
        close: Last price, known at ``close_ts_utc``.
        volume: Traded or tick volume; NaN where the vendor recorded none.
        session: Number of the FX day, 17:00 to 17:00 New York, that holds the bar's open.
        opens_us: Open instants, microseconds since 1970 in UTC.
        closes_us: Close instants, microseconds since 1970 in UTC.
    """

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    session: npt.NDArray[np.int64]
    opens_us: npt.NDArray[np.int64]
    closes_us: npt.NDArray[np.int64]


def bar_arrays(bars: pl.DataFrame) -> BarArrays:
    """Check a bars frame and turn it into arrays.

    Args:
        bars: Frame that follows ``core.schema.BARS``, strictly increasing in ``ts_utc``.

    Raises:
        CorruptData: If schema or clock are violated, or a price is null, not finite or not positive.
    """
    check_schema(bars, BARS, "bars")
    check_clock(bars, "bars")
    prices = {name: np.ascontiguousarray(bars[name].to_numpy(), dtype=np.float64) for name in PRICES}
    for name, values in prices.items():
        bad = ~(np.isfinite(values) & (values > 0.0))
        if bad.any():
            row = int(np.argmax(bad))
            raise CorruptData(
                f"bars: {name} must be finite and positive",
                was=f"{values[row]} in the bar of {bars['ts_utc'][row]}",
                why="one such price makes recursive indicators undefined for the rest of the history",
                do="build the bars of this partition again",
            )
    opens_us = bars["ts_utc"].cast(pl.Int64).to_numpy()
    return BarArrays(
        **prices,
        volume=np.ascontiguousarray(bars["volume"].fill_null(float("nan")).to_numpy(), dtype=np.float64),
        session=shifted_clock(opens_us) // _US_PER_DAY,
        opens_us=opens_us,
        closes_us=bars["close_ts_utc"].cast(pl.Int64).to_numpy(),
    )
