"""The walk-forward report: one self-contained page, its numbers as JSON and Parquet, equal bytes every time.

This is the only module of the reporting half that touches the disk. Nothing here asks
for the time: the page speaks of data times only.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import TYPE_CHECKING, Any

from forecast_pipeline.backtests import plots, presentation
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline.backtests.verdict import percent
from forecast_pipeline.core.publication import frame_writer, publish, require, text_writer, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import polars as pl

    from forecast_pipeline.backtests.summary import Summary
    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.core.timeframe import Timeframe

FORECASTS_NAME = "out_of_sample"
REPORT_NAME = "report"


def build_report(home: Home, symbol: str, timeframe: Timeframe, costs: CostModel | None = None) -> Published:
    """Compute the report of one symbol and timeframe and publish it beside its forecasts.

    Args:
        home: The state folder.
        symbol: Normalised symbol.
        timeframe: Base timeframe of the forecasts.
        costs: What a trade costs; if omitted, the ones in the card of the forecasts, else the defaults.

    Returns:
        The published report; ``report.html`` in the same folder is a copy of its page.

    Raises:
        MissingData: If the forecasts have not been built or hold no out-of-sample row.
        CorruptData: If they are not what was published.
    """
    folder = home.reports(symbol, timeframe)
    forecasts = require(
        folder,
        FORECASTS_NAME,
        what=f"out-of-sample forecasts of {symbol} {timeframe}",
        do="materialise them for this partition",
    )
    facts = {"symbol": symbol, "timeframe": str(timeframe)} | forecasts.card
    recorded = CostModel.parse(facts.get("costs") or {})
    summary = summarise(forecasts.read_frame(), facts, costs or recorded)
    page, numbers = render_report(summary, facts), report_numbers(summary, facts)
    image = plots.preview_png(summary)
    files: dict[str, Callable[[Path], None]] = {
        ".html": text_writer(page),
        ".json": text_writer(json.dumps(numbers, indent=1, allow_nan=False) + "\n"),
        ".scores.parquet": frame_writer(summary.scores),
        ".folds.parquet": frame_writer(summary.folds),
        ".economics.parquet": frame_writer(summary.economics),
        ".equity.parquet": frame_writer(summary.equity),
        ".preview.png": lambda path: path.write_bytes(image) and None,  # type: ignore[dict-item]
    }
    published = publish(folder, REPORT_NAME, files, _card_facts(summary, forecasts, symbol, timeframe))
    write_atomically(folder / f"{REPORT_NAME}.html", page.encode())
    return published


def read_report(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """The published report of a symbol and timeframe.

    Raises:
        MissingData: If it has not been built.
    """
    do = f"forecast-pipeline build --symbol {symbol} --timeframe {timeframe}"
    return require(home.reports(symbol, timeframe), REPORT_NAME, f"report of {symbol} {timeframe}", do)


def render_report(summary: Summary, facts: Mapping[str, Any]) -> str:
    """The page as HTML text: inline style and figures, no script, nothing loaded from anywhere.

    Args:
        summary: Every number.
        facts: Card of the forecasts file. Each fact is optional: a missing one is named as such.
    """
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("forecast_pipeline.backtests"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Our own SVG: matplotlib has escaped the names in it, and a test holds it to that.
    figures = {name: Markup(text) for name, text in plots.draw_all(summary, facts).items()}  # noqa: S704
    return environment.get_template("report.html").render(
        facts=facts,
        figures=figures,
        verdict=summary.verdict,
        scores=summary.scores,
        span=_span(summary.scores),
        tables={
            "point": presentation.point_table(summary),
            "probability": presentation.probability_table(summary),
            "comparison": presentation.comparison_table(summary),
            "folds": presentation.fold_table(summary),
            "samples": presentation.sample_table(summary),
            "economics": presentation.economics_table(summary),
            "splits": presentation.split_table(facts),
        },
        number=presentation.number,
        percent=percent,
        not_recorded=presentation.NOT_RECORDED,
    )


def report_numbers(summary: Summary, facts: Mapping[str, Any]) -> dict[str, Any]:
    """All verdicts and headline numbers as JSON values; an undefined number is null."""
    verdict = summary.verdict
    return {
        "symbol": facts.get("symbol"),
        "timeframe": facts.get("timeframe"),
        "forecasts_sha256": facts.get("sha256"),
        "conclusion": verdict.conclusion,
        "doubt": verdict.doubt,
        "lights": [
            {"name": light.name, "colour": light.colour, "sentence": light.sentence} for light in verdict.lights
        ],
        "headline_model": verdict.headline_model,
        "headline_horizon_bars": verdict.headline_horizon_bars,
        "cost_hurdle": {name: _json_value(value) for name, value in verdict.cost_hurdle.items()},
        "costs": summary.costs.model_dump(),
        "scores": _records(summary.scores),
        "comparisons": _records(summary.comparisons),
        "folds": _records(summary.folds),
        "samples": _records(summary.samples),
        "economics": _records(summary.economics),
    }


def _card_facts(summary: Summary, forecasts: Published, symbol: str, timeframe: Timeframe) -> dict[str, Any]:
    verdict = summary.verdict
    return {
        "symbol": symbol,
        "timeframe": str(timeframe),
        "upstream": {FORECASTS_NAME: forecasts.sha256},
        "conclusion": verdict.conclusion,
        "doubt": verdict.doubt,
        "lights": {light.name: light.colour for light in verdict.lights},
        "headline_model": verdict.headline_model,
        "headline_horizon_bars": verdict.headline_horizon_bars,
        "costs": summary.costs.model_dump(),
    }


def _span(scores: pl.DataFrame) -> tuple[str, str]:
    first, last = min(scores["first_issued_utc"].to_list()), max(scores["last_target_utc"].to_list())
    return f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}"


def _records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return [{name: _json_value(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]


def _json_value(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.isoformat() if isinstance(value, dt.datetime) else value
