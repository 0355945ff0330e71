"""Stage 7: out-of-sample forecasts of every fold, and the report made of them."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from forecast_pipeline.backtests.comparison import build_comparison
from forecast_pipeline.backtests.parameters import BacktestParameters
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.report import build_report, read_report
from forecast_pipeline.backtests.run import run_walk_forward
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import Published
from forecast_pipeline.defs.assets.models import BASELINES_KEY, model_key
from forecast_pipeline.defs.automation import UPSTREAM_CHANGED
from forecast_pipeline.defs.checks import Checked, check_definitions
from forecast_pipeline.defs.configs import applied, config_of
from forecast_pipeline.defs.lineage import SPLITS_KEY
from forecast_pipeline.defs.metadata import card_metadata, frame_table, report_metadata
from forecast_pipeline.defs.ownership import OWNERS
from forecast_pipeline.defs.partitions import SYMBOL_TIMEFRAME, symbol_and_timeframe
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.stage_run import Check, Stage, StageEvent, run_stage
from forecast_pipeline.defs.training_log import training_log
from forecast_pipeline.models.registry import MODELS
from forecast_pipeline.verification.mutation_score import ensure_mutation_score

CODE_VERSION = "3"
OUT_OF_SAMPLE_KEY = dg.AssetKey(["backtests", "out_of_sample"])
REPORTS_KEY = dg.AssetKey(["backtests", "reports"])
COMPARISON_KEY = dg.AssetKey(["backtests", "comparison"])
N_CELLS = 200  # as many as a person reads in the UI; the file has all
BacktestConfig = config_of(BacktestParameters, name="BacktestConfig")
ReportConfig = config_of(CostModel, name="ReportConfig")


@dg.asset(
    key=OUT_OF_SAMPLE_KEY,
    group_name="backtests",
    description="Every out-of-sample forecast of every fold, model and horizon, with its outcome: each family is "
    "refitted in each fold.",
    kinds={"polars", "parquet"},
    owners=OWNERS,
    code_version=CODE_VERSION,
    partitions_def=SYMBOL_TIMEFRAME,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
    deps=[SPLITS_KEY, BASELINES_KEY, *(model_key(name) for name in MODELS)],
)
def out_of_sample(
    context: dg.AssetExecutionContext,
    config: BacktestConfig,  # type: ignore[valid-type]  # derived from the domain class
    home: HomeResource,
) -> Iterator[StageEvent]:
    """Walk every trained family forward over each partition of the run."""
    folder, parameters = home.open(), applied(home.settings().backtests, config)
    yield from run_stage(
        context,
        Stage(
            key=OUT_OF_SAMPLE_KEY,
            code_version=CODE_VERSION,
            upstream=[SPLITS_KEY, BASELINES_KEY],
            build=lambda key: _walk_forward(context, folder, key, parameters),
            describe=lambda stored: card_metadata(stored) | {"folds": len(stored.card["fold_plan"])},
            check=lambda _: (),
        ),
    )


@dg.asset(
    key=REPORTS_KEY,
    group_name="backtests",
    description="The walk-forward report, computed from the out-of-sample forecasts and what the candles record of "
    "their spread and gaps: verdict, scores against the baselines, calibration, money after costs.",
    kinds={"html", "parquet"},
    owners=OWNERS,
    code_version=CODE_VERSION,
    partitions_def=SYMBOL_TIMEFRAME,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
    deps=[OUT_OF_SAMPLE_KEY],
)
def reports(
    context: dg.AssetExecutionContext,
    config: ReportConfig,  # type: ignore[valid-type]  # derived from the domain class
    home: HomeResource,
) -> Iterator[StageEvent]:
    """Write the report of each partition of the run."""
    folder, costs = home.open(), applied(home.settings().backtests.costs, config)
    yield from run_stage(
        context,
        Stage(
            key=REPORTS_KEY,
            code_version=CODE_VERSION,
            upstream=[OUT_OF_SAMPLE_KEY],
            build=lambda key: _build_report(folder, key, costs),
            describe=report_metadata,
            check=_report_checks,
        ),
    )


@dg.asset(
    key=COMPARISON_KEY,
    group_name="backtests",
    description="One table over all reports of the lake: skill, coverage and money of every family at every symbol, "
    "timeframe and horizon, corrected for all that was looked at.",
    kinds={"html", "parquet"},
    owners=OWNERS,
    code_version=CODE_VERSION,
    deps=[REPORTS_KEY],
    automation_condition=UPSTREAM_CHANGED,
)
def comparison(home: HomeResource) -> dg.MaterializeResult[None]:
    """Compare all reports that are published."""
    stored = build_comparison(home.open())
    cells = stored.read_frame().filter(~pl.col("is_baseline"))
    shown = [
        "symbol",
        "timeframe",
        "model",
        "horizon_bars",
        "baseline",
        "n_eff",
        "crps_skill",
        "bh_p_value",
        "coverage_90",
    ]
    metadata = card_metadata(stored) | {
        "page": dg.MetadataValue.path(str(stored.path(".html"))),
        "conclusion": str(stored.card["conclusion"]),
        "reports": int(stored.card["n_reports"]),
        "proven": int(stored.card["n_proven"]),
        "cells": frame_table(cells.select(shown).head(N_CELLS), 4),
    }
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(stored.sha256))


def _walk_forward(context: dg.AssetExecutionContext, home: Home, key: str, parameters: BacktestParameters) -> Published:
    """Walk the families of a partition forward, with a line a fold, family and epoch in the event log."""
    with training_log(context):
        return run_walk_forward(home, *symbol_and_timeframe(key), parameters)


def _build_report(home: Home, key: str, costs: CostModel) -> Published:
    """The report of a partition, after the leak suite of this version of the code has been measured once."""
    ensure_mutation_score(home)
    return build_report(home, *symbol_and_timeframe(key), costs)


def _report_checks(stored: Published) -> list[Check]:
    light = str(stored.card["lights"].get("Leak suite", "red"))
    return [Check(name="leak_suite", passed=light == "green", metadata={"light": light})]


checks = check_definitions(
    Checked(
        asset=REPORTS_KEY,
        partitions=SYMBOL_TIMEFRAME,
        descriptions={
            "leak_suite": "No value changed with the future, no artefact with rows after its cut-off, and every "
            "planted leak is caught."
        },
        opener=lambda home, key: read_report(home, *symbol_and_timeframe(key)),
        checker=_report_checks,
    )
)
