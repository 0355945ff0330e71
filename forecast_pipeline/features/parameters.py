"""Settings of the feature stage, with the specification's names and defaults."""

from __future__ import annotations

from pydantic import Field

from forecast_pipeline.core.configuration import Configuration


class FeatureParameters(Configuration):
    """Lookbacks a person may change; every other lookback is a constant of the catalogue.

    Attributes:
        atr_n: Bars of Wilder's average true range.
        rsi_n: Bars of Wilder's relative strength index.
        bb_n: Bars of the Bollinger bands.
        hurst_window: Log returns in one rescaled-range window; it is halved down to chunks of eight.
        rv_window: Log returns in realised volatility and in the rolling standard deviation.
        tolerance: Weight of the unknown past that may be left in a recursive indicator once its warm-up
            is over.
    """

    atr_n: int = Field(default=14, ge=2, le=10_000)
    rsi_n: int = Field(default=14, ge=2, le=10_000)
    bb_n: int = Field(default=20, ge=2, le=10_000)
    hurst_window: int = Field(default=64, ge=16, le=4096)  # two chunk sizes are the least a slope needs
    rv_window: int = Field(default=60, ge=2, le=10_000)
    tolerance: float = Field(default=1e-6, ge=1e-12, le=0.1)
