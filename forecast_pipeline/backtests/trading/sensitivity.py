"""What a result depends on: the size of costs, the delay of fills, the slippage assumed, the sizes of positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.trading.daily import daily_net, sharpe_annual
from forecast_pipeline.backtests.trading.ledger import settle
from forecast_pipeline.backtests.trading.market import with_slippage
from forecast_pipeline.backtests.trading.policy import positions, signals

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.positions import CostModel
    from forecast_pipeline.backtests.trading.ledger import Ledger
    from forecast_pipeline.backtests.trading.market import Market
    from forecast_pipeline.backtests.trading.parameters import TradingParameters
    from forecast_pipeline.backtests.trading.policy import Schedule

    Floats = npt.NDArray[np.float64]

COST_MULTIPLIERS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
DELAYS = (0, 1, 2, 5)
SLIPPAGE_MULTIPLES = (0.0, 0.25, 1.0)


def cost_curve(market: Market, position: Floats) -> pl.DataFrame:
    """The same trades at multiples of the costs charged, swap as it is: ``multiplier``, ``net``, ``sharpe``."""
    booked = [settle(market, position, multiplier) for multiplier in COST_MULTIPLIERS]
    return _curve("multiplier", COST_MULTIPLIERS, booked)


def delay_curve(market: Market, signal: Floats, schedule: Schedule) -> pl.DataFrame:
    """The same decisions filled later: ``delay_decisions``, ``net``, ``sharpe``."""
    booked = [settle(market, positions(signal, schedule, delay)) for delay in DELAYS]
    return _curve("delay_decisions", DELAYS, booked)


def slippage_curve(market: Market, position: Floats, costs: CostModel, parameters: TradingParameters) -> pl.DataFrame:
    """The same trades at other multiples of the standard deviation: ``slippage_multiple``, ``net``, ``sharpe``."""
    booked = [settle(with_slippage(market, costs, parameters, each), position) for each in SLIPPAGE_MULTIPLES]
    return _curve("slippage_multiple", SLIPPAGE_MULTIPLES, booked)


def sizing(market: Market, schedule: Schedule, costs: CostModel, parameters: TradingParameters) -> pl.DataFrame:
    """What a better standard deviation is worth: the same directions in three sizes, at equal turnover.

    Sizes are scaled so that each trades as many units as the constant size does; then only *when* the
    position is large differs.

    Returns:
        ``sizing``, ``gross``, ``net``, ``sharpe``, ``n_round_trips``.
    """
    constant = parameters.model_copy(update={"volatility_target_annual": None})
    direction = np.sign(signals(market.mean, market.std, market, costs, constant))
    whole = settle(market, positions(direction, schedule))
    rows = []
    for name, std in (
        ("constant size", None),
        ("by the model's standard deviation", market.std),
        ("by the standard deviation expected at issue", market.scale),
    ):
        inverse = (
            np.ones(direction.shape) if std is None else np.where(std > 0.0, 1.0 / np.where(std > 0.0, std, 1.0), 0.0)
        )
        ledger = whole if std is None else settle(market, _equal_turnover(direction * inverse, schedule, whole))
        daily = daily_net(ledger)
        row = {"sizing": name, "gross": ledger.total("gross"), "net": ledger.total("net")}
        rows.append(row | {"sharpe": sharpe_annual(daily), "n_round_trips": ledger.round_trips})
    return pl.DataFrame(rows)


def _equal_turnover(signal: Floats, schedule: Schedule, reference: Ledger) -> Floats:
    median = float(np.median(np.abs(signal[signal != 0.0]))) if np.any(signal) else 1.0
    position = positions(signal / median, schedule)
    traded = float(np.abs(np.diff(position, prepend=0.0)).sum())
    return position * (float(reference.traded.sum()) / traded) if traded > 0.0 else position


def _curve(name: str, values: tuple[float, ...], booked: list[Ledger]) -> pl.DataFrame:
    net = [ledger.total("net") for ledger in booked]
    sharpe = [sharpe_annual(daily_net(ledger)) for ledger in booked]
    return pl.DataFrame({name: list(values), "net": net, "sharpe": sharpe})
