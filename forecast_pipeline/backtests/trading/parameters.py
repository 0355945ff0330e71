"""Settings of the trading policy and of what its account is charged besides the cost model, fixed before any test."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from forecast_pipeline.core.configuration import Configuration

Positive = Annotated[float, Field(gt=0.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
PriceSide = Literal["mid", "bid", "ask"]
Holding = Literal["overlapping", "disjoint"]


class TradingParameters(Configuration):
    """How forecasts become positions, and how these are filled, financed and booked.

    The neutral band is ``no_trade_multiple`` of the cost model.

    Attributes:
        holding: ``overlapping`` opens a share of the unit at every decision and holds it for one horizon;
            ``disjoint`` decides about the whole unit once a horizon.
        volatility_target_annual: Yearly standard deviation that a full position aims at; none holds ``max_exposure``.
        max_exposure: Largest position, in units of the base currency for each unit of capital.
        latency_seconds: A decision is filled at the first bar that opens at least so long after it.
        slippage_latency_seconds: Time over which the price may still move against a fill after that open.
        slippage_multiple: Slippage in standard deviations of that move, where it exceeds ``slippage_pips``.
        commission_per_million: Commission per million of notional and side in account currency, in place of
            ``commission_pips``.
        price_side: Side of prices where no spread was measured; measured ones are mid.
        account_currency: Currency of the account.
        base_rate_annual: Yearly interest rate of the base currency, as a fraction.
        quote_rate_annual: Yearly interest rate of the quote currency, as a fraction.
        swap_markup_annual: What the broker takes a year for holding a position over night, as a fraction.
        swap_long_points: The broker's swap of a long position in points a night (a tenth of a pip), in place of rates.
        swap_short_points: The broker's swap of a short position in points a night.
        n_null_draws: Shuffled forecasts that the result is compared with.
        n_bootstraps: Resamples behind an interval.
    """

    holding: Holding = "overlapping"
    volatility_target_annual: Positive | None = 0.10
    max_exposure: Positive = 1.0
    latency_seconds: NonNegative = 0.0
    slippage_latency_seconds: NonNegative = 1.0
    slippage_multiple: NonNegative = 0.25
    commission_per_million: NonNegative | None = None
    price_side: PriceSide = "mid"
    account_currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    base_rate_annual: float | None = None
    quote_rate_annual: float | None = None
    swap_markup_annual: NonNegative = 0.0
    swap_long_points: float | None = None
    swap_short_points: float | None = None
    n_null_draws: int = Field(default=200, ge=0)
    n_bootstraps: int = Field(default=500, ge=0)

    @model_validator(mode="after")
    def _swap_is_whole(self) -> Self:
        pairs = (("base_rate_annual", "quote_rate_annual"), ("swap_long_points", "swap_short_points"))
        given = [[getattr(self, name) is not None for name in pair] for pair in pairs]
        for pair, has in zip(pairs, given, strict=True):
            if any(has) and not all(has):
                raise ValueError(f"{pair[0]} and {pair[1]} must be given together, was only {pair[not has[0]]}")
        if all(given[0]) and all(given[1]):
            raise ValueError("swap must come from rates or from points, was both: leave one of the two out")
        return self

    @property
    def has_rates(self) -> bool:
        """Whether swap is computed from interest rates."""
        return self.base_rate_annual is not None

    @property
    def has_swap(self) -> bool:
        """Whether swap is modelled at all."""
        return self.has_rates or self.swap_long_points is not None
