"""The one policy: from a predictive distribution to a position, and from a position to a fill, fixed beforehand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.backtests.trading.market import latency_us
from forecast_pipeline.core.trading_clock import MINUTES_PER_WEEK, trading_minutes
from forecast_pipeline.scores.significance import disjoint_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.positions import CostModel
    from forecast_pipeline.backtests.trading.market import Market
    from forecast_pipeline.backtests.trading.parameters import TradingParameters

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.int64]

_MINUTES_PER_YEAR = MINUTES_PER_WEEK * 365.25 / 7.0
_POSITION_DECIMALS = 10  # sums of shares that cancel leave 1e-17, which is no position


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When positions may be opened and how long they live; it depends on the clock alone, never on a forecast.

    Attributes:
        is_decided: Whether the policy looks at each decision.
        exit_row: First decision at or after the end of the horizon, at most the last of the fold.
        n_tranches: Shares into which the unit is cut.
        row_after: Last decision that can be filled at each fill; less than ``first_row`` for none.
        first_row: First row of the fold of each row.
        is_last: Last fill of each fold, which closes everything.
    """

    is_decided: npt.NDArray[np.bool_]
    exit_row: Positions
    n_tranches: int
    row_after: Positions
    first_row: Positions
    is_last: npt.NDArray[np.bool_]


def schedule_of(market: Market, parameters: TradingParameters) -> Schedule:
    """The schedule of one model's decisions.

    Overlapping positions cut the unit into as many tranches as decisions fall into one horizon, so
    that at most one unit is held and no phase of the clock is preferred.

    Args:
        market: Of one model.
        parameters: Holding rule and latency.
    """
    n_rows = market.fold.size
    if n_rows == 0:
        empty = np.empty(0, dtype=np.int64)
        return Schedule(
            is_decided=empty > 0, exit_row=empty, n_tranches=1, row_after=empty, first_row=empty, is_last=empty > 0
        )
    is_first = np.append(True, np.diff(market.fold) != 0)
    is_last = np.append(is_first[1:], True)
    fold_number = np.cumsum(is_first) - 1
    last_row = np.flatnonzero(is_last)[fold_number]
    first_row = np.flatnonzero(is_first)[fold_number]
    # One ascending key for all folds, so that one search serves them.
    origin = int(min(market.issued_us.min(), market.fill_us.min()))
    span = int(max(market.target_us.max(), market.fill_us.max())) + latency_us(parameters) - origin + 1
    key = market.issued_us - origin + fold_number * span
    exit_row = np.searchsorted(key, market.target_us - origin + fold_number * span)
    row_after = np.searchsorted(key + latency_us(parameters), market.fill_us - origin + fold_number * span, "right") - 1
    minutes = trading_minutes(market.issued_us)
    between = np.diff(minutes)[~is_first[1:]]
    spacing = float(np.median(between)) if between.size else math.inf
    is_decided = np.ones(n_rows, dtype=bool)
    if parameters.holding == "disjoint":
        is_decided[:] = False
        is_decided[disjoint_rows(key, np.maximum(market.target_us - origin + fold_number * span, key + 1))] = True
    n_tranches = max(1, round(float(np.median(market.horizon_minutes)) / spacing)) if spacing > 0.0 else 1
    return Schedule(
        is_decided=is_decided,
        exit_row=np.minimum(np.maximum(exit_row, np.arange(n_rows) + 1), last_row),
        n_tranches=1 if parameters.holding == "disjoint" else n_tranches,
        row_after=row_after,
        first_row=first_row,
        is_last=is_last,
    )


def signals(mean: Floats, std: Floats, market: Market, costs: CostModel, parameters: TradingParameters) -> Floats:
    """What one decision wants to hold: direction of the mean, sized by the predicted risk, zero inside the band.

    Traded only if ``|mean|`` exceeds ``no_trade_multiple`` round trips as they cost at the decision. The size is
    ``volatility_target_annual`` over the predicted yearly standard deviation, at most ``max_exposure``; a risk
    that is not known, or zero, is not taken.

    Args:
        mean: Shape ``(T,)``, log return over the horizon.
        std: Shape ``(T,)``, its predicted standard deviation.
        market: Whose costs apply.
        costs: The band.
        parameters: The target.

    Returns:
        Shape ``(T,)``, in ``[-max_exposure, max_exposure]``, units of the base currency.
    """
    is_worth_it = np.abs(mean) > costs.no_trade_multiple * market.round_trip
    return np.where(is_worth_it, np.sign(mean), 0.0) * sizes(std, market.horizon_minutes, parameters)


def sizes(std: Floats, horizon_minutes: Floats, parameters: TradingParameters) -> Floats:
    """Size of a full position by volatility target.

    Example:
        >>> from forecast_pipeline.backtests.trading.parameters import TradingParameters
        >>> year = np.full(3, 7200 * 365.25 / 7)
        >>> sizes(np.array([0.1, 0.4, 0.0]), year, TradingParameters(volatility_target_annual=0.2)).tolist()
        [1.0, 0.5, 0.0]
    """
    if parameters.volatility_target_annual is None:
        return np.full(std.shape, parameters.max_exposure)
    annual = std * np.sqrt(_MINUTES_PER_YEAR / horizon_minutes)
    is_known = annual > 0.0
    wanted = np.divide(parameters.volatility_target_annual, annual, out=np.zeros(std.shape), where=is_known)
    return np.minimum(wanted, parameters.max_exposure)


def positions(signal: Floats, schedule: Schedule, delay_decisions: int = 0) -> Floats:
    """Position after every fill, in units of the base currency.

    Each decision adds its tranche, held until the end of its horizon; only the net change is traded.
    A fill executes the latest decision whose latency has passed. Every fold starts and ends flat.

    Args:
        signal: Shape ``(T,)``, of `signals`.
        schedule: Of the same rows.
        delay_decisions: Decisions by which every fill comes late on top.

    Example:
        >>> flags = np.array([False] * 4 + [True])
        >>> two = Schedule(is_decided=~flags, exit_row=np.array([2, 3, 4, 4, 4]), n_tranches=2,
        ...     row_after=np.arange(5), first_row=np.zeros(5, dtype=int), is_last=flags)
        >>> positions(np.array([1.0, 1.0, 0.0, -1.0, 1.0]), two).tolist()
        [0.5, 1.0, 0.5, -0.5, 0.0]
    """
    if signal.size == 0:
        return signal
    tranche = np.where(schedule.is_decided & ~schedule.is_last, signal, 0.0) / schedule.n_tranches
    ended = np.bincount(schedule.exit_row, weights=tranche, minlength=signal.size)
    wanted = np.round(np.cumsum(tranche - ended), _POSITION_DECIMALS)
    row = schedule.row_after - delay_decisions
    is_held = (row >= schedule.first_row) & ~schedule.is_last
    return np.where(is_held, wanted[np.maximum(row, 0)], 0.0)
