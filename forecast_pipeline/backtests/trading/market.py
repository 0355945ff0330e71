"""What the market offered one model: prices, spreads and rates at each of its decisions and fills, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.positions import trading_costs
from forecast_pipeline.backtests.trading.conversion import conversion_at
from forecast_pipeline.backtests.trading.rollover import (
    decision_day,
    rollover_nights,
    swap_per_night,
)
from forecast_pipeline.core.trading_clock import trading_minutes

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.positions import CostModel
    from forecast_pipeline.backtests.trading.parameters import PriceSide, TradingParameters

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]

_MICROSECONDS = 1_000_000
_PER_MILLION = 1e-6
_SIDES: dict[PriceSide, float] = {"mid": 0.0, "bid": 1.0, "ask": -1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One model's decisions that can be filled, by fold and time; every array has shape ``(T,)``.

    Attributes:
        fold: Fold of each decision; positions never live across folds.
        issued_us: Instant of the decision, UTC microseconds.
        target_us: End of the horizon.
        fill_us: Open of the next bar.
        issued_day: FX day that the decision ends or lies in, as days since 1970.
        fill_day: FX day of the fill.
        mean: Predicted log return over the horizon; NaN is no forecast.
        std: Predicted standard deviation, of the draws where they vary, else that expected at issue.
        scale: Standard deviation expected at issue.
        horizon_minutes: Length of the horizon in open session.
        mid: Mid price at the fill.
        mark: Mid price at the decision.
        half_spread: Half the spread charged, in price.
        slippage: Slippage of one side, in price, adverse.
        commission: Commission of one side, in account currency for a unit of base currency.
        rate: Account currency for one unit of quote currency at the fill.
        mark_rate: The same at the decision.
        rate_half_spread: Half the relative spread of that conversion.
        swap_long: Swap earned from the fill before to this one by a unit held long, in quote currency.
        swap_short: The same for a unit held short.
        round_trip: Cost of a round trip expected at the decision, as a log return.
        is_measured: Whether the spread was measured.
        is_profiled: Whether it is the usual one of the hour of the week.
        regime: State of the market known at the decision.
        capital: Account currency that one unit of base currency cost at the first fill of all models.
        pip: Price change of one pip.
        gap: Why results stay in quote currency; None if they do not.
    """

    fold: Instants
    issued_us: Instants
    target_us: Instants
    fill_us: Instants
    issued_day: Instants
    fill_day: Instants
    mean: Floats
    std: Floats
    scale: Floats
    horizon_minutes: Floats
    mid: Floats
    mark: Floats
    half_spread: Floats
    slippage: Floats
    commission: Floats
    rate: Floats
    mark_rate: Floats
    rate_half_spread: Floats
    swap_long: Floats
    swap_short: Floats
    round_trip: Floats
    is_measured: npt.NDArray[np.bool_]
    is_profiled: npt.NDArray[np.bool_]
    regime: pl.Series
    capital: float
    pip: float
    gap: str | None


def markets_by_model(
    forecasts: pl.DataFrame,
    costs: CostModel,
    parameters: TradingParameters,
    *,
    pip: float,
    symbol: str,
    spread_profile: pl.DataFrame | None = None,
    conversion: pl.DataFrame | None = None,
) -> dict[str, Market]:
    """The market as each model meets it, by name of the model.

    Prices are mid where a spread was measured, else of the side the parameters name; the other side
    is derived from the spread charged. A decision without a fill is left out. Where there is no
    conversion rate, the result stays in quote currency.

    Args:
        forecasts: Out-of-sample rows of one horizon in the schema of `backtests.schema`; test rows of
            different folds must not overlap in time.
        costs: What a trade costs.
        parameters: How it is filled and booked.
        pip: Price change of one pip.
        symbol: Pair, in our spelling.
        spread_profile: Usual spread by hour of the week, of the rows before the test or of the whole history.
        conversion: See `conversion_at`; needed only if neither currency is that of the account.
    """
    # Selecting first keeps the 21 quantiles out of the sort.
    optional = [name for name in ("sd", "regime") if name in forecasts.columns]
    needed = ["model", "fold", "issued_at_utc", "target_ts_utc", "fill_ts_utc", "fill_price", "price", "spread"]
    rows = forecasts.select(*needed, "mean", "scale", *optional)
    rows = rows.filter(pl.col("fill_price").is_not_null() & (pl.col("fill_price") > 0.0) & (pl.col("price") > 0.0))
    rows = trading_costs(rows.sort("model", "fold", "fill_ts_utc"), costs, pip, spread_profile)
    by_model = rows.partition_by("model", as_dict=True, maintain_order=True)
    known = [
        _market(own, costs, parameters, pip=pip, symbol=symbol, conversion=conversion) for own in by_model.values()
    ]
    capital = _capital(known)
    return {str(name): replace(market, capital=capital) for (name,), market in zip(by_model, known, strict=True)}


