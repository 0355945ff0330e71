"""Intraday seasonality: what is usual at this time of the FX day, and how the present bar compares with it.

Means are those of the same time on the FX days before, the present one not among them. Returns over a closure or
hole are of no time of day and do not enter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.features.catalogue.indicator import LOG_RETURN, RATIO, Indicator, Output, Parameter
from forecast_pipeline.features.indicators import seasonal_share, seasonality, slot_clock
from forecast_pipeline.features.indicators.windows import change

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.features.bar_arrays import BarArrays, FloatArray

_GROUP = "session"
_SURPRISE = "present / (present + usual)"
_PERIODICITY = "T. G. Andersen, T. Bollerslev, Journal of Empirical Finance 4, 1997"
_DAYS = (Parameter(name="lookback_days", default=10, description="FX days before the present one", most=250),)


def season_rows(extra_days: int = 0, extra: int = 0) -> Callable[[Mapping[str, Any], Timeframe, float], int]:
    """Warm-up of what looks back ``lookback_days`` FX days: as many bars as they can have, and ``extra`` before them.

    Holes only make the same number of bars reach further back.

    Example:
        >>> from forecast_pipeline.core.timeframe import Timeframe
        >>> season_rows(extra=2)({"lookback_days": 10}, Timeframe.H1, 1e-6)
        242
    """
    return lambda values, timeframe, _tolerance: (
        (values["lookback_days"] + extra_days) * (MINUTES_PER_DAY // timeframe.minutes) + extra
    )


def _clock(bars: BarArrays) -> slot_clock.SlotClock:
    return slot_clock.slot_clock(bars.session, bars.day_minute, bars.minutes)


def _returns(bars: BarArrays) -> FloatArray:
    return seasonality.bar_returns(bars.close, bars.opens_us, bars.closes_us)


def _moves(bars: BarArrays) -> FloatArray:
    return seasonality.absolute_moves(_returns(bars))


def _ranges(bars: BarArrays) -> FloatArray:
    return seasonality.absolute_moves(np.log(bars.high / bars.low))


def _present_and_next(unit: str, what: str) -> tuple[Output, Output]:
    return Output("", unit, f"{what} at this time of day"), Output("next", unit, f"{what} at the time of the next bar")


SESSION_SEASONALITY = (
    Indicator(
        name="seasonal_volatility",
        group=_GROUP,
        summary="Mean absolute return at this time of the FX day, and at the next bar's; 0 if too few days exist",
        reference=_PERIODICITY,
        inputs=("close", "ts_utc", "close_ts_utc"),
        outputs=_present_and_next(LOG_RETURN, "usual absolute return"),
        parameters=_DAYS,
        required_bars=season_rows(extra=2),
        compute=lambda b, v: seasonality.same_time_mean(_moves(b), _clock(b), v["lookback_days"], 0.0),
        is_within_day=True,
    ),
    Indicator(
        name="seasonal_return",
        group=_GROUP,
        summary="Mean return at this time of the FX day, and at the next bar's; 0 if too few days exist",
        reference="F. Breedon, A. Ranaldo, Journal of Money, Credit and Banking 45, 2013",
        inputs=("close", "ts_utc", "close_ts_utc"),
        outputs=_present_and_next(LOG_RETURN, "usual return"),
        parameters=_DAYS,
        required_bars=season_rows(extra=2),
        compute=lambda b, v: seasonality.same_time_mean(_returns(b), _clock(b), v["lookback_days"], 0.0),
        is_within_day=True,
    ),
    Indicator(
        name="seasonal_factor",
        group=_GROUP,
        summary="Mean absolute return at this time of the FX day over that of all times, 1 if too few days exist",
        reference=_PERIODICITY,
        inputs=("close", "ts_utc", "close_ts_utc"),
        outputs=_present_and_next(RATIO, "usual absolute return over the mean of all times"),
        parameters=_DAYS,
        required_bars=season_rows(extra=2),
        compute=lambda b, v: seasonality.seasonal_factor(_moves(b), _clock(b), v["lookback_days"]),
        is_within_day=True,
    ),
    Indicator(
        name="seasonal_share",
        group=_GROUP,
        summary="Share of the FX day's usual absolute returns that lie at or before this time of day",
        reference="M. M. Dacorogna et al., Journal of International Money and Finance 12, 1993",
        inputs=("close", "ts_utc", "close_ts_utc"),
        outputs=(Output("", "0 to 1", "share of the usual movement that has passed"),),
        parameters=_DAYS,
        required_bars=season_rows(extra_days=1, extra=1),
        compute=lambda b, v: (seasonal_share.seasonal_share(_moves(b), _clock(b), v["lookback_days"]),),
        is_within_day=True,
    ),
    Indicator(
        name="seasonal_return_surprise",
        group=_GROUP,
        summary="Absolute return against the usual one of this time of day, 0.5 if as usual",
        reference=_PERIODICITY,
        inputs=("close", "ts_utc", "close_ts_utc"),
        outputs=(Output("", _SURPRISE, "absolute return against the usual one"),),
        parameters=_DAYS,
        required_bars=season_rows(extra=2),
        compute=lambda b, v: (
            seasonal_share.seasonal_surprise(
                _moves(b), seasonality.absolute_moves(change(np.log(b.close))), _clock(b), v["lookback_days"]
            ),
        ),
        is_within_day=True,
    ),
    Indicator(
        name="seasonal_range_surprise",
        group=_GROUP,
        summary="Log range against the usual one of this time of day, 0.5 if as usual",
        reference=_PERIODICITY,
        inputs=("high", "low", "ts_utc"),
        outputs=(Output("", _SURPRISE, "range of the bar against the usual one"),),
        parameters=_DAYS,
        required_bars=season_rows(extra=1),
        compute=lambda b, v: (seasonal_share.seasonal_surprise(_ranges(b), _ranges(b), _clock(b), v["lookback_days"]),),
        is_within_day=True,
    ),
    Indicator(
        name="seasonal_volume_surprise",
        group=_GROUP,
        summary="Volume against the usual one of this time of day, 0.5 if as usual; unrecorded volumes do not enter",
        reference="T. Ito, Y. Hashimoto, Journal of the Japanese and International Economies 20, 2006",
        inputs=("volume", "ts_utc"),
        outputs=(Output("", _SURPRISE, "volume of the bar against the usual one"),),
        parameters=_DAYS,
        required_bars=season_rows(extra=1),
        compute=lambda b, v: (seasonal_share.seasonal_surprise(b.volume, b.volume, _clock(b), v["lookback_days"]),),
        is_within_day=True,
    ),
)
