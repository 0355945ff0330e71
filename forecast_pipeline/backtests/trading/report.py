"""Everything the report says about money, from the out-of-sample forecasts of one horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.trading import breakdown, drawdown, null, results, sensitivity
from forecast_pipeline.backtests.trading.account import account_of
from forecast_pipeline.backtests.trading.hurdle import hurdle_table
from forecast_pipeline.backtests.trading.ledger import ITEMS
from forecast_pipeline.backtests.trading.market import markets_by_model
from forecast_pipeline.backtests.trading.trades import trade_figures

if TYPE_CHECKING:
    from forecast_pipeline.backtests.positions import CostModel
    from forecast_pipeline.backtests.trading.account import Account
    from forecast_pipeline.backtests.trading.market import Market
    from forecast_pipeline.backtests.trading.parameters import TradingParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingReport:
    """Money, as frames; fractions of the capital unless a name says pips.

    The capital is what one unit of base currency cost at the first fill; positions are in such units
    and never compounded. Everything but ``economics``, ``equity``, ``trades`` and ``daily_net`` is about
    the headline model.

    Attributes:
        economics: A row per model; see `result_figures`.
        equity: A row per fill: ``model``, ``fill_ts_utc``, ``position``, ``traded`` (units), ``mid``, ``half_spread``,
            ``slippage`` (price), the running sum of each item of the identity (``gross_cumulative``, mid to mid, …) and
            ``net_cumulative`` (open positions at the side that liquidates them).
        waterfall: ``item``, ``pips_per_round_trip``, ``fraction_of_capital``, from gross to net.
        cost_curve: ``multiplier``, ``net``, ``sharpe``.
        delay_curve: ``delay_decisions``, ``net``, ``sharpe``.
        slippage_curve: ``slippage_multiple``, ``net``, ``sharpe``.
        sizing: What a better standard deviation is worth at equal turnover.
        monthly: ``year``, ``month``, ``net``.
        by_hour: ``hour_of_week``, ``net``, ``n``.
        by_session: ``session``, ``n_fills``, ``n_traded``, ``net``.
        by_regime: ``regime``, ``n_fills``, ``n_traded``, ``net``.
        trades: Statistics of round trips, a row per model.
        drawdowns: The ten worst.
        stress: Named windows inside the range of the data.
        null: ``net`` of the policy on shuffled forecasts, a row a draw.
        null_net: Net that they are compared with.
        null_percentile: Share of the draws that it beats; None without a draw or without a trade.
        references: Buy and hold, carry, random entry.
        hurdle: Skill needed to pay the costs, by horizon.
        daily_net: ``fx_day``, ``model``, ``net``, every model, for ledgers of trials.
        not_modelled: What these numbers leave out, in words.
    """

    economics: pl.DataFrame
    equity: pl.DataFrame
    waterfall: pl.DataFrame
    cost_curve: pl.DataFrame
    delay_curve: pl.DataFrame
    slippage_curve: pl.DataFrame
    sizing: pl.DataFrame
    monthly: pl.DataFrame
    by_hour: pl.DataFrame
    by_session: pl.DataFrame
    by_regime: pl.DataFrame
    trades: pl.DataFrame
    drawdowns: pl.DataFrame
    stress: pl.DataFrame
    null: pl.DataFrame
    null_net: float
    null_percentile: float | None
    references: pl.DataFrame
    hurdle: pl.DataFrame
    daily_net: pl.DataFrame
    not_modelled: tuple[str, ...]


def trade_report(
    forecasts: pl.DataFrame,
    costs: CostModel,
    parameters: TradingParameters,
    *,
    pip: float,
    symbol: str,
    headline_model: str,
    seed: int,
    spread_profile: pl.DataFrame | None = None,
    conversion: pl.DataFrame | None = None,
    all_horizons: pl.DataFrame | None = None,
) -> TradingReport:
    """Trade every model of one horizon and say what came of it and what it rests on.

    Args:
        forecasts: Out-of-sample rows of one horizon, all models, in the schema of `backtests.schema`.
        costs: What a trade costs.
        parameters: Policy, fills and account.
        pip: Price change of one pip.
        symbol: Pair, in our spelling.
        headline_model: The model the details are about.
        seed: Of bootstraps and draws.
        spread_profile: Usual spread by hour of the week, of the rows before the test (`trading.spread`) or of the whole
            history (`candles.spread_profile`).
        conversion: ``close_ts_utc`` and ``rate`` (account currency for one unit of quote currency), perhaps
            ``spread``; needed only if neither currency of the pair is that of the account.
        all_horizons: Out-of-sample rows of all horizons, for the hurdle; ``forecasts`` if left out.

    Raises:
        ValueError: If there is more than one horizon, or the headline model has no row.
    """
    horizons = forecasts["horizon_bars"].unique().to_list()
    if len(horizons) != 1:
        raise ValueError(f"forecasts must be of one horizon, was {sorted(horizons)}: pass them one at a time")
    if headline_model not in forecasts["model"]:
        known = ", ".join(sorted(forecasts["model"].unique()))
        raise ValueError(f"headline_model must be one of the models traded, was {headline_model!r}: known are {known}")
    markets = markets_by_model(
        forecasts, costs, parameters, pip=pip, symbol=symbol, spread_profile=spread_profile, conversion=conversion
    )
    heads = forecasts.select("model", "is_baseline", "horizon_bars").unique().sort("is_baseline", "model")
    empty = _without_fill(forecasts, costs, parameters, pip=pip, symbol=symbol)
    accounts = {name: account_of(markets.get(name, empty), costs, parameters) for name in heads["model"]}
    economics, trades = [], []
    for head in heads.iter_rows(named=True):
        account = accounts[head["model"]]
        found = results.result_figures(
            account, has_swap=parameters.has_swap, seed=seed, n_bootstraps=parameters.n_bootstraps
        )
        economics.append(head | found)
        trades.append({"model": head["model"]} | trade_figures(account.ledger))
    own = accounts[headline_model]
    market, schedule, ledger = own.market, own.schedule, own.ledger
    draws = null.shuffled_nets(market, schedule, costs, parameters, seed=seed)
    net = ledger.total("net")
    has_null = draws.height and ledger.round_trips
    return TradingReport(
        economics=pl.DataFrame(economics, infer_schema_length=None).with_columns(pl.col(ITEMS).cast(pl.Float64)),
        equity=pl.concat([_equity(name, account) for name, account in accounts.items()]),
        waterfall=results.waterfall(ledger, has_swap=parameters.has_swap),
        cost_curve=sensitivity.cost_curve(market, ledger.position),
        delay_curve=sensitivity.delay_curve(market, own.signal, schedule),
        slippage_curve=sensitivity.slippage_curve(market, ledger.position, costs, parameters),
        sizing=sensitivity.sizing(market, schedule, costs, parameters),
        monthly=breakdown.monthly(own.daily),
        by_hour=breakdown.by_hour(ledger),
        by_session=breakdown.by_session(ledger),
        by_regime=breakdown.by_regime(ledger),
        trades=pl.DataFrame(trades, infer_schema_length=None),
        drawdowns=drawdown.worst_drawdowns(own.daily),
        stress=breakdown.stress(own.daily),
        null=draws,
        null_net=net,
        null_percentile=float((draws["net"] < net).sum()) / draws.height if has_null else None,
        references=null.references(market, schedule, ledger.position, parameters, seed=seed),
        hurdle=hurdle_table(
            forecasts if all_horizons is None else all_horizons,
            costs,
            parameters,
            pip=pip,
            symbol=symbol,
            spread_profile=spread_profile,
        ),
        daily_net=pl.concat([account.daily.frame(name) for name, account in accounts.items()]),
        not_modelled=_not_modelled(market, parameters),
    )


def _equity(name: str, account: Account) -> pl.DataFrame:
    ledger = account.ledger
    fill = pl.Series("fill_ts_utc", account.market.fill_us, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    market = account.market
    columns = {"position": ledger.position, "traded": ledger.traded, "mid": market.mid}
    columns |= {"half_spread": market.half_spread, "slippage": market.slippage}
    columns |= {f"{item}_cumulative": ledger.account[item] for item in ITEMS}
    columns |= {"net_cumulative": ledger.equity}
    values = [pl.Series(key, np.ascontiguousarray(value), dtype=pl.Float64) for key, value in columns.items()]
    return pl.DataFrame([fill, *values]).select(pl.lit(name).alias("model"), pl.all())


def _without_fill(
    forecasts: pl.DataFrame, costs: CostModel, parameters: TradingParameters, *, pip: float, symbol: str
) -> Market:
    """The market of a model of which no decision can be filled: the arrays of a real one, without a row."""
    from dataclasses import replace

    row = forecasts.head(1).with_columns(
        price=pl.lit(1.0), fill_price=pl.lit(1.0), fill_ts_utc=pl.col("issued_at_utc"), model=pl.lit("none")
    )
    (one,) = markets_by_model(row, costs, parameters, pip=pip, symbol=symbol).values()
    arrays = {
        name: getattr(one, name)[:0] for name in one.__dataclass_fields__ if name not in {"capital", "pip", "gap"}
    }
    return replace(one, **arrays)


def _not_modelled(market: Market, parameters: TradingParameters) -> tuple[str, ...]:
    lines = []
    if not parameters.has_swap:
        lines.append("swap and financing (no interest rates or swap points were given)")
    else:
        lines.append("settlement holidays, which move the night of the triple swap")
    if market.gap:
        lines.append(market.gap)
    if parameters.price_side != "mid" and not market.is_measured.all():
        other = "ask" if parameters.price_side == "bid" else "bid"
        lines.append(f"a recorded {other} price (derived from the {parameters.price_side} by the spread charged)")
    return (*lines, "a spread at the fill (that of the decision is charged)", "market impact", "margin")
