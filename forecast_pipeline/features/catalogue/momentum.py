"""Momentum: returns over spans and oscillators beyond the specification's eighteen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.features.catalogue.momentum_oscillators import AVERAGED, RANGES
from forecast_pipeline.features.catalogue.momentum_relative_strength import RELATIVE_STRENGTH
from forecast_pipeline.features.catalogue.momentum_returns import RETURNS

if TYPE_CHECKING:
    from forecast_pipeline.features.catalogue.indicator import Indicator

MOMENTUM: tuple[Indicator, ...] = (*RETURNS, *RELATIVE_STRENGTH, *RANGES, *AVERAGED)
"""The family without those of the specification."""
