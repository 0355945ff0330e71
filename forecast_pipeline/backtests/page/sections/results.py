"""What the policy earned: accounts, ratios, and the way from gross to net."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.page import money_plots
from forecast_pipeline.backtests.page.blocks import NOT_MODELLED, Missing
from forecast_pipeline.backtests.page.cells import (
    HORIZON,
    MODEL,
    Column,
    fixed,
    interval,
    share,
    table,
    whole_table,
    word,
)
from forecast_pipeline.backtests.page.drawing import figure
from forecast_pipeline.backtests.page.policy import spread_sentence
from forecast_pipeline.backtests.wording import bars, counted, number, percent

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.blocks import Block
    from forecast_pipeline.backtests.page.cells import Row
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_NO_FILL = "No decision could be filled"


def context(source: Source) -> Context:
    """Tables of all models, and the figures of the headline model."""
    equity, waterfall = source.equity, source.evidence.trading.waterfall
    return {
        "results": _results(source),
        "ratios": _ratios(source),
        "equity": figure(
            "equity",
            equity,
            money_plots.equity_curve,
            "Gross and net result",
            _equity_caption(source, equity),
            why=_NO_FILL,
        ),
        "underwater": figure(
            "underwater",
            equity,
            money_plots.underwater,
            "Loss since the highest result",
            _underwater_caption(equity),
            height=1.9,
            why=_NO_FILL,
        ),
        "waterfall": figure(
            "waterfall",
            waterfall,
            money_plots.waterfall,
            "From gross to net",
            _waterfall_caption(source),
            why=f"{NOT_MODELLED}: parts of the costs",
        ),
        "waterfall_table": _waterfall_table(source),
    }


def _accounts(source: Source) -> pl.DataFrame:
    given = source.evidence.trading.economics
    return source.summary.economics if given is None else given


def _results(source: Source) -> Block:
    accounts = _accounts(source)
    if not {"model", "net"} <= set(accounts.columns):
        return whole_table(accounts, "Results of the policy", "Results of the policy.")
    contenders = accounts.filter(~pl.col("is_baseline")) if "is_baseline" in accounts.columns else accounts
    shown = contenders if contenders.height else accounts
    earning = shown.filter(pl.col("net") > 0.0).height
    caption = f"{earning} of {counted(shown.height, 'model')} {'earns' if earning == 1 else 'earn'} more than "
    caption += f"{'its' if earning == 1 else 'their'} costs"
    has_trades = "n_round_trips" not in shown.columns or shown["n_round_trips"].sum()
    caption += "." if has_trades else "; none made a trade."
    columns = (
        HORIZON,
        MODEL,
        word("decisions", "n_decisions"),
        fixed("round trips", "n_round_trips", 1),
        fixed("turnover a day", "turnover_per_day", 2),
        share("exposure", "exposure_fraction"),
        share("gross", "gross", 2),
        share("costs", "cost", 2),
        share("net", "net", 2),
        share("net at 2x costs", "net_at_double_cost", 2),
        share("net one bar late", "net_delayed", 2),
        fixed("break-even, pips", "break_even_pips", 2),
        fixed("paid, pips", "paid_pips", 2),
        fixed("cost cover", "cost_cover", 2),
        share("half spreads", "half_spread", 2),
        share("slippage", "slippage", 2),
        share("commission", "commission", 2),
        Column("swap", ("swap",), lambda r: _charged(r["swap"])),
        Column("conversion", ("conversion",), lambda r: _charged(r["conversion"])),
    )
    unknown = (
        "Policy, fills and account: not recorded.",
        spread_sentence(source.summary.economics, source.summary.costs),
    )
    return table(accounts, caption, columns, source.evidence.trading.policy or unknown)


def _ratios(source: Source) -> Block:
    accounts, own = _accounts(source), source.account
    sharpe = interval("Sharpe a year [95 %]", ("sharpe_annual", "sharpe_low", "sharpe_high"), 2)
    if not {"model", *sharpe.needs} <= set(accounts.columns):
        return Missing("Ratios of the results by FX day")
    caption = (
        f"{source.model} has a Sharpe ratio of {sharpe.text(own)} a year over {counted(own['n_days'], 'FX day')} "
        f"({bars(own['horizon_bars'])}, 95 % interval)."
    )
    columns = (
        HORIZON,
        MODEL,
        Column("days (a year)", ("n_days", "days_per_year"), _days),
        sharpe,
        Column("bootstrap [95 %]", ("sharpe_boot_low", "sharpe_boot_high"), _boot),
        fixed("Sharpe a year, Lo", "sharpe_lo_annual", 2),
        fixed("PSR", "psr", 3),
        fixed("Sortino", "sortino_annual", 2),
        fixed("Calmar", "calmar", 2),
        fixed("skew", "skew", 2),
        fixed("kurtosis", "kurtosis", 2),
        share("max drawdown by FX day", "max_drawdown", 2),
        Column("its bootstrap 5 to 95 %", ("max_drawdown_05", "max_drawdown_95"), _drawdowns),
        share("days under water", "under_water_fraction"),
    )
    notes = (
        "By FX day, 17:00 New York to 17:00; the interval of the Sharpe ratio is HAC.",
        "A drawdown by FX day is between two closes: the figure below, fill by fill, may show a deeper one.",
    )
    return table(accounts, caption, columns, notes)


def _days(row: Row) -> str:
    per_year = row["days_per_year"]
    known = per_year is not None and math.isfinite(per_year)
    return f"{row['n_days']} ({per_year:.0f})" if known else str(row["n_days"])


def _boot(row: Row) -> str:
    return _range(number(row["sharpe_boot_low"], 2), number(row["sharpe_boot_high"], 2))


def _drawdowns(row: Row) -> str:
    return _range(percent(row["max_drawdown_05"], 2), percent(row["max_drawdown_95"], 2))


def _range(low: str, high: str) -> str:
    return low if low == high == "undefined" else f"{low} to {high}"


def _equity_caption(source: Source, equity: pl.DataFrame) -> str:
    if equity.is_empty():
        return ""
    ends = [100.0 * float(equity[f"{name}_cumulative"][-1]) for name in ("gross", "net")]
    text = f"{source.model} ends at {number(ends[0], 2)} % before and {number(ends[1], 2)} % after costs over "
    text += f"{counted(equity.height, 'fill')} ({source.account_size}), one unit held."
    return text + " No trade was made." * ("traded" in equity.columns and not equity["traded"].sum())


def _underwater_caption(equity: pl.DataFrame) -> str:
    if equity.is_empty():
        return ""
    level = equity["net_cumulative"].to_numpy()
    worst = float(np.max(np.maximum(np.maximum.accumulate(level), 0.0) - level))
    return (
        f"Fill by fill the net result stood at worst {number(100.0 * worst, 2)} points below its highest value "
        f"({counted(equity.height, 'fill')}); the tables measure drawdowns by FX day."
    )


def _waterfall_caption(source: Source) -> str:
    frame = source.evidence.trading.waterfall
    if frame is None or frame.is_empty():
        return ""
    gross, net = (number(frame["pips_per_round_trip"][end], 2) for end in (0, -1))
    return (
        f"Of {gross} pips that {source.model} makes a round trip before costs, {net} are left after them "
        f"({source.account_size})."
    )


def _waterfall_table(source: Source) -> Block:
    frame = source.evidence.trading.waterfall
    if frame is None or frame.is_empty():
        return Missing("Parts of the costs", f"{NOT_MODELLED}: only their sum is known")
    columns = (
        word("item", "item"),
        Column("pips per round trip", ("pips_per_round_trip",), lambda r: _part(r["pips_per_round_trip"], 1.0, 3)),
        Column("% of one unit", ("fraction_of_capital",), lambda r: _part(r["fraction_of_capital"], 100.0, 3)),
    )
    return table(frame, f"Where the gross result goes: each part as it was charged ({source.account_size}).", columns)


def _charged(value: float | None) -> str:
    return NOT_MODELLED if value is None else percent(value, 2)


def _part(value: float | None, factor: float, digits: int) -> str:
    return NOT_MODELLED if value is None else number(factor * value, digits)
