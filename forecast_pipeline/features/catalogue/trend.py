"""Trend: moving averages, directions and strengths beyond the specification's eighteen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.catalogue.trend_averages import DECAYING_AVERAGES, WINDOW_AVERAGES
from forecast_pipeline.features.catalogue.trend_direction import DIRECTION
from forecast_pipeline.features.catalogue.trend_strength import STRENGTH

if TYPE_CHECKING:
    from forecast_pipeline.features.catalogue.indicator import Indicator

TREND: tuple[Indicator, ...] = (*WINDOW_AVERAGES, *DECAYING_AVERAGES, *DIRECTION, *STRENGTH)
"""The family without those of the specification."""
