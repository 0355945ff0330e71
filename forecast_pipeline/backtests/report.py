"""The walk-forward report: one self-contained page, its numbers as JSON and Parquet, equal bytes every time.

Only this module of the reporting half publishes, and only `candle_record` besides it
reads. Nothing here asks for the time: the page speaks of data times only.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import TYPE_CHECKING, Any

from forecast_pipeline.backtests import candle_record, plots, presentation
from forecast_pipeline.backtests.candle_record import CandleRecord
from forecast_pipeline.backtests.coverage_plot import draw_coverage
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline.backtests.wording import percent
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
            Where a decision has no measured spread, the symbol's usual spread of the hour is read from its candles.

    Returns:
        The published report; ``report.html`` in the same folder is a copy of its page.

    Raises:
        MissingData: If the forecasts have not been built or hold no out-of-sample row.
        CorruptData: If they, or the candles of the symbol, are not what was published.
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
    record = candle_record.candle_record(home, symbol)
    summary = summarise(forecasts.read_frame(), facts, costs or recorded, spread_profile=record.spread_profile)
    page, numbers = render_report(summary, facts, record), report_numbers(summary, facts, record)
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
    published = publish(folder, REPORT_NAME, files, _card_facts(facts, summary, record))
    write_atomically(folder / f"{REPORT_NAME}.html", page.encode())
    return published


def read_report(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """The published report of a symbol and timeframe.

    Raises:
        MissingData: If it has not been built.
    """
    do = f"forecast-pipeline build --symbol {symbol} --timeframe {timeframe}"
    return require(home.reports(symbol, timeframe), REPORT_NAME, f"report of {symbol} {timeframe}", do)


def render_report(summary: Summary, facts: Mapping[str, Any], record: CandleRecord | None = None) -> str:
    """The page as HTML text: inline style and figures, no script, nothing loaded from anywhere.

    Args:
        summary: Every number.
        facts: Card of the forecasts file. Each fact is optional: a missing one is named as such.
        record: What the candles record; without one the page says that it is not recorded.
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
    record = record or CandleRecord()
    drawn = plots.draw_all(summary, facts) | {"coverage_calendar": draw_coverage(record.coverage)}
    # Our own SVG: matplotlib has escaped the names in it, and a test holds it to that.
    figures = {name: Markup(text) for name, text in drawn.items()}  # noqa: S704
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
            "gaps": candle_record.gap_table(record),
        },
        candle_upstream=record.upstream,
        has_calendar=record.coverage.height > 0,
        coverage_sentences=candle_record.coverage_sentences(record),
        number=presentation.number,
        percent=percent,
        not_recorded=presentation.NOT_RECORDED,
    )


def report_numbers(summary: Summary, facts: Mapping[str, Any], record: CandleRecord | None = None) -> dict[str, Any]:
    """All verdicts and headline numbers as JSON values; an undefined number is null."""
    verdict, record = summary.verdict, record or CandleRecord()
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
        "spread_profile": candle_record.profile_values(record.spread_profile),
        "candle_coverage": candle_record.coverage_values(record),
        "scores": _records(summary.scores),
        "comparisons": _records(summary.comparisons),
        "folds": _records(summary.folds),
        "samples": _records(summary.samples),
        "economics": _records(summary.economics),
    }


def _card_facts(facts: Mapping[str, Any], summary: Summary, record: CandleRecord) -> dict[str, Any]:
    verdict = summary.verdict
    return {
        "symbol": facts["symbol"],
        "timeframe": facts["timeframe"],
        "upstream": {FORECASTS_NAME: facts["sha256"]} | record.upstream,
        "conclusion": verdict.conclusion,
        "doubt": verdict.doubt,
        "lights": {light.name: light.colour for light in verdict.lights},
        "headline_model": verdict.headline_model,
        "headline_horizon_bars": verdict.headline_horizon_bars,
        "costs": summary.costs.model_dump(),
        "spread_profile": candle_record.profile_values(record.spread_profile),
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
