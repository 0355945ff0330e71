"""What the result of the policy depends on: costs, delay, slippage, the size of positions, and chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests import wording
from forecast_pipeline.backtests.page import money_plots
from forecast_pipeline.backtests.page.blocks import Missing
from forecast_pipeline.backtests.page.cells import fixed, share, table, word
from forecast_pipeline.backtests.page.drawing import figure
from forecast_pipeline.backtests.wording import counted, number

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.blocks import Block
    from forecast_pipeline.backtests.page.sections.source import Context, Source


def context(source: Source) -> Context:
    """Curves of the net result, the value of a better standard deviation, and shuffled forecasts."""
    trading = source.evidence.trading
    return {
        "costs": _curve(
            source,
            ("cost_curve", "multiplier"),
            "Result against the size of costs",
            "costs, multiples of those charged",
            "times the costs charged",
        ),
        "delays": _curve(
            source,
            ("delay_curve", "delay_decisions"),
            "Result against the delay of a fill",
            "delay of the fill, decisions",
            "decisions of delay",
        ),
        "slippage": _curve(
            source,
            ("slippage_curve", "slippage_multiple"),
            "Result against the slippage assumed",
            "slippage, multiples of the sd over the latency",
            "standard deviations of slippage",
        ),
        "sizing": _sizing(source),
        "null": figure(
            "null",
            trading.null,
            lambda axes, frame: money_plots.null(axes, frame, trading.null_net),
            "The same policy on shuffled forecasts",
            _null_caption(source),
        ),
    }


def _sizing(source: Source) -> Block:
    frame = source.evidence.trading.sizing
    if frame is None or frame.is_empty():
        return Missing("Value of a better standard deviation")
    best = frame.sort("net", "sizing", descending=[True, False]).row(0, named=True)
    caption = (
        f"The same directions in positions of different size, at equal turnover: {best['sizing']} nets most "
        f"({source.account_size})."
    )
    columns = (
        word("sizing", "sizing"),
        share("gross", "gross", 2),
        share("net", "net", 2),
        fixed("Sharpe a year", "sharpe", 2),
        fixed("round trips", "n_round_trips", 1),
    )
    return table(frame, caption, columns)


def _curve(source: Source, names: tuple[str, str], label: str, x_label: str, unit: str) -> Block:
    frame: pl.DataFrame | None = getattr(source.evidence.trading, names[0])
    return figure(
        names[0],
        frame,
        lambda axes, shown: money_plots.dependence(axes, shown, names[1], x_label),
        label,
        _crossing(frame, names[1], unit, source.account_size),
    )


def _crossing(frame: pl.DataFrame | None, name: str, unit: str, size: str) -> str:
    if frame is None or frame.is_empty():
        return ""
    positive = frame.filter(pl.col("net") > 0.0)
    if positive.is_empty():
        return f"The net result is positive nowhere on this curve ({size})."
    at = money_plots.break_even(frame, name)
    if at is None:
        points = f"{positive.height} of {counted(frame.height, 'point')}"
        return f"The net result is positive at {points} and never crosses zero ({size})."
    return f"Nothing is left of the result at {number(at, 2)} {unit} (dotted; linear between the points tried; {size})."


def _null_caption(source: Source) -> str:
    trading, equity = source.evidence.trading, source.equity
    if "traded" in equity.columns and not equity["traded"].sum():
        return "No trade was made: there is nothing to compare with shuffled forecasts."
    if trading.null is None or trading.null.is_empty() or trading.null_net is None:
        return f"What the policy earns when the forecasts are shuffled in blocks ({source.account_size})."
    place = trading.null.filter(pl.col("net") < trading.null_net).height / trading.null.height
    return (
        f"The real result beats {wording.share(place, 0)} of {trading.null.height} results with shuffled forecasts "
        f"({source.account_size}); below 95 % it is no evidence of timing."
    )
