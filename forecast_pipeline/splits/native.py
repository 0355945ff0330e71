"""Windows of past bars of several timeframes at their own resolution, as known at each decision, read when asked for.

A wide matrix of all windows is never made: a forecaster asks for those of a batch. The as-of rule is that of `align`
without its age limit: the newest bar whose close is not later than the decision, and its age beside it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration, MissingData
from forecast_pipeline.core.trading_clock import trading_minutes
from forecast_pipeline.splits.standardise import CLIP_STD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy.typing as npt

    from forecast_pipeline.splits.native_panel import NativePanel

    Floats = npt.NDArray[np.float64]
    Singles = npt.NDArray[np.float32]
    Integers = npt.NDArray[np.int64]
    Opener = Callable[[], NativePanel]


class Window(NamedTuple):
    """Past bars of a batch: values of shape ``(B, L, F)``, oldest first, and which of the bars exist, ``(B, L)``."""

    values: Singles
    is_known: npt.NDArray[np.bool_]


class NativeSource:
    """Panels by the minutes of their bars, each opened when it is first asked for.

    Args:
        find: Gives what opens each panel.
        default: Minutes of the panels that rows offer unless others are asked for; all if None.
    """

    def __init__(self, find: Callable[[], Mapping[int, Opener]], default: Iterable[int] | None = None) -> None:
        self._find = find
        self._default = None if default is None else set(default)
        self._opened: dict[int, NativePanel] = {}

    @classmethod
    def of_panels(cls, panels: Iterable[NativePanel]) -> NativeSource:
        """A source of panels that are there already."""
        held = {panel.timeframe_minutes: panel for panel in panels}
        return cls(lambda: {minutes: functools.partial(held.__getitem__, minutes) for minutes in held})

    @functools.cached_property
    def openers(self) -> dict[int, Opener]:
        """What opens each panel, by its minutes, fastest first."""
        return dict(sorted(self._find().items()))

    @property
    def minutes(self) -> tuple[int, ...]:
        """Minutes of the panels that rows offer, fastest first."""
        return tuple(each for each in self.openers if self._default is None or each in self._default)

    def panel(self, minutes: int) -> NativePanel:
        """The panel of a timeframe.

        Raises:
            MissingData: If its features have not been built.
        """
        if minutes not in self._opened:
            if minutes not in self.openers:
                raise MissingData(
                    f"features of bars of {minutes} minutes must be built",
                    was=f"features of {', '.join(map(str, self.openers)) or 'no'} minutes",
                    do="build the features of that timeframe",
                )
            self._opened[minutes] = self.openers[minutes]()
        return self._opened[minutes]

    def changed(self, change: Callable[[NativePanel], NativePanel]) -> NativeSource:
        """The same panels with something done to each when it is opened, as another future put in."""

        def opened(minutes: int) -> NativePanel:
            return change(self.panel(minutes))

        return NativeSource(
            lambda: {minutes: functools.partial(opened, minutes) for minutes in self.openers}, self._default
        )


class PanelStatistics(NamedTuple):
    """Columns of a panel that are used, with training mean and deviation, each of length ``F``."""

    columns: tuple[str, ...]
    mean: Floats
    std: Floats


class NativeStatistics:
    """How the panels of a fold are standardised: from training bars, or from what a model has stored.

    Args:
        source: Panels.
        until_us: Decision of the last training row; None where statistics are to come from a stored model.
        min_coverage_fraction: Smallest share of defined values of a column that is kept.
    """

    def __init__(self, source: NativeSource, until_us: int | None = None, min_coverage_fraction: float = 0.0) -> None:
        self.source = source
        self.until_us = until_us
        self.min_coverage_fraction = min_coverage_fraction
        self._known: dict[int, PanelStatistics] = {}

    @classmethod
    def restored(cls, source: NativeSource, stored: Mapping[str, object]) -> NativeStatistics:
        """Those that `NativeWindows.statistics` gave to a model."""
        made = cls(source)
        for minutes, part in stored.items():
            if not isinstance(part, dict):
                raise InvalidConfiguration("statistics of a panel must be a table", was=type(part).__name__)
            mean, std = (np.asarray(part[name], np.float64) for name in ("mean", "std"))
            made._known[int(minutes)] = PanelStatistics(tuple(part["columns"]), mean, std)
        return made

    @property
    def minutes(self) -> tuple[int, ...]:
        """Panels that have statistics already, or those that the source offers."""
        return self.source.minutes if self.until_us is not None or not self._known else tuple(sorted(self._known))

    def of(self, minutes: int) -> PanelStatistics:
        """Statistics of a panel, computed when first asked for.

        Raises:
            InvalidConfiguration: If there is neither a training window nor a stored model to take them from.
        """
        if minutes not in self._known:
            if self.until_us is None:
                raise InvalidConfiguration(
                    f"the panel of {minutes} minutes must have statistics of training bars",
                    was="rows that are served",
                    do="give those that the model stored to NativeWindows.with_statistics",
                )
            fitted = self.source.panel(minutes).standardiser(self.until_us, self.min_coverage_fraction)
            kept = fitted.is_kept
            self._known[minutes] = PanelStatistics(fitted.kept_columns, fitted.mean[kept], fitted.std[kept])
        return self._known[minutes]


class NativeWindows:
    """Past bars of several timeframes for the rows of a segment; panels are counted from the fastest on.

    Args:
        standardised: Panels with their statistics, shared by the segments of a fold.
        issued_at_us: Shape ``(B,)``, decision instants in UTC microseconds.
        minutes: Panels in use; those that ``standardised`` offers if None.

    Example:
        >>> from forecast_pipeline.splits.native_panel import NativePanel
        >>> panel = NativePanel(60, np.array([10, 20]), np.array([[1.0], [3.0]], np.float32), ("rsi",))
        >>> fold = NativeStatistics(NativeSource.of_panels([panel]), until_us=20)
        >>> windows = NativeWindows(fold, np.array([9, 10, 25]))
        >>> windows.last[:, 0].tolist(), windows.windows(0, np.array([1, 2]), length=2).values[..., 0].tolist()
        ([-1, 0, 1], [[0.0, -1.0], [-1.0, 1.0]])
    """

    def __init__(
        self, standardised: NativeStatistics, issued_at_us: Integers, minutes: tuple[int, ...] | None = None
    ) -> None:
        self._standardised = standardised
        self._issued_at_us = issued_at_us
        self._minutes = minutes

    def __len__(self) -> int:
        """Number of rows."""
        return int(self._issued_at_us.size)

    @property
    def minutes(self) -> tuple[int, ...]:
        """Bar length of each panel, fastest first."""
        return self._standardised.minutes if self._minutes is None else self._minutes

    def of_minutes(self, minutes: Iterable[int]) -> NativeWindows:
        """The same rows with other panels, of those that are built.

        Raises:
            MissingData: If the features of one have not been built.
        """
        wanted = tuple(sorted(minutes))
        for each in wanted:
            self._standardised.source.panel(each)
        return NativeWindows(self._standardised, self._issued_at_us, wanted)

    def columns(self, panel: int) -> tuple[str, ...]:
        """Names of the ``F`` values of a panel: the columns that vary and have enough values on training bars."""
        return self._standardised.of(self.minutes[panel]).columns

    @functools.cached_property
    def last(self) -> Integers:
        """Newest bar of each panel that had closed at each decision, shape ``(B, n_panels)``; -1 if none."""
        closed = [self._panel(each).last_closed(self._issued_at_us) for each in range(len(self.minutes))]
        return np.stack(closed, axis=1) if closed else np.empty((len(self), 0), np.int64)

    @functools.cached_property
    def age_minutes(self) -> Integers:
        """Trading minutes since that bar closed, shape ``(B, n_panels)``; -1 where there is none."""
        now, made = trading_minutes(self._issued_at_us), np.full(self.last.shape, -1, np.int64)
        for each in range(len(self.minutes)):
            seen = np.flatnonzero(self.last[:, each] >= 0)
            closed_us = self._panel(each).close_us[self.last[seen, each]]
            made[seen, each] = now[seen] - trading_minutes(closed_us)
        return made

    def windows(self, panel: int, rows: npt.NDArray[np.intp], length: int) -> Window:
        """The newest ``length`` closed bars of a panel at some decisions, standardised with training statistics.

        A value is cut at ``CLIP_STD`` deviations; an undefined one is 0, the training mean; bars before the start
        of the history are 0 and marked as not known. Bars that are missing inside take no place.

        Args:
            panel: Position of the panel.
            rows: Shape ``(B,)``, which rows.
            length: Number of bars ``L``.
        """
        held, statistics = self._panel(panel), self._standardised.of(self.minutes[panel])
        places = self.last[rows, panel][:, None] + np.arange(1 - length, 1)
        is_known = places >= 0
        if not is_known.any():
            return Window(np.zeros((*places.shape, len(statistics.columns)), np.float32), is_known)
        values = held.gather(np.maximum(places, 0))
        if statistics.columns != held.columns:
            values = values[..., _positions(held, statistics.columns)]
        values -= statistics.mean.astype(np.float32)
        values /= statistics.std.astype(np.float32)
        np.clip(values, -CLIP_STD, CLIP_STD, out=values)
        values[np.isnan(values) | ~is_known[..., None]] = 0.0
        return Window(values, is_known)

    def statistics(self) -> dict[str, object]:
        """Columns, means and deviations by minutes of the panel: what a model that reads windows has to store."""
        return {
            str(minutes): {"columns": list(found.columns), "mean": found.mean, "std": found.std}
            for minutes in self.minutes
            for found in [self._standardised.of(minutes)]
        }

    def with_statistics(self, stored: Mapping[str, object]) -> NativeWindows:
        """The same rows with the panels, columns and statistics of a stored model.

        Args:
            stored: What `statistics` gave.

        Raises:
            InvalidConfiguration: If they are no statistics, or a panel lacks one of the columns.
            MissingData: If the features of a panel have not been built.
        """
        restored = NativeStatistics.restored(self._standardised.source, stored)
        for minutes in restored.minutes:
            _positions(restored.source.panel(minutes), restored.of(minutes).columns)
        return NativeWindows(restored, self._issued_at_us, tuple(sorted(map(int, stored))))

    def take(self, positions: npt.NDArray[np.intp]) -> NativeWindows:
        """The rows at ``positions``; what was looked up already is kept."""
        made = NativeWindows(self._standardised, self._issued_at_us[positions], self._minutes)
        for name in ("last", "age_minutes"):
            if name in self.__dict__:
                made.__dict__[name] = self.__dict__[name][positions]
        return made

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """A copy in another process has the panels in use, mapped again, and their statistics."""
        panels = [self._panel(each) for each in range(len(self.minutes))]
        return _copied, (panels, self.statistics(), self._issued_at_us)

    def _panel(self, position: int) -> NativePanel:
        return self._standardised.source.panel(self.minutes[position])


def _copied(panels: list[NativePanel], stored: Mapping[str, object], issued_at_us: Integers) -> NativeWindows:
    restored = NativeStatistics.restored(NativeSource.of_panels(panels), stored)
    return NativeWindows(restored, issued_at_us, tuple(panel.timeframe_minutes for panel in panels))


def _positions(panel: NativePanel, columns: tuple[str, ...]) -> npt.NDArray[np.intp]:
    place = {name: position for position, name in enumerate(panel.columns)}
    missing = [name for name in columns if name not in place]
    if missing:
        raise InvalidConfiguration(
            f"the panel of {panel.timeframe_minutes} minutes must hold the {len(columns)} columns of the model",
            was=f"no {', '.join(missing[:5])}",
            do="build the features with the settings that the model was trained on, or train it again",
        )
    return np.array([place[name] for name in columns], np.intp)
