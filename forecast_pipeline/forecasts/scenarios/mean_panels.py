"""Panels of simulated bars: every bar of every timeframe at its training mean, closed on the trading clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.core.trading_clock import trading_minutes
from forecast_pipeline.splits.native import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt


class MeanPanels:
    """What `splits.native.NativeWindows` would give if all features were at the mean of training, 0 in their units.

    Features of simulated bars are not computed; at their mean they say nothing beyond that bars have closed.

    Args:
        issued_at_us: Shape ``(B,)``, decision instants.
        statistics: What the model stored of its panels, by minutes.

    Example:
        >>> panels = MeanPanels(np.array([5 * 60_000_000]), {"60": {"columns": ("a", "b")}})
        >>> panels.age_minutes.tolist(), panels.windows(0, np.array([0]), 3).values.shape
        ([[5]], (1, 3, 2))
    """

    def __init__(self, issued_at_us: npt.NDArray[np.int64], statistics: Mapping[str, Any]) -> None:
        self.issued_at_us, self.statistics = issued_at_us, statistics

    @property
    def minutes(self) -> tuple[int, ...]:
        """Lengths of the bars of each panel, fastest first."""
        return tuple(sorted(map(int, self.statistics)))

    @property
    def age_minutes(self) -> npt.NDArray[np.int64]:
        """Trading minutes since the newest bar of each panel closed, shape ``(B, P)``."""
        clock = trading_minutes(self.issued_at_us)
        return np.stack([clock % minutes for minutes in self.minutes], axis=1)

    def windows(self, panel: int, rows: npt.NDArray[np.intp], length: int) -> Window:
        """Bars of a panel at some decisions: all there, all 0."""
        n_columns = len(self.statistics[str(self.minutes[panel])]["columns"])
        return Window(np.zeros((rows.size, length, n_columns), np.float32), np.ones((rows.size, length), bool))

    def with_statistics(self, stored: Mapping[str, Any]) -> MeanPanels:
        """The same for the panels of other statistics."""
        return MeanPanels(self.issued_at_us, stored)
