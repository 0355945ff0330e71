"""What the positions earn: an account per model, net of costs, in log returns per unit held.

Positions are filled at the next bar's open and re-decided every bar; every fold starts
and ends flat, so that no gap between folds is ever held. The identity
``net = gross - cost`` holds row by row. Not modelled: swap, financing, conversion of
the profit into an account currency, market impact.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.positions import target_positions, trading_costs
from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, shifted_clock
from forecast_pipeline.scores.significance import mean_interval

if TYPE_CHECKING:
    from forecast_pipeline.backtests.positions import CostModel

MIN_DAYS_FOR_SHARPE = 20
_MAX_DAYS_BETWEEN = 7  # a longer pause in the data is a gap between folds, not a weekend or a holiday
_DAYS_PER_YEAR = 365.25
_ACCOUNT = ["model", "fold"]


def account(decisions: pl.DataFrame) -> pl.DataFrame:
    """Account of every model, one row a fill.

    A row's ``gross`` is earned from its own fill to the next one of the fold, its
    ``cost`` is paid at its own fill. Decisions without a fill cannot be traded and are
    left out; the last fill of each fold closes the position.

    Args:
        decisions: With ``model``, ``fold``, ``fill_ts_utc``, ``fill_price``, ``position``
            and ``side_cost``.

    Returns:
        By model and time: the position after the fill, ``traded`` (its absolute change),
        ``gross``, ``cost``, ``net``, and their running sums.

    Example:
        >>> import datetime as dt
        >>> fills = [dt.datetime(2024, 1, 2, hour, tzinfo=dt.UTC) for hour in range(3)]
        >>> frame = pl.DataFrame({"model": "a", "fold": 0, "fill_ts_utc": fills, "fill_price": 1.0,
        ...     "position": 1.0, "side_cost": 0.0001})
        >>> account(frame)["net"].to_list()
        [-0.0001, 0.0, -0.0001]
    """
    fills = decisions.filter(pl.col("fill_price").is_not_null()).sort("model", "fold", "fill_ts_utc")
    is_last = pl.int_range(pl.len()) == pl.len() - 1
    fills = fills.with_columns(position=pl.when(is_last.over(_ACCOUNT)).then(0.0).otherwise("position"))
    held = pl.col("fill_price").shift(-1).over(_ACCOUNT) / pl.col("fill_price")
    fills = fills.with_columns(
        traded=(pl.col("position") - pl.col("position").shift(1, fill_value=0.0).over(_ACCOUNT)).abs(),
        gross=(pl.col("position") * held.log()).fill_null(0.0),
    )
    fills = fills.with_columns(cost=pl.col("traded") * pl.col("side_cost"))
    fills = fills.with_columns(net=pl.col("gross") - pl.col("cost"))
    running = [pl.col(c).cum_sum().over("model").alias(f"{c}_cumulative") for c in ("gross", "cost", "net")]
    return fills.with_columns(running)


def delayed(decisions: pl.DataFrame) -> pl.DataFrame:
    """The same positions taken one bar later, to see whether the edge survives a slow fill."""
    ordered = decisions.sort("model", "fold", "issued_at_utc")
    return ordered.with_columns(position=pl.col("position").shift(1, fill_value=0.0).over(_ACCOUNT))


def trade(
    forecasts: pl.DataFrame, costs: CostModel, pip: float, profile: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Trade the out-of-sample forecasts of one horizon.

    Args:
        forecasts: Rows of one horizon in the schema of `backtests.schema`.
        costs: What a trade costs.
        pip: Price change of one pip.
        profile: Usual spread by hour of the week, for decisions without a measured one.

    Returns:
        One row of results a model (see `account_figures`), and the accounts.
    """
    decisions = target_positions(trading_costs(forecasts, costs, pip, profile), costs)
    accounts, slow_accounts = account(decisions), account(delayed(decisions))
    slow_net = dict(slow_accounts.group_by("model").agg(pl.col("net").sum()).iter_rows())
    models = forecasts.select("model", "is_baseline", "horizon_bars").unique().sort("is_baseline", "model")
    rows: list[dict[str, Any]] = []
    for head in models.iter_rows(named=True):
        fills = accounts.filter(pl.col("model") == head["model"])
        rows.append(head | account_figures(fills, pip) | {"net_delayed": slow_net.get(head["model"], 0.0)})
    columns = ["model", "fold", "fill_ts_utc", "fill_price", "position", "traded", "gross", "cost", "net"]
    columns += ["gross_cumulative", "cost_cumulative", "net_cumulative"]
    return pl.DataFrame(rows, infer_schema_length=None), accounts.select(columns)


