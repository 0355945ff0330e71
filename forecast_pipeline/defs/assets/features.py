"""Stage 3: indicators of each timeframe at its own resolution, and those that other symbols enter."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from forecast_pipeline.core.publication import Published
from forecast_pipeline.defs.automation import UPSTREAM_CHANGED
from forecast_pipeline.defs.checks import PROVEN, Checked, check_definitions, feature_checks
from forecast_pipeline.defs.configs import applied, config_of
from forecast_pipeline.defs.lineage import BARS_KEY, CROSS_FEATURES_KEY, FEATURES_KEY, feature_lineage
from forecast_pipeline.defs.metadata import card_metadata, counts_table
from forecast_pipeline.defs.ownership import OWNERS
from forecast_pipeline.defs.partitions import SAME_TIMEFRAME, SYMBOL_TIMEFRAME, symbol_and_timeframe
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.stage_run import Stage, StageEvent, run_stage
from forecast_pipeline.features.build import build_features, read_features
from forecast_pipeline.features.cross import build_cross_features, read_cross_features
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.features.publish import FEATURES_VERSION

FeaturesConfig = config_of(FeatureParameters, name="FeaturesConfig")


@dg.asset(
    key=FEATURES_KEY,
    group_name="features",
    description="Indicators of a symbol and timeframe at that timeframe's own resolution. Published only if cutting "
    "the future away changes no value.",
    kinds={"numpy", "parquet"},
    owners=OWNERS,
    code_version=FEATURES_VERSION,
    partitions_def=SYMBOL_TIMEFRAME,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
    automation_condition=UPSTREAM_CHANGED,
    deps=[BARS_KEY],
)
def features(
    context: dg.AssetExecutionContext,
    config: FeaturesConfig,  # type: ignore[valid-type]  # derived from the domain class
    home: HomeResource,
) -> Iterator[StageEvent]:
    """Compute the features of each symbol and timeframe of the run."""
    folder, settings = home.open(), home.settings()
    parameters = settings.feature_parameters(applied(settings.features, config))
    yield from run_stage(
        context,
        Stage(
            key=FEATURES_KEY,
            code_version=FEATURES_VERSION,
            upstream=[BARS_KEY],
            build=lambda key: build_features(folder, *symbol_and_timeframe(key), parameters),
            describe=_describe,
            check=feature_checks,
        ),
    )


@dg.asset(
    key=CROSS_FEATURES_KEY,
    group_name="features",
    description="Currency strength and other indicators of a symbol that the closes of all other symbols enter. "
    "Built where the settings ask for one of them; a sensor watches the other symbols.",
    kinds={"numpy", "parquet"},
    owners=OWNERS,
    code_version=FEATURES_VERSION,
    partitions_def=SYMBOL_TIMEFRAME,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
    deps=[dg.AssetDep(BARS_KEY, partition_mapping=SAME_TIMEFRAME)],
)
def cross_pairs(
    context: dg.AssetExecutionContext,
    config: FeaturesConfig,  # type: ignore[valid-type]  # derived from the domain class
    home: HomeResource,
) -> Iterator[StageEvent]:
    """Compute the cross-pair features of each symbol and timeframe of the run."""
    folder, settings = home.open(), home.settings()
    parameters = settings.feature_parameters(applied(settings.features, config))
    yield from run_stage(
        context,
        Stage(
            key=CROSS_FEATURES_KEY,
            code_version=FEATURES_VERSION,
            upstream=[BARS_KEY],
            build=lambda key: build_cross_features(folder, *symbol_and_timeframe(key), parameters),
            describe=_describe,
            check=feature_checks,
        ),
    )


def _describe(stored: Published) -> dict[str, Any]:
    return card_metadata(stored, lineage=feature_lineage(stored.card)) | {
        "features": len(stored.card["columns"]),
        "absent": counts_table("absent features", stored.card["absent"]),
        "cuts tried for leaks": int(stored.card["leak_check"]["n_cuts"]),
    }


_CHECKED = {
    "schema": "Columns are those of the catalogue; no value is infinite.",
    "clock": "Bar closes increase strictly.",
    **PROVEN,
}
checks = check_definitions(
    Checked(
        asset=FEATURES_KEY,
        partitions=SYMBOL_TIMEFRAME,
        descriptions=_CHECKED,
        opener=lambda home, key: read_features(home, *symbol_and_timeframe(key)),
        checker=feature_checks,
    )
) + check_definitions(
    Checked(
        asset=CROSS_FEATURES_KEY,
        partitions=SYMBOL_TIMEFRAME,
        descriptions=_CHECKED,
        opener=lambda home, key: read_cross_features(home, *symbol_and_timeframe(key)),
        checker=feature_checks,
    )
)
