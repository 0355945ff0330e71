"""``compare``: one table over every report of the lake."""

from typing import Any

import polars as pl

from forecast_pipeline.backtests.comparison import COMPARISON_NAME, build_comparison
from forecast_pipeline.cli.arguments import AsJson
from forecast_pipeline.cli.output import CONSOLE, print_frame, print_json
from forecast_pipeline.defs.settings import home_from_environment


def compare(as_json: AsJson = False) -> None:
    """Skill, coverage and money of every report together, corrected for all of them."""
    stored = build_comparison(home_from_environment())
    cells = stored.read_frame()
    path = stored.folder / f"{COMPARISON_NAME}.html"
    if as_json:
        summary: dict[str, Any] = {name: stored.card[name] for name in ("conclusion", "n_reports", "n_proven")}
        print_json(summary | {"cells": list(cells.iter_rows(named=True)), "path": str(path)})
        return
    print_frame(
        _shown(cells), f"Families of {stored.card['n_reports']} reports against their best baselines", as_json=False
    )
    CONSOLE.print(f"{stored.card['conclusion']}.", highlight=False)
    CONSOLE.print(f"Comparison: {path}", highlight=False, soft_wrap=True)


def _shown(cells: pl.DataFrame) -> pl.DataFrame:
    contenders = cells.filter(~pl.col("is_baseline"))
    return contenders.select(
        "symbol",
        "timeframe",
        "model",
        pl.col("horizon_bars").alias("bars"),
        pl.col("baseline").alias("against"),
        "n_eff",
        (100.0 * pl.col("crps_skill")).round(2).alias("skill %"),
        pl.col("bh_p_value").round(4).alias("p (BH)"),
        (100.0 * pl.col("coverage_90")).round(1).alias("90 % covers"),
        pl.col("sharpe_annual").round(2).alias("Sharpe"),
    )
