"""Trading books kept by hand: one loop over fills, one over decisions, one over nights. Slow and obvious on purpose."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo


def book(market, position):
    """Every part of the account in account currency, fill by fill, from prices paid and received.

    A buy pays mid plus half a spread plus slippage. The quote currency of a round trip is kept apart
    and converted when the position is flat or on the other side.
    """
    parts = dict.fromkeys(("gross", "half_spread", "slippage", "commission", "swap", "conversion", "net"), 0.0)
    trip = dict.fromkeys(("gross", "half_spread", "slippage", "swap", "cash"), 0.0)
    held = 0.0
    for k, wanted in enumerate(position):
        mid, half, slip = market.mid[k], market.half_spread[k], market.slippage[k]
        if k and held:
            trip["gross"] += held * (mid - market.mid[k - 1])
            swap = abs(held) * (market.swap_long[k] if held > 0 else market.swap_short[k])
            trip["swap"] += swap
            trip["cash"] += swap
        # A reversal is two trades: first to flat, then on the other side.
        for target in [0.0, wanted] if held * wanted < 0 else [wanted]:
            units = target - held
            price = mid + (half + slip if units > 0 else -half - slip)
            trip["cash"] -= units * price
            trip["half_spread"] += abs(units) * half
            trip["slippage"] += abs(units) * slip
            fee = abs(units) * market.commission[k]
            parts["commission"] += fee
            parts["net"] -= fee
            if held and not target:
                for name in ("gross", "half_spread", "slippage", "swap"):
                    parts[name] += trip[name] * market.rate[k]
                fee = abs(trip["cash"]) * market.rate_half_spread[k] * market.rate[k]
                parts["conversion"] += fee
                parts["net"] += trip["cash"] * market.rate[k] - fee
                trip = dict.fromkeys(trip, 0.0)
            held = target
    return parts


def overlapping_positions(signal, issued, target, fold, n_tranches):
    """Position after each fill: the tranches whose horizon has not ended, none at the last fill of a fold."""
    held = []
    for k in range(len(signal)):
        is_last = k + 1 == len(signal) or fold[k + 1] != fold[k]
        living = [
            signal[i] / n_tranches for i in range(k + 1) if fold[i] == fold[k] and (target[i] > issued[k] or i == k)
        ]
        held.append(0.0 if is_last else sum(living))
    return held


def nights(begin, end, triple_weekday):
    """Nights charged between two UTC datetimes: each 17:00 New York of a weekday, three on the triple day."""
    zone = ZoneInfo("America/New_York")
    total, day = 0, begin.astimezone(zone).date()
    while True:
        rollover = dt.datetime(day.year, day.month, day.day, 17, tzinfo=zone)
        if rollover > end:
            return total
        if rollover > begin and day.weekday() < 5:
            total += 3 if day.weekday() == triple_weekday else 1
        day += dt.timedelta(days=1)
