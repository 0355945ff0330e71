"""Regime labels of one fold: fitted on its training rows, then forward only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.regimes import grid, hidden_markov
from forecast_pipeline.backtests.regimes.dwell import UNKNOWN_CODE, minimum_stay
from forecast_pipeline.backtests.regimes.grid import Grid
from forecast_pipeline.backtests.regimes.hidden_markov import HiddenMarkov
from forecast_pipeline.backtests.regimes.parameters import RegimeParameters
from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, trading_minutes

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.core.timeframe import Timeframe

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]

UNKNOWN = "unknown"
_MINUTES_PER_CELL = 60
_PRIOR_BARS = 20.0  # a thin hour counts as this many average bars


def label_regimes(
    bar_returns: Floats,
    close_us: Instants,
    train_start: int,
    train_stop: int,
    timeframe: Timeframe,
    detector: str = "grid",
    parameters: RegimeParameters | None = None,
) -> npt.NDArray[np.str_]:
    """Regime of every bar as it could be told at its close, with parameters from one fold's training rows.

    Fitting reads rows before ``train_stop`` only. With the fit fixed, the label of a row
    depends on that row and earlier ones: labels of a prefix are a prefix of the labels.

    Args:
        bar_returns: Shape ``(T,)``, log return of each bar since the last close; NaN where unknown.
        close_us: Shape ``(T,)``, closes, increasing.
        train_start: First training row.
        train_stop: Row after the last training row.
        timeframe: Length of a bar.
        detector: ``grid`` (volatility tercile by trend tercile) or ``hidden_markov`` (states by volatility).
        parameters: Settings; the defaults if omitted.

    Returns:
        Shape ``(T,)``, such as ``calm/down`` or ``turbulent``; ``unknown`` where a look-back is not full, or before
        the training rows of a hidden Markov model, or where no state is likely enough.

    Raises:
        InvalidConfiguration: If there is no such detector.
        NotEnoughHistory: If the training rows are too few.
    """
    settings = parameters or RegimeParameters()
    if detector == "grid":
        codes, names = _grid_codes(bar_returns, slice(train_start, train_stop), timeframe, settings), grid.NAMES
    elif detector == "hidden_markov":
        codes = _markov_codes(bar_returns, close_us, slice(train_start, train_stop), timeframe, settings)
        names = hidden_markov.NAMES[settings.n_states]
    else:
        raise InvalidConfiguration("a regime detector must be grid or hidden_markov", was=repr(detector))
    stays = minimum_stay(codes, max(round(settings.min_dwell_days * MINUTES_PER_DAY / timeframe.minutes), 1))
    return np.asarray([*names, UNKNOWN])[np.where(stays == UNKNOWN_CODE, len(names), stays)]


def fit_grid(
    bar_returns: Floats, train: slice, timeframe: Timeframe, parameters: RegimeParameters | None = None
) -> Grid:
    """The grid's thresholds from the training rows; they are part of what a fold has learned."""
    settings = parameters or RegimeParameters()
    volatility_bars = _bars(settings.volatility_days, timeframe, settings)
    return Grid.fit(
        bar_returns, train, volatility_bars, _bars(settings.trend_days, timeframe, settings), settings.margin
    )


def regime_timeline(tested: pl.DataFrame) -> pl.DataFrame:
    """Stretches of one regime over the decisions: ``start_utc end_utc regime``, the first and last decision of each.

    Args:
        tested: Out-of-sample rows with ``issued_at_utc`` and ``regime``; a null regime is unknown.
    """
    decisions = tested.select("issued_at_utc", pl.col("regime").fill_null(UNKNOWN)).unique().sort("issued_at_utc")
    return (
        decisions.with_columns(stretch=pl.col("regime").rle_id())
        .group_by("stretch", maintain_order=True)
        .agg(
            start_utc=pl.col("issued_at_utc").first(),
            end_utc=pl.col("issued_at_utc").last(),
            regime=pl.col("regime").first(),
        )
        .drop("stretch")
    )


def _grid_codes(
    bar_returns: Floats, train: slice, timeframe: Timeframe, settings: RegimeParameters
) -> npt.NDArray[np.int64]:
    return fit_grid(bar_returns, train, timeframe, settings).codes(bar_returns)


def _markov_codes(
    bar_returns: Floats, close_us: Instants, train: slice, timeframe: Timeframe, settings: RegimeParameters
) -> npt.NDArray[np.int64]:
    # Without the profile of the day the states would be day and night.
    adjusted = bar_returns / _hourly_deviation(bar_returns, close_us, train, timeframe)
    newest = slice(max(train.start, train.stop - settings.max_fit_bars), train.stop)
    chain = HiddenMarkov.fit(adjusted[newest], settings.n_states, settings.seed)
    codes = np.full(bar_returns.size, UNKNOWN_CODE, dtype=np.int64)
    codes[train.start :] = chain.codes(adjusted[train.start :], settings.min_probability)
    return codes


def _hourly_deviation(bar_returns: Floats, close_us: Instants, train: slice, timeframe: Timeframe) -> Floats:
    """Root mean square training return of the hour of the FX day in which each bar began."""
    n_cells = max(MINUTES_PER_DAY // max(timeframe.minutes, _MINUTES_PER_CELL), 1)
    began = trading_minutes(close_us) - timeframe.minutes
    cell = began % MINUTES_PER_DAY * n_cells // MINUTES_PER_DAY
    squares, of_train = np.square(bar_returns[train]), cell[train]
    known = np.isfinite(squares)
    total = np.bincount(of_train[known], weights=squares[known], minlength=n_cells)
    count = np.bincount(of_train[known], minlength=n_cells)
    mean = float(total.sum() / count.sum()) if total.sum() > 0.0 else 1.0
    return np.asarray(np.sqrt((total + _PRIOR_BARS * mean) / (count + _PRIOR_BARS))[cell])


def _bars(days: float, timeframe: Timeframe, settings: RegimeParameters) -> int:
    return max(round(days * MINUTES_PER_DAY / timeframe.minutes), settings.min_lookback_bars)
