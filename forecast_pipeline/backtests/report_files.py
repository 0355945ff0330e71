"""The report's numbers as files: one JSON for verdicts and small tables, one Parquet for every table and figure."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests import candle_record
from forecast_pipeline.backtests.candle_record import CandleRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.backtests.summary import Summary

_TABLES = ("scores", "comparisons", "folds", "samples")
_LARGEST_IN_JSON = 500


def report_frames(summary: Summary) -> dict[str, pl.DataFrame]:
    """Every table and the data of every figure by name, without those that are missing.

    The names are those of the fields of `summary.Summary`, `page.evidence.Evidence` and
    `page.evidence.TradingEvidence`, curves have ``curve_`` before theirs; ``calibrated`` holds the forecasts'
    calibrated quantiles.
    """
    frames = {name: getattr(summary, name) for name in _TABLES}
    frames |= _fields(summary.evidence) | _fields(summary.evidence.trading)
    frames |= {"economics": summary.economics, "equity": summary.equity}
    frames |= {f"curve_{name}": frame for name, frame in summary.curves.items()}
    frames["calibrated"] = summary.recalibration.rows
    return {name: frame for name, frame in frames.items() if frame.width}


def report_numbers(summary: Summary, facts: Mapping[str, Any], record: CandleRecord | None = None) -> dict[str, Any]:
    """All verdicts, headline numbers and small tables as JSON values; an undefined number is null."""
    verdict, record, evidence = summary.verdict, record or CandleRecord(), summary.evidence
    numbers: dict[str, Any] = {
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
        "cost_hurdle": json_values(verdict.cost_hurdle),
        "costs": summary.costs.model_dump(),
        "spread_profile": candle_record.profile_values(record.spread_profile),
        "candle_coverage": candle_record.coverage_values(record),
        "overfitting": json_values(evidence.overfitting),
        "degradation": json_values(evidence.degradation),
        "fold_invariance": json_values(evidence.fold_invariance),
        "placebo_percentile": json_value(evidence.placebo_percentile),
    }
    small = {name: frame for name, frame in report_frames(summary).items() if frame.height <= _LARGEST_IN_JSON}
    whole = {name: getattr(summary, name) for name in (*_TABLES, "economics")}
    return numbers | {name: _records(frame) for name, frame in (small | whole).items()}


def json_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same by name, as JSON values."""
    return {name: json_value(value) for name, value in values.items()}


def json_value(value: object) -> object:
    """A value that JSON has; undefined numbers become null, dates and instants ISO text.

    Example:
        >>> json_value(float("inf")), json_value(dt.date(2024, 1, 2))
        (None, '2024-01-02')
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


def _fields(owner: Any) -> dict[str, pl.DataFrame]:  # noqa: ANN401 - any frozen dataclass of frames
    found = {each.name: getattr(owner, each.name) for each in dataclasses.fields(owner)}
    return {name: value for name, value in found.items() if isinstance(value, pl.DataFrame)}


def _records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return [json_values(row) for row in frame.iter_rows(named=True)]
