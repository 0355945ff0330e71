"""Closes and candles from what people have: lists, arrays, series and frames, with a clock where they bring one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE, Timeframe
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, is_open, trading_minutes

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]

TIME_COLUMN = "ts_utc"
SHAPE_COLUMNS = ("open", "high", "low")
FIRST_OPEN_US = 631_749_600_000_000
"""Where bars without a clock begin: Sunday 1990-01-07 17:00 New York. The date has no meaning."""
MAX_CLOSED_FRACTION = 0.05
"""A source with more bars than this outside the FX week trades by another calendar: then its bars are counted."""


@dataclass(frozen=True, slots=True)
class SeriesBars:
    """One series, oldest bar first.

    Attributes:
        close: Shape ``(T,)``, as given.
        close_us: Shape ``(T,)``, the instant at which each bar is complete; counted on where bars have no clock.
        timeframe: Length of a bar.
        shape: Shape ``(T, 3)``, open, high and low; None if there were closes only.
        notes: What a reader should know of how it was read.
    """

    close: Floats
    close_us: Instants
    timeframe: Timeframe
    shape: Floats | None
    notes: tuple[str, ...] = ()


def read_closes(source: Any, timeframe: Timeframe | str | None = None) -> SeriesBars:  # noqa: ANN401 - see below
    """One series from a list, an array, a series or a candle frame.

    Without times each bar counts as one day of the trading clock, unless ``timeframe`` says otherwise. With times the
    timeframe is the most frequent spacing. Daily bars are counted in any case, because vendors cut the day at
    different hours; intraday bars keep their clock, and with it the hour of the week, unless they trade through
    the weekend.

    Args:
        source: A list or array of closes ``(T,)``; a pandas or polars series; or a frame of either with ``close``
            and, if it has them, ``open high low`` and the open of each bar as ``ts_utc`` or as its index.
            Times without a zone are UTC.
        timeframe: Length of a bar.

    Raises:
        InvalidConfiguration: If the shape is not one series, a price is not a finite positive number, or times do
            not increase.
        UnknownTimeframe: If the spacing is no timeframe.

    Example:
        >>> bars = read_closes([1.10, 1.11, 1.12])
        >>> bars.timeframe.value, bars.close.tolist()
        ('1d', [1.1, 1.11, 1.12])
    """
    close, shape, open_us = _columns(source)
    _check_prices(close if shape is None else np.column_stack([close, shape]))
    if open_us is not None and (np.diff(open_us) <= 0).any():
        row = int(np.argmax(np.diff(open_us) <= 0)) + 1
        raise InvalidConfiguration("times must increase", was=f"a step back or a repeat at row {row}", do="sort them")
    if timeframe is not None:
        length = Timeframe.parse(str(timeframe))
    elif open_us is None or open_us.size < 2:  # noqa: PLR2004 - a spacing needs two bars
        length = Timeframe.D1
    else:
        steps, counts = np.unique(np.diff(open_us), return_counts=True)
        length = Timeframe.of_minutes(int(steps[np.argmax(counts)]) // MICROSECONDS_PER_MINUTE)
    if open_us is None:
        return SeriesBars(close, _counted(FIRST_OPEN_US, close.size, length), length, shape)
    if length is Timeframe.D1:
        return SeriesBars(close, _counted(_start(open_us), close.size, length), length, shape)
    closed = ~is_open(open_us)
    if closed.mean() > MAX_CLOSED_FRACTION:
        note = f"{closed.mean():.0%} of the bars lie outside the FX week; bars are counted, without hours of the week"
        return SeriesBars(close, _counted(_start(open_us), close.size, length), length, shape, (note,))
    kept = ~closed
    notes = (f"{int(closed.sum())} bars outside the FX week were left out",) if closed.any() else ()
    closes_us = open_us[kept] + length.microseconds
    return SeriesBars(close[kept], closes_us, length, None if shape is None else shape[kept], notes)


def _columns(source: Any) -> tuple[Floats, Floats | None, Instants | None]:  # noqa: ANN401 - four libraries' types
    """Closes, open-high-low and open instants."""
    library = type(source).__module__.partition(".")[0]
    if library in ("pandas", "polars") and hasattr(source, "columns"):
        names = list(source.columns)
        if "close" not in names:
            raise InvalidConfiguration("a frame must have a column close", was=", ".join(map(str, names)))
        close = _floats(source["close"])
        has_shape = all(name in names for name in SHAPE_COLUMNS)
        shape = np.column_stack([_floats(source[name]) for name in SHAPE_COLUMNS]) if has_shape else None
        times = source[TIME_COLUMN] if TIME_COLUMN in names else getattr(source, "index", None)
        return close, shape, _instants(times)
    times = getattr(source, "index", None) if library == "pandas" else None
    return _floats(source), None, _instants(times)


def _floats(values: Any) -> Floats:  # noqa: ANN401 - as above
    try:
        numbers = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidConfiguration("closes must be numbers", was=str(error).splitlines()[0]) from None
    if numbers.ndim != 1:
        do = "give one column, or use fit_panel for several series"
        raise InvalidConfiguration("closes must be one series, shape (T,)", was=f"shape {numbers.shape}", do=do)
    return np.array(numbers)


def _instants(times: Any) -> Instants | None:  # noqa: ANN401 - as above
    """Microseconds in UTC; None for an index that only counts."""
    if times is None:
        return None
    if getattr(times, "tz", None) is not None:  # a pandas index: its zone would be lost with a warning
        times = times.tz_convert("UTC").tz_localize(None)
    elif hasattr(times, "dt") and getattr(times.dt, "tz", None) is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    values = np.asarray(times.to_numpy() if hasattr(times, "to_numpy") else times)
    if not np.issubdtype(values.dtype, np.datetime64):
        return None
    return np.asarray(values.astype("datetime64[us]").astype(np.int64))


def _start(open_us: Instants) -> int:
    return int(open_us[0]) if open_us.size else FIRST_OPEN_US


def _counted(start_us: int, n_bars: int, timeframe: Timeframe) -> Instants:
    """Closes of bars that follow each other on the trading clock."""
    first = int(trading_minutes(np.array([start_us], dtype=np.int64))[0])
    return instants_of_trading_minutes(first + timeframe.minutes * np.arange(1, n_bars + 1))


def _check_prices(prices: Floats) -> None:
    is_price = np.isfinite(prices) & (prices > 0.0)
    bad = ~is_price.reshape(prices.shape[0], -1).all(axis=1)
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidConfiguration(
            "prices must be finite and positive",
            was=f"{prices[row].tolist()} at row {row}, {int(bad.sum())} such rows",
            do="leave those bars out",
        )
