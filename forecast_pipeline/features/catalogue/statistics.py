"""Statistics of a window: shape of the returns, dependence, scaling and entropy, place and course of the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.catalogue.statistics_dependence import DEPENDENCE
from forecast_pipeline.features.catalogue.statistics_distribution import DISTRIBUTION
from forecast_pipeline.features.catalogue.statistics_path import PATH

if TYPE_CHECKING:
    from forecast_pipeline.features.catalogue.indicator import Indicator

STATISTICS: tuple[Indicator, ...] = (*DISTRIBUTION, *DEPENDENCE, *PATH)
"""The family; ``hurst`` stands among the eighteen."""
