"""The loop of the calibration layer, compiled: each interval depends on what became of the ones before it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numba
import numpy as np

from forecast_pipeline.models.conformal.state import RAW

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.conformal.layer import Labels, Settings

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
    """How far the score quantile moves each end, in units of the scale; infinite outside of the ranks there are."""
    # The tiny amount keeps 0.9 * 10 from being rounded up to rank 10.
    rank = math.ceil((1.0 - alpha) * (n_scores + 1) - 1e-9)
    if rank < 1:
        return -np.inf
    return np.inf if rank > n_scores else ordered[rank - 1]


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
