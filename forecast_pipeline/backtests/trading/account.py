"""One model's forecasts through the whole policy: market, positions, ledger and daily net, in one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast_pipeline.backtests.trading.daily import daily_net
from forecast_pipeline.backtests.trading.ledger import settle
from forecast_pipeline.backtests.trading.market import markets_by_model
from forecast_pipeline.backtests.trading.policy import positions, schedule_of, signals

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from forecast_pipeline.backtests.positions import CostModel
    from forecast_pipeline.backtests.trading.daily import DailyNet
    from forecast_pipeline.backtests.trading.ledger import Ledger
    from forecast_pipeline.backtests.trading.market import Market
    from forecast_pipeline.backtests.trading.parameters import TradingParameters
    from forecast_pipeline.backtests.trading.policy import Schedule

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one model wanted, did and earned."""

    market: Market
    schedule: Schedule
    signal: Floats
    ledger: Ledger
    daily: DailyNet


def account_of(market: Market, costs: CostModel, parameters: TradingParameters) -> Account:
    """Trade one model."""
    schedule = schedule_of(market, parameters)
    signal = signals(market.mean, market.std, market, costs, parameters)
    ledger = settle(market, positions(signal, schedule))
    return Account(market=market, schedule=schedule, signal=signal, ledger=ledger, daily=daily_net(ledger))


def run_account(
    forecasts: pl.DataFrame,
    costs: CostModel,
    parameters: TradingParameters,
    *,
    pip: float,
    symbol: str,
    conversion: pl.DataFrame | None = None,
) -> Account:
    """Trade the forecasts of one model at one horizon; see `markets_by_model` for the arguments.

    Raises:
        ValueError: If the rows are not those of one model with at least one fill.

    Example:
        >>> from forecast_pipeline.backtests.positions import CostModel
        >>> from forecast_pipeline.backtests.trading.checks import hourly_rows
        >>> from forecast_pipeline.backtests.trading.parameters import TradingParameters
        >>> rows = hourly_rows([0.01, 0.0], fills=[1.0, 1.002], spread=0.0002)
        >>> account = run_account(rows, CostModel(), TradingParameters(), pip=0.0001, symbol="EURUSD")
        >>> account.ledger.position.tolist(), round(account.ledger.total("gross"), 6)
        ([1.0, 0.0], 0.002)
    """
    markets = markets_by_model(forecasts, costs, parameters, pip=pip, symbol=symbol, conversion=conversion)
    if len(markets) != 1:
        raise ValueError(f"an account must hold the fills of one model, was {len(markets)}: pass the rows of one model")
    (market,) = markets.values()
    return account_of(market, costs, parameters)
