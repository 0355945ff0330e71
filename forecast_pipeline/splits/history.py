"""How much history walk-forward folds need, as a sum whose terms can be read."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from forecast_pipeline.core.errors import NotEnoughHistory
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, OPEN_DAYS_PER_WEEK

if TYPE_CHECKING:
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.splits.parameters import SplitParameters

TRADING_PER_CALENDAR_DAY = OPEN_DAYS_PER_WEEK / 7


@dataclass(frozen=True, slots=True)
class RequiredHistory:
    """Terms of the history that folds need, each in trading minutes.

    Attributes:
        window_minutes: Training window.
        purge_minutes: Purge before the first test block.
        embargo_minutes: Embargo before it.
        test_minutes: All test blocks together.
        label_minutes: Rows at the end whose longest label has not ended.
        warm_up_minutes: Rows at the start whose features are not defined.

    Example:
        >>> six_months, one_month = 6 * 30437 * 5 // 7 * 1440 // 1000, 30437 * 5 // 7 * 1440 // 1000
        >>> needed = RequiredHistory(six_months, 1440, 2880, 10 * one_month, 12 * 60)
        >>> needed.calendar_days, round(needed.calendar_days / 30.437, 1)
        (492, 16.2)
    """

    window_minutes: int
    purge_minutes: int
    embargo_minutes: int
    test_minutes: int
    label_minutes: int
    warm_up_minutes: int = 0

    @property
    def total_minutes(self) -> int:
        """Sum of the terms."""
        return sum(astuple(self))

    @property
    def calendar_days(self) -> int:
        """The sum in calendar days, rounded up."""
        return math.ceil(self.total_minutes / MINUTES_PER_DAY / TRADING_PER_CALENDAR_DAY)

    def refusal(self, found_minutes: int, n_splits: int) -> NotEnoughHistory:
        """The error that shows the sum, what was found and how much to ingest."""
        terms = ("train", "purge", "embargo", "test", "label", "warm-up")
        shown = " + ".join(f"{_days(minutes)} {term}" for term, minutes in zip(terms, astuple(self), strict=True))
        return NotEnoughHistory(
            f"history must hold {shown} = {_days(self.total_minutes)} trading days for {n_splits} folds",
            was=f"{_days(found_minutes)} trading days",
            do=f"ingest about {self.calendar_days} calendar days, or lower days_history or n_splits",
        )


def gap_minutes(timeframe: Timeframe, parameters: SplitParameters) -> tuple[int, int]:
    """Purge and embargo before a test block in trading minutes; the purge is at least as long as the label.

    Example:
        >>> from forecast_pipeline.core.timeframe import Timeframe
        >>> from forecast_pipeline.splits.parameters import SplitParameters
        >>> gap_minutes(Timeframe("4h"), SplitParameters(horizon=12))
        (2880, 2880)
    """
    label = parameters.horizon_grid[-1] * timeframe.minutes
    purge = max(round(parameters.purge_days * MINUTES_PER_DAY), label)
    return purge, round(parameters.embargo_days * MINUTES_PER_DAY)


def window_minutes(parameters: SplitParameters) -> int:
    """The training window asked for in trading minutes: 5/7 of its calendar days."""
    return round(parameters.window_days * TRADING_PER_CALENDAR_DAY * MINUTES_PER_DAY)


def _days(minutes: int) -> str:
    return f"{minutes / MINUTES_PER_DAY:.1f}"
