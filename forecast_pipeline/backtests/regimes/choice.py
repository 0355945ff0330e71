"""Who would have been chosen before each fold, over all regimes and in each, from earlier folds only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast_pipeline.backtests.regimes.score import MIN_BLOCKS, shrink
from forecast_pipeline.scores.significance import benjamini_hochberg, holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.backtests.regimes.losses import BlockSums

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.int64]

SIGNIFICANCE = 0.05
_MIN_BLOCKS_OVERALL = 5


class Choice(NamedTuple):
    """Models chosen for one fold and horizon.

    Attributes:
        champion: Position of the model that serves where nothing else is shown to be better.
        by_regime: Shape ``(R + 1,)``, position of the model in each regime, the unknown one last.
        p_adjusted: Shape ``(R + 1,)``, adjusted p of a promotion; NaN where the champion stays.
    """

    champion: int
    by_regime: Positions
    p_adjusted: Floats


class BlockTest(NamedTuple):
    """Mean gain per row, its standard error and two-sided p, of each regime and model."""

    gain: Floats
    standard_error: Floats
    p_value: Floats


def choose(
    sums: Sequence[BlockSums],
    is_baseline: npt.NDArray[np.bool_],
    fold: int,
    default: int,
    champions: Sequence[int] | None = None,
) -> list[Choice]:
    """Choose for a fold, at every horizon, from rows of earlier folds whose labels had ended.

    The champion of a horizon is the model with the largest gain over the baseline with
    the smallest loss, among those with a Holm-adjusted p below 0.05 over models and
    horizons; if there is none, that baseline. In a regime another model replaces it only
    with a gain whose p, adjusted by Benjamini and Hochberg over models, regimes and
    horizons, is below 0.05; among several the one with the largest gain after shrinking
    towards its gain over all regimes.

    Args:
        sums: Block sums of each horizon.
        is_baseline: Shape ``(M,)``, the same models at every horizon.
        fold: Position of the fold to choose for.
        default: Model of the first fold, before which nothing is known.
        champions: Champion of each horizon, if known already: it does not depend on the regimes.
    """
    known = [each.before(fold) for each in sums]
    n_labels = sums[0].all.shape[1]
    if not all(counts.sum() for _, counts in known):
        nothing = np.full(n_labels, np.nan)
        return [Choice(default, np.full(n_labels, default), nothing) for _ in sums]
    chosen = _champions(known, is_baseline) if champions is None else champions
    tests = [_against(*each, champion) for each, champion in zip(known, chosen, strict=True)]
    # The unknown regime is nobody's: the champion serves there, and it is not tested.
    p_values = np.stack([test.p_value[:-1] for test in tests])
    adjusted = benjamini_hochberg(p_values.ravel()).reshape(p_values.shape)
    return [_promote(*each) for each in zip(known, chosen, tests, adjusted, strict=True)]


def block_test(gains: Floats, counts: Positions, min_blocks: int) -> BlockTest:
    """Test that summed gains are zero on average: Giacomini and White's, on blocks instead of rows.

    With ``n`` blocks and gains ``g``, ``t = mean(g) / sqrt(V / n)``, ``V`` the Bartlett
    long-run variance with ``max(1, floor(4 (n / 100)^(2/9)))`` lags: labels reach into the
    next block at most. Against Student's t with one degree less than there are blocks
    with rows, which is stricter than chi-squared and matters for a rare regime.

    Args:
        gains: Shape ``(K, R, M)``, blocks in order of time.
        counts: Shape ``(K, R)``, rows behind them.
        min_blocks: With fewer blocks that have rows nothing is tested.

    Example:
        >>> gains = np.array([1.0, 2.0, 1.5, 0.5, 1.0, 1.2])[:, None, None]
        >>> bool(block_test(gains, np.ones((6, 1), dtype=int), 5).p_value[0, 0] < 0.01)
        True
    """
    from scipy import special

    n_blocks = gains.shape[0]
    mean = gains.mean(axis=0)
    # Centred on the gain per row, so that blocks without rows say nothing about the error.
    rows = np.maximum(counts.sum(axis=0), 1)[:, None]
    per_row = gains.sum(axis=0) / rows
    centred = gains - counts[:, :, None] * per_row
    n_lags = min(max(1, int(4.0 * (n_blocks / 100.0) ** (2.0 / 9.0))), n_blocks - 1)
    variance = np.mean(np.square(centred), axis=0)
    for lag in range(1, n_lags + 1):
        variance += 2.0 * (1.0 - lag / (n_lags + 1.0)) * np.sum(centred[lag:] * centred[:-lag], axis=0) / n_blocks
    n_used = (counts > 0).sum(axis=0)[:, None]
    is_tested = (variance > np.square(1e-9 * np.abs(mean))) & (variance > 0.0) & (n_used >= min_blocks)
    error = np.sqrt(np.where(is_tested, variance, np.nan) / n_blocks)
    p_value = 2.0 * special.stdtr(np.maximum(n_used - 1, 1), -np.abs(mean / error))
    return BlockTest(per_row, error * n_blocks / rows, p_value)


def _champions(known: Sequence[tuple[Floats, Positions]], is_baseline: npt.NDArray[np.bool_]) -> list[int]:
    baselines = np.flatnonzero(is_baseline)
    best, p_values, gains = [], [], []
    for losses, counts in known:
        total = losses.sum(axis=1, keepdims=True)  # (K 1 M), over all regimes
        baseline = int(baselines[np.argmin(total.sum(axis=(0, 1))[baselines])])
        test = block_test(total[:, :, [baseline]] - total, counts.sum(axis=1, keepdims=True), _MIN_BLOCKS_OVERALL)
        best.append(baseline)
        gains.append(test.gain[0])
        p_values.append(np.where(is_baseline, np.nan, test.p_value[0]))
    adjusted = holm(np.concatenate(p_values)).reshape(len(best), -1)
    champions = []
    for baseline, gain, p in zip(best, gains, adjusted, strict=True):
        is_proven = (gain > 0.0) & (p < SIGNIFICANCE)
        champions.append(int(np.argmax(np.where(is_proven, gain, -np.inf))) if is_proven.any() else baseline)
    return champions


def _against(losses: Floats, counts: Positions, champion: int) -> BlockTest:
    return block_test(losses[:, :, [champion]] - losses, counts, MIN_BLOCKS)


def _promote(known: tuple[Floats, Positions], champion: int, test: BlockTest, adjusted: Floats) -> Choice:
    losses, _ = known
    n_regimes, n_models = adjusted.shape
    total = losses.sum(axis=(0, 1))
    overall = (total[champion] - total) / max(int(known[1].sum()), 1)
    by_regime, p_adjusted = np.full(n_regimes + 1, champion), np.full(n_regimes + 1, np.nan)
    is_proven = (test.gain[:-1] > 0.0) & (adjusted < SIGNIFICANCE)
    if is_proven.any():
        columns = range(n_models)
        shrunk = np.column_stack(
            [shrink(test.gain[:-1, m], test.standard_error[:-1, m], float(overall[m])) for m in columns]
        )
        for regime in np.flatnonzero(is_proven.any(axis=1)):
            chosen = int(np.argmax(np.where(is_proven[regime], shrunk[regime], -np.inf)))
            by_regime[regime], p_adjusted[regime] = chosen, adjusted[regime, chosen]
    return Choice(champion, by_regime, p_adjusted)
