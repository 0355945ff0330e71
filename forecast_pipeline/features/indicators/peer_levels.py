"""Price levels against those of other pairs: gap of the triangles and spreads, each beside its own recent mean.

A gap of levels depends on the unit of the prices, so what counts is its deviation from its mean of the window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.indicators.currency_pairs import Market, mean_of_known
from forecast_pipeline.features.indicators.sliding_moments import sliding_moments
from forecast_pipeline.features.indicators.windows import require_lookback

if TYPE_CHECKING:
    from forecast_pipeline.features.bar_arrays import FloatArray


def triangle_gap(market: Market, lookback_bars: int) -> tuple[FloatArray, FloatArray]:
    """Gap between the own price and the same rate by way of a third currency, beside its recent mean.

    The gap of one triangle is ``log(own / (leg * leg))``, such as EURUSD against EURGBP times GBPUSD, whichever
    way round the legs are quoted. Its deviation from its mean over the window, and the same in standard deviations
    (ddof 0), are averaged over all triangles whose legs both have a close at the row.

    Args:
        market: The own pair and its peers, closes of shape ``(T,)``, oldest first.
        lookback_bars: Rows in the window, the present one included.

    Returns:
        Deviation, a log return, and score, each of shape ``(T,)``; NaN in the first ``lookback_bars - 1`` rows and
        where no triangle is closed. A triangle counts as 0 if it is closed in fewer than half of the rows, its
        score also if the gap stands still.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> market = market_of("EURUSD", np.array([1.0, 4.0]), {"EURGBP": np.ones(2), "GBPUSD": np.ones(2)})
        >>> deviation, score = triangle_gap(market, 2)
        >>> float(np.exp(deviation[1]).round(9)), float(score[1].round(9))
        (2.0, 1.0)

    References: Y. Aiba, N. Hatano, H. Takayasu, K. Marumo, T. Shimizu, *Physica A* 310, 2002.
    """
    require_lookback(lookback_bars)
    base, quote = market.own.base, market.own.quote
    legs_of_base = _by_counter_currency(market, base)
    legs_of_quote = _by_counter_currency(market, quote)
    own = np.log(market.own.closes)
    gaps = [
        own - (legs_of_base[third] - legs_of_quote[third])
        for third in sorted(set(legs_of_base) & set(legs_of_quote) - {base, quote})
    ]
    return _mean_deviations(gaps, lookback_bars, own.size)


def peer_spread(market: Market, lookback_bars: int) -> FloatArray:
    """Mean score of the spreads between the own log price and each aligned peer's.

    The related pairs are fixed by rule: all that share a currency. A spread is the own log price minus the peer's,
    plus the peer's where that one is quoted the other way round; its score is its distance from its mean over the
    window in standard deviations (ddof 0).

    Args:
        market: The own pair and its peers, closes of shape ``(T,)``, oldest first.
        lookback_bars: Rows in the window, the present one included.

    Returns:
        Shape ``(T,)``, dimensionless; NaN in the first ``lookback_bars - 1`` rows and where no peer has a close. A
        spread counts as 0 if it stands still or is known in fewer than half of the rows.

    Raises:
        ValueError: If ``lookback_bars`` is less than 2.

    Example:
        >>> from forecast_pipeline.features.indicators.currency_pairs import market_of
        >>> market = market_of("EURUSD", np.array([1.0, 4.0]), {"GBPUSD": np.ones(2)})
        >>> float(peer_spread(market, 2)[1].round(9))
        1.0

    References: E. Gatev, W. N. Goetzmann, K. G. Rouwenhorst, *Review of Financial Studies* 19, 2006.
    """
    require_lookback(lookback_bars)
    own = np.log(market.own.closes)
    spreads = [own - market.direction(peer) * np.log(peer.closes) for peer in market.peers]
    return _mean_deviations(spreads, lookback_bars, own.size)[1]


def _by_counter_currency(market: Market, currency: str) -> dict[str, FloatArray]:
    """Log price of a currency in each other one, the first peer in the order of names that has both."""
    legs: dict[str, FloatArray] = {}
    for peer in market.peers:
        direction = peer.direction(currency)
        if direction != 0.0:
            legs.setdefault(peer.quote if direction > 0.0 else peer.base, direction * np.log(peer.closes))
    return legs


def _mean_deviations(gaps: list[FloatArray], lookback_bars: int, size: int) -> tuple[FloatArray, FloatArray]:
    """Deviation from the window's mean, and the same in standard deviations, averaged over the gaps known."""
    deviations, scores = [], []
    for gap in gaps:
        moments = sliding_moments(lookback_bars, gap)
        unknown = 0.0 * (gap + moments.count)  # NaN where the row is unknown or the window not full
        is_scarce, is_still = moments.is_scarce(lookback_bars), moments.stood_still()
        std = np.sqrt(moments.deviations[0] / np.maximum(moments.count, 1.0))
        deviation = np.where(is_scarce, unknown, gap - moments.means[0])
        deviations.append(deviation)
        scores.append(np.where(is_scarce | is_still, unknown, deviation / np.where(is_still, 1.0, std)))
    return mean_of_known(deviations, size), mean_of_known(scores, size)
