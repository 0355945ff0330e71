"""Losses of all models on common rows, summed by block of time and regime: what the policy looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.regimes.label import UNKNOWN
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, trading_minutes

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.int64]

_ROW = ["fold", "issued_at_utc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonLosses:
    """Paired CRPS of one horizon, rows in order of time.

    Attributes:
        horizon_bars: Horizon.
        models: Names, sorted.
        is_baseline: Shape ``(M,)``.
        losses: Shape ``(B, M)``, log return.
        fold: Shape ``(B,)``, position of the row's fold among all folds.
        decision: Shape ``(B,)``, position of the row's decision among all decisions.
        block: Shape ``(B,)``, position of its block: an FX day of one fold, or the horizon if that is longer.
        fold_of_block: Shape ``(K,)``.
        is_evidence: Shape ``(B,)``, whether the label had ended at the first decision of the next fold.
        issued_at_us: Shape ``(B,)``.
    """

    horizon_bars: int
    models: tuple[str, ...]
    is_baseline: npt.NDArray[np.bool_]
    losses: Floats
    fold: Positions
    decision: Positions
    block: Positions
    fold_of_block: Positions
    is_evidence: npt.NDArray[np.bool_]
    issued_at_us: Positions

    def sums(self, labels: Positions, n_labels: int) -> BlockSums:
        """Losses summed by block and label.

        Args:
            labels: Shape ``(D,)``, a code below ``n_labels`` for each decision, or -1 where it is unknown.
            n_labels: Number of codes; the unknown one is put after them.
        """
        of_row = labels[self.decision]
        slot = np.where(of_row < 0, n_labels, of_row)
        n_blocks, width = self.fold_of_block.size, n_labels + 1
        cell = (self.block * 2 + self.is_evidence) * width + slot
        shape = (n_blocks, 2, width)
        size = n_blocks * 2 * width
        counts = np.bincount(cell, minlength=size).reshape(shape)
        by_model = [np.bincount(cell, weights=loss, minlength=size).reshape(shape) for loss in self.losses.T]
        totals = np.stack(by_model, axis=-1).astype(np.float64)
        return BlockSums(totals[:, 1], counts[:, 1], totals.sum(axis=1), self.fold_of_block, self.fold.size)


@dataclass(frozen=True, slots=True)
class BlockSums:
    """Sums by block and label; the last label is the unknown regime.

    Attributes:
        evidence: Shape ``(K, R + 1, M)``, losses of rows that later folds may learn from.
        n_evidence: Shape ``(K, R + 1)``, number of those rows.
        all: Shape ``(K, R + 1, M)``, losses of all rows.
        fold_of_block: Shape ``(K,)``.
        n_rows: Number of rows.
    """

    evidence: Floats
    n_evidence: Positions
    all: Floats
    fold_of_block: Positions
    n_rows: int

    def before(self, fold: int) -> tuple[Floats, Positions]:
        """What a decision of ``fold`` may learn from: rows of earlier folds whose labels had ended."""
        earlier = self.fold_of_block < fold
        return self.evidence[earlier], self.n_evidence[earlier]


def decision_regimes(tested: pl.DataFrame) -> tuple[Positions, tuple[str, ...]]:
    """Code of the regime at each decision in order of time, -1 where unknown, and the names of the codes."""
    decisions = tested.select(*_ROW, pl.col("regime").fill_null(UNKNOWN)).unique(_ROW, keep="first").sort(_ROW[::-1])
    names = tuple(sorted(set(decisions["regime"]) - {UNKNOWN}))
    code = {name: position for position, name in enumerate(names)} | {UNKNOWN: -1}
    return np.asarray([code[name] for name in decisions["regime"]], dtype=np.int64), names


def horizon_losses(tested: pl.DataFrame) -> list[HorizonLosses]:
    """Paired losses of each horizon on the rows that all models share, shortest horizon first.

    Raises:
        MissingData: If a horizon has no baseline or no row that all models share.
    """
    decisions = tested.select(_ROW).unique().sort(_ROW[::-1]).with_row_index("decision")
    folds = sorted(set(decisions["fold"].to_list()))
    first_us = decisions.group_by("fold").agg(pl.col("issued_at_utc").min()).sort("fold")["issued_at_utc"]
    starts_us = first_us.to_physical().to_numpy()
    # A choice is corrected over models and horizons, so only models that forecast every horizon take part.
    everywhere = pl.col("horizon_bars").n_unique().over("model") == tested["horizon_bars"].n_unique()
    parts = tested.filter(everywhere).sort("horizon_bars").partition_by("horizon_bars", maintain_order=True)
    return [_of_horizon(part, decisions, folds, starts_us) for part in parts]


def _of_horizon(part: pl.DataFrame, decisions: pl.DataFrame, folds: list[int], starts_us: Positions) -> HorizonLosses:
    horizon_bars = int(part["horizon_bars"][0])
    kinds = part.select("model", "is_baseline").unique().sort("model")
    models = tuple(str(name) for name in kinds["model"])
    wide = part.pivot("model", index=[*_ROW, "target_ts_utc"], values="crps").drop_nulls(list(models))
    wide = wide.join(decisions, on=_ROW, how="left").sort("issued_at_utc")
    if wide.is_empty() or not kinds["is_baseline"].any():
        raise MissingData(f"horizon {horizon_bars} must have a baseline and rows that all models share")
    issued_us, target_us = (wide[name].to_physical().to_numpy() for name in ("issued_at_utc", "target_ts_utc"))
    fold = np.searchsorted(folds, wide["fold"].to_numpy()).astype(np.int64)
    issued_minutes = trading_minutes(issued_us)
    longest = int((trading_minutes(target_us) - issued_minutes).max())
    pairs = np.column_stack([fold, issued_minutes // max(MINUTES_PER_DAY, longest)])
    known_blocks, block = np.unique(pairs, axis=0, return_inverse=True)
    next_start_us = np.append(starts_us[1:], np.iinfo(np.int64).max)[fold]
    return HorizonLosses(
        horizon_bars=horizon_bars,
        models=models,
        is_baseline=kinds["is_baseline"].to_numpy(),
        losses=wide.select(models).to_numpy(),
        fold=fold,
        decision=wide["decision"].cast(pl.Int64).to_numpy(),
        block=block.reshape(-1).astype(np.int64),
        fold_of_block=known_blocks[:, 0],
        is_evidence=target_us <= next_start_us,
        issued_at_us=issued_us,
    )
