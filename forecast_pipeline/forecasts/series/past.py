"""The past of one series as a forecaster needs it: mended closes, known returns, and rows of any decisions."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.forecasts.series.defects import spikes, without_spikes
from forecast_pipeline.forecasts.series.inputs import series_inputs
from forecast_pipeline.splits.arrays import BarHistory, Rows
from forecast_pipeline.splits.extremes import path_extremes
from forecast_pipeline.splits.targets import forward_log_returns

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.forecasts.series.closes import SeriesBars
    from forecast_pipeline.splits.standardise import Standardiser
    from forecast_pipeline.splits.target_scale import TargetScale

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Past:
    """One series after its defects were mended, oldest bar first.

    Attributes:
        bars: As read, with the mended closes.
        unit: Unit of log returns; 1, or the deviation of the series where several share one forecaster.
        returns: Shape ``(T,)``, log return of each bar in that unit; NaN of the first, of spikes and of closed bars.
        shape: Shape ``(T, 3)``, log of open, high and low over the close in that unit; NaN of spikes. Or None.
        is_spike: Shape ``(T,)``; no decision of training is taken at these.
    """

    bars: SeriesBars
    unit: float
    returns: Floats
    shape: Floats | None
    is_spike: Flags

    @property
    def last_close(self) -> float:
        """Price of the newest bar."""
        return float(self.bars.close[-1])

    def __len__(self) -> int:
        """Number of bars."""
        return int(self.bars.close.size)

    def newest(self, n_bars: int) -> Past:
        """The same without all but the newest bars."""
        bars, kept = self.bars, slice(max(len(self) - n_bars, 0), None)
        shape = None if bars.shape is None else bars.shape[kept]
        cut = dataclasses.replace(bars, close=bars.close[kept], close_us=bars.close_us[kept], shape=shape)
        own_shape = None if self.shape is None else self.shape[kept]
        return Past(cut, self.unit, self.returns[kept], own_shape, self.is_spike[kept])

    def in_unit(self, unit: float) -> Past:
        """The same with returns in another unit."""
        factor = self.unit / unit
        shape = None if self.shape is None else factor * self.shape
        return dataclasses.replace(self, unit=unit, returns=factor * self.returns, shape=shape)


def mended(bars: SeriesBars, is_closed: Flags | None = None) -> Past:
    """Repair spikes and mask what is no return.

    Args:
        bars: One series.
        is_closed: Shape ``(T,)``, bars on which no market of the panel was open.
    """
    is_spike = spikes(bars.close)
    close = without_spikes(bars.close, is_spike)
    returns = np.full(close.size, np.nan)
    returns[1:] = np.diff(np.log(close))
    returns[is_spike] = np.nan
    if is_closed is not None:
        returns[is_closed] = np.nan
    shape = None
    if bars.shape is not None:
        shape = np.log(bars.shape / close[:, None])
        shape[is_spike] = np.nan
    return Past(dataclasses.replace(bars, close=close), 1.0, returns, shape, is_spike)


@dataclass(frozen=True, slots=True)
class Labels:
    """What became of each bar, in the unit of its past.

    Attributes:
        log_returns: Shape ``(T, K)``, to each horizon; NaN where unknown, and where the bar is a spike, because its
            price was not one.
        extremes: Shape ``(T, K, 2)``, see `splits.arrays.Rows`; None where there are closes only.
        end_us: Shape ``(T,)``, where the longest label ends.
    """

    log_returns: Floats
    extremes: Floats | None
    end_us: npt.NDArray[np.int64]


def labels_of(past: Past, horizons: tuple[int, ...]) -> Labels:
    """Outcomes of all bars over the trading clock; see `splits.targets` and `splits.extremes`."""
    bars = past.bars
    found = forward_log_returns(bars.close_us, bars.close, bars.timeframe, horizons)
    log_returns = found.log_returns / past.unit
    log_returns[past.is_spike] = np.nan
    extremes = None
    if bars.shape is not None:
        # Of a spike neither high nor low was one: nothing but the mended close was reached.
        high, low = (np.where(past.is_spike, bars.close, bars.shape[:, column]) for column in (1, 2))
        extremes = path_extremes(found, bars.close, high, low) / past.unit
    return Labels(log_returns, extremes, found.label_end_us[:, -1])


def input_values(past: Past, scale: TargetScale) -> tuple[Floats, tuple[str, ...]]:
    """Inputs before they are standardised, shape ``(T, p)``, with their names; see `inputs.series_inputs`."""
    variance = scale.slot_variance(past.bars.close_us, past.returns)
    deseasonalised = scale.deseasonalised(past.bars.close_us, past.returns)
    return series_inputs(deseasonalised, variance, past.shape, past.bars.close_us, past.bars.timeframe.minutes)


def rows_at(
    past: Past,
    positions: npt.NDArray[np.intp],
    scale: TargetScale,
    standardiser: Standardiser,
    horizons: tuple[int, ...],
    labels: Labels | None = None,
) -> Rows:
    """Rows decided at the close of the bars at ``positions``, with a history that ends at the last of them.

    Args:
        past: The series.
        positions: Increasing.
        scale: Fitted on training bars.
        standardiser: Fitted on training rows.
        horizons: Shape ``(K,)``.
        labels: Outcomes of all bars; increments are NaN without.
    """
    stop = int(positions[-1]) + 1
    close_us = past.bars.close_us[:stop]
    returns = scale.deseasonalised(close_us, past.returns[:stop])
    n_slots = scale.expected_slots(close_us[positions], horizons)
    values, _ = input_values(past, scale)
    known = np.full((positions.size, len(horizons)), np.nan) if labels is None else labels.log_returns[positions]
    extremes = None if labels is None or labels.extremes is None else labels.extremes[positions]
    candles = None
    if past.shape is not None:
        candles = np.column_stack([scale.deseasonalised(close_us, column) for column in past.shape[:stop].T])
    return Rows(
        standardised=standardiser.transform(values[positions]),
        increments=np.diff(known, axis=1, prepend=0.0),
        scale=np.sqrt(scale.smoothed(returns)[positions, None] * n_slots),
        issued_at_us=close_us[positions],
        history=BarHistory(
            returns,
            positions,
            n_slots,
            horizons,
            scale.slot_minutes,
            candles=candles,
            # Days are counted, not dated: a profile of their weekdays would be noise.
            close_us=close_us if scale.slot_minutes < MINUTES_PER_DAY else None,
            profile=np.asarray(scale.profile) if scale.slot_minutes < MINUTES_PER_DAY else None,
        ),
        extremes=extremes,
    )