def _market(
    rows: pl.DataFrame,
    costs: CostModel,
    parameters: TradingParameters,
    *,
    pip: float,
    symbol: str,
    conversion: pl.DataFrame | None,
) -> Market:
    issued_us, target_us, fill_us = (
        rows[name].dt.epoch("us").to_numpy() for name in ("issued_at_utc", "target_ts_utc", "fill_ts_utc")
    )
    half_spread = _floats(rows["charged_spread"]) / 2.0
    price, scale = _floats(rows["price"]), _floats(rows["scale"])
    is_measured = rows["is_spread_measured"].to_numpy()
    to_mid = np.where(is_measured, 0.0, _SIDES[parameters.price_side]) * half_spread
    mid, mark = _floats(rows["fill_price"]) + to_mid, price + to_mid
    minutes = np.maximum(trading_minutes(target_us) - trading_minutes(issued_us), 1).astype(np.float64)
    slippage = _slippage(scale, mark, minutes, costs, parameters, pip)
    at_fill = conversion_at(symbol, parameters.account_currency, fill_us, mid, half_spread, conversion)
    at_issue = conversion_at(symbol, parameters.account_currency, issued_us, mark, half_spread, conversion)
    gap = at_fill.gap or at_issue.gap
    commission = (
        np.full(price.shape, costs.commission_pips * pip)
        if parameters.commission_per_million is None
        else parameters.commission_per_million * _PER_MILLION * mid
    )
    ones = np.ones(price.shape)
    rate = ones if gap else at_fill.rate
    before_us = np.concatenate([fill_us[:1], fill_us[:-1]])
    nights = rollover_nights(before_us, fill_us, symbol)
    long, short = swap_per_night(mark, parameters, symbol, pip)
    std = _floats(rows["sd"]) if "sd" in rows.columns else np.full(price.shape, np.nan)
    regime = rows["regime"] if "regime" in rows.columns else pl.Series([None] * rows.height, dtype=pl.String)
    return Market(
        fold=rows["fold"].to_numpy().astype(np.int64),
        issued_us=issued_us,
        target_us=target_us,
        fill_us=fill_us,
        issued_day=decision_day(issued_us),
        fill_day=decision_day(fill_us + 1),  # a fill at 17:00 belongs to the day it opens
        mean=_floats(rows["mean"]),
        std=np.where(std > 0.0, std, scale),
        scale=scale,
        horizon_minutes=minutes,
        mid=mid,
        mark=mark,
        half_spread=half_spread,
        slippage=slippage,
        commission=commission * rate,
        rate=rate,
        mark_rate=ones if gap else at_issue.rate,
        rate_half_spread=np.zeros(price.shape) if gap else at_fill.half_spread_fraction,
        swap_long=long * nights,
        swap_short=short * nights,
        round_trip=2.0 * (half_spread + slippage + commission) / price,
        is_measured=is_measured,
        is_profiled=rows["is_spread_profiled"].to_numpy(),
        regime=regime,
        capital=1.0,
        pip=pip,
        gap=gap,
    )


def _capital(markets: list[Market]) -> float:
    filled = [market for market in markets if market.mid.size]
    if not filled:
        return 1.0
    first = min(filled, key=lambda market: int(market.fill_us.min()))
    position = int(np.argmin(first.fill_us))
    return float(first.mid[position] * first.rate[position])


def with_slippage(market: Market, costs: CostModel, parameters: TradingParameters, multiple: float) -> Market:
    """The same market with slippage at another multiple of the standard deviation."""
    changed = parameters.model_copy(update={"slippage_multiple": multiple})
    slippage = _slippage(market.scale, market.mark, market.horizon_minutes, costs, changed, market.pip)
    return replace(market, slippage=slippage)


def latency_us(parameters: TradingParameters) -> int:
    """Latency of a fill in microseconds."""
    return round(parameters.latency_seconds * _MICROSECONDS)


def _slippage(
    scale: Floats, price: Floats, minutes: Floats, costs: CostModel, parameters: TradingParameters, pip: float
) -> Floats:
    """Larger of the least slippage and a multiple of the standard deviation over the latency, in price."""
    move = scale * np.sqrt(parameters.slippage_latency_seconds / (60.0 * minutes)) * price
    return np.asarray(np.fmax(costs.slippage_pips * pip, parameters.slippage_multiple * move))


def _floats(column: pl.Series) -> Floats:
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
