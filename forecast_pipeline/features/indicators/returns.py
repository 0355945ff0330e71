"""Changes of prices from bar to bar: log returns without rounding noise, the true range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.ratios import log_ratio

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

# A single tick is a log return of 1e-6 or more; a standard deviation below this is the rounding of the log price.
NO_SPREAD = 1e-12
# Returns that are equal in ticks at neighbouring prices differ by the square of a tick, rounding by 1e-16.
RETURN_TIE = 1e-14


def log_returns(close: FloatArray) -> FloatArray:
    """Log returns of the closes, 0 where two closes are equal up to rounding; the first row is NaN.

    Example:
        >>> log_returns(np.array([1.0, np.e, np.e])).tolist()
        [nan, 1.0, 0.0]
    """
    out = np.full(close.size, np.nan)
    out[1:] = log_ratio(close[1:], close[:-1])
    return out


def true_range(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Wilder's true range, the range widened to the previous close; the first row is NaN.

    Example:
        >>> true_range(np.array([2.0, 5.0]), np.array([1.0, 4.0]), np.array([1.5, 4.5])).tolist()
        [nan, 3.5]
    """
    out = np.empty(close.size)
    out[:1] = np.nan
    np.maximum(high[1:], close[:-1], out=out[1:])
    out[1:] -= np.minimum(low[1:], close[:-1])
    return out
