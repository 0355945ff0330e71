"""Train and validation rows of one series: labelled, warm, and purged so that no label meets a validation decision."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory
from forecast_pipeline.forecasts.series.inputs import WARMUP_BARS
from forecast_pipeline.forecasts.series.past import input_values, labels_of, rows_at
from forecast_pipeline.splits.plan import MIN_TRAIN_ROWS, MIN_VALIDATION_ROWS
from forecast_pipeline.splits.purge import check_no_overlap, training_rows
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.splits.target_scale import TargetScale

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from forecast_pipeline.forecasts.series.past import Labels, Past
    from forecast_pipeline.splits.arrays import Rows

    Positions = npt.NDArray[np.intp]

MIN_COVERAGE_FRACTION = 0.5


@dataclass(frozen=True, slots=True)
class Segments:
    """What a forecaster is fitted to.

    Attributes:
        train: Rows that teach.
        validation: Later rows that calibrate.
        scale: Variance model of the training bars.
        standardiser: Statistics of the training rows.
        horizons: Bars ahead, shape ``(K,)``.
        n_train_bars: Bars up to the last training row, which is included.
    """

    train: Rows
    validation: Rows
    scale: TargetScale
    standardiser: Standardiser
    horizons: tuple[int, ...]
    n_train_bars: int


def horizon_grid(horizons: Iterable[int]) -> tuple[int, ...]:
    """Horizons in bars, checked.

    Raises:
        InvalidConfiguration: If they are not positive whole numbers that increase.

    Example:
        >>> horizon_grid(range(1, 4))
        (1, 2, 3)
    """
    grid = tuple(horizons)
    is_whole = all(isinstance(h, int | np.integer) and not isinstance(h, bool) for h in grid)
    if not grid or not is_whole or grid[0] < 1 or any(b <= a for a, b in itertools.pairwise(grid)):
        raise InvalidConfiguration("horizons must be positive whole bars that increase", was=str(list(grid)))
    return tuple(int(h) for h in grid)


def segments_of(past: Past, horizons: tuple[int, ...], validation_fraction: float) -> Segments:
    """Cut the rows of a series with known outcomes into train and validation.

    The last ``validation_fraction`` of them validate. A row trains if its longest label ends at or before the first
    validation decision; variance model and standardiser see bars up to the last of these decisions.

    Raises:
        InvalidConfiguration: If the fraction is not in ``(0, 1)``.
        NotEnoughHistory: If too few rows are left on a side; the message says how many bars are needed.
    """
    if not 0.0 < validation_fraction < 1.0:
        raise InvalidConfiguration("validation_fraction must lie between 0 and 1", was=str(validation_fraction))
    labels = labels_of(past, horizons)
    decision_us, end_us = past.bars.close_us, labels.end_us
    is_usable = np.asarray(np.isfinite(labels.log_returns).all(axis=1))
    is_usable[:WARMUP_BARS] = False
    usable = np.flatnonzero(is_usable)
    n_validation = max(round(validation_fraction * usable.size), MIN_VALIDATION_ROWS)
    tested = np.arange(max(usable.size - n_validation, 0), usable.size)
    may_train = training_rows(decision_us[usable], end_us[usable], tested) if tested.size else tested
    may_train = may_train[may_train < usable.size - tested.size]
    if may_train.size < MIN_TRAIN_ROWS or tested.size < MIN_VALIDATION_ROWS:
        shares = max(MIN_TRAIN_ROWS / (1.0 - validation_fraction), MIN_VALIDATION_ROWS / validation_fraction)
        needed = WARMUP_BARS + 2 * horizons[-1] + int(np.ceil(shares))
        raise NotEnoughHistory(
            f"about {needed} bars are needed: {WARMUP_BARS} of warm-up, {MIN_TRAIN_ROWS} train and "
            f"{MIN_VALIDATION_ROWS} validation rows, and twice the longest horizon of {horizons[-1]}",
            was=f"{len(past)} bars with {may_train.size} train and {tested.size} validation rows",
            do="give more closes or shorter horizons",
        )
    check_no_overlap(decision_us[usable], end_us[usable], may_train, tested)
    return _segments(past, labels, horizons, usable[may_train], usable[tested])


def in_unit_of(past: Past, segments: Segments) -> Segments:
    """The same cut of a series whose returns are in another unit, with all inputs.

    A series that shares a forecaster may not lack an input that is constant in it alone: there it is zero.
    """
    train, validation = (rows.history.bar for rows in (segments.train, segments.validation) if rows.history is not None)
    labels = labels_of(past, segments.horizons)
    return _segments(past, labels, segments.horizons, train, validation, keeps_all=True)


def _segments(
    past: Past,
    labels: Labels,
    horizons: tuple[int, ...],
    train: Positions,
    validation: Positions,
    *,
    keeps_all: bool = False,
) -> Segments:
    stop = int(train[-1]) + 1
    scale = TargetScale.fit(past.bars.close_us[:stop], past.returns[:stop], past.bars.timeframe)
    values, names = input_values(past, scale)
    standardiser = Standardiser.fit(values[train], names, MIN_COVERAGE_FRACTION)
    if keeps_all:
        standardiser = dataclasses.replace(standardiser, is_kept=np.ones(len(names), dtype=bool))
    made, later = (rows_at(past, at, scale, standardiser, horizons, labels) for at in (train, validation))
    return Segments(made, later, scale, standardiser, horizons, stop)
