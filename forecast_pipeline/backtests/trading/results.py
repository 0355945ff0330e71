"""One row of results a model: the identity from gross to net, what a round trip costs and would bear, the ratios."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.trading.daily import ratios
from forecast_pipeline.backtests.trading.drawdown import drawdown_figures
from forecast_pipeline.backtests.trading.ledger import ITEMS, settle
from forecast_pipeline.backtests.trading.policy import positions

if TYPE_CHECKING:
    from forecast_pipeline.backtests.trading.account import Account
    from forecast_pipeline.backtests.trading.ledger import Ledger

Figures = dict[str, float | int | None]

_WATERFALL = {
    "gross": ("gross", 1.0),
    "half_spread": ("half-spreads", -1.0),
    "slippage": ("slippage", -1.0),
    "commission": ("commission", -1.0),
    "swap": ("swap", 1.0),
    "conversion": ("conversion", -1.0),
    "net": ("net", 1.0),
}


def result_figures(account: Account, *, has_swap: bool, seed: int, n_bootstraps: int) -> Figures:
    """Results of one model; money is a fraction of the capital, which is one unit of base currency at the first fill.

    ``break_even_pips`` is the cost of a round trip at which nothing would be left of gross, ``paid_pips`` the
    average one paid, swap included; ``cost_cover`` is their ratio. All three are NaN without a trade.

    Args:
        account: Of one model.
        has_swap: Whether swap is modelled; else it is null.
        seed: Of the bootstraps.
        n_bootstraps: Resamples.
    """
    ledger = account.ledger
    n_rows = ledger.position.size
    pips = pips_per_round_trip(ledger)
    n_days = max(account.daily.day.size, 1)
    paid = pips["gross"] - pips["net"]
    doubled = settle(account.market, ledger.position, 2.0)
    late = settle(account.market, positions(account.signal, account.schedule, 1))
    return {
        "n_decisions": n_rows,
        "n_round_trips": ledger.round_trips,
        "gross": ledger.total("gross"),
        "half_spread": ledger.total("half_spread"),
        "slippage": ledger.total("slippage"),
        "commission": ledger.total("commission"),
        "swap": ledger.total("swap") if has_swap else None,
        "conversion": ledger.total("conversion") if account.market.gap is None else None,
        "cost": ledger.total("costs"),
        "net": ledger.total("net"),
        "net_at_double_cost": doubled.total("net"),
        "net_delayed": late.total("net"),
        "break_even_pips": pips["gross"],
        "paid_pips": paid,
        "cost_cover": pips["gross"] / paid if paid > 0.0 else math.nan,
        "exposure_fraction": float(np.mean(ledger.position != 0.0)) if n_rows else 0.0,
        "mean_exposure": float(np.mean(np.abs(ledger.position))) if n_rows else 0.0,
        "turnover_per_day": float(ledger.traded.sum()) / n_days,
        "measured_spread_fraction": float(np.mean(account.market.is_measured)) if n_rows else 0.0,
        "profiled_spread_fraction": float(np.mean(account.market.is_profiled)) if n_rows else 0.0,
        **ratios(account.daily, seed=seed, n_bootstraps=n_bootstraps),
        **drawdown_figures(account.daily, seed=seed, n_bootstraps=n_bootstraps),
    }


def pips_per_round_trip(ledger: Ledger) -> dict[str, float]:
    """Each of `ITEMS` and ``net`` in quote currency, over half the units traded, in pips; NaN without a trade."""
    scale = ledger.round_trips * ledger.market.pip
    if not scale > 0.0:
        return dict.fromkeys((*ITEMS, "net"), math.nan)
    pips = {name: ledger.quote[name] / scale for name in ITEMS}
    costs = pips["half_spread"] + pips["slippage"] + pips["commission"] + pips["conversion"]
    return pips | {"net": pips["gross"] - costs + pips["swap"]}


def waterfall(ledger: Ledger, *, has_swap: bool) -> pl.DataFrame:
    """From gross to net: ``item``, ``pips_per_round_trip``, ``fraction_of_capital``; null where not modelled."""
    pips = pips_per_round_trip(ledger)
    totals = {name: ledger.total(name) for name in (*ITEMS, "net")}
    is_left_out = {"swap": not has_swap, "conversion": ledger.market.gap is not None}
    rows: list[tuple[str, float | None, float | None]] = []
    for name, (text, sign) in _WATERFALL.items():
        if is_left_out.get(name):
            rows.append((f"{text} (not modelled)", None, None))
        else:
            rows.append((text, 0.0 + sign * pips[name], 0.0 + sign * totals[name]))  # no negative zero
    schema = {"item": pl.String, "pips_per_round_trip": pl.Float64, "fraction_of_capital": pl.Float64}
    return pl.DataFrame(rows, schema, orient="row")
