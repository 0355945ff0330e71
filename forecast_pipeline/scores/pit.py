"""Is the PIT uniform and without memory: Berkowitz, tests by disjoint phases, bars with their bands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast_pipeline.scores.bootstrap import block_means
from forecast_pipeline.scores.calibration import Rejection, pit_uniformity

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_EDGE = 1e-10  # a PIT of exactly 0 or 1 has no normal score


class PhaseTests(NamedTuple):
    """P-values of one test on each disjoint phase of overlapping rows.

    Attributes:
        p_values: Shape ``(P,)``, one for each phase.
        first: Of the phase that starts at the first row: the one to quote alone, chosen beforehand.
        low: Smallest of all.
        high: Largest of all; never the verdict.
        rejected_share: Share below 0.05; about 0.05 for a calibrated forecaster.
        p_value: Twice the median, at most 1: valid for all phases together, whatever their dependence
            (Meinshausen, Meier, Buehlmann 2009).
        n_rows_per_phase: Rows of the shortest phase.
    """

    p_values: Floats
    first: float
    low: float
    high: float
    rejected_share: float
    p_value: float
    n_rows_per_phase: int


class ShareBars(NamedTuple):
    """Share of rows in each bin or below each level with its block-bootstrap interval, each shape ``(Q,)``."""

    share: Floats
    low: Floats
    high: Floats


def berkowitz(pit: Floats) -> Rejection:
    """Likelihood-ratio test that normal scores of the PIT are independent standard normals.

    Against a Gaussian AR(1) with free mean, slope and variance [1]_, likelihoods conditional on the
    first row: ``sum_(t>1) z_t² - (n - 1)(1 + ln s²)``, ``s²`` the residual variance; chi-squared
    with three degrees of freedom. It sees memory that Kolmogorov-Smirnov cannot.

    Args:
        pit: Shape ``(B,)``, rows with disjoint labels in order of time; NaN rows are left out.

    Returns:
        NaN for fewer than 10 rows; a constant PIT is rejected with p-value 0.

    Example:
        >>> berkowitz(np.tile([0.1, 0.9], 50)).p_value < 0.001
        True

    .. [1] J. Berkowitz, *Journal of Business and Economic Statistics* 19, 2001.
    """
    from scipy import special

    kept = pit[~np.isnan(pit)]
    if kept.size < 10:  # noqa: PLR2004 - three parameters from fewer rows say nothing
        return Rejection(math.nan, math.nan)
    score = special.ndtri(np.clip(kept, _EDGE, 1.0 - _EDGE))
    now, before = score[1:], score[:-1]
    centred = before - before.mean()
    spread = float(centred @ centred)
    slope = float(centred @ now) / spread if spread > 0.0 else 0.0
    residual = now - now.mean() - slope * centred
    variance = float(residual @ residual) / now.size
    if variance <= 1e-24:  # noqa: PLR2004 - rounding of a series that repeats itself
        return Rejection(math.inf, 0.0)
    statistic = max(0.0, float(now @ now) - now.size * (1.0 + math.log(variance)))
    return Rejection(statistic, float(special.chdtrc(3, statistic)))


def pit_by_phase(pit: Floats, overlap_rows: int, *, is_berkowitz: bool = False) -> PhaseTests:
    """Test the PIT on every ``overlap_rows``-th row, from each possible first row.

    Rows that far apart have disjoint labels, with or without holes, so each phase
    is a valid test. All are reported: choosing the best one is not a test.

    Args:
        pit: Shape ``(B,)``, in order of time.
        overlap_rows: Overlap of the labels in rows, the horizon over the stride, rounded up.
        is_berkowitz: Test by `berkowitz` instead of Kolmogorov-Smirnov.

    Example:
        >>> found = pit_by_phase((np.arange(100) + 0.5) / 100, 2)
        >>> found.p_values.size, found.n_rows_per_phase, found.p_value
        (2, 50, 1.0)
    """
    test = berkowitz if is_berkowitz else pit_uniformity
    phases = max(1, overlap_rows)
    p_values = np.array([test(pit[phase::phases]).p_value for phase in range(phases)])
    known = p_values[~np.isnan(p_values)]
    n_rows = pit.size // phases
    if known.size == 0:
        return PhaseTests(p_values, math.nan, math.nan, math.nan, math.nan, math.nan, n_rows)
    return PhaseTests(
        p_values=p_values,
        first=float(p_values[0]),
        low=float(known.min()),
        high=float(known.max()),
        rejected_share=float(np.mean(known < 0.05)),  # noqa: PLR2004 - the usual level
        p_value=min(1.0, 2.0 * float(np.median(known))),
        n_rows_per_phase=n_rows,
    )


def pit_bars(pit: Floats, overlap_rows: int, *, seed: int, n_bins: int = 10, confidence: float = 0.95) -> ShareBars:
    """Histogram of the PIT as shares of equal bins, with block-bootstrap intervals.

    A calibrated forecaster has ``1 / n_bins`` in each; a bar whose interval excludes it is evidence.

    Args:
        pit: Shape ``(B,)``, in order of time, all rows; NaN rows are left out.
        overlap_rows: Overlap of the labels in rows.
        seed: Of the bootstrap.
        n_bins: Number of bars.
        confidence: Probability of each interval.

    Example:
        >>> pit_bars(np.array([0.1, 0.4, 0.6, 0.7]), 1, seed=0, n_bins=2).share.tolist()
        [0.5, 0.5]
    """
    kept = pit[~np.isnan(pit)]
    position = np.minimum((kept * n_bins).astype(np.int64), n_bins - 1)
    is_in = (position[:, None] == np.arange(n_bins)).astype(np.float64)
    return share_bars(is_in, overlap_rows, seed=seed, confidence=confidence)


def share_bars(is_true: Floats, overlap_rows: int, *, seed: int, confidence: float = 0.95) -> ShareBars:
    """Share of true rows in each column, with block-bootstrap intervals that respect overlap.

    With columns ``outcome <= q_level`` these are the bars of a quantile reliability diagram.
    Blocks hold ``max(2 * overlap_rows, n^(1/3))`` rows.

    Args:
        is_true: Shape ``(B, Q)``, zeros and ones in order of time, without NaN.
        overlap_rows: Overlap of the labels in rows.
        seed: Of the bootstrap.
        confidence: Probability of each interval.

    Example:
        >>> bars = share_bars(np.array([[0.0], [1.0], [1.0], [0.0]]), 1, seed=0)
        >>> bars.share.tolist(), bool(bars.low[0] < 0.5 < bars.high[0])
        ([0.5], True)
    """
    n_rows, n_columns = is_true.shape
    if n_rows == 0:
        empty = np.full(n_columns, np.nan)
        return ShareBars(empty, empty, empty)
    block = max(2 * overlap_rows, round(n_rows ** (1.0 / 3.0)))
    means = block_means(is_true, block, seed=seed)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail], axis=0)
    return ShareBars(is_true.mean(axis=0), low, high)
