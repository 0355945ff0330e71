"""From forecasts to positions: what trading costs, and the one stated policy.

The policy, fixed before any test row is seen: at every decision of one horizon hold one
unit in the direction of the predicted mean if its size exceeds ``no_trade_multiple``
round trips, else nothing. It is decided again every bar and traded at the next bar's open.
"""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from forecast_pipeline.core.configuration import Configuration

NonNegative = Annotated[float, Field(ge=0.0)]


class CostModel(Configuration):
    """What a trade costs, in pips.

    Attributes:
        spread_pips: Spread to charge everywhere; ``None`` charges the measured one.
        assumed_spread_pips: Spread where none was measured; the report then says "modelled".
        commission_pips: Commission per side.
        slippage_pips: Slippage per side, always adverse.
        no_trade_multiple: Round trips that the predicted move must exceed to be traded.
    """

    spread_pips: NonNegative | None = None
    assumed_spread_pips: NonNegative = 1.0
    commission_pips: NonNegative = 0.1
    slippage_pips: NonNegative = 0.1
    no_trade_multiple: NonNegative = 1.0


def trading_costs(decisions: pl.DataFrame, costs: CostModel, pip: float) -> pl.DataFrame:
    """Decisions with what one side costs.

    A crossed quote, a spread below zero, counts as not measured: nobody is paid to trade.

    Args:
        decisions: With ``price`` and ``spread``, both in price units.
        costs: What to charge.
        pip: Price change of one pip.

    Returns:
        The argument with ``is_spread_measured`` and ``side_cost``: half the spread,
        commission and slippage as a fraction of the price at the decision.

    Example:
        >>> quotes = pl.DataFrame({"price": [1.0, 1.0], "spread": [0.0002, None]})
        >>> trading_costs(quotes, CostModel(), pip=0.0001)["side_cost"].round(8).to_list()
        [0.00012, 7e-05]
    """
    is_measured = pl.col("spread").is_not_nan() & (pl.col("spread") >= 0.0)
    if costs.spread_pips is None:
        spread = pl.when(is_measured).then("spread").otherwise(costs.assumed_spread_pips * pip)
    else:
        spread, is_measured = pl.lit(costs.spread_pips * pip), pl.lit(value=False)
    extras = (costs.commission_pips + costs.slippage_pips) * pip
    return decisions.with_columns(
        is_spread_measured=is_measured.fill_null(value=False),
        side_cost=(spread / 2.0 + extras) / pl.col("price"),
    )


def target_positions(decisions: pl.DataFrame, costs: CostModel) -> pl.DataFrame:
    """Decisions with the position the policy wants after each: -1, 0 or 1.

    Only what is known at the decision enters: the predicted mean and the cost of a
    round trip at that moment, both as log returns.

    Args:
        decisions: From `trading_costs`, with ``mean``.
        costs: Whose ``no_trade_multiple`` sets the neutral band.

    Example:
        >>> frame = pl.DataFrame({"mean": [3e-4, -3e-4, 1e-4], "side_cost": [1e-4] * 3})
        >>> target_positions(frame, CostModel())["position"].to_list()
        [1.0, -1.0, 0.0]
    """
    is_worth_it = pl.col("mean").abs() > costs.no_trade_multiple * 2.0 * pl.col("side_cost")
    return decisions.with_columns(position=pl.when(is_worth_it).then(pl.col("mean").sign()).otherwise(0.0))


def describe_spread(measured_fraction: float, costs: CostModel) -> str:
    """How the spread was had, in words a reader can hold against the numbers.

    Example:
        >>> describe_spread(0.0, CostModel())
        'modelled: 1 pips everywhere, no spread was measured'
    """
    if costs.spread_pips is not None:
        return f"fixed by the cost model: {costs.spread_pips:g} pips everywhere"
    if measured_fraction <= 0.0:
        return f"modelled: {costs.assumed_spread_pips:g} pips everywhere, no spread was measured"
    if measured_fraction < 1.0:
        share = f"{100.0 * measured_fraction:.1f} %"
        return f"measured at {share} of decisions, modelled as {costs.assumed_spread_pips:g} pips elsewhere"
    return "measured at every decision"
