"""How much more or less outcomes move than their forecaster says: a filter over a grid of ratios, fed as labels end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.conformal.layer import Labels
    from forecast_pipeline.models.conformal.state import ConformalParameters, ConformalState

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]

N_RATIOS = 31
DEGREES_OF_FREEDOM = 5.0
NORMAL_SCALE = 0.8566209142
"""Scale of the t distribution with five degrees of freedom that fits a standard normal outcome best."""
_STAY = 0.5
_SPREAD = 0.8
_FARTHEST = 1e6


class VolatilityFilter(NamedTuple):
    """Numbers of the filter that do not change along the way.

    Attributes:
        log_ratios: Shape ``(G,)``, what the ratio may be.
        prior: Shape ``(G,)``, weights before any label, and after a break.
        tempering: Power of the likelihood of one label: labels that overlap over ``n`` rows count ``1 / n`` each.
        break_rate: Probability at each label that the ratio is drawn anew.
    """

    log_ratios: Floats
    prior: Floats
    tempering: float
    break_rate: float


class Moves(NamedTuple):
    """What the filter sees of each label, pending ones first, shape ``(n_pending + B,)``.

    Attributes:
        size: Distance of the outcome from the median, in units of the forecast's own standard deviation.
        known_sum: Sum of squared known ratios over all decisions before this one.
        row: Number of decisions before this one.
    """

    size: Floats
    known_sum: Floats
    row: npt.NDArray[np.int64]


def filter_of(parameters: ConformalParameters, overlap_rows: int) -> VolatilityFilter:
    """The filter for labels that overlap over so many rows.

    Half of the prior lies on a ratio of one: a forecaster that is right is left alone until it is found to be wrong.

    Example:
        >>> from forecast_pipeline.models.conformal.state import ConformalParameters
        >>> found = filter_of(ConformalParameters(), overlap_rows=4)
        >>> found.tempering, round(float(found.prior.sum()), 12), float(found.prior[15]) > 0.5
        (0.25, 1.0, True)
    """
    farthest = math.log(parameters.largest_ratio)
    # Whole steps from one, so that a ratio of one is on the grid exactly.
    log_ratios = farthest * np.arange(-(N_RATIOS // 2), N_RATIOS // 2 + 1) / (N_RATIOS // 2)
    around = np.exp(-np.abs(log_ratios) / _SPREAD)
    prior = (1.0 - _STAY) * around / around.sum()
    prior[N_RATIOS // 2] += _STAY
    return VolatilityFilter(log_ratios, prior, 1.0 / max(overlap_rows, 1), parameters.break_rate)


def spread_of(quantiles: Floats, levels: tuple[float, ...], scale: Floats) -> Floats:
    """Standard deviation of each forecast as its quantiles have it; the scale where they say nothing.

    It is the width of the pair of levels nearest to 10 and 90 %, over that of the standard normal: there a normal and
    a fat-tailed forecast of the same likelihood under the t distribution of the filter are equally wide.

    Args:
        quantiles: Shape ``(B, Q)``, non-decreasing.
        levels: ``Q`` levels, symmetric about a half.
        scale: Shape ``(B,)``, standard deviation of the outcome as expected at the decision.

    Returns:
        Shape ``(B,)``; NaN where the quantiles are.

    Example:
        >>> spread_of(np.array([[-1.2815516, 0.0, 1.2815516]]), (0.1, 0.5, 0.9), np.ones(1)).round(6).tolist()
        [1.0]
    """
    low = int(np.argmin(np.abs(np.asarray(levels[: len(levels) // 2]) - 0.1)))
    width = (quantiles[:, -1 - low] - quantiles[:, low]) / (2.0 * float(stats.norm.ppf(levels[-1 - low])))
    return np.where(width == 0.0, scale, width)


def moves_of(
    state: ConformalState, quantiles: Floats, centre: Floats, scale: Floats, outcome: Floats, known_ratio: Floats
) -> Moves:
    """What the filter will see of the labels of these decisions and of those that are pending.

    Args:
        state: What is known before the first of these decisions.
        quantiles: Shape ``(B, Q)``, non-decreasing.
        centre: Shape ``(B,)``, the median.
        scale: Shape ``(B,)``.
        outcome: Shape ``(B,)``, NaN where it is not known.
        known_ratio: Shape ``(B,)``, ratio known from elsewhere.

    Example:
        >>> from forecast_pipeline.models.conformal.state import ConformalState
        >>> start, one = ConformalState.start((0.1, 0.5, 0.9), overlap_rows=1), np.ones(1)
        >>> raw = np.array([[-1.2815516, 0.0, 1.2815516]])
        >>> moves_of(start, raw, raw[:, 1], one, np.array([-2.5]), one).size.round(6).tolist()
        [2.5]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.minimum(np.abs(outcome - centre) / spread_of(quantiles, state.levels, scale), _FARTHEST)
    sums = known_sums(state, known_ratio)
    rows = state.n_decisions + np.arange(outcome.size)
    return Moves(
        np.concatenate([state.pending_moves, size]),
        np.concatenate([state.pending_known_sum, sums[:-1]]),
        np.concatenate([state.pending_row, rows]),
    )


