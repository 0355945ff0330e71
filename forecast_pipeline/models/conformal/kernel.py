"""The loop of the calibration layer, compiled: each interval depends on what became of the ones before it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numba
import numpy as np

from forecast_pipeline.models.conformal.state import RAW
from forecast_pipeline.models.conformal.volatility import DEGREES_OF_FREEDOM, NORMAL_SCALE

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.conformal.layer import Labels, Settings
    from forecast_pipeline.models.conformal.volatility import VolatilityFilter

    Floats = npt.NDArray[np.float64]

_RAW = int(RAW)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _insert(ordered: Floats, n_scores: int, score: float) -> None:
    """Put a score into its place among the first ``n_scores``, which are in order."""
    place = np.searchsorted(ordered[:n_scores], score, side="right")
    for k in range(n_scores, place, -1):
        ordered[k] = ordered[k - 1]
    ordered[place] = score


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _remove(ordered: Floats, n_scores: int, score: float) -> None:
    """Take a score out of the first ``n_scores``, which are in order."""
    for k in range(np.searchsorted(ordered[:n_scores], score, side="left"), n_scores - 1):
        ordered[k] = ordered[k + 1]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _shift(ordered: Floats, n_scores: int, alpha: float) -> float:
    """How far the score quantile moves each end, in units of the scale; infinite if ``alpha`` asks for it."""
    # The tiny amount keeps 0.9 * 10 from being rounded up to rank 10.
    rank = math.ceil((1.0 - alpha) * (n_scores + 1) - 1e-9)
    if rank < 1:
        return -np.inf
    # A rank above all scores says that there are too few of them, and not that anything may happen.
    return np.inf if alpha <= 0.0 else ordered[min(rank, n_scores) - 1]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def follow_volatility(
    volatility: VolatilityFilter, labels: Labels, size: Floats, weights: Floats, n_matured: int
) -> tuple[Floats, Floats]:
    """The volatility ratio through all decisions, as `volatility.follow` explains.

    Args:
        volatility: Numbers of the filter.
        labels: When labels end.
        size: Shape ``(n_pending + B,)``, absolute outcomes in units of what was expected.
        weights: Shape ``(G,)``, weights of the ratios before.
        n_matured: Labels that ended before.

    Returns:
        Ratios of shape ``(B,)``, one before any label has ended, and the weights afterwards.
    """
    n_rows, n_ratios = labels.n_ended.size, volatility.log_ratios.size
    weights, own, done = weights.copy(), np.ones(n_rows), 0
    ratios = np.exp(volatility.log_ratios)
    per_unit = 1.0 / (NORMAL_SCALE * NORMAL_SCALE * DEGREES_OF_FREEDOM * ratios * ratios)
    narrower = np.exp(-volatility.tempering * volatility.log_ratios)
    power, kept = -0.5 * (DEGREES_OF_FREEDOM + 1.0) * volatility.tempering, 1.0 - volatility.break_rate
    for row in range(n_rows):
        while done < labels.n_ended[row]:
            squared = size[labels.order[done]] ** 2
            done += 1
            total = 0.0
            for g in range(n_ratios):
                weights[g] *= narrower[g] * (1.0 + squared * per_unit[g]) ** power
                total += weights[g]
            for g in range(n_ratios):
                weights[g] = kept * weights[g] / total + volatility.break_rate * volatility.prior[g]
        if n_matured + done > 0:
            # The division makes a grid of ones give one to the last digit.
            own[row] = np.sum(weights * ratios) / np.sum(weights)
    return own, weights


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def follow_pair(
    settings: Settings,
    labels: Labels,
    is_usable: npt.NDArray[np.bool_],
    scale: Floats,
    outcome: Floats,
    raw_lower: Floats,
    raw_upper: Floats,
    inner_lower: Floats,
    inner_upper: Floats,
    scores: Floats,
    missed: npt.NDArray[np.int8],
    window: Floats,
    alpha: float,
    n_matured: int,
) -> tuple[Floats, Floats, Floats, Floats, float, int]:
    """One pair of levels through all decisions, as `layer.calibrate` explains.

    Args:
        settings: Numbers of the pair.
        labels: When labels end.
        is_usable: Shape ``(B,)``, decisions with quantiles and a scale.
        scale: Shape ``(B,)``.
        outcome: Shape ``(B,)``.
        raw_lower: Shape ``(B,)``.
        raw_upper: Shape ``(B,)``.
        inner_lower: Shape ``(B,)``, lower end that the interval has to hold.
        inner_upper: Shape ``(B,)``, upper end that the interval has to hold.
        scores: Shape ``(n_pending + B,)``.
        missed: Shape ``(n_pending + B,)``, filled for these decisions.
        window: Scores of labels that ended before, in the order in which they did.
        alpha: Miss probability in use.
        n_matured: Labels that ended before.

    Returns:
        Lower and upper ends and miss probabilities, shapes ``(B,)``; the window, the miss probability afterwards, and
        the number of intervals held at a limit.
    """
    n_rows = is_usable.size
    lower, upper, alphas = raw_lower.copy(), raw_upper.copy(), np.empty(n_rows)
    most = max(settings.most_scores, window.size)
    arrived, ordered = np.empty(most + 1), np.empty(most + 1)
    n_scores, oldest, n_alarms, done = window.size, 0, 0, 0
    arrived[:n_scores] = window
    ordered[:n_scores] = np.sort(window)
    for row in range(n_rows):
        while done < labels.n_ended[row]:
            label = labels.order[done]
            done += 1
            if missed[label] != _RAW:
                alpha += settings.step * (settings.target - missed[label])
            if n_matured % settings.stride == 0:
                score = scores[label]
                _insert(ordered, n_scores, score)
                arrived[(oldest + n_scores) % (most + 1)] = score
                n_scores += 1
                if n_scores > settings.most_scores:
                    _remove(ordered, n_scores, arrived[oldest])
                    oldest = (oldest + 1) % (most + 1)
                    n_scores -= 1
            n_matured += 1
        alphas[row] = alpha
        if not is_usable[row] or n_scores < settings.fewest_scores:
            continue
        low, high = raw_lower[row], raw_upper[row]
        shift = _shift(ordered, n_scores, alpha) * scale[row]
        width = high - low
        if not settings.inwards * width <= shift <= settings.outwards * width:
            shift = settings.inwards * width if shift < 0.0 else settings.outwards * width
            n_alarms += 1
        low, high = min(low - shift, inner_lower[row]), max(high + shift, inner_upper[row])
        lower[row], upper[row] = low, high
        missed[labels.n_pending + row] = 1 if outcome[row] < low or outcome[row] > high else 0
    kept = arrived[(oldest + np.arange(n_scores)) % (most + 1)]
    return lower, upper, alphas, kept, alpha, n_alarms
