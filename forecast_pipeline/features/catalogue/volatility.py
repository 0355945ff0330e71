"""Volatility: how much prices move, from ranges, from returns and from filters; nothing here is annualised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.catalogue.volatility_filters import FILTERED_VOLATILITY
from forecast_pipeline.features.catalogue.volatility_ranges import RANGE_VOLATILITY
from forecast_pipeline.features.catalogue.volatility_returns import RETURN_VOLATILITY

if TYPE_CHECKING:
    from forecast_pipeline.features.catalogue.indicator import Indicator

VOLATILITY: tuple[Indicator, ...] = (*RANGE_VOLATILITY, *RETURN_VOLATILITY, *FILTERED_VOLATILITY)
"""The family beside ``atr`` and ``bollinger``, which stand among the eighteen."""
