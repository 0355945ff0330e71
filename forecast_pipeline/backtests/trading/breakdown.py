"""Where the net result comes from: months, hours of the week, sessions, regimes, and named windows of stress."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.trading.drawdown import max_drawdown
from forecast_pipeline.candles.weekly_spread import HOURS_PER_WEEK, hour_of_week
from forecast_pipeline.features.indicators.market_sessions import MARKET_SESSIONS, session_flags

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.trading.daily import DailyNet
    from forecast_pipeline.backtests.trading.ledger import Ledger

    Floats = npt.NDArray[np.float64]

STRESS_WINDOWS = (
    ("Swiss franc floor abandoned", dt.date(2015, 1, 15), dt.date(2015, 1, 16)),
    ("Brexit referendum", dt.date(2016, 6, 24), dt.date(2016, 6, 27)),
    ("Yen flash crash", dt.date(2019, 1, 3), dt.date(2019, 1, 4)),
    ("March 2020", dt.date(2020, 3, 1), dt.date(2020, 3, 31)),
)
"""Name, first and last FX day."""
UNKNOWN_REGIME = "unknown"


def net_by_fill(ledger: Ledger) -> Floats:
    """Net of each fill, shape ``(T,)``: earned from it to the next one, costs paid at it; sums to the net."""
    held = ledger.gross + ledger.account["swap"]
    return np.asarray(np.diff(held, append=held[-1:]) - np.diff(ledger.costs, prepend=0.0))


def monthly(daily: DailyNet) -> pl.DataFrame:
    """``year``, ``month``, ``net`` by the date of the trading day."""
    day = pl.Series("day", daily.day, dtype=pl.Int32).cast(pl.Date)
    frame = pl.DataFrame({"year": day.dt.year(), "month": day.dt.month(), "net": daily.net})
    return frame.group_by("year", "month", maintain_order=True).agg(pl.col("net").sum()).sort("year", "month")


def by_hour(ledger: Ledger) -> pl.DataFrame:
    """All 120 hours of the trading week: ``hour_of_week``, ``net``, ``n`` (fills that traded)."""
    hour = hour_of_week(ledger.market.fill_us)
    net = np.bincount(hour, weights=net_by_fill(ledger), minlength=HOURS_PER_WEEK)
    n_traded = np.bincount(hour[ledger.traded > 0.0], minlength=HOURS_PER_WEEK)
    return pl.DataFrame({"hour_of_week": np.arange(HOURS_PER_WEEK), "net": net, "n": n_traded})


def by_session(ledger: Ledger) -> pl.DataFrame:
    """A row for each set of cities that trade at the same time: ``session``, ``n_fills``, ``n_traded``, ``net``."""
    flags = session_flags(ledger.market.fill_us)[: len(MARKET_SESSIONS)]
    code = sum((flag.astype(np.int64) << place for place, flag in enumerate(flags)), np.int64(0))
    names = []
    for number in range(2 ** len(MARKET_SESSIONS)):
        cities = [each.name for place, each in enumerate(MARKET_SESSIONS) if number >> place & 1]
        names.append(" and ".join(cities) or "no city")
    return _grouped("session", pl.Series([names[number] for number in np.atleast_1d(code)], dtype=pl.String), ledger)


def by_regime(ledger: Ledger) -> pl.DataFrame:
    """A row for each regime known at the decision: ``regime``, ``n_fills``, ``n_traded``, ``net``."""
    return _grouped("regime", ledger.market.regime.fill_null(UNKNOWN_REGIME), ledger)


def stress(daily: DailyNet) -> pl.DataFrame:
    """Named windows inside the range of the data.

    Returns:
        ``window``, ``first_day``, ``last_day``, ``n_days``, ``net``, ``worst_day`` and ``max_drawdown``; no row
        for a window without a day.
    """
    origin = dt.date(1970, 1, 1)
    rows = []
    for name, first, last in STRESS_WINDOWS:
        inside = (daily.day >= (first - origin).days) & (daily.day <= (last - origin).days)
        net = daily.net[inside]
        if net.size:
            rows.append((name, first, last, net.size, float(net.sum()), float(net.min()), max_drawdown(net)))
    schema = {"window": pl.String, "first_day": pl.Date, "last_day": pl.Date, "n_days": pl.Int64}
    return pl.DataFrame(
        rows, schema | {"net": pl.Float64, "worst_day": pl.Float64, "max_drawdown": pl.Float64}, orient="row"
    )


def _grouped(name: str, key: pl.Series, ledger: Ledger) -> pl.DataFrame:
    frame = pl.DataFrame({name: key, "net": net_by_fill(ledger), "traded": ledger.traded})
    counts = (pl.len().cast(pl.Int64).alias("n_fills"), (pl.col("traded") > 0.0).sum().cast(pl.Int64).alias("n_traded"))
    return frame.group_by(name, maintain_order=True).agg(*counts, pl.col("net").sum()).sort(name)
