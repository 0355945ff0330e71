"""The settings of a simulated market."""

from __future__ import annotations

import math
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from forecast_pipeline.core.configuration import Configuration
from forecast_pipeline.core.symbol import normalise_symbol, pip_size
from forecast_pipeline.core.trading_clock import MINUTES_PER_WEEK

TRADING_MINUTES_PER_YEAR = 52 * MINUTES_PER_WEEK
_MIN_PRICE_TICKS = 10_000  # below this one tick is more than 1 bp and rounding would show in the returns


class SimulatedWorld(Configuration):
    """Settings of one simulated pair; the defaults resemble EURUSD.

    By default the log of the *mid* price is a martingale: innovations are symmetric
    and independent of the volatility, so the log return has conditional mean exactly
    zero at every minute (before prices are rounded to ticks; the simple return has
    half the variance as its mean). Only volatility can be forecast. The bid alone
    falls and recovers by about two pips around 17:00 New York, as the spread widens.

    With ``drift_signal`` s > 0 hour k of the trading clock, of hidden volatility
    S_k = sqrt(sum of the minute variances) and log return R_k, follows ::

        R_k = S_k X_k,    X_k = sqrt(s) X_{k-1} + sqrt(1 - s) E_k,    var E_k = 1

    so X_k has unit variance, a share s of it known at the close of hour k-1, and
    corr(X_k, X_{k-1}) = sqrt(s). A pipeline sees R_{k-1}, the log return (or
    ``rel_close``) of the last one-hour bar, and finds somewhat less than sqrt(s)
    because S_k is hidden. The drift is spread over the hour's minutes in proportion
    to their variance. Weekend and holiday gaps are not part of R_k.

    Attributes:
        symbol: Pair; fixes pip and tick, and keys the random streams.
        start: The world opens at 17:00 New York of the first Sunday not before it.
        n_weeks: Number of trading weeks.
        seed: Key of the random streams.
        initial_price: Mid before the first minute, quote currency.
        volatility_annual: Root mean square log return of a year of 52 weeks of open
            minutes, without gaps over closures.
        tail_degrees_of_freedom: Of the Student-t minute innovations.
        closure_gap_hours: Variance of the jump over a weekend or a holiday, in
            average open hours.
        missing_fraction: Expected share of minutes without a candle, at random and
            more in quiet hours.
        spread_multiplier: Scales the usual spread by time of day.
        drift_signal: Share s of the variance of hourly returns that momentum of the
            past hour explains; 0 is a martingale.
        iid: A Gaussian random walk of constant volatility, spread and coverage: no
            clustering, no daily clock, no fat tails, no jumps over closures.
        has_holidays: Whether the FX days 25 December and 1 January are closed.
    """

    symbol: Annotated[str, AfterValidator(normalise_symbol)] = "EURUSD"
    start: date = Field(default=date(2023, 1, 1), ge=date(1990, 1, 1), le=date(2100, 1, 1))
    n_weeks: int = Field(default=52, ge=1, le=520)
    seed: int = Field(default=1, ge=0)
    initial_price: float = Field(default=1.07, gt=0)
    volatility_annual: float = Field(default=0.075, gt=0, le=1)
    tail_degrees_of_freedom: float = Field(default=5.0, gt=2)
    closure_gap_hours: float = Field(default=1.0, ge=0)
    missing_fraction: float = Field(default=0.004, ge=0, le=0.1)
    spread_multiplier: float = Field(default=1.0, gt=0)
    drift_signal: float = Field(default=0.0, ge=0, lt=1)
    iid: bool = False
    has_holidays: bool = True

    @model_validator(mode="after")
    def _check_ticks(self) -> Self:
        if self.initial_price * self.ticks_per_unit < _MIN_PRICE_TICKS:
            raise ValueError(
                f"initial_price must be at least {_MIN_PRICE_TICKS / self.ticks_per_unit:g} for {self.symbol}, "
                f"was {self.initial_price:g}: one tick would be more than one basis point"
            )
        return self

    @property
    def ticks_per_unit(self) -> int:
        """Ticks, tenths of a pip, in one unit of the quote currency."""
        return round(10 / pip_size(self.symbol))

    @property
    def minute_volatility(self) -> float:
        """Root mean square log return of one open minute."""
        return self.volatility_annual / math.sqrt(TRADING_MINUTES_PER_YEAR)
