"""Stop and target inside one bar, whose order within the bar nobody recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

STOP, TARGET, NONE = -1, 1, 0


class BarrierExit(NamedTuple):
    """Which barrier ended the position in each bar (`STOP`, `TARGET`, `NONE`), and at which price; NaN without one."""

    reason: npt.NDArray[np.int8]
    price: Floats


def barrier_exit(
    side: Floats, stop: Floats, target: Floats, bar_open: Floats, high: Floats, low: Floats
) -> BarrierExit:
    """What a stop and a target do in one bar: the worst order is assumed, the stop comes first.

    A bar that opens beyond the stop fills at its open, which is worse than the stop; a target is
    never filled better than its price.

    Args:
        side: Shape ``(T,)``, 1 long or -1 short.
        stop: Shape ``(T,)``, price; NaN for none.
        target: Shape ``(T,)``, price; NaN for none.
        bar_open: Shape ``(T,)``, of the liquidation side, as the next two.
        high: Shape ``(T,)``.
        low: Shape ``(T,)``.

    Example:
        >>> one = np.ones(1)
        >>> found = barrier_exit(one, 0.9 * one, 1.1 * one, one, 1.2 * one, 0.8 * one)  # both are touched
        >>> int(found.reason[0]) == STOP, float(found.price[0])
        (True, 0.9)
    """
    is_long = side > 0.0
    is_stopped = np.where(is_long, low <= stop, high >= stop)
    is_reached = np.where(is_long, high >= target, low <= target)
    worse = np.where(is_long, np.fmin(stop, bar_open), np.fmax(stop, bar_open))
    price = np.where(is_stopped, worse, np.where(is_reached, target, np.nan))
    reason = np.where(is_stopped, STOP, np.where(is_reached, TARGET, NONE)).astype(np.int8)
    return BarrierExit(reason, price)
