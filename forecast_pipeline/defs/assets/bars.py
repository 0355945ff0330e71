"""Stage 2: complete bars on the FX week."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from forecast_pipeline.bars.build import build_bars, read_bars
from forecast_pipeline.core.publication import Published
from forecast_pipeline.defs.automation import UPSTREAM_CHANGED
from forecast_pipeline.defs.checks import Checked, bar_checks, check_definitions
from forecast_pipeline.defs.lineage import BARS_KEY, CANDLES_KEY, bar_lineage
from forecast_pipeline.defs.metadata import card_metadata
from forecast_pipeline.defs.ownership import OWNERS
from forecast_pipeline.defs.partitions import SAME_SYMBOL, SYMBOL_TIMEFRAME, symbol_and_timeframe
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.stage_run import Stage, StageEvent, run_stage

CODE_VERSION = "1"


@dg.asset(
    key=BARS_KEY,
    group_name="bars",
    description="Complete bars of a symbol and timeframe on the FX week; four-hour and daily bars are cut at 17:00 "
    "New York. Gaps are never filled, a forming bar is never emitted.",
    kinds={"polars", "parquet"},
    owners=OWNERS,
    code_version=CODE_VERSION,
    partitions_def=SYMBOL_TIMEFRAME,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
    automation_condition=UPSTREAM_CHANGED,
    deps=[dg.AssetDep(CANDLES_KEY, partition_mapping=SAME_SYMBOL)],
)
def bars(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[StageEvent]:
    """Aggregate the candles of each symbol to each timeframe of the run."""
    folder = home.open()
    yield from run_stage(
        context,
        Stage(
            key=BARS_KEY,
            code_version=CODE_VERSION,
            upstream=[CANDLES_KEY],
            build=lambda key: build_bars(folder, *symbol_and_timeframe(key)),
            describe=_describe,
            check=bar_checks,
        ),
    )


def _describe(stored: Published) -> dict[str, Any]:
    return card_metadata(stored, lineage=bar_lineage()) | {
        "coverage of scheduled slots": float(stored.card["coverage_fraction"]),
        "volume": str(stored.card["volume_kind"]),
    }


checks = check_definitions(
    Checked(
        asset=BARS_KEY,
        partitions=SYMBOL_TIMEFRAME,
        descriptions={
            "schema": "Columns, their order and types are those of a bar.",
            "clock": "Bar opens increase strictly.",
            "prices": "Open and close lie between low and high.",
        },
        opener=lambda home, key: read_bars(home, *symbol_and_timeframe(key)),
        checker=bar_checks,
    )
)
