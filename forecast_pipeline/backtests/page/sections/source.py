"""Everything a section may look at, and the few numbers that several of them name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests.candle_record import CandleRecord
from forecast_pipeline.backtests.page.evidence import Evidence
from forecast_pipeline.backtests.wording import bars, counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.backtests.page.blocks import Block
    from forecast_pipeline.backtests.page.cells import Row
    from forecast_pipeline.backtests.summary import Summary

    Context = dict[str, Block | list[Block]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What the page is made of.

    Attributes:
        summary: Scores, accounts and verdict.
        facts: Card of the forecasts file; each fact may be missing.
        record: What the candles record about themselves.
        evidence: Statistics besides the score tables.
    """

    summary: Summary
    facts: Mapping[str, Any]
    record: CandleRecord = field(default_factory=CandleRecord)
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def model(self) -> str:
        """The headline model."""
        return self.summary.verdict.headline_model

    @property
    def horizon_bars(self) -> int:
        """The horizon at which it does best."""
        return self.summary.verdict.headline_horizon_bars

    @property
    def subject(self) -> str:
        """Headline model and horizon in words."""
        return f"{self.model} at {bars(self.horizon_bars)}"

    @property
    def headline(self) -> Row:
        """Score row of the headline model at its horizon."""
        is_it = (pl.col("model") == self.model) & (pl.col("horizon_bars") == self.horizon_bars)
        return self.summary.scores.row(by_predicate=is_it, named=True)

    @property
    def equity(self) -> pl.DataFrame:
        """Account of the headline model, from the evidence if it is there, else from the summary."""
        for frame in (self.evidence.trading.equity, self.summary.equity):
            own = frame
            if frame is not None and "model" in frame.columns:
                own = frame.filter(pl.col("model") == self.model)
            if own is not None and own.height:
                return own
        return self.summary.equity.clear()

    @property
    def account(self) -> Row:
        """Row of the headline model's account, at the horizon that was traded."""
        return self.summary.economics.row(by_predicate=pl.col("model") == self.model, named=True)

    @property
    def account_size(self) -> str:
        """What a result in money rests on, in words.

        Days and round trips, for a result has no n_eff; the horizon is the one that was traded.
        """
        account = self.account
        trips, days = counted(account["n_round_trips"], "round trip"), counted(account["n_days"], "day")
        return f"{bars(account['horizon_bars'])}, {trips}, {days}"

    def is_focus(self, row: Row) -> bool:
        """Whether a row stays visible in a long table: those of the headline horizon."""
        return bool(row["horizon_bars"] == self.horizon_bars)


def size_range(n_eff: pl.Series) -> str:
    """Smallest and largest effective sample size in words.

    Example:
        >>> size_range(pl.Series([30, 12])), size_range(pl.Series([5]))
        ('n_eff 12 to 30', 'n_eff 5')
    """
    ordered = sorted(set(n_eff.drop_nulls().to_list()))
    if not ordered:
        return "n_eff undefined"
    return f"n_eff {ordered[0]}" if len(ordered) == 1 else f"n_eff {ordered[0]} to {ordered[-1]}"
