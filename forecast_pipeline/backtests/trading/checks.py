"""Trades worked by hand that right books reproduce and plausible wrong ones do not; deterministic and cheap.

Each check takes the implementation as its argument, so that the same check runs on ours and on
mutants of it. Each holds for one sign and one size of error only, so that books that are always empty fail too.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.trading.account import run_account
from forecast_pipeline.backtests.trading.barrier import STOP, TARGET, barrier_exit
from forecast_pipeline.backtests.trading.parameters import TradingParameters
from forecast_pipeline.backtests.trading.rollover import rollover_nights
from forecast_pipeline.scores.checks import Finding, RuleCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from forecast_pipeline.backtests.trading.barrier import BarrierExit

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]
    NetOfAccount = Callable[[pl.DataFrame, CostModel, str, float], float]

_FREE = CostModel(spread_pips=None, assumed_spread_pips=0.0, commission_pips=0.0, slippage_pips=0.0)
_EURUSD, _USDJPY = ("EURUSD", 0.0001), ("USDJPY", 0.01)
_ROUNDING = 1e-9
_WEDNESDAY_10_UTC = dt.datetime(2024, 1, 10, 10, tzinfo=dt.UTC)


def trading_checks() -> tuple[RuleCheck, ...]:
    """All checks with our implementations, in the order of the mutants B1 to B6.

    Example:
        >>> [each.mutant for each in trading_checks()]
        ['B1', 'B2', 'B3', 'B4', 'B5', 'B6']
    """
    return (
        RuleCheck("B1", "fill_after_signal", fill_after_signal, net_of_account),
        RuleCheck("B2", "spread_paid", spread_paid, net_of_account),
        RuleCheck("B3", "stop_first", stop_first, barrier_exit),
        RuleCheck("B4", "triple_night", triple_night, rollover_nights),
        RuleCheck("B5", "yen_converted", yen_converted, net_of_account),
        RuleCheck("B6", "both_sides_charged", both_sides_charged, net_of_account),
    )


def net_of_account(rows: pl.DataFrame, costs: CostModel, symbol: str, pip: float) -> float:
    """Net of one unit traded by the policy in a dollar account, in dollars; see `run_account`."""
    parameters = TradingParameters(volatility_target_annual=None, slippage_multiple=0.0)
    account = run_account(rows, costs, parameters, pip=pip, symbol=symbol)
    return account.ledger.total("net") * account.market.capital


def hourly_rows(
    means: Sequence[float], fills: Sequence[float], closes: Sequence[float] | None = None, spread: float | None = None
) -> pl.DataFrame:
    """Forecasts of one bar ahead, an hour apart in the middle of a week, filled at the instant of the decision.

    Args:
        means: Predicted log returns.
        fills: Mid prices at which each decision is filled.
        closes: Prices at which each is made; the fills if left out.
        spread: Measured spread, in price; None is not measured.
    """
    issued = [_WEDNESDAY_10_UTC + dt.timedelta(hours=hour) for hour in range(len(means))]
    columns = {
        "model": ["hand"] * len(means),
        "fold": [0] * len(means),
        "issued_at_utc": issued,
        "target_ts_utc": [each + dt.timedelta(hours=1) for each in issued],
        "fill_ts_utc": issued,
        "fill_price": list(fills),
        "price": list(fills if closes is None else closes),
        "spread": [spread] * len(means),
        "mean": list(means),
        "scale": [0.001] * len(means),
    }
    return pl.DataFrame(columns, schema_overrides={"spread": pl.Float64, "fill_price": pl.Float64})


def fill_after_signal(net: NetOfAccount) -> Finding:
    """What happens between the close that decides and the open that fills is not earned; what comes after is.

    Args:
        net: Net of one unit, of ``(rows, costs, symbol, pip)``.

    Example:
        >>> fill_after_signal(lambda rows, costs, symbol, pip: 0.0).passed  # never trades
        False
    """
    known = [0.01, -0.01] * 4 + [0.0]
    gaps = hourly_rows(known, [1.1] * 9, closes=[1.1 - np.sign(mean) * 0.001 for mean in known])
    moves = hourly_rows(known, [1.1, 1.101] * 4 + [1.1])  # every forecast comes true after its fill
    gap, move = net(gaps, _FREE, *_EURUSD), net(moves, _FREE, *_EURUSD)
    return Finding(
        abs(gap) < _ROUNDING and abs(move - 0.008) < _ROUNDING,
        gap,
        "earn nothing from gaps before the fill and 80 pips from eight known moves of 10 pips after it",
    )


def spread_paid(net: NetOfAccount) -> Finding:
    """At a constant price every round trip loses exactly the spread.

    Example:
        >>> spread_paid(net_of_account).passed
        True
    """
    rows = hourly_rows([0.01, 0.0] * 5, [1.1] * 10, spread=0.0002)
    found = net(rows, _FREE, *_EURUSD)
    return Finding(abs(found + 5 * 0.0002) < _ROUNDING, found, "lose 5 spreads of 2 pips in 5 round trips")


def stop_first(exits: Callable[..., BarrierExit]) -> Finding:
    """In a bar that touches both, the stop counts; in one that touches one, that one.

    Args:
        exits: Of ``(side, stop, target, open, high, low)``.

    Example:
        >>> stop_first(barrier_exit).passed
        True
    """
    side = np.array([1.0, -1.0, 1.0, 1.0])
    stop, target = np.array([0.9, 1.1, 0.9, 0.9]), np.array([1.1, 0.9, 1.1, 1.1])
    high, low = np.array([1.2, 1.2, 1.2, 1.0]), np.array([0.8, 0.8, 1.0, 0.8])
    found = exits(side, stop, target, np.ones(4), high, low)
    right = np.array([STOP, STOP, TARGET, STOP])
    n_right = int(np.sum((found.reason == right) & np.isclose(found.price, [0.9, 1.1, 1.1, 0.9])))
    return Finding(
        n_right == right.size, float(n_right), "stop out of both bars that touch stop and target, of 4 right"
    )


def triple_night(nights: Callable[[Instants, Instants, str], Instants]) -> Finding:
    """Monday to Friday costs six nights, a week seven, and the triple night of USDCAD is Thursday's.

    Args:
        nights: Of ``(from_us, to_us, symbol)``.

    Example:
        >>> triple_night(rollover_nights).passed
        True
    """
    spans = (("2024-01-08T15", "2024-01-12T15"), ("2024-01-08T15", "2024-01-15T15"), ("2024-01-10T15", "2024-01-11T15"))
    begin, end = (np.array([span[k] for span in spans], "datetime64[us]").astype(np.int64) for k in (0, 1))
    found = [*nights(begin, end, "EURUSD").tolist(), int(nights(begin, end, "USDCAD")[2])]
    return Finding(found == [6, 7, 3, 1], float(found[0]), "charge 6 nights from Monday to Friday and 7 a week")


def yen_converted(net: NetOfAccount) -> Finding:
    """A gain in yen becomes dollars at the rate of the fill that realises it.

    Example:
        >>> yen_converted(net_of_account).passed
        True
    """
    rows = hourly_rows([0.01, 0.0, -0.01, 0.0], [110.0, 110.5, 112.0, 114.0])
    found = net(rows, _FREE, *_USDJPY)
    right = 0.5 / 110.5 - 2.0 / 114.0
    return Finding(abs(found - right) < _ROUNDING, found, f"give {right:.6f} dollars for half a yen won and two lost")


def both_sides_charged(net: NetOfAccount) -> Finding:
    """Commission and slippage are paid at both fills of a round trip, and a reversal is two trades.

    Example:
        >>> both_sides_charged(net_of_account).passed
        True
    """
    costs = CostModel(spread_pips=0.0, commission_pips=0.3, slippage_pips=0.2, no_trade_multiple=1.0)
    found = net(hourly_rows([0.01, -0.01, 0.0, 0.01, 0.0], [1.1] * 5), costs, *_EURUSD)
    return Finding(abs(found + 6 * 0.00005) < _ROUNDING, found, "lose half a pip at each of six sides of three trips")
