"""Levels made of the prices of the FX day before: pivots of five schools, central range, place in its range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.features.catalogue.indicator import LOG_DISTANCE, SESSION_ORIGIN, Indicator, Output
from forecast_pipeline.features.indicators import pivot, pivot_variants, previous_day
from forecast_pipeline.features.indicators.session_parts import session_open
from forecast_pipeline.features.indicators.session_prices import SessionPrices, previous_session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.features.bar_arrays import BarArrays, FloatArray


def two_session_bars(_: Mapping[str, Any], timeframe: Timeframe, _tolerance: float) -> int:
    """Two whole sessions: then the session before the present one began inside the history.

    Example:
        >>> from forecast_pipeline.core.timeframe import Timeframe
        >>> two_session_bars({}, Timeframe.H1, 1e-6)
        48
    """
    return 2 * -(-MINUTES_PER_DAY // timeframe.minutes)


def _day(b: BarArrays) -> SessionPrices:
    return previous_session(b.open, b.high, b.low, b.close, b.session)


def _distances(*levels: str) -> tuple[Output, ...]:
    return tuple(
        Output(level, LOG_DISTANCE, f"level: {level.replace('_', ' ')} of the FX day before") for level in levels
    )


def _sides(n_levels: int) -> tuple[str, ...]:
    return tuple(f"{side}_{number}" for side in ("resistance", "support") for number in range(1, n_levels + 1))


def _entry(
    name: str,
    summary: str,
    reference: str,
    outputs: tuple[Output, ...],
    compute: Callable[[BarArrays], tuple[FloatArray, ...]],
    difference: str = "",
    inputs: tuple[str, ...] = ("high", "low", "close"),
) -> Indicator:
    return Indicator(
        name=name,
        group="price",
        summary=summary,
        reference=reference,
        inputs=(*inputs, "ts_utc"),
        outputs=outputs,
        required_bars=two_session_bars,
        compute=lambda b, _: compute(b),
        origin=SESSION_ORIGIN,
        is_within_day=True,
        difference=difference,
    )


_PERSON = "J. L. Person, A Complete Guide to Technical Trading Tactics, 2004"
_OHLC = ("open", "high", "low", "close")

PRICE_LEVELS: tuple[Indicator, ...] = (
    _entry(
        "pivot_classic",
        "Floor traders' pivot of the FX day before, three resistances and three supports",
        _PERSON,
        _distances("pivot", *_sides(3)),
        lambda b: pivot.classic_pivots(b.close, _day(b)),
    ),
    _entry(
        "pivot_fibonacci",
        "38.2 % and 61.8 % of the range of the FX day before around its classic pivot",
        _PERSON,
        _distances(*_sides(2)),
        lambda b: pivot.fibonacci_pivots(b.close, _day(b)),
        "the pivot and the third levels are columns of pivot_classic",
    ),
    _entry(
        "pivot_camarilla",
        "Camarilla levels around the close of the FX day before",
        "N. Scott's Camarilla equation, 1989",
        _distances(*_sides(4)),
        lambda b: pivot.camarilla_pivots(b.close, _day(b)),
    ),
    _entry(
        "pivot_woodie",
        "Woodie's pivot of the FX day before, which weighs the present day's open",
        "K. Wood's pivots, Woodies CCI Club",
        _distances("pivot", *_sides(2)),
        lambda b: pivot_variants.woodie_pivots(b.close, _day(b), session_open(b.open, b.session)),
        "others put the last close in the place of the open",
        _OHLC,
    ),
    _entry(
        "pivot_demark",
        "DeMark's pivot and his projected high and low",
        "T. R. DeMark, The New Science of Technical Analysis, 1994",
        _distances("pivot", "resistance", "support"),
        lambda b: pivot_variants.demark_pivots(b.close, _day(b)),
        "a day whose open and close are equal in ticks did not move",
        _OHLC,
    ),
    _entry(
        "central_pivot_range",
        "Width of the range between median and pivot of the FX day before, mirrored, and distance of its median",
        "F. O. Ochoa, Secrets of a Pivot Boss, 2010",
        (
            Output("width", "fraction of the pivot", "twice the distance of pivot and median, narrow after a calm end"),
            Output("median", LOG_DISTANCE, "level: middle of high and low of the FX day before"),
        ),
        lambda b: previous_day.central_pivot_range(b.close, _day(b)),
    ),
    _entry(
        "previous_day_position",
        "Place of the close in the range of the FX day before",
        _PERSON,
        (Output("", "fraction of the range", "below 0 under its low, above 1 over its high, cut at -10 and 11"),),
        lambda b: (previous_day.previous_day_position(b.close, _day(b)),),
    ),
)
"""Each looks at completed sessions before the present one only."""
