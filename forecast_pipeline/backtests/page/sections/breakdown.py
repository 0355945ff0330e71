"""Where the result of the policy comes from: months, hours, sessions, regimes, trades, drawdowns, and rivals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests.page import money_plots
from forecast_pipeline.backtests.page.blocks import NOT_COMPUTED, NOT_RECOVERED, Missing
from forecast_pipeline.backtests.page.cells import Column, by_name, fixed, plain_or, share, table, whole_table, word
from forecast_pipeline.backtests.page.drawing import canvas_figure, figure
from forecast_pipeline.backtests.wording import counted, percent

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.blocks import Block
    from forecast_pipeline.backtests.page.sections.source import Context, Source


def context(source: Source) -> Context:
    """Figures by month and hour, and the tables."""
    trading = source.evidence.trading
    return {
        "monthly": figure(
            "monthly",
            trading.monthly,
            money_plots.monthly,
            "Net result by month",
            _positive(trading.monthly, "month", source.account_size),
            height=0.9 + 0.34 * (1 if trading.monthly is None else trading.monthly["year"].n_unique()),
        ),
        "by_hour": _by_hour(source),
        "sessions": _grouped(source, trading.by_session, "session"),
        "regimes": _grouped(source, trading.by_regime, "regime"),
        "trades": _trades(source),
        "drawdowns": _drawdowns(source),
        "stress": whole_table(
            trading.stress,
            "Stress windows",
            "Windows of known stress inside the range of the data, by FX day.",
            why="no named window is inside the range of the data, or none was computed",
        ),
        "references": _references(source),
    }


def _positive(frame: pl.DataFrame | None, what: str, size: str) -> str:
    if frame is None or frame.is_empty():
        return ""
    good = frame.filter(pl.col("net") > 0.0).height
    return f"{good} of {counted(frame.height, what)} end with a gain ({size})."


def _by_hour(source: Source) -> Block:
    frame = source.evidence.trading.by_hour
    if frame is None or frame.is_empty():
        return Missing("Net result by hour of the week")
    known = frame.filter(pl.col("n") > 0)
    good = known.filter(pl.col("net") > 0.0).height
    caption = (
        f"{good} of {known.height} hours of the week in which something was traded end with a gain "
        f"({counted(int(known['n'].sum()), 'fill')} that traded); an empty cell had no trade."
    )
    return canvas_figure(
        "by_hour", "Net result by hour of the week", caption, 2.6, lambda canvas: money_plots.by_hour(canvas, frame)
    )


def _grouped(source: Source, frame: pl.DataFrame | None, what: str) -> Block:
    if frame is None or frame.is_empty():
        return Missing(f"Result by {what}")
    good = frame.filter(pl.col("net") > 0.0).height
    caption = (
        f"Net result by {what}: {good} of {counted(frame.height, what)} with a gain for {source.model} "
        f"({source.account_size})."
    )
    return whole_table(frame, f"Result by {what}", caption)


def _trades(source: Source) -> Block:
    frame = source.evidence.trading.trades
    if frame is None or frame.is_empty():
        return Missing("Statistics of the trades")
    caption = "Trades, their length and their extremes."
    if {"model", "n_trades"} <= set(frame.columns):
        own = frame.filter(pl.col("model") == source.model)["n_trades"]
        made = counted(int(own.sum()), "trade")
        caption = f"Trades, their length and their extremes: {source.model} made {made}."
    return whole_table(frame, "Statistics of the trades", caption)


def _drawdowns(source: Source) -> Block:
    frame = source.evidence.trading.drawdowns
    if frame is None or frame.is_empty():
        return Missing("Worst drawdowns")
    columns = [_recovery(name) if name == "recovery_day" else by_name(name) for name in frame.columns]
    caption = (
        f"The worst drawdowns of {source.model} by FX day (17:00 New York), deepest first; within a day the result may "
        f"have stood lower ({source.account_size})."
    )
    return table(frame, caption, columns)


def _recovery(name: str) -> Column:
    return Column("recovery day", (name,), lambda row: plain_or(row[name], NOT_RECOVERED))


def _references(source: Source) -> Block:
    frame = source.evidence.trading.references
    if frame is None or frame.is_empty():
        return Missing("Buy and hold, carry, random entry")
    better = frame.filter(pl.col("net") > source.account["net"]).height
    caption = (
        f"What needs no forecast, at the same costs: {better} of {frame.height} earn more than the "
        f"{percent(source.account['net'], 2)} of {source.model} ({source.account_size})."
    )
    columns = (
        word("reference", "reference"),
        share("net", "net", 2),
        Column("5 to 95 % of the draws", ("net_05", "net_95"), _draws),
        Column("gross", ("gross",), lambda row: plain_or(row["gross"], NOT_COMPUTED, lambda v: percent(v, 2))),
        fixed("round trips", "n_round_trips", 1),
        fixed("Sharpe a year", "sharpe_annual", 2),
    )
    return table(frame, caption, columns)


def _draws(row: dict[str, float | None]) -> str:
    if row["net_05"] is None:
        return "none drawn"
    return f"{percent(row['net_05'], 2)} to {percent(row['net_95'], 2)}"
