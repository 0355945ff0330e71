"""What trading costs: the model of costs, and what one side costs at each decision."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from forecast_pipeline.backtests.wording import share
from forecast_pipeline.candles.spread_profile import expected_spread
from forecast_pipeline.core.configuration import Configuration

NonNegative = Annotated[float, Field(ge=0.0)]


class CostModel(Configuration):
    """What a trade costs, in pips.

    Attributes:
        spread_pips: Spread to charge everywhere; ``None`` charges the measured one, else the profiled one.
        assumed_spread_pips: Spread where none was measured and no profile knows the hour of the week.
        commission_pips: Commission per side.
        slippage_pips: Slippage per side, always adverse.
        no_trade_multiple: Round trips that the predicted move must exceed to be traded.
    """

    spread_pips: NonNegative | None = None
    assumed_spread_pips: NonNegative = 1.0
    commission_pips: NonNegative = 0.1
    slippage_pips: NonNegative = 0.1
    no_trade_multiple: NonNegative = 1.0


def trading_costs(
    decisions: pl.DataFrame, costs: CostModel, pip: float, profile: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Decisions with what one side costs.

    A crossed quote, a spread below zero, counts as not measured: nobody is paid to trade.
    Where nothing was measured the profile is asked for the hour of the week that begins
    with the decision, the one in which it is filled. The profile is that of the rows before
    the test, or of the whole history: then an assumption about costs, as the flat one is. It
    is never an input of a model.

    Args:
        decisions: With ``price`` and ``spread``, both in price units; with a profile also ``issued_at_utc``.
        costs: What to charge.
        pip: Price change of one pip.
        profile: Of `trading.spread` or `candles.spread_profile`; None if the symbol has none.

    Returns:
        The argument with ``is_spread_measured``, ``is_spread_profiled``, ``charged_spread`` (price)
        and ``side_cost``: half the spread, commission and slippage as a fraction of the price at the
        decision.

    Example:
        >>> quotes = pl.DataFrame({"price": [1.0, 1.0], "spread": [0.0002, None]})
        >>> trading_costs(quotes, CostModel(), pip=0.0001)["side_cost"].round(8).to_list()
        [0.00012, 7e-05]
    """
    usual = _usual_spread(decisions, profile)
    if costs.spread_pips is None:
        is_measured = (pl.col("spread").is_not_nan() & (pl.col("spread") >= 0.0)).fill_null(value=False)
        is_profiled = ~is_measured & usual.is_not_null()
        spread = pl.when(is_measured).then("spread").otherwise(usual.fill_null(costs.assumed_spread_pips * pip))
    else:
        is_measured = is_profiled = pl.lit(value=False)
        spread = pl.lit(costs.spread_pips * pip)
    extras = (costs.commission_pips + costs.slippage_pips) * pip
    return decisions.with_columns(
        is_spread_measured=is_measured,
        is_spread_profiled=is_profiled,
        charged_spread=spread,
        side_cost=(spread / 2.0 + extras) / pl.col("price"),
    )


def _usual_spread(decisions: pl.DataFrame, profile: pl.DataFrame | None) -> pl.Expr:
    """Spread of the profile at each decision; null where it knows none, or only a crossed one."""
    if profile is None:
        return pl.lit(None, pl.Float64)
    issued_us = decisions["issued_at_utc"].dt.epoch("us").to_numpy()
    usual = pl.Series("usual", expected_spread(profile, issued_us)).fill_nan(None)
    return pl.lit(usual.set(usual < 0.0, None))


def describe_spread(measured_fraction: float, profiled_fraction: float, costs: CostModel) -> str:
    """How the spread was had, in words a reader can hold against the numbers.

    Example:
        >>> describe_spread(0.0, 0.0, CostModel())
        'modelled: 1 pips everywhere, no spread was measured'
    """
    if costs.spread_pips is not None:
        return f"fixed by the cost model: {costs.spread_pips:g} pips everywhere"
    if measured_fraction >= 1.0:
        return "measured at every decision"
    assumed = max(1.0 - measured_fraction - profiled_fraction, 0.0)
    if assumed >= 1.0:
        return f"modelled: {costs.assumed_spread_pips:g} pips everywhere, no spread was measured"
    parts = (
        (measured_fraction, "measured at {}"),
        (profiled_fraction, "modelled by the symbol's usual spread of the hour of the week at {}"),
        (assumed, f"assumed to be {costs.assumed_spread_pips:g} pips at {{}}"),
    )
    return ", ".join(text.format(share(fraction)) for fraction, text in parts if fraction > 0.0) + " of decisions"
