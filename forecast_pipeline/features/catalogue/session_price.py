"""Prices within the FX day: range, return and mean so far, the Tokyo range, and the day before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.features.catalogue.indicator import (
    LOG_DISTANCE,
    LOG_RETURN,
    SESSION_ORIGIN,
    Indicator,
    Output,
)
from forecast_pipeline.features.indicators import previous_session, session_so_far, tokyo_range

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from forecast_pipeline.core.timeframe import Timeframe

_GROUP = "session"
_LOG_RANGE = "log(high / low)"
_RANGES = "T. Crabel, Day Trading with Short Term Price Patterns and Opening Range Breakout, 1990"
_HARRIS = "L. Harris, Trading and Exchanges, 2003"
_DACOROGNA = "M. M. Dacorogna et al., An Introduction to High-Frequency Finance, 2001"


def session_rows(n_sessions: int, extra: int = 0) -> Callable[[Mapping[str, Any], Timeframe, float], int]:
    """Warm-up of what looks at whole FX days: as many bars as ``n_sessions`` can have, and ``extra`` before them.

    Example:
        >>> from forecast_pipeline.core.timeframe import Timeframe
        >>> session_rows(2, extra=1)({}, Timeframe.H1, 1e-6)
        49
    """
    return lambda _values, timeframe, _tolerance: n_sessions * -(-MINUTES_PER_DAY // timeframe.minutes) + extra


SESSION_PRICE = (
    Indicator(
        name="session_range",
        group=_GROUP,
        summary="Log range of the FX day so far",
        reference=_RANGES,
        inputs=("high", "low", "ts_utc"),
        outputs=(Output("", _LOG_RANGE, "range of the FX day so far"),),
        required_bars=session_rows(1),
        compute=lambda b, _: (session_so_far.session_range(b.high, b.low, b.session),),
        origin=SESSION_ORIGIN,
        is_within_day=True,
    ),
    Indicator(
        name="session_place",
        group=_GROUP,
        summary="Place of the close in the range of the FX day so far, 0.5 without a range",
        reference=_RANGES,
        inputs=("high", "low", "close", "ts_utc"),
        outputs=(Output("", "0 to 1", "0 at the low of the FX day so far, 1 at its high"),),
        required_bars=session_rows(1),
        compute=lambda b, _: (session_so_far.session_place(b.high, b.low, b.close, b.session),),
        origin=SESSION_ORIGIN,
        is_within_day=True,
    ),
    Indicator(
        name="session_return",
        group=_GROUP,
        summary="Log return of the FX day so far, from the last close before it",
        reference=_DACOROGNA,
        inputs=("close", "ts_utc"),
        outputs=(Output("", LOG_RETURN, "log(close / last close of the FX day before)"),),
        required_bars=session_rows(1, extra=1),
        compute=lambda b, _: (session_so_far.session_return(b.close, b.session),),
        origin=SESSION_ORIGIN,
        is_within_day=True,
    ),
    Indicator(
        name="session_open",
        group=_GROUP,
        summary="Log distance of the close from the first open of the FX day",
        reference=_RANGES,
        inputs=("open", "close", "ts_utc"),
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the open of the FX day"),),
        required_bars=session_rows(1),
        compute=lambda b, _: (session_so_far.session_open(b.open, b.close, b.session),),
        origin=SESSION_ORIGIN,
        is_within_day=True,
    ),
    Indicator(
        name="session_twap",
        group=_GROUP,
        summary="Time-weighted average price of the FX day so far: mean of its closes",
        reference=_HARRIS,
        inputs=("close", "ts_utc"),
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the average"),),
        required_bars=session_rows(1),
        compute=lambda b, _: (session_so_far.session_twap(b.close, b.session),),
        origin=SESSION_ORIGIN,
        is_within_day=True,
    ),
    Indicator(
        name="tokyo_range",
        group=_GROUP,
        summary="Range of the FX day's Tokyo session, 09:00 to 18:00 local, once it is over, and its break",
        reference=_RANGES,
        inputs=("high", "low", "close", "ts_utc"),
        outputs=(
            Output("", _LOG_RANGE, "range of the completed Tokyo session, 0 before its end"),
            Output("break", "log(close / broken extreme)", "positive above it, negative below it, 0 inside"),
        ),
        required_bars=session_rows(1),
        compute=lambda b, _: tokyo_range.tokyo_range(b),
        origin=SESSION_ORIGIN,
        is_within_day=True,
    ),
    Indicator(
        name="previous_session_return",
        group=_GROUP,
        summary="Log return of the FX day before, close to close",
        reference=_DACOROGNA,
        inputs=("close", "ts_utc"),
        outputs=(Output("", LOG_RETURN, "return of the completed FX day"),),
        required_bars=session_rows(2, extra=1),
        compute=lambda b, _: (previous_session.previous_session_return(b.close, b.session),),
        origin=SESSION_ORIGIN,
        is_within_day=True,
    ),
    Indicator(
        name="previous_session_range",
        group=_GROUP,
        summary="Log range of the FX day before, and where in it that day closed",
        reference=_RANGES,
        inputs=("high", "low", "close", "ts_utc"),
        outputs=(
            Output("", _LOG_RANGE, "range of the completed FX day"),
            Output("place", "0 to 1", "its close between its low and its high, 0.5 without a range"),
        ),
        required_bars=session_rows(2),
        compute=lambda b, _: previous_session.previous_session_range(b.high, b.low, b.close, b.session),
        origin=SESSION_ORIGIN,
        is_within_day=True,
    ),
    Indicator(
        name="previous_session_extremes",
        group=_GROUP,
        summary="Log distances of the close from high and low of the FX day before",
        reference=_RANGES,
        inputs=("high", "low", "close", "ts_utc"),
        outputs=(
            Output("high", LOG_DISTANCE, "distance of the close from the high of the completed FX day"),
            Output("low", LOG_DISTANCE, "distance of the close from the low of the completed FX day"),
        ),
        required_bars=session_rows(2),
        compute=lambda b, _: previous_session.previous_session_extremes(b.high, b.low, b.close, b.session),
        origin=SESSION_ORIGIN,
        is_within_day=True,
    ),
)