def account_figures(fills: pl.DataFrame, pip: float) -> dict[str, float | int | None]:
    """Headline figures of one account.

    ``break_even_pips`` is the constant cost of a round trip at which the net return would
    be zero, ``paid_pips`` the average one paid; both are undefined without a trade. The
    Sharpe ratio is of net returns by FX day (17:00 to 17:00 New York), annualised with
    the number of such days a year that the data has; its interval is HAC.

    Args:
        fills: One model's rows of `account`, with ``is_spread_measured`` and ``is_spread_profiled``.
        pip: Price change of one pip.
    """
    gross, cost, net = (float(fills[name].sum()) for name in ("gross", "cost", "net"))
    traded = float(fills["traded"].sum())
    pip_round_trips = float((fills["traded"] * pip / fills["fill_price"]).sum()) / 2.0
    equity = np.concatenate([[0.0], fills["net"].to_numpy().cumsum()])
    return {
        "n_decisions": fills.height,
        "n_round_trips": traded / 2.0,
        "gross": gross,
        "cost": cost,
        "net": net,
        "net_at_double_cost": gross - 2.0 * cost,
        "break_even_pips": gross / pip_round_trips if traded else math.nan,
        "paid_pips": cost / pip_round_trips if traded else math.nan,
        "exposure_fraction": float((fills["position"] != 0.0).sum()) / max(fills.height, 1),
        "max_drawdown": float(np.max(np.maximum.accumulate(equity) - equity)),
        "measured_spread_fraction": float(fills["is_spread_measured"].sum()) / max(fills.height, 1),
        "profiled_spread_fraction": float(fills["is_spread_profiled"].sum()) / max(fills.height, 1),
        **daily_figures(fills),
    }


def daily_figures(fills: pl.DataFrame) -> dict[str, float | int]:
    """Sharpe ratio with its 95 % interval, turnover a day, and the number of FX days a year."""
    day = fx_day(fills["fill_ts_utc"])
    days = fills.group_by(day.alias("day")).agg(pl.col("net", "traded").sum()).sort("day")
    between = np.diff(days["day"].to_numpy())
    open_span = 1.0 + float(np.where(between > _MAX_DAYS_BETWEEN, 1, between).sum())
    days_per_year = _DAYS_PER_YEAR * days.height / open_span
    net = days["net"].to_numpy()
    figures: dict[str, float | int] = {
        "n_days": days.height,
        "days_per_year": days_per_year,
        "turnover_per_day": float(days["traded"].sum()) / max(days.height, 1),
        "sharpe_annual": math.nan,
        "sharpe_low": math.nan,
        "sharpe_high": math.nan,
    }
    if days.height >= MIN_DAYS_FOR_SHARPE and np.ptp(net) > 0.0:
        per_day = math.sqrt(days_per_year) / float(np.std(net, ddof=1))
        interval = mean_interval(net, horizon_bars=1)
        figures |= {
            "sharpe_annual": interval.mean * per_day,
            "sharpe_low": interval.low * per_day,
            "sharpe_high": interval.high * per_day,
        }
    return figures


def cost_hurdle(
    forecasts: pl.DataFrame, costs: CostModel, pip: float, profile: pl.DataFrame | None = None
) -> dict[str, float]:
    """What a forecast must achieve to pay its costs at one horizon.

    Holding the predicted sign for one horizon at a round-trip cost ``c`` breaks even at a
    hit rate of ``1/2 + c / (2 E|r|)``; under joint normality that is an information
    coefficient of ``c / (std sqrt(2/pi))``. A hurdle above 1 cannot be cleared.

    Args:
        forecasts: Rows of one horizon.
        costs: What a trade costs.
        pip: Price change of one pip.
        profile: Usual spread by hour of the week, for decisions without a measured one.

    Returns:
        ``round_trip_pips`` (median), ``mean_move_pips``, ``hit_rate``, ``information_coefficient``.
    """
    one_model = forecasts.filter(pl.col("model") == pl.col("model").first())
    priced = trading_costs(one_model, costs, pip, profile)
    round_trip = 2.0 * float(np.median(priced["side_cost"].to_numpy()))
    outcome = priced["outcome"].to_numpy()
    std, mean_move = float(np.std(outcome)), float(np.mean(np.abs(outcome)))
    return {
        "round_trip_pips": 2.0 * float(np.median((priced["side_cost"] * priced["price"]).to_numpy())) / pip,
        "mean_move_pips": float(np.mean(np.abs(outcome) * priced["price"].to_numpy())) / pip,
        "hit_rate": 0.5 + round_trip / (2.0 * mean_move) if mean_move else math.nan,
        "information_coefficient": round_trip / (std * math.sqrt(2.0 / math.pi)) if std else math.nan,
    }


def fx_day(instants: pl.Series) -> pl.Series:
    """Day number of the FX day, 17:00 to 17:00 New York, that holds each instant.

    Example:
        >>> import datetime as dt
        >>> before, after = (dt.datetime(2024, 1, 2, hour, tzinfo=dt.UTC) for hour in (21, 22))
        >>> fx_day(pl.Series([before, after])).diff().to_list()
        [None, 1]
    """
    shifted = shifted_clock(instants.dt.epoch("us").to_numpy())
    return pl.Series("fx_day", shifted // (MINUTES_PER_DAY * MICROSECONDS_PER_MINUTE))
