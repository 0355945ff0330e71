"""Log returns over spans and lags, and their change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.price_transform import N_LAGS, SPANS
from forecast_pipeline.features.indicators.windows import lagged, require_lookback

if TYPE_CHECKING:
    from collections.abc import Iterable

    from forecast_pipeline.features.bar_arrays import FloatArray


def spanned_returns(close: FloatArray, spans: Iterable[int] = SPANS) -> tuple[FloatArray, ...]:
    """Log returns over several spans that end at the present close.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        spans: Bars of each span.

    Returns:
        One array of shape ``(T,)`` a span, dimensionless; NaN in its first ``span`` rows.

    Example:
        >>> [part.round(9).tolist() for part in spanned_returns(np.exp([0.0, 1.0, 3.0]), [1, 2])]
        [[nan, 1.0, 2.0], [nan, nan, 3.0]]

    References: J. Y. Campbell, A. W. Lo, A. C. MacKinlay, *The Econometrics of Financial Markets*, 1997, ch. 1.
    """
    log_price = np.log(close)
    return tuple(log_price - lagged(log_price, span) for span in spans)


def lagged_returns(close: FloatArray, lag_bars: int = 1, n_lags: int = N_LAGS) -> tuple[FloatArray, ...]:
    """Log returns of single bars before the present one.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        lag_bars: Bars from one return to the next one back.
        n_lags: How many returns.

    Returns:
        The one-bar returns of ``lag_bars``, ``2 * lag_bars``, … bars ago, each of shape ``(T,)``; NaN in the
        first ``lag + 1`` rows.

    Example:
        >>> [part.round(9).tolist() for part in lagged_returns(np.exp([0.0, 1.0, 3.0, 7.0]), 1, 2)]
        [[nan, nan, 1.0, 2.0], [nan, nan, nan, 1.0]]

    References: J. Y. Campbell, A. W. Lo, A. C. MacKinlay, *The Econometrics of Financial Markets*, 1997, ch. 1.
    """
    (log_return,) = spanned_returns(close, [1])
    return tuple(lagged(log_return, lag_bars * number) for number in range(1, n_lags + 1))


def price_acceleration(close: FloatArray, lookback_bars: int = 5) -> FloatArray:
    """Log return over the last ``lookback_bars`` bars minus that over as many bars before.

    Args:
        close: Shape ``(T,)``, price in quote currency, oldest first, positive, no NaN.
        lookback_bars: Bars of each return, at least 1.

    Returns:
        Shape ``(T,)``, dimensionless; NaN in the first ``2 * lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 1.

    Example:
        >>> price_acceleration(np.exp([0.0, 1.0, 4.0]), 1).round(9).tolist()
        [nan, nan, 2.0]

    References: second difference of the log price.
    """
    require_lookback(lookback_bars, least=1)
    (log_return,) = spanned_returns(close, [lookback_bars])
    return log_return - lagged(log_return, lookback_bars)
