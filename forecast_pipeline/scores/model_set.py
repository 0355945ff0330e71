"""Which of many models can still be the best: model confidence set, SPA and StepM on daily losses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_N_REPETITIONS = 1000


class ModelConfidenceSet(NamedTuple):
    """P-value of each model and whether it stays in the set; NaN p-values where days are too few."""

    p_values: Floats
    is_member: npt.NDArray[np.bool_]
    size: float
    n_days: int
    block_days: int


class SuperiorAbility(NamedTuple):
    """Hansen's p-values that no model beats the benchmark, and which models StepM says do.

    ``consistent`` is the one to use; ``lower`` and ``upper`` bound it.
    """

    lower: float
    consistent: float
    upper: float
    is_superior: npt.NDArray[np.bool_]
    n_days: int
    block_days: int


def daily_means(losses: Floats, day: npt.ArrayLike) -> Floats:
    """Mean loss of each model on each day, days in order.

    Args:
        losses: Shape ``(B, M)``; rows with a NaN for any model are left out for all.
        day: Shape ``(B,)``, the day of each decision, sortable.

    Returns:
        Shape ``(D, M)``.

    Example:
        >>> daily_means(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, np.nan]]), [7, 7, 8]).tolist()
        [[2.0, 3.0]]
    """
    is_kept = ~np.isnan(losses).any(axis=1)
    days, position = np.unique(np.asarray(day)[is_kept], return_inverse=True)
    counts = np.bincount(position, minlength=days.size)
    sums = [np.bincount(position, weights=column, minlength=days.size) for column in losses[is_kept].T]
    return np.column_stack(sums) / counts[:, None] if sums else np.empty((days.size, 0))


def block_days(n_days: int, horizon_days: float) -> int:
    """Mean length of the bootstrap's blocks: the larger of the horizon and the root of the days.

    Example:
        >>> block_days(100, 0.5), block_days(100, 20), block_days(3, 20)
        (10, 20, 2)
    """
    return max(1, min(max(math.ceil(horizon_days), round(math.sqrt(n_days))), n_days - 1))


def model_confidence_set(losses: Floats, horizon_days: float, *, seed: int, size: float = 0.1) -> ModelConfidenceSet:
    """Models that cannot be told from the best one, with probability ``1 - size``.

    Hansen, Lunde and Nason's procedure [1]_ with the range statistic, by a stationary bootstrap
    with `block_days`. Models that differ by a constant are the same if it is zero; otherwise
    the worse one is worse every day and gets p-value 0.

    Args:
        losses: Shape ``(D, M)`` from `daily_means`.
        horizon_days: Length of the label in days.
        seed: Of the bootstrap; equal seeds give equal results.
        size: Models with a p-value above it stay.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=(200, 3))
        >>> model_confidence_set(noise + [0.0, 0.0, 1.0], 1.0, seed=1).is_member.tolist()
        [True, True, False]

    .. [1] P. Hansen, A. Lunde, J. Nason, *Econometrica* 79, 2011.
    """
    n_days, n_models = losses.shape
    block = block_days(n_days, horizon_days)
    if n_models == 0 or n_days < 2:  # noqa: PLR2004 - one day has no spread
        return ModelConfidenceSet(np.full(n_models, np.nan), np.ones(n_models, bool), size, n_days, block)
    better_twin = _better_twins(losses)
    leaders = np.flatnonzero(better_twin == np.arange(n_models))
    p_values = np.zeros(n_models)
    p_values[leaders] = _mcs_p_values(losses[:, leaders], size, block, seed)
    for model in np.flatnonzero(better_twin != np.arange(n_models)):
        is_tied = _is_same(losses[:, model], losses[:, better_twin[model]])
        p_values[model] = p_values[better_twin[model]] if is_tied else 0.0
    return ModelConfidenceSet(p_values, p_values > size, size, n_days, block)


def superior_ability(
    benchmark: Floats, losses: Floats, horizon_days: float, *, seed: int, size: float = 0.05
) -> SuperiorAbility:
    """Test that no model beats a benchmark, and find those that do, allowing for their number.

    Hansen's SPA [1]_ and Romano and Wolf's StepM [2]_, studentised, by a stationary bootstrap.
    A model that differs from the benchmark by a constant is superior exactly if it is lower.

    Args:
        benchmark: Shape ``(D,)``, daily losses.
        losses: Shape ``(D, M)``, daily losses of the models.
        horizon_days: Length of the label in days.
        seed: Of the bootstrap.
        size: Probability of any false finding by StepM.

    Returns:
        NaN p-values without models or with fewer than two days.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=(200, 3))
        >>> found = superior_ability(noise[:, 0], noise[:, 1:] - [0.0, 1.0], 1.0, seed=1)
        >>> found.consistent < 0.01, found.is_superior.tolist()
        (True, [False, True])

    .. [1] P. Hansen, *Journal of Business and Economic Statistics* 23, 2005.
    .. [2] J. Romano and M. Wolf, *Econometrica* 73, 2005.
    """
    n_days, n_models = losses.shape
    block = block_days(n_days, horizon_days)
    is_superior = np.zeros(n_models, bool)
    if n_models == 0 or n_days < 2:  # noqa: PLR2004 - one day has no spread
        return SuperiorAbility(math.nan, math.nan, math.nan, is_superior, n_days, block)
    is_constant = np.array([_is_shifted(column, benchmark) for column in losses.T])
    for model in np.flatnonzero(is_constant):
        is_lower = float(np.mean(losses[:, model])) < float(np.mean(benchmark))
        is_superior[model] = is_lower and not _is_same(losses[:, model], benchmark)
    p_values = (0.0, 0.0, 0.0) if is_superior.any() else (1.0, 1.0, 1.0)
    varying = np.flatnonzero(~is_constant)
    if varying.size:
        found, superior = _spa_and_stepm(benchmark, losses[:, varying], size, block, seed)
        p_values = p_values if is_superior.any() else found
        is_superior[varying[superior]] = True
    return SuperiorAbility(*p_values, is_superior, n_days, block)


def _mcs_p_values(losses: Floats, size: float, block: int, seed: int) -> Floats:
    from arch.bootstrap import MCS

    if losses.shape[1] == 1:
        return np.ones(1)
    procedure = MCS(losses, size, reps=_N_REPETITIONS, block_size=block, seed=seed)
    procedure.compute()
    found = procedure.pvalues["Pvalue"]
    return np.asarray(found.loc[range(losses.shape[1])], dtype=np.float64)


def _spa_and_stepm(
    benchmark: Floats, losses: Floats, size: float, block: int, seed: int
) -> tuple[tuple[float, float, float], npt.NDArray[np.int64]]:
    from arch.bootstrap import SPA

    spa = SPA(benchmark, losses, block_size=block, reps=_N_REPETITIONS, seed=seed)
    spa.compute()
    p_values = (float(spa.pvalues["lower"]), float(spa.pvalues["consistent"]), float(spa.pvalues["upper"]))
    # The steps of arch's StepM on the resamples at hand; StepM itself fails when no model is left over.
    is_left = np.ones(losses.shape[1], bool)
    while True:
        better = spa.better_models(size)
        is_left[better] = False
        if better.size == 0 or not is_left.any():
            return p_values, np.flatnonzero(~is_left)
        spa.subset(is_left.copy())
        spa.compute()


def _better_twins(losses: Floats) -> npt.NDArray[np.int64]:
    # Of models that differ by a constant only, the first of the lowest stands for all.
    order = np.argsort(losses.mean(axis=0), kind="stable")
    twin = np.arange(losses.shape[1])
    for place, model in enumerate(order):
        for better in order[:place]:
            if twin[better] == better and _is_shifted(losses[:, model], losses[:, better]):
                twin[model] = better
                break
    return twin


def _is_shifted(one: Floats, other: Floats) -> bool:
    level = float(max(np.max(np.abs(one)), np.max(np.abs(other))))
    return float(np.ptp(one - other)) <= 1e-12 * level


def _is_same(one: Floats, other: Floats) -> bool:
    level = float(max(np.max(np.abs(one)), np.max(np.abs(other))))
    return float(np.max(np.abs(one - other))) <= 1e-12 * level
