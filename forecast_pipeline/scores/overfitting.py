"""Probability of backtest overfitting by combinatorially symmetric cross-validation (CSCV)."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


class Overfitting(NamedTuple):
    """What happens out of sample to the trial that was best in sample, over all splits.

    Attributes:
        pbo: Share of splits in which it falls into the lower half; NaN for fewer than two trials.
        logits: Shape ``(C,)``, ``ln(w / (1 - w))`` of its relative rank ``w``.
        out_of_sample_rank: Shape ``(C,)``, its relative rank ``rank / (N + 1)``, high is good.
        degradation_slope: Slope of its performance out of sample on that in sample.
        loss_probability: Share of splits in which its performance out of sample is negative.
        n_trials: Columns judged.
        n_rows: Rows used.
    """

    pbo: float
    logits: Floats
    out_of_sample_rank: Floats
    degradation_slope: float
    loss_probability: float
    n_trials: int
    n_rows: int


def probability_of_overfitting(
    returns: Floats, n_blocks: int = 16, statistic: Literal["sharpe", "mean"] = "sharpe"
) -> Overfitting:
    """Probability that choosing the best trial in sample gives a worse than median one out of sample.

    The rows are cut into ``n_blocks`` blocks; each half of the blocks in turn is the sample
    in which the best trial is chosen, the other half judges it (CSCV [1]_).

    Args:
        returns: Shape ``(T, N)``, per-period returns or negative losses of **all** trials ever made,
            the discarded included, oldest first. Rows with a NaN are left out.
        n_blocks: Even, at least 2; 8 to 16 give 70 to 12,870 splits.
        statistic: What "best" means: Sharpe ratio, or mean for negative losses.
            A trial without variation has the Sharpe ratio 0.

    Raises:
        ValueError: If ``n_blocks`` is odd or the shape does not fit.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=(400, 3))
        >>> probability_of_overfitting(noise + [1.0, 0.0, 0.0], 8).pbo
        0.0

    .. [1] D. Bailey, J. Borwein, M. Lopez de Prado, Q. Zhu, *Journal of Computational Finance* 20 (4), 2017.
    """
    if returns.ndim != 2 or n_blocks < 2 or n_blocks % 2:  # noqa: PLR2004 - (T, N), two halves
        raise ValueError(f"returns must be (T, N) and n_blocks even, were {returns.shape} and {n_blocks}")
    kept = returns[~np.isnan(returns).any(axis=1)]
    n_rows, n_trials = kept.shape
    if n_trials < 2 or n_rows < 2 * n_blocks:  # noqa: PLR2004 - nothing to choose from, or blocks without spread
        return Overfitting(math.nan, np.empty(0), np.empty(0), math.nan, math.nan, n_trials, n_rows)
    in_sample, out_of_sample = _both_halves(kept, n_blocks, statistic)  # (C, N)
    splits = np.arange(in_sample.shape[0])
    best = np.argmax(in_sample, axis=1)
    chosen_in, chosen_out = in_sample[splits, best], out_of_sample[splits, best]
    n_below = np.sum(out_of_sample < chosen_out[:, None], axis=1)
    n_equal = np.sum(out_of_sample == chosen_out[:, None], axis=1)
    relative_rank = (n_below + (n_equal + 1) / 2.0) / (n_trials + 1)  # ties share their rank
    logits = np.log(relative_rank / (1.0 - relative_rank))
    return Overfitting(
        pbo=float(np.mean(relative_rank <= 0.5)),  # noqa: PLR2004 - the median
        logits=logits,
        out_of_sample_rank=relative_rank,
        degradation_slope=_slope(chosen_in, chosen_out),
        loss_probability=float(np.mean(chosen_out < 0.0)),
        n_trials=n_trials,
        n_rows=n_rows,
    )


def _both_halves(returns: Floats, n_blocks: int, statistic: str) -> tuple[Floats, Floats]:
    n_rows = returns.shape[0]
    edges = np.arange(n_blocks) * n_rows // n_blocks
    counts = np.diff(np.append(edges, n_rows)).astype(np.float64)
    centre = returns.mean(axis=0)
    shifted = returns - centre  # keeps the digits that squares of a large mean would lose
    sums, squares = np.add.reduceat(shifted, edges, axis=0), np.add.reduceat(shifted**2, edges, axis=0)
    halves = list(itertools.combinations(range(n_blocks), n_blocks // 2))
    is_in = np.zeros((len(halves), n_blocks))
    is_in[np.arange(len(halves))[:, None], np.array(halves)] = 1.0

    def performance(chosen: Floats) -> Floats:
        n = (chosen @ counts)[:, None]
        shift = chosen @ sums / n
        mean = centre + shift
        if statistic == "mean":
            return np.asarray(mean)
        std = np.sqrt(np.maximum(chosen @ squares / n - shift**2, 0.0))
        has_spread = std > 1e-12 * (np.abs(mean) + np.sqrt(np.mean(shifted**2)))
        return np.asarray(np.divide(mean, std, out=np.zeros_like(mean), where=has_spread))

    return performance(is_in), performance(1.0 - is_in)


def _slope(x: Floats, y: Floats) -> float:
    centred = x - x.mean()
    spread = float(centred @ centred)
    return float(centred @ (y - y.mean())) / spread if spread > 0.0 else math.nan
