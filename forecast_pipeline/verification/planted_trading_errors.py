"""Group B of the planted errors, what is traded: books that look right and are not.

Each stands in for one rule of ours in the check that guards it. None is reachable from anywhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.backtests.trading.barrier import NONE, STOP, TARGET, BarrierExit
from forecast_pipeline.backtests.trading.checks import net_of_account, trading_checks
from forecast_pipeline.backtests.trading.rollover import fx_day_number
from forecast_pipeline.verification.mutants import rule_alarms, rule_mutants

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from forecast_pipeline.backtests.positions import CostModel
    from forecast_pipeline.verification.mutants import Mutant, WrongRules

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]


def filled_at_signal_close(rows: pl.DataFrame, costs: CostModel, symbol: str, pip: float) -> float:
    """B1: the price that decides is also the price of the fill."""
    return net_of_account(rows.with_columns(fill_price="price", fill_ts_utc="issued_at_utc"), costs, symbol, pip)


def filled_at_mid(rows: pl.DataFrame, costs: CostModel, symbol: str, pip: float) -> float:
    """B2: nobody crosses the spread."""
    return net_of_account(rows, costs.model_copy(update={"spread_pips": 0.0}), symbol, pip)


def target_before_stop(
    side: Floats, stop: Floats, target: Floats, _bar_open: Floats, high: Floats, low: Floats
) -> BarrierExit:
    """B3: a bar that touches both barriers is taken for a win."""
    is_reached = np.where(side > 0.0, high >= target, low <= target)
    is_stopped = np.where(side > 0.0, low <= stop, high >= stop) & ~is_reached
    reason = np.where(is_reached, TARGET, np.where(is_stopped, STOP, NONE)).astype(np.int8)
    return BarrierExit(reason, np.where(is_reached, target, np.where(is_stopped, stop, np.nan)))


def single_night_on_wednesday(from_us: Instants, to_us: Instants, _symbol: str) -> Instants:
    """B4: every night of the week costs the same."""
    by_instant = []
    for instants in (from_us, to_us):
        week, weekday = np.divmod(fx_day_number(instants) - 4, 7)
        by_instant.append(5 * week + np.minimum(weekday, 5))
    return np.asarray(by_instant[1] - by_instant[0])


def unconverted(rows: pl.DataFrame, costs: CostModel, _symbol: str, pip: float) -> float:
    """B5: a yen is booked as a dollar."""
    return net_of_account(rows, costs, "EURUSD", pip)


def charged_once(rows: pl.DataFrame, costs: CostModel, symbol: str, pip: float) -> float:
    """B6: a round trip pays the costs of one side."""
    halved = {name: getattr(costs, name) / 2.0 for name in ("commission_pips", "slippage_pips")}
    return net_of_account(rows, costs.model_copy(update=halved), symbol, pip)


LAYER = "L12"
TRADING_ERRORS: WrongRules = {
    "B1": ("fill at the close of the signal", filled_at_signal_close),
    "B2": ("fill at mid", filled_at_mid),
    "B3": ("target before stop in one bar", target_before_stop),
    "B4": ("no triple swap on Wednesday", single_night_on_wednesday),
    "B5": ("result in yen unconverted", unconverted),
    "B6": ("cost once per round trip", charged_once),
}
"""B1 to B6, in order: what is wrong, and the wrong rule."""


def trading_mutants() -> list[Mutant]:
    """B1 to B6, in order, each given to the trades worked by hand that are there for it."""
    return rule_mutants(LAYER, trading_checks(), TRADING_ERRORS)


def trading_alarms() -> dict[str, list[str]]:
    """What those trades say of our own books, by test; nothing, if they are right."""
    return rule_alarms(LAYER, trading_checks())
