"""One table over every report of the lake: which family shows skill at which symbol, timeframe and horizon.

Every pair that was ever looked at counts: p-values are corrected over all of them together, so that the best of many
reports is not taken for a discovery.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests.lights import SIGNIFICANCE
from forecast_pipeline.backtests.page.across import render_comparison
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.publication import (
    Published,
    find,
    frame_writer,
    publish,
    require,
    text_writer,
    write_atomically,
)
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.scores.significance import benjamini_hochberg

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.core.home import Home

COMPARISON_NAME = "comparison"
_REPORT, _FORECASTS = "report", "out_of_sample"
CELLS: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "timeframe": pl.String(),
    "model": pl.String(),
    "is_baseline": pl.Boolean(),
    "horizon_bars": pl.Int32(),
    "horizon_minutes": pl.Int64(),
    "baseline": pl.String(),
    "n_rows": pl.Int64(),
    "n_eff": pl.Int64(),
    "first_issued_utc": INSTANT,
    "last_target_utc": INSTANT,
    "crps_bps": pl.Float64(),
    "crps_skill": pl.Float64(),
    "crps_skill_low": pl.Float64(),
    "crps_skill_high": pl.Float64(),
    "dm_p_value": pl.Float64(),
    "bh_p_value": pl.Float64(),
    "is_proven": pl.Boolean(),
    "coverage_90": pl.Float64(),
    "coverage_90_low": pl.Float64(),
    "coverage_90_high": pl.Float64(),
    "net": pl.Float64(),
    "sharpe_annual": pl.Float64(),
    "sharpe_low": pl.Float64(),
    "sharpe_high": pl.Float64(),
}
"""One model at one horizon of one report. Skill is against the best baseline of its own horizon; ``bh_p_value`` is the
Diebold-Mariano p-value after Benjamini and Hochberg's correction over all cells that are not baselines, and
``is_proven`` is positive skill with such a p-value below 0.05. Money is null but at the horizon that was traded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What all reports say together.

    Attributes:
        cells: In the schema `CELLS`, by symbol, timeframe, horizon and model.
        reports: For each report its symbol, timeframe, conclusion, doubt, lights, headline, link and whether it was
            made of the forecasts that lie beside it.
    """

    cells: pl.DataFrame
    reports: list[dict[str, Any]]

    @property
    def conclusion(self) -> str:
        """One sentence, the title of the page."""
        tested = self.cells.filter(~pl.col("is_baseline") & pl.col("dm_p_value").is_not_nan())
        n_proven = int(self.cells["is_proven"].sum())
        n_pairs = self.cells.select("symbol", "timeframe").n_unique()
        where = f"{n_pairs} report{'s' if n_pairs != 1 else ''}"
        return f"{n_proven} of {tested.height} cells in {where} show skill after correction for all of them"


def build_comparison(home: Home) -> Published:
    """Compare all published reports and publish the result beside them.

    Args:
        home: The state folder.

    Returns:
        The published comparison; ``comparison.html`` in the same folder is a copy of its page, whose links lead to the
        single reports.

    Raises:
        MissingData: If there is no report.
        CorruptData: If a report is not what was published.
    """
    folder = home.root / "reports"
    published = _reports(folder)
    if not published:
        raise MissingData(
            "a comparison must have at least one report",
            was=f"none in {folder}",
            do="forecast-pipeline build --symbol EURUSD --timeframe 1h, once for each partition to compare",
        )
    comparison = compare(published)
    page = render_comparison(comparison.cells, comparison.reports, comparison.conclusion)
    numbers = {
        "conclusion": comparison.conclusion,
        "reports": comparison.reports,
        "cells": [_json_row(row) for row in comparison.cells.iter_rows(named=True)],
    }
    files = {
        ".html": text_writer(page),
        ".json": text_writer(json.dumps(numbers, indent=1, allow_nan=False) + "\n"),
        ".parquet": frame_writer(comparison.cells),
    }
    facts = {
        "stage": "backtests",
        "conclusion": comparison.conclusion,
        "n_rows": comparison.cells.height,
        "n_reports": len(comparison.reports),
        "n_proven": int(comparison.cells["is_proven"].sum()),
        "upstream": {f"reports/{each.card['symbol']}/{each.card['timeframe']}": each.sha256 for each in published},
    }
    stored = publish(folder, COMPARISON_NAME, files, facts)
    write_atomically(folder / f"{COMPARISON_NAME}.html", page.encode())
    return stored


def read_comparison(home: Home) -> Published:
    """The published comparison.

    Raises:
        MissingData: If it has not been built.
    """
    return require(home.root / "reports", COMPARISON_NAME, "comparison of the reports", "forecast-pipeline compare")


def compare(published: list[Published]) -> Comparison:
    """The cells and verdicts of reports.

    Args:
        published: Reports, at least one; their order does not matter.
    """
    ordered = sorted(published, key=lambda each: (str(each.card["symbol"]), _minutes(each)))
    cells = pl.concat([_cells(each) for each in ordered])
    is_tested = ~pl.col("is_baseline")
    corrected = benjamini_hochberg(
        cells.select(pl.when(is_tested).then("dm_p_value").fill_null(math.nan)).to_series().to_numpy()
    )
    cells = cells.with_columns(bh_p_value=pl.Series(corrected, dtype=pl.Float64).fill_nan(None))
    is_proven = is_tested & (pl.col("crps_skill") > 0.0) & (pl.col("bh_p_value") < SIGNIFICANCE)
    cells = cells.with_columns(is_proven=is_proven.fill_null(value=False)).select(list(CELLS))
    return Comparison(cells=cells, reports=[_verdict(each) for each in ordered])


def _reports(folder: Path) -> list[Published]:
    cards = sorted(folder.glob(f"*/*/{_REPORT}.json"))
    return [found for card in cards if (found := find(card.parent, _REPORT)) is not None]


def _minutes(report: Published) -> int:
    return Timeframe(str(report.card["timeframe"])).minutes


def _cells(report: Published) -> pl.DataFrame:
    """Scores of a report, with the account of the horizon that was traded; what it does not hold is null."""
    scores, accounts = report.read_frame(".scores.parquet"), report.read_frame(".economics.parquet")
    money = [name for name in ("net", "sharpe_annual", "sharpe_low", "sharpe_high") if name in accounts.columns]
    keys = ["model", "horizon_bars"]
    accounts = accounts.select(*keys, *money).with_columns(pl.col("horizon_bars").cast(scores.schema["horizon_bars"]))
    joined = scores.join(accounts, on=keys, how="left").with_columns(
        symbol=pl.lit(str(report.card["symbol"])),
        timeframe=pl.lit(str(report.card["timeframe"])),
        horizon_minutes=pl.col("horizon_bars").cast(pl.Int64) * _minutes(report),
    )
    known = [
        pl.col(name).cast(kind) if name in joined.columns else pl.lit(None, kind).alias(name)
        for name, kind in CELLS.items()
    ]
    # Undefined is null here: a filter in a reader's tool then treats it as unknown, where NaN counts as largest.
    return (
        joined.select(known)
        .with_columns(pl.selectors.float().fill_nan(None))
        .sort("horizon_bars", "is_baseline", "model")
    )


def _verdict(report: Published) -> dict[str, Any]:
    card, beside = report.card, find(report.folder, _FORECASTS)
    names = ("symbol", "timeframe", "conclusion", "doubt", "lights", "headline_model", "headline_horizon_bars")
    is_current = beside is not None and card["upstream"].get(_FORECASTS) == beside.sha256
    link = f"{report.folder.parent.name}/{report.folder.name}/{_REPORT}.html"
    return {name: card[name] for name in names} | {"link": link, "is_current": is_current, "sha256": report.sha256}


def _json_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
