"""What the card of a split says besides its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.splits.assemble import Matrix
    from forecast_pipeline.splits.parameters import SplitParameters
    from forecast_pipeline.splits.plan import FoldPlan

SCHEMA_VERSION = 2
"""Version of the card and the columns; 1, which no card names, had neither the other prices of the bar nor extremes."""


def split_facts(
    symbol: str, timeframe: Timeframe, parameters: SplitParameters, matrix: Matrix, plan: FoldPlan, warmup: int
) -> dict[str, Any]:
    """Entries of the card, JSON values only; ``warmup`` is the number of leading rows that no fold uses."""
    frame = matrix.frame
    return {
        "schema_version": SCHEMA_VERSION,
        "stage": "splits",
        "symbol": symbol,
        "timeframe": timeframe.value,
        "n_rows": frame.height,
        "first_ts_utc": frame["ts_utc"][0].isoformat(),
        "last_ts_utc": frame["ts_utc"][-1].isoformat(),
        "parameters": parameters.model_dump(mode="json"),
        "horizons_bars": list(parameters.horizon_grid),
        "feature_columns": list(matrix.feature_columns),
        "origins": [
            {
                "name": o.name,
                "timeframe": o.timeframe.value,
                "unit": o.unit,
                "bar_columns": list(o.bar_columns),
                "required_bars": o.required_bars,
                "description": o.description,
            }
            for o in matrix.origins
        ],
        "indicator_tfs": matrix.indicator_timeframes,
        "warmup_bars": warmup,
        "n_folds": len(plan.walk_forward),
        "window_minutes": plan.window_minutes,
        "purge_minutes": plan.purge_minutes,
        "embargo_minutes": plan.embargo_minutes,
        "notes": list(plan.notes),
        "feature_parameters": matrix.feature_parameters,
        "absent_features": matrix.absent,
        "sources": matrix.sources,
        "leak_suite": matrix.leak_suite,
        "upstream": matrix.upstream,
    }
