"""Settings of the backtest stage."""

from __future__ import annotations

from pydantic import Field

from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.regimes.parameters import Detector, RegimeParameters
from forecast_pipeline.backtests.trading.parameters import TradingParameters
from forecast_pipeline.core.configuration import Configuration


class BacktestParameters(Configuration):
    """How the walk-forward is run and valued.

    Attributes:
        n_samples: Draws per forecast, the same for every model: CRPS and quantiles depend on it.
        max_decisions_per_fold: Test decisions of a fold are thinned to at most this many, by one stride in all folds:
            neighbouring minutes forecast the same hour.
        in_sample_rows: Training rows per fold that are forecast too, to measure degradation.
        regime_detector: ``grid`` (volatility by trend) or ``hidden_markov`` (states by volatility); fitted to the
            training rows of each fold, told forward only.
        regimes: Settings of the detector.
        costs: What trading costs.
        trading: The policy, and how it is filled, financed and booked.
    """

    n_samples: int = Field(default=1000, ge=50)
    max_decisions_per_fold: int = Field(default=2500, ge=20)
    in_sample_rows: int = Field(default=250, ge=1)
    regime_detector: Detector = "grid"
    regimes: RegimeParameters = RegimeParameters()
    costs: CostModel = CostModel()
    trading: TradingParameters = TradingParameters()
