"""What a forecast of direction must achieve to pay its costs, by horizon."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.trading.market import markets_by_model

if TYPE_CHECKING:
    from forecast_pipeline.backtests.positions import CostModel
    from forecast_pipeline.backtests.trading.parameters import TradingParameters

_SCHEMA = {"horizon_bars": pl.Int32, "n_rows": pl.Int64} | dict.fromkeys(
    ("sd_pips", "mean_move_pips", "round_trip_pips", "hit_rate_needed", "ic_needed"), pl.Float64
)


def hurdle_table(
    forecasts: pl.DataFrame,
    costs: CostModel,
    parameters: TradingParameters,
    *,
    pip: float,
    symbol: str,
    spread_profile: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Hit rate and information coefficient that pay a median round trip at each horizon.

    Holding the predicted sign for one horizon at a round-trip cost ``c`` breaks even at a hit rate of
    ``1/2 + c / (2 E|r|)``; under joint normality that is an information coefficient of ``c / (sd sqrt(2/pi))``.
    Above 1 neither can be reached.

    Args:
        forecasts: Out-of-sample rows of one or several horizons.
        costs: What a trade costs.
        parameters: How it is filled.
        pip: Price change of one pip.
        symbol: Pair, in our spelling.
        spread_profile: Usual spread by hour of the week, of the rows before the test or of the whole history.

    Returns:
        ``horizon_bars``, ``n_rows``, ``sd_pips``, ``mean_move_pips``, ``round_trip_pips``, ``hit_rate_needed``,
        ``ic_needed``; NaN where the outcomes do not vary.
    """
    rows = []
    for (horizon,), each in sorted(forecasts.partition_by("horizon_bars", as_dict=True).items()):
        own = each.filter(pl.col("model") == each["model"].min()).sort("fold", "issued_at_utc")
        markets = markets_by_model(own, costs, parameters, pip=pip, symbol=symbol, spread_profile=spread_profile)
        known = own.filter(pl.col("outcome").is_finite())
        if not markets or known.is_empty():
            continue
        (market,) = markets.values()
        outcome, price = (known[name].to_numpy() for name in ("outcome", "price"))
        std, mean_move = float(np.std(outcome)), float(np.mean(np.abs(outcome)))
        cost = float(np.median(market.round_trip))
        rows.append(
            {
                "horizon_bars": horizon,
                "n_rows": known.height,
                "sd_pips": float(np.std(outcome * price)) / pip,
                "mean_move_pips": float(np.mean(np.abs(outcome) * price)) / pip,
                "round_trip_pips": float(np.median(market.round_trip * market.mark)) / pip,
                "hit_rate_needed": 0.5 + cost / (2.0 * mean_move) if mean_move > 0.0 else math.nan,
                "ic_needed": cost / (std * math.sqrt(2.0 / math.pi)) if std > 0.0 else math.nan,
            }
        )
    return pl.DataFrame(rows, _SCHEMA)
