"""Sessions of the FX market: its clock, the price within its day, and what is usual at this time of day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.catalogue.session_clock import SESSION_CLOCK
from forecast_pipeline.features.catalogue.session_price import SESSION_PRICE
from forecast_pipeline.features.catalogue.session_seasonality import SESSION_SEASONALITY

if TYPE_CHECKING:
    from forecast_pipeline.features.catalogue.indicator import Indicator

SESSION: tuple[Indicator, ...] = (*SESSION_CLOCK, *SESSION_PRICE, *SESSION_SEASONALITY)
