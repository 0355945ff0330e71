"""The catalogue in its order: what is always computed, the specification's eighteen, then group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.catalogue.base import BASE
from forecast_pipeline.features.catalogue.candlestick import CANDLESTICK
from forecast_pipeline.features.catalogue.channel import CHANNEL
from forecast_pipeline.features.catalogue.core18 import CORE18
from forecast_pipeline.features.catalogue.cross_pair import CROSS_PAIR
from forecast_pipeline.features.catalogue.momentum import MOMENTUM
from forecast_pipeline.features.catalogue.price import PRICE
from forecast_pipeline.features.catalogue.session import SESSION
from forecast_pipeline.features.catalogue.statistics import STATISTICS
from forecast_pipeline.features.catalogue.trend import TREND
from forecast_pipeline.features.catalogue.volatility import VOLATILITY
from forecast_pipeline.features.catalogue.volume import VOLUME

if TYPE_CHECKING:
    from forecast_pipeline.features.catalogue.indicator import Indicator

_TABLE = (
    *BASE,
    *CORE18,
    *TREND,
    *MOMENTUM,
    *VOLATILITY,
    *VOLUME,
    *CHANNEL,
    *PRICE,
    *CANDLESTICK,
    *STATISTICS,
    *SESSION,
    *CROSS_PAIR,
)

CATALOGUE: dict[str, Indicator] = {indicator.name: indicator for indicator in _TABLE}
"""Every indicator by name, in the order of its columns. Read only."""

GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(each.name for each in _TABLE if each.group == group and not each.is_base)
    for group in dict.fromkeys(each.group for each in _TABLE if not each.is_base)
}
"""Indicators of each family, in order."""
