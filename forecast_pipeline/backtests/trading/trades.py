"""Round trips one by one: how long they last, what they earn in pips, how far they go for and against."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast_pipeline.core.trading_clock import trading_minutes

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.trading.ledger import Ledger

    Floats = npt.NDArray[np.float64]


class Trips(NamedTuple):
    """Round trips of one account, each of shape ``(N,)``, by time; pips are per unit bought and sold.

    ``hours`` are of open session; ``adverse_pips`` (at most 0) and ``favourable_pips`` (at least 0) are the
    extremes of the open gross result at the fills, which miss what lies between them.
    """

    hours: Floats
    units: Floats
    gross_pips: Floats
    net_pips: Floats
    adverse_pips: Floats
    favourable_pips: Floats


def trips_of(ledger: Ledger) -> Trips:
    """The round trips of a ledger; conversion is left out of their net."""
    market, start, end = ledger.market, ledger.trip_start, ledger.trip_end
    if start.size == 0:
        return Trips(*(np.empty(0) for _ in Trips._fields))
    opened, earned = ledger.opened, np.cumsum(ledger.earned)
    side_cost = market.half_spread + market.slippage + market.commission / market.rate
    running_opened = np.cumsum(opened)
    # At the fill that ends a trip, what is opened belongs to the next one.
    units = running_opened[end] - opened[end] - (running_opened[start] - opened[start])
    paid = np.cumsum(ledger.traded * side_cost)
    opening_cost = opened * side_cost
    costs = paid[end] - opening_cost[end] - (paid[start] - opening_cost[start])
    swap = np.cumsum(ledger.carried)
    scale = 1.0 / (units * market.pip)
    gross = earned[end] - earned[start]
    bounds = np.column_stack([start + 1, end + 1]).ravel()
    padded = np.append(earned, earned[-1])
    highest, lowest = (each.reduceat(padded, bounds)[::2] - earned[start] for each in (np.maximum, np.minimum))
    minutes = trading_minutes(market.fill_us)
    return Trips(
        hours=(minutes[end] - minutes[start]) / 60.0,
        units=units,
        gross_pips=gross * scale,
        net_pips=(gross - costs + swap[end] - swap[start]) * scale,
        adverse_pips=np.minimum(lowest, 0.0) * scale,
        favourable_pips=np.maximum(highest, 0.0) * scale,
    )


def trade_figures(ledger: Ledger) -> dict[str, float | int]:
    """Statistics of the round trips of one account; NaN without any.

    ``best_1_percent_share`` is what the best hundredth (at least one) contributes to the net pips, NaN if
    these are not positive.
    """
    trips = trips_of(ledger)
    n_trips = trips.hours.size
    figures: dict[str, float | int] = {"n_trades": n_trips}
    names = "mean_hours median_hours win_rate mean_pips net_pips_05 net_pips_25 net_pips_50 net_pips_75 net_pips_95"
    figures |= dict.fromkeys(f"{names} mean_adverse_pips mean_favourable_pips best_1_percent_share".split(), math.nan)
    if n_trips == 0:
        return figures
    levels = np.quantile(trips.net_pips, (0.05, 0.25, 0.5, 0.75, 0.95))
    weighted = trips.net_pips * trips.units
    total = float(weighted.sum())
    n_best = max(1, n_trips // 100)
    best = float(np.sort(weighted)[-n_best:].sum())
    figures |= {
        "mean_hours": float(np.mean(trips.hours)),
        "median_hours": float(np.median(trips.hours)),
        "win_rate": float(np.mean(trips.net_pips > 0.0)),
        "mean_pips": float(np.mean(trips.net_pips)),
        "mean_adverse_pips": float(np.mean(trips.adverse_pips)),
        "mean_favourable_pips": float(np.mean(trips.favourable_pips)),
        "best_1_percent_share": best / total if total > 0.0 else math.nan,
    }
    return figures | dict(
        zip(("net_pips_05", "net_pips_25", "net_pips_50", "net_pips_75", "net_pips_95"), levels.tolist(), strict=True)
    )
