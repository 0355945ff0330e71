"""Settings of the regime detectors and of the policy over them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from forecast_pipeline.core.configuration import Configuration

Detector = Literal["grid", "hidden_markov"]


class RegimeParameters(Configuration):
    """How regimes are told apart.

    Attributes:
        volatility_days: Trading days over which volatility is measured: whole ones, or the label tells the hour.
        trend_days: Trading days over which the trend is measured.
        min_lookback_bars: Fewest bars of either, for long bars.
        margin: How far past a threshold a value must go before the state changes, in units of the distance between
            the two thresholds.
        min_dwell_days: Trading days for which a label is kept at least.
        n_states: States of the hidden Markov model.
        min_probability: Below this filtered probability of the likeliest state the regime is unknown.
        max_fit_bars: The newest training bars that the hidden Markov model is fitted to.
        seed: Seed of its fit.
    """

    volatility_days: float = Field(default=1.0, gt=0)
    trend_days: float = Field(default=5.0, gt=0)
    min_lookback_bars: int = Field(default=20, ge=2)
    margin: float = Field(default=0.1, ge=0)
    min_dwell_days: float = Field(default=0.25, ge=0)
    n_states: int = Field(default=2, ge=2, le=3)
    min_probability: float = Field(default=0.6, ge=0, le=1)
    max_fit_bars: int = Field(default=20_000, ge=100)
    seed: int = Field(default=0, ge=0)
