"""Settings of the backtest stage."""

from __future__ import annotations

from pydantic import Field

from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.core.configuration import Configuration


class BacktestParameters(Configuration):
    """How the walk-forward is run and valued.

    Attributes:
        n_samples: Draws per forecast, the same for every model: CRPS and quantiles depend on it.
        max_decisions_per_fold: Test decisions of a fold are thinned to at most this many, by one stride in all folds:
            neighbouring minutes forecast the same hour.
        in_sample_rows: Training rows per fold that are forecast too, to measure degradation.
        costs: What trading costs.
    """

    n_samples: int = Field(default=1000, ge=50)
    max_decisions_per_fold: int = Field(default=5000, ge=20)
    in_sample_rows: int = Field(default=250, ge=1)
    costs: CostModel = CostModel()
