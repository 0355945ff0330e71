"""What the walk-forward records of the matrix behind it: features, drift, regimes, recombined paths."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.paths import MAX_ROWS, combinatorial_paths, ridge_crps_gain
from forecast_pipeline.backtests.regimes.label import label_regimes
from forecast_pipeline.core.errors import NotEnoughHistory
from forecast_pipeline.splits.build import outcome_column
from forecast_pipeline.splits.plan import LIVE

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.regimes.parameters import Detector, RegimeParameters
    from forecast_pipeline.splits.build import Split

LOGGER = logging.getLogger(__name__)
_MAX_PATH_FEATURES = 300


def feature_record(split: Split) -> pl.DataFrame:
    """Every feature of the matrix: ``column timeframe missing_fraction warmup_bars``.

    The share of undefined values is over the rows after the common warm-up; the warm-up is that of the indicator in
    bars of its own timeframe.
    """
    rows = split.frame[int(split.stored.card["warmup_bars"]) :]
    undefined = [pl.col(name).is_null() | pl.col(name).is_nan() for name in split.feature_columns]
    shares = rows.select(each.mean() for each in undefined) if rows.height and undefined else None
    origins = {str(each["name"]): each for each in split.stored.card["origins"]}
    return pl.DataFrame(
        {
            "column": list(split.feature_columns),
            "timeframe": [origins[name]["timeframe"] for name in split.feature_columns],
            "missing_fraction": list(shares.row(0)) if shares is not None else [None] * len(split.feature_columns),
            "warmup_bars": [origins[name]["required_bars"] for name in split.feature_columns],
        },
        schema={
            "column": pl.String(),
            "timeframe": pl.String(),
            "missing_fraction": pl.Float64(),
            "warmup_bars": pl.Int64(),
        },
    )


def drift_record(split: Split) -> pl.DataFrame:
    """Distance between training and validation rows of every column and walk-forward fold; drift, no alarm."""
    kept = ["fold", "column", *[name for name in ("ks_stat", "ks_pvalue", "psi") if name in split.statistics.columns]]
    return split.statistics.filter(pl.col("fold") != LIVE).select(kept)


def fold_regimes(
    split: Split, number: int, detector: Detector, parameters: RegimeParameters
) -> npt.NDArray[np.str_] | None:
    """Regime of every row of the matrix up to the end of a fold's test rows, as it could be told at its close.

    The detector is fitted to the fold's training rows. None, with a line in the log, if they are too few for it.
    """
    fold = split.fold(number)
    past = split.frame[: fold["test_stop"]]
    try:
        return label_regimes(
            past["bar_return"].fill_null(float("nan")).to_numpy(),
            past["close_ts_utc"].to_physical().to_numpy(),
            int(fold["train_start"]),
            int(fold["train_stop"]),
            split.timeframe,
            detector,
            parameters,
        )
    except NotEnoughHistory as error:
        LOGGER.info("fold %d has no regimes: %s", number + 1, error)
        return None


def path_record(split: Split) -> pl.DataFrame:
    """Cumulative gain of a ridge over a mean of zero along the recombined paths of (10, 2) combinatorial folds.

    The ridge stands for the linear families, at the longest horizon. It is standardised and fitted on the purged
    training rows of each of the 45 splits. The expected deviation is that of the newest walk-forward fold for both
    sides of the comparison. At most 5000 rows and 300 features, evenly spaced, are used.

    Returns:
        ``path day_utc cumulative_loss_difference_bps``; empty, with a line in the log, where the history is too short.
    """
    number = split.fold_numbers[-1]
    horizon, stop = split.horizons[-1], int(split.fold(number)["test_stop"])
    past = split.frame.select("close_ts_utc", "bar_return", "label_end_utc", outcome_column(horizon))[:stop]
    close_us, label_end_us = (past[name].to_physical().to_numpy() for name in ("close_ts_utc", "label_end_utc"))
    target_scale = split.target_scale(number)
    variance = target_scale.slot_variance(close_us, past["bar_return"].fill_null(float("nan")).to_numpy())
    scale = target_scale.increment_scale(close_us, variance, (horizon,))[:, 0]
    outcome = past[outcome_column(horizon)].fill_null(float("nan")).to_numpy()
    usable = np.isfinite(outcome) & np.isfinite(scale) & (scale > 0.0)
    usable[: int(split.stored.card["warmup_bars"])] = False
    rows = np.flatnonzero(usable)
    rows = rows[:: max(-(-rows.size // MAX_ROWS), 1)]
    columns = split.feature_columns[:: max(-(-len(split.feature_columns) // _MAX_PATH_FEATURES), 1)]
    chosen = split.frame.select(pl.col(columns).cast(pl.Float64).fill_null(float("nan")))[rows].to_numpy()
    gain = ridge_crps_gain(chosen, outcome[rows], scale[rows])
    try:
        return combinatorial_paths(gain, close_us[rows], label_end_us[rows])
    except NotEnoughHistory as error:
        LOGGER.info("no recombined paths: %s", error)
        return pl.DataFrame(
            schema={"path": pl.Int32(), "day_utc": pl.Date(), "cumulative_loss_difference_bps": pl.Float64()}
        )
