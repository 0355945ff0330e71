"""Stage 8: who serves, and what it forecasts from the newest closed bar."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from forecast_pipeline.core.publication import Published
from forecast_pipeline.defs.assets.backtests import REPORTS_KEY
from forecast_pipeline.defs.assets.models import BASELINES_KEY, model_key
from forecast_pipeline.defs.lineage import FEATURES_KEY
from forecast_pipeline.defs.metadata import card_metadata, frame_table
from forecast_pipeline.defs.ownership import OWNERS
from forecast_pipeline.defs.partitions import SAME_SYMBOL, SYMBOL_TIMEFRAME, symbol_and_timeframe
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.stage_run import Stage, StageEvent, run_stage
from forecast_pipeline.forecasts.champion import choose_champion
from forecast_pipeline.forecasts.inference import publish_forecasts
from forecast_pipeline.models.registry import MODELS

CODE_VERSION = "2"
CHAMPIONS_KEY = dg.AssetKey(["forecasts", "champions"])
QUANTILES_KEY = dg.AssetKey(["forecasts", "quantiles"])


@dg.asset(
    key=CHAMPIONS_KEY,
    group_name="forecasts",
    description="The model that serves: the best one that beat the best baseline significantly, else that baseline.",
    kinds={"json"},
    owners=OWNERS,
    code_version=CODE_VERSION,
    partitions_def=SYMBOL_TIMEFRAME,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
    deps=[REPORTS_KEY],
)
def champions(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[StageEvent]:
    """Apply the gate to each partition of the run."""
    folder = home.open()
    yield from run_stage(
        context,
        Stage(
            key=CHAMPIONS_KEY,
            code_version=CODE_VERSION,
            upstream=[REPORTS_KEY],
            build=lambda key: choose_champion(folder, *symbol_and_timeframe(key)),
            describe=_describe_champion,
            check=lambda _: (),
        ),
    )


@dg.asset(
    key=QUANTILES_KEY,
    group_name="forecasts",
    description="Quantiles of return and price at every horizon, from the newest closed bar, by every trained model; "
    "the champion is marked.",
    kinds={"polars", "parquet"},
    owners=OWNERS,
    code_version=CODE_VERSION,
    partitions_def=SYMBOL_TIMEFRAME,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
    deps=[
        CHAMPIONS_KEY,
        BASELINES_KEY,
        *(model_key(name) for name in MODELS),
        dg.AssetDep(FEATURES_KEY, partition_mapping=SAME_SYMBOL),
    ],
)
def quantiles(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[StageEvent]:
    """Forecast from the newest closed bar of each partition of the run."""
    folder = home.open()
    yield from run_stage(
        context,
        Stage(
            key=QUANTILES_KEY,
            code_version=CODE_VERSION,
            upstream=[CHAMPIONS_KEY],
            build=lambda key: publish_forecasts(folder, *symbol_and_timeframe(key)),
            describe=_describe,
            check=lambda _: (),
        ),
    )


def _describe_champion(stored: Published) -> dict[str, Any]:
    return card_metadata(stored) | {name: str(stored.card[name]) for name in ("champion", "reason", "rule")}


def _describe(stored: Published) -> dict[str, Any]:
    served = stored.read_frame().filter(pl.col("is_champion"))
    shown = ["target_ts_utc", "horizon_bars", "price", "price_q05", "price_q50", "price_q95", "q05", "q50", "q95"]
    return card_metadata(stored) | {
        "champion": str(stored.card["champion"]),
        "issued at": str(stored.card["issued_at_utc"]),
        "forecast": frame_table(served.select(shown)),
    }
