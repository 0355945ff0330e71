"""Session clocks: which cities trade, where in day, week, month and quarter a bar lies, and the closures behind it.

Flags and distances of clocks are read at the close of the bar, the instant of the decision. What belongs to a day
as a whole, such as its weekday, is that of the FX day that holds the bar.
"""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import FLAG, LOG_RETURN, Indicator, Output, finite, lookback
from forecast_pipeline.features.indicators import closure_clock, fixing, fx_calendar, market_sessions, week_clock

_GROUP = "session"
_DAY_SHARE = "share of a day"
_CYCLE = "-1 to 1"
_CITIES = {"tokyo": "Tokyo", "frankfurt": "Frankfurt", "london": "London", "new_york": "New York"}
_ITO = "T. Ito, Y. Hashimoto, Journal of the Japanese and International Economies 20, 2006"
_HIGH_FREQUENCY = "M. M. Dacorogna et al., An Introduction to High-Frequency Finance, 2001"
_LAKONISHOK = "J. Lakonishok, S. Smidt, Review of Financial Studies 1, 1988"
_SESSION_NAMES = tuple((market.name, _CITIES[market.name]) for market in market_sessions.MARKET_SESSIONS)

SESSION_CLOCK = (
    Indicator(
        name="trading_session",
        group=_GROUP,
        summary="Open cities by local clock: Tokyo 09:00-18:00, London and New York 08:00-17:00, end excluded",
        reference=_ITO,
        inputs=("close_ts_utc",),
        outputs=(
            *(Output(name, FLAG, f"{city} trades at the decision") for name, city in _SESSION_NAMES),
            Output("overlap", "cities", "number of cities that trade"),
        ),
        required_bars=lambda *_: 1,
        compute=lambda b, _: market_sessions.session_flags(b.closes_us),
        is_within_day=True,
    ),
    Indicator(
        name="since_session_open",
        group=_GROUP,
        summary="Time since each city's clock last showed the opening of its session",
        reference=_ITO,
        inputs=("close_ts_utc",),
        outputs=tuple(Output(name, _DAY_SHARE, f"time since {city} opened") for name, city in _SESSION_NAMES),
        required_bars=lambda *_: 1,
        compute=lambda b, _: market_sessions.since_opens(b.closes_us),
        is_within_day=True,
    ),
    Indicator(
        name="until_session_close",
        group=_GROUP,
        summary="Time until each city's clock next shows the end of its session",
        reference=_ITO,
        inputs=("close_ts_utc",),
        outputs=tuple(Output(name, _DAY_SHARE, f"time until {city} closes") for name, city in _SESSION_NAMES),
        required_bars=lambda *_: 1,
        compute=lambda b, _: market_sessions.until_closes(b.closes_us),
        is_within_day=True,
    ),
    Indicator(
        name="fixing_proximity",
        group=_GROUP,
        summary="Nearness to the daily fixings: Tokyo 09:55, Frankfurt 14:15, London 16:00, local clocks",
        reference="M. Melvin, J. Prins, Journal of Financial Markets 22, 2015",
        inputs=("close_ts_utc",),
        outputs=tuple(
            Output(name, "0 to 1", f"1 at the fixing of {_CITIES[name]}, 0 half a day away")
            for name, *_ in market_sessions.FIXINGS
        ),
        required_bars=lambda *_: 1,
        compute=lambda b, _: fixing.fixing_proximity(b.closes_us),
        is_within_day=True,
    ),
    Indicator(
        name="rollover",
        group=_GROUP,
        summary="Hour of the rollover: decisions from 17:00 to before 18:00 New York",
        reference="F. Breedon, A. Ranaldo, Journal of Money, Credit and Banking 45, 2013",
        inputs=("ts_utc",),
        outputs=(Output("", FLAG, "the decision lies in the hour of the rollover"),),
        required_bars=lambda *_: 1,
        compute=lambda b, _: (week_clock.rollover_hour(b.day_minute, b.minutes),),
        is_within_day=True,
    ),
    Indicator(
        name="day_position",
        group=_GROUP,
        summary="Share of the bar's FX day, 17:00 to 17:00 New York, that has passed at its close",
        reference=_HIGH_FREQUENCY,
        inputs=("ts_utc",),
        outputs=(Output("", "0 to 1", "share of the FX day that has passed"),),
        required_bars=lambda *_: 1,
        compute=lambda b, _: (week_clock.day_position(b.day_minute, b.minutes),),
        is_within_day=True,
    ),
    Indicator(
        name="week_position",
        group=_GROUP,
        summary="Share of the bar's trading week, Sunday to Friday 17:00 New York, that has passed at its close",
        reference=_HIGH_FREQUENCY,
        inputs=("ts_utc",),
        outputs=(Output("", "0 to 1", "share of the trading week that has passed"),),
        required_bars=lambda *_: 1,
        compute=lambda b, _: (week_clock.week_position(b.session, b.day_minute, b.minutes),),
    ),
    Indicator(
        name="week_edge",
        group=_GROUP,
        summary="First and last hour of the trading week, or bar where bars are longer; Friday's close is the first",
        reference=_HIGH_FREQUENCY,
        inputs=("ts_utc",),
        outputs=(
            Output("first", FLAG, "the decision lies in the first hour of the week"),
            Output("last", FLAG, "the decision lies in the last hour of the week"),
        ),
        required_bars=lambda *_: 1,
        compute=lambda b, _: week_clock.week_edges(b.session, b.day_minute, b.minutes),
        is_within_day=True,
    ),
    Indicator(
        name="since_closure",
        group=_GROUP,
        summary="Bars since the last closure or hole, as a share of the lookback",
        reference=_HIGH_FREQUENCY,
        inputs=("ts_utc", "close_ts_utc"),
        outputs=(Output("", "0 to 1", "1 if the whole lookback passed without a closure"),),
        parameters=(lookback(96, "bars after which a closure no longer counts"),),
        required_bars=finite(),
        compute=lambda b, v: (closure_clock.since_closure(b.opens_us, b.closes_us, v["lookback_bars"]),),
    ),
    Indicator(
        name="closure_gap",
        group=_GROUP,
        summary="Log return over the last closure or hole in the lookback, 0 if there was none",
        reference=_HIGH_FREQUENCY,
        inputs=("open", "close", "ts_utc", "close_ts_utc"),
        outputs=(Output("", LOG_RETURN, "log(first open after / last close before)"),),
        parameters=(lookback(96, "bars after which a closure no longer counts"),),
        required_bars=finite(1),
        compute=lambda b, v: (closure_clock.closure_gap(b.open, b.close, b.opens_us, b.closes_us, v["lookback_bars"]),),
    ),
    Indicator(
        name="weekday",
        group=_GROUP,
        summary="First, middle and last FX day of the week",
        reference="J. W. McFarland, R. R. Pettit, S. K. Sung, Journal of Finance 37, 1982",
        inputs=("ts_utc",),
        outputs=tuple(
            Output(name, FLAG, f"the FX day is a {name.title()}") for name, _ in fx_calendar.FLAGGED_WEEKDAYS
        ),
        required_bars=lambda *_: 1,
        compute=lambda b, _: fx_calendar.weekday_flags(b.session),
    ),
    Indicator(
        name="month_cycle",
        group=_GROUP,
        summary="Day of the month as a point on a circle",
        reference=_LAKONISHOK,
        inputs=("ts_utc",),
        outputs=tuple(Output(wave, _CYCLE, f"{wave} of the day of the month") for wave in ("sin", "cos")),
        required_bars=lambda *_: 1,
        compute=lambda b, _: fx_calendar.month_cycle(b.session),
    ),
    Indicator(
        name="year_cycle",
        group=_GROUP,
        summary="Day of the year as a point on a circle, the month included",
        reference=_LAKONISHOK,
        inputs=("ts_utc",),
        outputs=tuple(Output(wave, _CYCLE, f"{wave} of the day of the year") for wave in ("sin", "cos")),
        required_bars=lambda *_: 1,
        compute=lambda b, _: fx_calendar.year_cycle(b.session),
    ),
    Indicator(
        name="month_edge",
        group=_GROUP,
        summary="Weekdays of the month before and after the FX day, over 23; holidays count as weekdays",
        reference=_LAKONISHOK,
        inputs=("ts_utc",),
        outputs=(
            Output("passed", "0 to 1", "0 on the first weekday of the month"),
            Output("left", "0 to 1", "0 on the last weekday of the month"),
        ),
        required_bars=lambda *_: 1,
        compute=lambda b, _: fx_calendar.month_edges(b.session),
    ),
    Indicator(
        name="quarter_edge",
        group=_GROUP,
        summary="Weekdays of the quarter before and after the FX day, over 66; holidays count as weekdays",
        reference=_LAKONISHOK,
        inputs=("ts_utc",),
        outputs=(
            Output("passed", "0 to 1", "0 on the first weekday of the quarter"),
            Output("left", "0 to 1", "0 on the last weekday of the quarter"),
        ),
        required_bars=lambda *_: 1,
        compute=lambda b, _: fx_calendar.quarter_edges(b.session),
    ),
)
