"""What was traded, at which prices and on whose account, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.backtests.positions import describe_spread

if TYPE_CHECKING:
    import polars as pl

    from forecast_pipeline.backtests.positions import CostModel
    from forecast_pipeline.backtests.trading.parameters import TradingParameters


def policy_sentences(costs: CostModel, parameters: TradingParameters, economics: pl.DataFrame) -> tuple[str, ...]:
    """Policy, fills, costs and account, a sentence each, for `page.evidence.TradingEvidence`.

    Args:
        costs: What a trade was charged.
        parameters: Policy, fills and account.
        economics: With ``measured_spread_fraction`` and ``profiled_spread_fraction`` of the decisions.

    Example:
        >>> import polars as pl
        >>> from forecast_pipeline.backtests.positions import CostModel
        >>> from forecast_pipeline.backtests.trading.parameters import TradingParameters
        >>> shares = pl.DataFrame({"measured_spread_fraction": [1.0], "profiled_spread_fraction": [0.0]})
        >>> policy_sentences(CostModel(), TradingParameters(), shares)[3]
        'Spread measured at every decision.'
    """
    multiple = f"{costs.no_trade_multiple:g} x the cost of a round trip"
    holding = {
        "overlapping": "Every decision opens a share of the unit and holds it for one horizon.",
        "disjoint": "The whole unit is decided about once a horizon.",
    }[parameters.holding]
    target = parameters.volatility_target_annual
    size = f"{parameters.max_exposure:g} units"
    sized = f"{size}, always" if target is None else f"at most {size}, sized for {100.0 * target:g} % volatility a year"
    fee = parameters.commission_per_million
    commission = (
        f"{costs.commission_pips:g} pips" if fee is None else f"{fee:g} {parameters.account_currency} a million"
    )
    slip = f"{parameters.slippage_multiple:g} sds of the move over {parameters.slippage_latency_seconds:g} s"
    return (
        f"Policy: trade the sign of the predicted mean if its size exceeds {multiple}.",
        f"{holding} Positions are {sized}; flat between folds.",
        f"A decision fills at the first open at least {parameters.latency_seconds:g} s after it.",
        spread_sentence(economics, costs),
        f"Commission {commission} a side; slippage at least {costs.slippage_pips:g} pips, or {slip}.",
        f"Account in {parameters.account_currency}; money is a fraction of one unit's worth at the first fill.",
        "Ratios are of net results by FX day (17:00 New York), undefined without a trade or below 20 days.",
    )


def spread_sentence(economics: pl.DataFrame, costs: CostModel) -> str:
    """How the spread was had, over all decisions of the first account."""
    measured, profiled = (float(economics[f"{kind}_spread_fraction"][0]) for kind in ("measured", "profiled"))
    return f"Spread {describe_spread(measured, profiled, costs)}."
