"""The break of the day's Tokyo range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.features.indicators.clock import local_minute
from forecast_pipeline.features.indicators.market_sessions import TOKYO_SESSION
from forecast_pipeline.features.indicators.session_parts import so_far

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import BarArrays, FloatArray


def tokyo_range(bars: BarArrays) -> tuple[FloatArray, FloatArray]:
    """Range of the FX day's Tokyo session once it is over, and how far the close has left it.

    The range is that of the bars which open from 09:00 to before 18:00 in Tokyo; it counts for decisions from
    18:00 on until the FX day ends.

    Args:
        bars: Arrays of shape ``(T,)``.

    Returns:
        ``log(high / low)`` of the Tokyo session, at least 0, and the log distance of the close beyond it: positive
        above the high, negative below the low, 0 inside. Both are 0 before the session is over, and on a day
        that has no bar of it. Rows of the first FX day are wrong unless the history begins with it.

    References: T. Crabel, *Day Trading with Short Term Price Patterns and Opening Range Breakout*, 1990, for breaks
    of a range of the same day.
    """
    day_minute = bars.day_minute
    # The FX day begins at 06:00 or 07:00 in Tokyo; from there on the local clock is counted past midnight.
    begins = (local_minute(bars.opens_us, TOKYO_SESSION.zone) - day_minute) % MINUTES_PER_DAY
    opens = begins + day_minute
    is_inside = (opens >= TOKYO_SESSION.opens_minute) & (opens < TOKYO_SESSION.closes_minute)
    top = so_far(np.where(is_inside, bars.high, -np.inf), bars.session, np.maximum, -np.inf)
    bottom = so_far(np.where(is_inside, bars.low, np.inf), bars.session, np.minimum, np.inf)
    is_over = (opens + bars.minutes >= TOKYO_SESSION.closes_minute) & np.isfinite(top)
    top, bottom = np.where(is_over, top, bars.close), np.where(is_over, bottom, bars.close)
    inside = np.minimum(np.maximum(bars.close, bottom), top)
    return np.log(top / bottom), np.log(bars.close / inside)
