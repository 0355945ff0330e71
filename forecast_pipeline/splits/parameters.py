"""Settings of the split stage, under the specification's names where it has them."""

from __future__ import annotations

import itertools
from typing import Literal, Self

from pydantic import Field, model_validator

from forecast_pipeline.core.configuration import Configuration

CALENDAR_DAYS_PER_MONTH = 365.25 / 12


class SplitParameters(Configuration):
    """How rows become folds.

    Attributes:
        days_history: Calendar days of history that one model is trained on. Left at its
            default it is the least: half of the lake's history is taken where that is longer.
            (As the total history, the specification's reading, 90 days cannot hold ten folds.)
        window_months: The same window in months; overrides ``days_history`` when given.
        horizon: Longest distance forecast, in slots of the base timeframe.
        horizons: Horizon grid; empty derives one, quickly growing, from ``horizon``.
        n_splits: Number of walk-forward folds.
        mode: ``rolling`` keeps the window's length, ``expanding`` its start.
        purge_days: Trading days (of 1440 open minutes) left out before a test block.
            Never less than the label's length, whatever is asked for.
        embargo_days: Further trading days left out there, against serial correlation.
        purge_convention: ``strict`` treats the price at the cut as unknown, ``exact`` does not.
        val_frac: Share of a training window, its end, that validates and calibrates.
        warmup_bars: Rows left out at the start of the history; a floor, the features'
            own warm-up is applied on top.
        max_warmup_fraction: Largest share of the history that the warm-up of a feature may take; a feature that
            needs more is left out, and no row before the warm-up of the others is ever used.
        min_feature_coverage: Smallest share of defined values of a feature on train rows.
        indicator_tfs: Indicators by timeframe, as in ``{"rsi": ["1m", "5m"]}``.
        indicator_preset: What an empty ``indicator_tfs`` stands for.
    """

    days_history: float = Field(default=90, gt=0)
    window_months: float | None = Field(default=None, gt=0)
    horizon: int = Field(default=12, ge=1)
    horizons: tuple[int, ...] = ()
    n_splits: int = Field(default=10, ge=1)
    mode: Literal["rolling", "expanding"] = "rolling"
    purge_days: float = Field(default=1, ge=0)
    embargo_days: float = Field(default=2, ge=0)
    purge_convention: Literal["strict", "exact"] = "strict"
    val_frac: float = Field(default=0.2, gt=0, lt=0.9)
    warmup_bars: int = Field(default=64, ge=0)
    max_warmup_fraction: float = Field(default=0.25, ge=0, lt=1)
    min_feature_coverage: float = Field(default=0.15, ge=0, le=1)
    indicator_tfs: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    indicator_preset: str = "core"

    @model_validator(mode="after")
    def _check_horizons(self) -> Self:
        grid = self.horizons
        if any(b <= a for a, b in itertools.pairwise(grid)) or any(h < 1 for h in grid):
            raise ValueError(f"horizons must be positive and increase strictly, was {list(grid)}")
        if grid and grid[-1] != self.horizon and "horizon" in self.model_fields_set:
            raise ValueError(f"horizons must end at horizon={self.horizon}, was {list(grid)}")
        return self

    @property
    def horizon_grid(self) -> tuple[int, ...]:
        """Horizons in slots, increasing.

        Example:
            >>> SplitParameters(horizon=12).horizon_grid
            (1, 3, 6, 12)
        """
        if self.horizons:
            return self.horizons
        longest = self.horizon
        return tuple(sorted({1, max(longest // 4, 1), max(longest // 2, 1), longest}))

    @property
    def window_days(self) -> float:
        """Calendar days in a training window."""
        return self.days_history if self.window_months is None else self.window_months * CALENDAR_DAYS_PER_MONTH

    @property
    def window_was_chosen(self) -> bool:
        """Whether a person set the training window; then it is taken exactly, or refused."""
        return bool(self.model_fields_set & {"days_history", "window_months"})

    @property
    def n_splits_was_chosen(self) -> bool:
        """Whether a person set the number of folds; then fewer are refused."""
        return "n_splits" in self.model_fields_set
