"""The code location: what ``workspace.yaml`` loads."""

from typing import TYPE_CHECKING

import dagster as dg

from forecast_pipeline.defs import sensors
from forecast_pipeline.defs.assets import backtests, bars, candles, features, forecasts, models, splits
from forecast_pipeline.defs.lineage import BARS_KEY, FEATURES_KEY
from forecast_pipeline.defs.resources import HomeResource

if TYPE_CHECKING:
    from collections.abc import Mapping


def build_definitions(**overrides: object) -> dg.Definitions:
    """Assemble assets, checks, jobs, sensors and schedules.

    Args:
        overrides: Resources by name, in place of the real ones.
    """
    resources: Mapping[str, object] = {"home": HomeResource()} | overrides
    return dg.Definitions(
        assets=[
            candles.vendor_files,
            candles.candles,
            bars.bars,
            features.features,
            features.cross_pairs,
            splits.folds,
            models.baselines,
            *models.assets,
            backtests.out_of_sample,
            backtests.reports,
            backtests.comparison,
            forecasts.champions,
            forecasts.quantiles,
        ],
        asset_checks=[
            *candles.checks,
            *bars.checks,
            *features.checks,
            *splits.checks,
            *models.checks,
            *backtests.checks,
        ],
        jobs=[
            sensors.cross_pair_job,
            sensors.candles_job,
            sensors.training_job,
            sensors.forecast_job,
            sensors.repair_job,
        ],
        sensors=[
            sensors.landing_sensor,
            sensors.cross_pair_sensor,
            sensors.retrain_sensor,
            sensors.forecast_sensor,
            dg.AutomationConditionSensorDefinition(
                "derived_data_sensor",
                target=dg.AssetSelection.assets(BARS_KEY, FEATURES_KEY, backtests.COMPARISON_KEY),
                minimum_interval_seconds=sensors.POLL_SECONDS,
                default_status=dg.DefaultSensorStatus.RUNNING,
            ),
        ],
        schedules=[sensors.nightly_backfill],
        resources=resources,
        executor=dg.in_process_executor,
    )


@dg.definitions
def definitions() -> dg.Definitions:
    """The definitions that Dagster loads."""
    return build_definitions()
