"""Bars as plain arrays, checked once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.core.schema import BARS, check_clock, check_schema
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, shifted_clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.core.timeframe import Timeframe

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
PRICES = ("open", "high", "low", "close")
_US_PER_DAY = MINUTES_PER_DAY * MICROSECONDS_PER_MINUTE


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BarArrays:
    """One timeframe's bars, all arrays of shape ``(T,)``, oldest first.

    Attributes:
        open: First price, finite and positive, in quote currency.
        high: Highest price.
        low: Lowest price.
        close: Last price, known at ``close_ts_utc``.
        volume: Traded or tick volume; NaN where the vendor recorded none.
        opens_us: Open instants, microseconds since 1970 in UTC.
        closes_us: Close instants, microseconds since 1970 in UTC.
        shifted_us: Open instants on the shifted clock (`core.trading_clock`), on which an FX day is a whole day.
        session: Number of the FX day, 17:00 to 17:00 New York, that holds each bar's open; from ``shifted_us``.
        minutes: Length of a bar.
        symbol: Symbol of the bars, normalised; empty where none is known.
        peers: Closes of other symbols by name, shape ``(T,)``, each that of the bar with the same close instant;
            NaN where the other symbol has no such bar.
    """

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    opens_us: IntArray
    closes_us: IntArray
    shifted_us: IntArray
    minutes: int = 1
    symbol: str = ""
    peers: Mapping[str, FloatArray] = field(default_factory=dict)
    session: IntArray = field(default_factory=lambda: np.array([], np.int64))

    def __post_init__(self) -> None:
        """Number the sessions, once: dividing whole numbers is slow."""
        if self.session.size != self.shifted_us.size:
            object.__setattr__(self, "session", self.shifted_us // _US_PER_DAY)

    @property
    def day_minute(self) -> IntArray:
        """Minutes from 17:00 New York to each bar's open, 0 to 1439."""
        return (self.shifted_us - self.session * _US_PER_DAY) // MICROSECONDS_PER_MINUTE

    def rows(self, start: int, stop: int) -> BarArrays:
        """The bars at positions ``start`` to ``stop``, as views.

        Example:
            >>> from forecast_pipeline.features.bar_arrays import BarArrays
            >>> ones, zeros = np.ones(5), np.zeros(5, np.int64)
            >>> prices = dict(open=ones, high=ones, low=ones, close=ones, volume=ones)
            >>> bars = BarArrays(**prices, opens_us=zeros, closes_us=zeros, shifted_us=zeros)
            >>> len(bars.rows(1, 4))
            3
        """
        names = (*PRICES, "volume", "opens_us", "closes_us", "shifted_us", "session")
        parts = {name: getattr(self, name)[start:stop] for name in names}
        peers = {name: closes[start:stop] for name, closes in self.peers.items()}
        return dataclasses.replace(self, **parts, peers=peers)

    def __len__(self) -> int:
        """Number of bars."""
        return int(self.close.size)


def bar_arrays(
    bars: pl.DataFrame, timeframe: Timeframe, symbol: str = "", peers: Mapping[str, FloatArray] | None = None
) -> BarArrays:
    """Check a bars frame and turn it into arrays.

    Args:
        bars: Frame that follows ``core.schema.BARS``, strictly increasing in ``ts_utc``.
        timeframe: Length of the bars.
        symbol: Symbol of the bars.
        peers: Closes of other symbols on the same rows.

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
        open=prices["open"],
        high=prices["high"],
        low=prices["low"],
        close=prices["close"],
        volume=np.ascontiguousarray(bars["volume"].fill_null(float("nan")).to_numpy(), dtype=np.float64),
        opens_us=opens_us,
        closes_us=bars["close_ts_utc"].cast(pl.Int64).to_numpy(),
        shifted_us=shifted_clock(opens_us),
        minutes=timeframe.minutes,
        symbol=symbol,
        peers=dict(peers or {}),
    )
