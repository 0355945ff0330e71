"""Windows of closed bars of several timeframes as batches, from panels of a lake or from a history of returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch.utils.data import Dataset

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.models.neural.batches import Batch
from forecast_pipeline.splits.native import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from forecast_pipeline.models.neural.conditioning import Conditions
    from forecast_pipeline.models.neural.variance_states import VarianceStates
    from forecast_pipeline.splits.arrays import BarHistory

    Floats = npt.NDArray[np.float64]
    Singles = npt.NDArray[np.float32]
    Integers = npt.NDArray[np.int64]

INTRADAY_SCALES = (1, 3, 12, 48)
DAILY_SCALES = (1, 5, 22)
"""Bars of an aggregate where only a history is given; a week and a month of days as in HAR (Corsi 2009)."""
CLIP = 4.0
_MEMORY_IN_AGGREGATES = 12.0


class Windows(Protocol):
    """What gives windows: `splits.native.NativeWindows`, or `HistoryWindows`."""

    @property
    def age_minutes(self) -> Integers:
        """Trading minutes since the newest bar of each panel closed, shape ``(B, P)``; -1 where there is none."""
        ...

    def windows(self, panel: int, rows: npt.NDArray[np.intp], length: int) -> Window:
        """The newest closed bars of a panel at some decisions."""
        ...


class HistoryWindows:
    """Aggregates of past bars that end at each decision's bar, at several scales.

    Aggregates of ``k`` bars are counted backwards from the decision, so that the newest has just closed at every
    decision, and nothing depends on where a history begins.

    Args:
        channels: Shape ``(T, F)`` for each scale: the aggregate that ends at each bar.
        bar: Shape ``(B,)``, bar at whose close each row is decided.

    Example:
        >>> channels = np.arange(6.0, dtype=np.float32)[:, None]
        >>> windows = HistoryWindows({2: channels}, np.array([5]))
        >>> windows.windows(0, np.array([0]), length=4).values[0, :, 0].tolist()  # bars 0-1, 2-3, 4-5
        [0.0, 1.0, 3.0, 5.0]
    """

    def __init__(self, channels: Mapping[int, Singles], bar: Integers) -> None:
        self.channels, self.bar = dict(channels), bar

    @property
    def age_minutes(self) -> Integers:
        """Zero: an aggregate has closed at each decision."""
        return np.zeros((self.bar.size, len(self.channels)), np.int64)

    def windows(self, panel: int, rows: npt.NDArray[np.intp], length: int) -> Window:
        """The newest ``length`` aggregates of a scale; those that begin before the history are 0 and not known."""
        scale = list(self.channels)[panel]
        places = self.bar[rows, None] + scale * np.arange(1 - length, 1)
        is_known = places >= scale - 1
        values = self.channels[scale][np.maximum(places, 0)]
        values[~is_known] = 0.0
        return Window(values, is_known)


class HistorySource:
    """Windows of histories at given scales; channels of the history asked last are kept.

    Args:
        scales: Bars of an aggregate.
        columns: Channels used, counted as `history_channels` gives them; all if None.
    """

    def __init__(self, scales: Sequence[int], columns: Sequence[int] | None = None) -> None:
        self.scales = tuple(scales)
        self.columns = None if columns is None else list(columns)
        self._kept: tuple[object, dict[int, Singles]] = (None, {})

    def windows(self, history: BarHistory, variance: VarianceStates) -> HistoryWindows:
        """Windows of the rows of a history."""
        if self._kept[0] is not history.returns:
            made = history_channels(history, variance, variance.measure(history), self.scales)
            if self.columns is not None:
                made = {scale: np.ascontiguousarray(each[:, self.columns]) for scale, each in made.items()}
            self._kept = (history.returns, made)
        return HistoryWindows(self._kept[1], history.bar)


def scales_of(history: BarHistory) -> tuple[int, ...]:
    """Scales for bars of this length.

    Args:
        history: Past returns.
    """
    return DAILY_SCALES if history.slot_minutes >= MINUTES_PER_DAY else INTRADAY_SCALES


def n_history_channels(variance: VarianceStates) -> int:
    """Channels of `history_channels`: return, its size, log volatility, and the range where bars have one."""
    return 4 if variance.has_candles else 3


def history_channels(
    history: BarHistory, variance: VarianceStates, states: Singles, scales: Sequence[int]
) -> dict[int, Singles]:
    """Channels of the aggregates that end at each bar: return and its size in units of the volatility before it.

    An unknown return counts as none. Each value depends on bars up to its own only.

    Args:
        history: ``T`` bars.
        variance: What measured the states.
        states: Shape ``(T, V)``, of `VarianceStates.measure`.
        scales: Bars of an aggregate.

    Returns:
        For each scale shape ``(T, F)``, single precision, cut at `CLIP`.
    """
    returns = np.nan_to_num(variance.returns(history), nan=0.0)
    log_price = np.cumsum(returns)
    tops = bottoms = log_price
    if variance.has_candles:
        _, high, low = np.nan_to_num(variance.candles(history), nan=0.0).T
        tops, bottoms = log_price + high, log_price + low
    made = {}
    for scale in scales:
        nearest = int(np.argmin(np.abs(np.array(variance.memories) - _MEMORY_IN_AGGREGATES * scale)))
        level = np.maximum(states[:, nearest].astype(np.float64), np.finfo(float).tiny)
        unit = np.sqrt(_before(level, scale) * variance.level * scale)
        moved = (log_price - _before(log_price, scale, start=0.0)) / unit
        columns = [moved, np.sqrt(np.abs(moved)), 0.5 * np.log(level)]
        if variance.has_candles:
            columns.append(np.sqrt(np.maximum(_rolling_max(tops, scale) + _rolling_max(-bottoms, scale), 0.0) / unit))
        made[scale] = np.clip(np.stack(columns, axis=1), -CLIP, CLIP).astype(np.float32)
    return made


class WindowDataset(Dataset[Batch]):
    """Decisions as ``bars_p (B, L, F)``, ``is_known_p (B, L)``, ``age (B, P)`` and what they are conditioned on.

    Windows are gathered when a batch is asked for, so no wide matrix is made; a copy in another process maps the same
    files again.

    Args:
        windows: What gives windows for the rows.
        lengths: Bars of the window of each panel.
        conditions: Conditions of the rows.
        target: Shape ``(B, K)``, increments over `Conditions.unit`; None where they are not known.
    """

    def __init__(
        self, windows: Windows, lengths: Sequence[int], conditions: Conditions, target: Floats | None = None
    ) -> None:
        self.source, self.lengths = windows, tuple(lengths)
        self.age = torch.from_numpy(windows.age_minutes.astype(np.float32))
        self.features = torch.from_numpy(conditions.features)
        self.slow = torch.from_numpy(conditions.slow)
        self.states = torch.from_numpy(conditions.states)
        self.target = None if target is None else torch.from_numpy(target.astype(np.float32))

    def __len__(self) -> int:
        """Number of decisions."""
        return int(self.states.shape[0])

    def __getitem__(self, rows: Any) -> Batch:  # noqa: ANN401 - a list of numbers
        """A batch of decisions."""
        chosen = np.asarray(rows, np.intp)
        batch: Batch = {name: getattr(self, name)[rows] for name in ("states", "features", "slow", "age")}
        for panel, length in enumerate(self.lengths):
            window = self.source.windows(panel, chosen, length)
            batch[f"bars_{panel}"] = torch.from_numpy(window.values)
            batch[f"is_known_{panel}"] = torch.from_numpy(window.is_known)
        return batch if self.target is None else batch | {"target": self.target[rows]}


def _before(values: Floats, n_bars: int, start: float | None = None) -> Floats:
    """Values so many bars earlier; before the first one that, or ``start``."""
    first = values[0] if start is None and values.size else start
    moved = np.full(values.size, first, np.float64)
    moved[n_bars:] = values[:-n_bars]
    return moved


def _rolling_max(values: Floats, n_bars: int) -> Floats:
    padded = np.concatenate([np.full(n_bars - 1, -np.inf), values])
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, n_bars).max(axis=1))
