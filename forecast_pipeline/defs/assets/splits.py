"""Stage 4: the aligned matrix, its targets and the fold plan."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from forecast_pipeline.core.publication import Published
from forecast_pipeline.defs.checks import Checked, check_definitions, split_checks
from forecast_pipeline.defs.configs import applied, config_of
from forecast_pipeline.defs.lineage import CROSS_FEATURES_KEY, FEATURES_KEY, SPLITS_KEY, split_lineage
from forecast_pipeline.defs.metadata import card_metadata, counts_table, frame_table
from forecast_pipeline.defs.ownership import OWNERS
from forecast_pipeline.defs.partitions import SAME_SYMBOL, SYMBOL_TIMEFRAME, symbol_and_timeframe
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.stage_run import Stage, StageEvent, run_stage
from forecast_pipeline.splits.build import FOLDS, build_splits, read_split
from forecast_pipeline.splits.parameters import SplitParameters

CODE_VERSION = "4"
SplitsConfig = config_of(SplitParameters, name="SplitsConfig")


@dg.asset(
    key=SPLITS_KEY,
    group_name="splits",
    description="Features of all timeframes as known at each close of the base timeframe, forward returns, the "
    "purged walk-forward plan, and means and deviations of training rows only.",
    kinds={"polars", "parquet"},
    owners=OWNERS,
    code_version=CODE_VERSION,
    partitions_def=SYMBOL_TIMEFRAME,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
    deps=[
        dg.AssetDep(FEATURES_KEY, partition_mapping=SAME_SYMBOL),
        dg.AssetDep(CROSS_FEATURES_KEY, partition_mapping=SAME_SYMBOL),
    ],
)
def folds(
    context: dg.AssetExecutionContext,
    config: SplitsConfig,  # type: ignore[valid-type]  # derived from the domain class
    home: HomeResource,
) -> Iterator[StageEvent]:
    """Lay the folds of each symbol and base timeframe of the run."""
    folder, parameters = home.open(), applied(home.settings().splits, config)
    yield from run_stage(
        context,
        Stage(
            key=SPLITS_KEY,
            code_version=CODE_VERSION,
            upstream=[FEATURES_KEY, CROSS_FEATURES_KEY],
            build=lambda key: build_splits(folder, *symbol_and_timeframe(key), parameters),
            describe=_describe,
            check=split_checks,
        ),
    )


def _describe(stored: Published) -> dict[str, Any]:
    card = stored.card
    plan = stored.read_frame(FOLDS).select(
        "fold", "train_start_utc", "validation_start_utc", "test_start_utc", "test_stop_utc"
    )
    return card_metadata(stored, lineage=split_lineage(card)) | {
        "folds": int(card["n_folds"]),
        "horizons in bars": str(card["horizons_bars"]),
        "warm-up in bars": int(card["warmup_bars"]),
        "absent": counts_table("absent features", card["absent_features"]),
        "notes": counts_table("notes", {str(n): text for n, text in enumerate(card["notes"], start=1)}),
        "plan": frame_table(plan),
    }


checks = check_definitions(
    Checked(
        asset=SPLITS_KEY,
        partitions=SYMBOL_TIMEFRAME,
        descriptions={
            "labels": "No label of a fitted row reaches the test block of its fold.",
            "folds": "There is at least one fold and every fold has test rows.",
            "leak_by_truncation": "Every feature partition that was joined passed its truncation check.",
            "visibility": "Sampled rows show exactly the last bar of each timeframe that had closed, not an older one.",
        },
        opener=lambda home, key: read_split(home, *symbol_and_timeframe(key)).stored,
        checker=split_checks,
    )
)
