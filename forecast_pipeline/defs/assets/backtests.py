"""Stage 7: out-of-sample forecasts of every fold, and the report made of them."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from forecast_pipeline.backtests.parameters import BacktestParameters
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.report import build_report, read_report
from forecast_pipeline.backtests.run import run_walk_forward
from forecast_pipeline.core.publication import Published
from forecast_pipeline.defs.assets.models import BASELINES_KEY, model_key
from forecast_pipeline.defs.checks import Checked, check_definitions
from forecast_pipeline.defs.configs import applied, config_of
from forecast_pipeline.defs.lineage import SPLITS_KEY
from forecast_pipeline.defs.metadata import card_metadata, frame_table
from forecast_pipeline.defs.ownership import OWNERS
from forecast_pipeline.defs.partitions import SYMBOL_TIMEFRAME, symbol_and_timeframe
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.stage_run import Check, Stage, StageEvent, run_stage
from forecast_pipeline.models.registry import MODELS

CODE_VERSION = "2"
OUT_OF_SAMPLE_KEY = dg.AssetKey(["backtests", "out_of_sample"])
REPORTS_KEY = dg.AssetKey(["backtests", "reports"])
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
            build=lambda key: run_walk_forward(folder, *symbol_and_timeframe(key), parameters),
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
            build=lambda key: build_report(folder, *symbol_and_timeframe(key), costs),
            describe=_describe_report,
            check=_report_checks,
        ),
    )


def _describe_report(stored: Published) -> dict[str, Any]:
    import base64

    scores = stored.read_frame(".scores.parquet")
    shown = [
        "horizon_bars",
        "model",
        "n_eff",
        "crps_bps",
        "crps_skill",
        "dm_p_adjusted",
        "coverage_90",
        "r2",
    ]
    picture = base64.b64encode(stored.read_bytes(".preview.png")).decode()
    lights: Mapping[str, str] = stored.card["lights"]
    return card_metadata(stored, ".scores.parquet") | {
        "report": dg.MetadataValue.path(str(stored.path(".html"))),
        "conclusion": str(stored.card["conclusion"]),
        "doubt": str(stored.card["doubt"]),
        "lights": ", ".join(f"{name} {colour}" for name, colour in lights.items()),
        "scores": frame_table(scores.select([name for name in shown if name in scores.columns]), 4),
        "preview": dg.MetadataValue.md(f"![report preview](data:image/png;base64,{picture})"),
    }


def _report_checks(stored: Published) -> list[Check]:
    light = str(stored.card["lights"].get("Leak suite", "red"))
    return [Check(name="leak_suite", passed=light == "green", metadata={"light": light})]


checks = check_definitions(
    Checked(
        asset=REPORTS_KEY,
        partitions=SYMBOL_TIMEFRAME,
        descriptions={"leak_suite": "No truncation check behind the forecasts found a value that knew the future."},
        opener=lambda home, key: read_report(home, *symbol_and_timeframe(key)),
        checker=_report_checks,
    )
)
