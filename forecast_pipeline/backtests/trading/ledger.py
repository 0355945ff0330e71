"""The ledger: what positions earn and pay at every fill, in quote currency by round trip and in account currency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.trading.market import Market

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.int64]

ITEMS = ("gross", "half_spread", "slippage", "commission", "swap", "conversion")
"""Items of the identity ``net = gross - half_spread - slippage - commission + swap - conversion``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Running account of one position path; arrays have shape ``(T,)`` and are cumulative after each fill.

    A round trip lasts from flat, or from the other side, to flat or the other side. What it earns and
    pays in quote currency is converted at the rate of the fill that ends it; until then its open
    balance is shown at the current rate. Commission is paid in account currency at once.

    Attributes:
        market: What the account met.
        position: Units of the base currency held after each fill.
        traded: Units traded at each fill; not cumulative.
        opened: Of these, units that belong to the round trip after the fill; the others close the one before it.
        earned: Gross result of what was held up to each fill, in quote currency; not cumulative.
        carried: Swap of what was held up to each fill, in quote currency; not cumulative.
        account: Each of `ITEMS` in units of the capital; costs are positive, swap is signed.
        quote: Total of each of `ITEMS` in quote currency.
        trip_start: Fills that open a round trip, shape ``(N,)``.
        trip_end: Fills that end it, shape ``(N,)``.
        equity_at_issue: Account at each decision, before its fill, open positions at the side that liquidates them.
        equity: Account after each fill, marked the same way; the last of each fold is realised.
    """

    market: Market
    position: Floats
    traded: Floats
    opened: Floats
    earned: Floats
    carried: Floats
    account: dict[str, Floats]
    quote: dict[str, float]
    trip_start: Positions
    trip_end: Positions
    equity_at_issue: Floats
    equity: Floats

    @property
    def gross(self) -> Floats:
        """Mid to mid, without any cost."""
        return self.account["gross"]

    @property
    def costs(self) -> Floats:
        """Everything paid: half-spreads, slippage, commission and conversion."""
        return sum(
            (self.account[name] for name in ("slippage", "commission", "conversion")), self.account["half_spread"]
        )

    @property
    def net(self) -> Floats:
        """Gross less costs plus swap; open positions at mid."""
        return self.gross - self.costs + self.account["swap"]

    def total(self, item: str) -> float:
        """Last value of an item, or of ``net`` or ``costs``; 0 without a fill."""
        running = getattr(self, item) if item in {"net", "costs", "equity"} else self.account[item]
        return float(running[-1]) if running.size else 0.0

    @property
    def round_trips(self) -> float:
        """Half of the units traded."""
        return float(self.traded.sum()) / 2.0


def settle(market: Market, position: Floats, cost_multiplier: float = 1.0) -> Ledger:
    """Book a path of positions.

    A buy is filled at mid plus half the spread plus slippage, a sale at mid less both. Converting the
    balance of a round trip pays half the spread of the conversion.

    Args:
        market: Of the same rows.
        position: Shape ``(T,)``, after each fill; zero at the last fill of each fold.
        cost_multiplier: Factor of half-spread, slippage and commission, and of the spread of the conversion.

    Returns:
        The ledger; net is gross less costs plus swap to rounding, in every row.

    Example:
        >>> from forecast_pipeline.backtests.positions import CostModel
        >>> from forecast_pipeline.backtests.trading.checks import hourly_rows
        >>> from forecast_pipeline.backtests.trading.market import markets_by_model
        >>> from forecast_pipeline.backtests.trading.parameters import TradingParameters
        >>> rows = hourly_rows([0.0, 0.0], fills=[1.0, 1.002], spread=0.0002)
        >>> costs = CostModel(commission_pips=0.0, slippage_pips=0.0)
        >>> free = TradingParameters(slippage_multiple=0.0)
        >>> (market,) = markets_by_model(rows, costs, free, pip=0.0001, symbol="EURUSD").values()
        >>> settle(market, np.array([1.0, 0.0])).net.round(6).tolist()
        [-0.0001, 0.0018]
    """
    before = np.concatenate([[0.0], position[:-1]])[: position.size]
    is_end = (before != 0.0) & (np.sign(position) != np.sign(before))
    is_start = (position != 0.0) & (np.sign(position) != np.sign(before))
    kept_side = np.sign(position) == np.sign(before)
    # What a fill closes belongs to the round trip that was open before it, the rest to the one after it.
    closed = np.where(kept_side, np.maximum(np.abs(before) - np.abs(position), 0.0), np.abs(before))
    opened = np.where(kept_side, np.maximum(np.abs(position) - np.abs(before), 0.0), np.abs(position))
    traded = closed + opened
    ends, starts = np.flatnonzero(is_end), np.flatnonzero(is_start)

    earned = before * np.diff(market.mid, prepend=market.mid[:1])
    carried = np.where(before > 0.0, market.swap_long, market.swap_short) * np.abs(before)
    half_spread, slippage = cost_multiplier * market.half_spread, cost_multiplier * market.slippage
    commission = cost_multiplier * market.commission * traded
    streams = {
        "gross": (earned, None),
        "half_spread": (closed * half_spread, opened * half_spread),
        "slippage": (closed * slippage, opened * slippage),
        "swap": (carried, None),
    }
    booked = {name: _Stream(closing, opening, ends) for name, (closing, opening) in streams.items()}
    balance = _Stream(earned + carried - closed * (half_spread + slippage), -opened * (half_spread + slippage), ends)
    converted = np.zeros(position.size)
    converted[ends] = np.abs(balance.realised) * cost_multiplier * market.rate_half_spread[ends]
    in_account = {name: stream.in_account(market.rate) for name, stream in booked.items()}
    in_account["commission"] = np.cumsum(commission)
    in_account["conversion"] = np.cumsum(converted * market.rate)
    account = {name: in_account[name] / market.capital for name in ITEMS}
    quote = {name: float(stream.running[-1]) if position.size else 0.0 for name, stream in booked.items()}
    quote |= {"commission": float((commission / market.rate).sum()), "conversion": float(converted.sum())}

    paid = account["commission"] + account["conversion"]
    liquidation = np.abs(position) * half_spread
    cash = balance.cash(market.rate) / market.capital - paid
    equity = cash + (balance.open_after - liquidation) * market.rate / market.capital
    # The decision falls between two fills: the position of the first, at the price of the decision.
    earlier_mid = np.concatenate([market.mid[:1], market.mid[:-1]])[: position.size]
    open_at_issue = _shifted(balance.open_after) + before * (market.mark - earlier_mid) - np.abs(before) * half_spread
    return Ledger(
        market=market,
        position=position,
        traded=traded,
        opened=opened,
        earned=earned,
        carried=carried,
        account=account,
        quote=quote,
        trip_start=starts,
        trip_end=ends,
        equity_at_issue=_shifted(cash) + open_at_issue * market.mark_rate / market.capital,
        equity=equity,
    )


def settled_net(market: Market, position: Floats) -> float:
    """``settle(market, position).total("net")`` without the running account, for paths tried by the hundred."""
    if position.size == 0:
        return 0.0
    before = np.concatenate([[0.0], position[:-1]])
    traded = np.abs(position - before)
    earned = before * np.diff(market.mid, prepend=market.mid[:1])
    if market.swap_long.any() or market.swap_short.any():
        earned += np.where(before > 0.0, market.swap_long, market.swap_short) * np.abs(before)
    side_cost = market.half_spread + market.slippage
    commission = float(traded @ market.commission)
    if np.all(market.rate == 1.0) and not market.rate_half_spread.any():
        return (float(earned.sum()) - float(traded @ side_cost) - commission) / market.capital
    is_flipped = (position != 0.0) & (before != 0.0) & (np.sign(position) != np.sign(before))
    ends = np.flatnonzero((before != 0.0) & (np.sign(position) != np.sign(before)))
    opening = np.where(is_flipped, np.abs(position), 0.0) * side_cost
    balance = np.diff((np.cumsum(earned - traded * side_cost) + opening)[ends], prepend=0.0)
    kept = balance - np.abs(balance) * market.rate_half_spread[ends]
    return (float(kept @ market.rate[ends]) - commission) / market.capital


class _Stream:
    """One kind of payment in quote currency, split at the fills that end a round trip."""

    __slots__ = ("_ends", "_last_end", "_realised_by", "open_after", "realised", "running")

    def __init__(self, closing: Floats, opening: Floats | None, ends: Positions) -> None:
        whole = closing if opening is None else closing + opening
        self.running: Floats = np.cumsum(whole)
        at_close = self.running if opening is None else self.running - opening
        self._ends = ends
        settled = at_close[ends]
        self.realised = np.diff(settled, prepend=0.0)  # the balance of each round trip when it ends
        self._last_end = np.cumsum(np.bincount(ends, minlength=closing.size)) if closing.size else ends
        self.open_after = self.running - np.concatenate([[0.0], settled])[self._last_end]

    def cash(self, rate: Floats) -> Floats:
        """Realised so far, each round trip at the rate of its end."""
        realised = np.cumsum(self.realised * rate[self._ends])
        return np.asarray(np.concatenate([[0.0], realised])[self._last_end])

    def in_account(self, rate: Floats) -> Floats:
        """Realised so far and the open balance at the current rate."""
        return np.asarray(self.cash(rate) + self.open_after * rate)


def _shifted(running: Floats) -> Floats:
    """The value before each fill; zero before the first."""
    return np.concatenate([[0.0], running[:-1]])[: running.size]
