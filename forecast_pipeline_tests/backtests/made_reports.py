"""Published reports of known skill, written as a report is and without computing its page."""

from __future__ import annotations

from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline.core.publication import frame_writer, publish, text_writer, write_atomically
from forecast_pipeline.core.timeframe import Timeframe


def publish_report(home, symbol, timeframe, forecasts, facts):
    """Forecasts and the report of them in their place of the state folder; returns report and summary."""
    folder = home.reports(symbol, Timeframe(timeframe))
    named = facts | {"symbol": symbol, "timeframe": timeframe}
    source = publish(folder, "out_of_sample", {".parquet": frame_writer(forecasts)}, named)
    summary = summarise(forecasts, named, CostModel())
    verdict = summary.verdict
    files = {
        ".html": text_writer("<p>page</p>"),
        ".scores.parquet": frame_writer(summary.scores),
        ".economics.parquet": frame_writer(summary.economics),
    }
    card = {
        "symbol": symbol,
        "timeframe": timeframe,
        "upstream": {"out_of_sample": source.sha256},
        "conclusion": verdict.conclusion,
        "doubt": verdict.doubt,
        "lights": {light.name: light.colour for light in verdict.lights},
        "headline_model": verdict.headline_model,
        "headline_horizon_bars": verdict.headline_horizon_bars,
    }
    report = publish(folder, "report", files, card)
    write_atomically(folder / "report.html", b"<p>page</p>")
    return report, summary
