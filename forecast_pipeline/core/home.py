"""Where everything is kept: one folder holds all state of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.core.timeframe import Timeframe


@dataclass(frozen=True, slots=True)
class Home:
    """The state folder, ``FORECAST_HOME``, and the places inside it.

    Attributes:
        root: The folder itself. Symbols must be normalised before they are passed
            to any method here: they become folder names.
    """

    root: Path

    @property
    def inbox(self) -> Path:
        """Where a person or a download drops vendor files: ``inbox/<vendor>/<symbol>/<file>``."""
        return self.root / "inbox"

    @property
    def dagster(self) -> Path:
        """Dagster's own instance folder."""
        return self.root / "dagster"

    def landing(self, symbol: str) -> Path:
        """Immutable vendor files of a symbol."""
        return self.root / "landing" / symbol

    def slices(self, symbol: str) -> Path:
        """Rows of large vendor files by year, a cache that may be deleted."""
        return self.root / "cache" / "rows" / symbol

    def downloads(self, vendor: str) -> Path:
        """Bodies fetched from a vendor, a cache that may be deleted."""
        return self.root / "cache" / "downloads" / vendor

    def candles(self, symbol: str) -> Path:
        """Candles of a symbol, one card a year."""
        return self.root / "lake" / "candles" / symbol

    def bars(self, symbol: str) -> Path:
        """Bars of a symbol, one card a timeframe."""
        return self.root / "lake" / "bars" / symbol

    def features(self, symbol: str) -> Path:
        """Features of a symbol at native resolution, one card a timeframe."""
        return self.root / "lake" / "features" / symbol

    def cross_features(self, symbol: str) -> Path:
        """Features of a symbol that other symbols' bars enter, one card a timeframe."""
        return self.root / "lake" / "cross_features" / symbol

    def native_features(self, symbol: str) -> Path:
        """Features as arrays that can be mapped, one card a timeframe, a cache that may be deleted."""
        return self.root / "cache" / "native" / symbol

    def splits(self, symbol: str) -> Path:
        """Matrix, targets and fold plan of a symbol, one card a base timeframe."""
        return self.root / "lake" / "splits" / symbol

    def models(self, symbol: str, timeframe: Timeframe) -> Path:
        """Fitted forecasters, one card an artifact."""
        return self.root / "models" / symbol / timeframe

    def reports(self, symbol: str, timeframe: Timeframe) -> Path:
        """Out-of-sample forecasts and the walk-forward report."""
        return self.root / "reports" / symbol / timeframe

    def forecasts(self, symbol: str) -> Path:
        """Live forecasts and the champion of a symbol, one card a timeframe each."""
        return self.root / "lake" / "forecasts" / symbol

    def verification(self, symbol: str = "") -> Path:
        """What the leak suite found: of the code, or of the partitions of a symbol if one is named."""
        return self.root / "verification" / symbol if symbol else self.root / "verification"