def known_sums(state: ConformalState, known_ratio: Floats) -> Floats:
    """Sum of squared known ratios over all decisions before each of these, and after the last: shape ``(B + 1,)``.

    Example:
        >>> from forecast_pipeline.models.conformal.state import ConformalState
        >>> known_sums(ConformalState.start((0.1, 0.9), overlap_rows=1), np.array([1.0, 3.0])).tolist()
        [0.0, 1.0, 10.0]
    """
    # One running sum across restarts: pieces give the same digits as the whole.
    return np.cumsum(np.concatenate([[state.known_sum], np.square(known_ratio)]))


def follow(
    state: ConformalState,
    labels: Labels,
    moves: Moves,
    issued_at_us: Instants,
    label_end_us: Instants,
    known_ratio: Floats,
) -> tuple[Floats, Floats]:
    """The ratio in use at each decision, from labels that have ended by then.

    The weights of the ratios on a grid follow the likelihood of the moves, a Student t with five degrees of freedom,
    and a share of them goes back to the prior at every label: the fixed share of Herbster and Warmuth (1998), which
    Gibbs and Candès (2024) mix their steps by, or the filter of a volatility that breaks at a constant rate. Labels
    that overlap are tempered, so that together they count as one. The ratio in use is the weights' mean, times the
    ratio known from elsewhere; a label is judged against the mean square of the known ratio over its own life, so
    that a break that is known already is not found a second time when the long labels across it end.

    Returns:
        Ratios of shape ``(B,)``, exactly the known one before any label has ended, and the weights afterwards.

    Example:
        Outcomes of the stated spread, then three times as large; the labels end a decision later.

        >>> from forecast_pipeline.models.conformal.layer import calibrate
        >>> from forecast_pipeline.models.conformal.state import ConformalState
        >>> rows, raw = np.arange(40), np.tile([-1.2815516, 0.0, 1.2815516], (40, 1))
        >>> outcome = np.where(rows < 20, 1.0, 3.0) * np.tile([-1.3, -0.5, 0.3, 1.4], 10)
        >>> start = ConformalState.start((0.1, 0.5, 0.9), overlap_rows=1)
        >>> ratio = calibrate(start, rows, rows + 1, raw, np.ones(40), outcome).volatility_ratio
        >>> bool(abs(ratio[20] - 1) < 0.1), bool(ratio[39] > 2)
        (True, True)
    """
    from forecast_pipeline.models.conformal.kernel import follow_volatility

    ends = np.concatenate([state.pending_end_us, label_end_us])
    n_before = np.searchsorted(issued_at_us, ends, side="left")
    sums = known_sums(state, known_ratio)
    # The label's own decision is always among them: it came before its end.
    life = np.maximum(state.n_decisions + n_before - moves.row, 1)
    expected = np.sqrt((sums[n_before] - moves.known_sum) / life)
    with np.errstate(invalid="ignore"):
        size = moves.size / expected
    own, weights = follow_volatility(
        filter_of(state.parameters, state.overlap_rows), labels, size, state.weights, state.n_matured
    )
    return known_ratio * own, weights
