"""Entropy of a window: ordinal patterns of closes, returns over equal bins, words of signs."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.entropy import entropy
from forecast_pipeline.features.indicators.ratios import ROUNDING
from forecast_pipeline.features.indicators.returns import NO_SPREAD, log_returns
from forecast_pipeline.features.indicators.sliding import lags
from forecast_pipeline.features.indicators.window_loops import in_blocks, mean_and_square
from forecast_pipeline.features.indicators.windows import lagged, require_lookback, window_sum

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray

_PATTERN_CLOSES = 3
_N_PATTERNS = math.factorial(_PATTERN_CLOSES)
# Fifths of a standard normal.
_BIN_EDGES = (-0.8416212335729143, -0.2533471031357997, 0.2533471031357997, 0.8416212335729143)
_N_SIGNS = 3


def _counts(codes: FloatArray, n_codes: int, n_counted: int) -> list[FloatArray]:
    """How often each code occurs in the last ``n_counted`` rows; NaN while a code is."""
    unknown = codes * 0.0
    return [window_sum((codes == code) + unknown, n_counted) for code in range(n_codes)]


def permutation_entropy(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Permutation entropy of closes: how evenly the six orders of three successive closes occur.

    A close that equals a later one up to rounding counts as the smaller, so a market that stands still shows one
    pattern, that of a steady rise.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Closes in the window; they hold two triples less.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``, 0 for one pattern only and 1 for all alike; NaN in the first
        ``lookback_bars - 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 4.

    Example:
        >>> permutation_entropy(np.array([1.0, 2.0, 3.0, 2.0]), 4)[-1].round(4).item()  # two patterns: log 2 / log 6
        0.3869

    References: C. Bandt, B. Pompe, "Permutation entropy: a natural complexity measure for time series", *Physical
    Review Letters* 88, 2002.
    """
    require_lookback(lookback_bars, least=4)
    n_counted = lookback_bars - _PATTERN_CLOSES + 1
    first, second, tie = lagged(close, 2), lagged(close, 1), ROUNDING * close
    codes = 4.0 * (first - second > tie) + 2.0 * (second - close > tie) + (first - close > tie)
    codes[: _PATTERN_CLOSES - 1] = np.nan
    return entropy(_counts(codes, 2**_PATTERN_CLOSES, n_counted), n_counted, _N_PATTERNS)


def return_entropy(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Shannon's entropy of log returns over five bins that a normal distribution fills alike.

    The bins are the fifths of a normal distribution with the window's mean and standard deviation: 1 is normal shape,
    less is more peaked, more skewed or on few values.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Log returns in the window.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``; 0 where the returns are equal, NaN in the first ``lookback_bars`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 5.

    Example:
        >>> close = np.exp(np.cumsum([0.0, -1.0, -1.0, 0.0, 1.0, 1.0]))  # two, one and two of five
        >>> return_entropy(close, 5)[-1].round(4).item()
        0.6555

    References: C. E. Shannon, "A mathematical theory of communication", *Bell System Technical Journal* 27, 1948.
    """
    require_lookback(lookback_bars, least=5)
    n_bins = len(_BIN_EDGES) + 1

    def compute(block: FloatArray, n_rows: int) -> tuple[FloatArray, ...]:
        mean, square = mean_and_square(block, n_rows, lookback_bars)
        deviation = np.sqrt(square)
        edges = [mean + edge * deviation for edge in _BIN_EDGES]
        above = [np.zeros(n_rows) for _ in edges]
        for values in lags(block, n_rows, lookback_bars):
            for count, edge in zip(above, edges, strict=True):
                np.add(count, values > edge, out=count)
        beyond = [np.full(n_rows, float(lookback_bars)), *above, np.zeros(n_rows)]
        counts = [lower - upper for lower, upper in itertools.pairwise(beyond)]
        found = entropy(counts, lookback_bars, n_bins)
        return (np.where(deviation <= NO_SPREAD, 0.0, found),)

    return in_blocks((log_returns(close),), lookback_bars, compute)[0]


def sign_entropy(close: FloatArray, lookback_bars: int) -> FloatArray:
    """Shannon's entropy of words of two successive signs of log returns: down, unchanged or up.

    Args:
        close: Shape ``(T,)``, positive, oldest first, no NaN.
        lookback_bars: Words in the window.

    Returns:
        Shape ``(T,)``, in ``[0, 1]``, 0 for one word only and 1 for all nine alike; NaN in the first
        ``lookback_bars + 1`` rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> sign_entropy(np.array([1.0, 2.0, 1.0, 2.0]), 2).round(4).tolist()  # up-down, down-up: log 2 / log 9
        [nan, nan, nan, 0.3155]

    References: C. E. Shannon, "A mathematical theory of communication", *Bell System Technical Journal* 27, 1948.
    """
    require_lookback(lookback_bars)
    sign = np.sign(log_returns(close)) + 1.0
    codes = _N_SIGNS * lagged(sign, 1) + sign
    n_words = _N_SIGNS * _N_SIGNS
    return entropy(_counts(codes, n_words, lookback_bars), lookback_bars, n_words)
