"""Section 10: what a forecast must achieve to pay its costs, and what the stated policy earned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.page import money_plots
from forecast_pipeline.backtests.page.blocks import NOT_MODELLED, Missing, Sentence
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
from forecast_pipeline.backtests.page.drawing import canvas_figure, figure
from forecast_pipeline.backtests.page.policy import spread_sentence
from forecast_pipeline.backtests.wording import number, percent

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.blocks import Block
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_NOT_MODELLED = ("swap and financing", "conversion into an account currency", "market impact", "margin")


def context(source: Source) -> Context:
    """The hurdle before any equity curve, then results, then what they depend on."""
    trading, model = source.evidence.trading, source.model
    equity = source.equity
    absent = ", ".join(trading.not_modelled or _NOT_MODELLED)
    return {
        "hurdle_sentence": _hurdle_sentence(source),
        "hurdle": figure(
            "hurdle",
            _hurdle_frame(source),
            money_plots.hurdle,
            "Skill needed to pay the costs, by horizon",
            _hurdle_caption(source),
        ),
        "hurdle_table": whole_table(trading.hurdle, "Hurdle by horizon", "What a call of direction must be worth."),
        "results": _results(source),
        "equity": figure(
            "equity",
            equity,
            money_plots.equity_curve,
            "Gross and net result",
            _equity_caption(source, equity),
            why="No decision could be filled",
        ),
        "underwater": figure(
            "underwater",
            equity,
            money_plots.underwater,
            "Loss since the highest result",
            _underwater_caption(equity),
            height=1.9,
            why="No decision could be filled",
        ),
        "waterfall": figure(
            "waterfall",
            trading.waterfall,
            money_plots.waterfall,
            "From gross to net",
            _waterfall_caption(trading.waterfall, model),
            why=f"{NOT_MODELLED}: parts of the costs",
        ),
        "waterfall_table": _waterfall_table(trading.waterfall),
        "costs": figure(
            "cost_curve",
            trading.cost_curve,
            lambda axes, frame: money_plots.dependence(axes, frame, "multiplier", "costs, multiples of those charged"),
            "Result against the size of costs",
            _crossing(trading.cost_curve, "multiplier", "times the costs charged"),
        ),
        "delays": figure(
            "delay_curve",
            trading.delay_curve,
            lambda axes, frame: money_plots.dependence(axes, frame, "delay_decisions", "delay of the fill, decisions"),
            "Result against the delay of a fill",
            _crossing(trading.delay_curve, "delay_decisions", "decisions of delay"),
        ),
        "slippage": figure(
            "slippage_curve",
            trading.slippage_curve,
            lambda axes, frame: money_plots.dependence(
                axes, frame, "slippage_multiple", "slippage, multiples of the sd over the latency"
            ),
            "Result against the slippage assumed",
            _crossing(trading.slippage_curve, "slippage_multiple", "standard deviations of slippage"),
        ),
        "sizing": whole_table(
            trading.sizing,
            "Value of a better standard deviation",
            "The same directions in positions of different size, at equal turnover.",
        ),
        "monthly": figure(
            "monthly",
            trading.monthly,
            money_plots.monthly,
            "Net result by month",
            _positive(trading.monthly, "months"),
            height=0.9 + 0.34 * (1 if trading.monthly is None else trading.monthly["year"].n_unique()),
        ),
        "by_hour": _by_hour(source),
        "null": figure(
            "null",
            trading.null,
            lambda axes, frame: money_plots.null(axes, frame, trading.null_net),
            "The same policy on shuffled forecasts",
            _null_caption(source),
        ),
        "sessions": whole_table(trading.by_session, "Result by session", "Net result by session."),
        "regimes": whole_table(trading.by_regime, "Result by regime", "Net result by regime."),
        "trades": whole_table(trading.trades, "Statistics of the trades", "Trades, their length and their extremes."),
        "drawdowns": whole_table(trading.drawdowns, "Worst drawdowns", "The worst drawdowns, deepest first."),
        "stress": whole_table(
            trading.stress,
            "Stress windows",
            "Windows of known stress inside the range of the data.",
            why="no named window is inside the range of the data, or none was computed",
        ),
        "references": whole_table(
            trading.references, "Buy and hold, carry, random entry", "What needs no forecast, at the same costs."
        ),
        "not_modelled": Missing("Left out of these costs", f"{NOT_MODELLED}: {absent}"),
    }


def _hurdle_sentence(source: Source) -> Sentence:
    hurdle = source.summary.verdict.cost_hurdle
    return Sentence(
        f"Typical costs are {number(hurdle['round_trip_pips'], 2)} pips a round trip against a mean move of "
        f"{number(hurdle['mean_move_pips'], 2)} pips over the traded horizon. To pay them a forecast of direction "
        f"needs a hit rate of {percent(hurdle['hit_rate'])} or an information coefficient of "
        f"{number(hurdle['information_coefficient'], 3)}; above 100 % or 1 it is impossible."
    )


def _hurdle_frame(source: Source) -> pl.DataFrame | None:
    frame = source.evidence.trading.hurdle
    if frame is None:
        return None
    seen = source.summary.scores.group_by("horizon_bars").agg(pl.col("detectable_ic").min())
    joined = frame.join(
        seen.with_columns(pl.col("horizon_bars").cast(frame.schema["horizon_bars"])), "horizon_bars", "left"
    )
    return joined.sort("horizon_bars")


def _hurdle_caption(source: Source) -> str:
    frame = _hurdle_frame(source)
    if frame is None or frame.is_empty():
        return ""
    impossible = frame.filter(pl.col("ic_needed") > 1.0)["horizon_bars"].to_list()
    seen = frame.filter(pl.col("detectable_ic") <= pl.col("ic_needed"))["horizon_bars"].to_list()
    text = f"Skill that pays could have been seen at {len(seen)} of {frame.height} horizons"
    return f"{text}; at {', '.join(map(str, impossible))} bars no direction can pay." if impossible else f"{text}."


def _results(source: Source) -> Block:
    given = source.evidence.trading.economics
    accounts = source.summary.economics if given is None else given
    if not {"model", "net"} <= set(accounts.columns):
        return whole_table(accounts, "Results of the policy", "Results of the policy.")
    contenders = accounts.filter(~pl.col("is_baseline")) if "is_baseline" in accounts.columns else accounts
    shown = contenders if contenders.height else accounts
    caption = f"{shown.filter(pl.col('net') > 0.0).height} of {shown.height} models earn more than their costs"
    has_trades = "n_round_trips" not in shown.columns or shown["n_round_trips"].sum()
    caption += "." if has_trades else "; none made a trade."
    columns = [
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
        share("max drawdown", "max_drawdown", 2),
        Column(
            "its bootstrap 5 to 95 %",
            ("max_drawdown_05", "max_drawdown_95"),
            lambda r: f"{percent(r['max_drawdown_05'], 2)} to {percent(r['max_drawdown_95'], 2)}",
        ),
        share("days under water", "under_water_fraction"),
        interval("Sharpe a year [95 %]", ("sharpe_annual", "sharpe_low", "sharpe_high"), 2),
        Column(
            "bootstrap [95 %]",
            ("sharpe_boot_low", "sharpe_boot_high"),
            lambda r: f"{number(r['sharpe_boot_low'], 2)} to {number(r['sharpe_boot_high'], 2)}",
        ),
        fixed("PSR", "psr", 3),
        fixed("Sortino", "sortino_annual", 2),
        fixed("Calmar", "calmar", 2),
        fixed("skew", "skew", 2),
        fixed("kurtosis", "kurtosis", 2),
        Column("days (a year)", ("n_days", "days_per_year"), lambda r: f"{r['n_days']} ({r['days_per_year']:.0f})"),
        share("half spreads", "half_spread", 2),
        share("slippage", "slippage", 2),
        share("commission", "commission", 2),
        Column("swap", ("swap",), lambda r: _charged(r["swap"])),
        Column("conversion", ("conversion",), lambda r: _charged(r["conversion"])),
    ]
    unknown = (
        "Policy, fills and account: not recorded.",
        spread_sentence(source.summary.economics, source.summary.costs),
    )
    return table(accounts, caption, columns, source.evidence.trading.policy or unknown)


def _equity_caption(source: Source, equity: pl.DataFrame) -> str:
    if equity.is_empty():
        return ""
    ends = [100.0 * float(equity[f"{name}_cumulative"][-1]) for name in ("gross", "net")]
    text = f"{source.model} ends at {number(ends[0], 2)} % before and {number(ends[1], 2)} % after costs over "
    text += f"{equity.height} fills, one unit held."
    return text + " No trade was made." * ("traded" in equity.columns and not equity["traded"].sum())


def _underwater_caption(equity: pl.DataFrame) -> str:
    if equity.is_empty():
        return ""
    level = equity["net_cumulative"].to_numpy()
    worst = float(np.max(np.maximum(np.maximum.accumulate(level), 0.0) - level))
    return f"At worst the net result stood {number(100.0 * worst, 2)} points below its highest value."


def _waterfall_table(frame: pl.DataFrame | None) -> Block:
    if frame is None or frame.is_empty():
        return Missing("Parts of the costs", f"{NOT_MODELLED}: only their sum is known")
    columns = (
        word("item", "item"),
        Column("pips per round trip", ("pips_per_round_trip",), lambda r: _part(r["pips_per_round_trip"], 1.0, 3)),
        Column("% of one unit", ("fraction_of_capital",), lambda r: _part(r["fraction_of_capital"], 100.0, 3)),
    )
    return table(frame, "Where the gross result goes: each part as it was charged.", columns)


def _charged(value: float | None) -> str:
    return NOT_MODELLED if value is None else percent(value, 2)


def _part(value: float | None, factor: float, digits: int) -> str:
    return NOT_MODELLED if value is None else number(factor * value, digits)


def _waterfall_caption(frame: pl.DataFrame | None, model: str) -> str:
    if frame is None or frame.is_empty():
        return ""
    gross, net = (number(frame["pips_per_round_trip"][end], 2) for end in (0, -1))
    return f"Of {gross} pips that {model} makes a round trip before costs, {net} are left after them."


def _crossing(frame: pl.DataFrame | None, name: str, unit: str) -> str:
    if frame is None or frame.is_empty():
        return ""
    positive = frame.filter(pl.col("net") > 0.0)
    if positive.is_empty():
        return "The net result is positive nowhere on this curve."
    at = money_plots.break_even(frame, name)
    if at is None:
        return f"The net result is positive at {positive.height} of {frame.height} points and never crosses zero."
    return f"Nothing is left of the result at {number(at, 2)} {unit} (dotted; linear between the points tried)."


def _positive(frame: pl.DataFrame | None, what: str) -> str:
    if frame is None or frame.is_empty():
        return ""
    return f"{frame.filter(pl.col('net') > 0.0).height} of {frame.height} {what} end with a gain."


def _by_hour(source: Source) -> Block:
    frame = source.evidence.trading.by_hour
    if frame is None or frame.is_empty():
        return Missing("Net result by hour of the week")
    known = frame.filter(pl.col("n") > 0)
    caption = (
        f"{_positive(known, 'hours of the week')} An empty cell had no trade; n is {int(known['n'].sum())} in all."
    )
    return canvas_figure(
        "by_hour", "Net result by hour of the week", caption, 2.6, lambda canvas: money_plots.by_hour(canvas, frame)
    )


def _null_caption(source: Source) -> str:
    trading, equity = source.evidence.trading, source.equity
    if "traded" in equity.columns and not equity["traded"].sum():
        return "No trade was made: there is nothing to compare with shuffled forecasts."
    if trading.null is None or trading.null.is_empty() or trading.null_net is None:
        return "What the policy earns when the forecasts are shuffled in blocks."
    place = trading.null.filter(pl.col("net") < trading.null_net).height / trading.null.height
    return (
        f"The real result beats {percent(place, 0)} of {trading.null.height} results with shuffled forecasts; below "
        "95 % it is no evidence of timing."
    )
