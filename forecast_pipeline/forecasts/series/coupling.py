"""Dependence between series: forecasts of each keep their values, and take the order in which the past moved."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.splits.arrays import Rows

    Floats = npt.NDArray[np.float64]


def template_of(rows_of_series: Sequence[Rows]) -> Floats:
    """Outcomes in units of their ex-ante deviation, at decisions that all series share, shape ``(P, K, n)``.

    Args:
        rows_of_series: Rows of each of the ``n`` series; those with an unknown outcome are left out.
    """
    rows = [each.labelled() for each in rows_of_series]
    shared = functools.reduce(np.intersect1d, [each.issued_at_us for each in rows])
    scaled = [each.outcomes / np.sqrt(np.cumsum(np.square(each.scale), axis=1)) for each in rows]
    at = [np.searchsorted(each.issued_at_us, shared) for each in rows]
    return np.stack([values[places] for values, places in zip(scaled, at, strict=True)], axis=2)


def shuffled(draws: Floats, template: Floats, seed: int) -> Floats:
    """Draws in the order of past rows: the Schaake shuffle, over horizons and series at once.

    ``S`` rows of the template are chosen. The draws of each horizon and series are then arranged so that their ranks
    are those of the chosen rows. So every marginal keeps exactly its draws, while the copula over horizons and series
    is that of the past. Rows are used again where there are fewer than draws; equal values are ordered by chance.

    Args:
        draws: Shape ``(S, K, n)``, cumulative log returns; the order along the first axis is of no meaning.
        template: Shape ``(P, K, n)``, of `template_of`.
        seed: Which rows are chosen.

    Returns:
        Shape ``(S, K, n)``.

    Example:
        >>> draws = np.array([[[1.0, 30.0]], [[2.0, 10.0]], [[3.0, 20.0]]])
        >>> past = np.array([[[0.1, -7.0]], [[0.2, -8.0]], [[0.3, -9.0]]])  # one falls as the other rises
        >>> sorted(shuffled(draws, past, seed=1)[:, 0].tolist())
        [[1.0, 30.0], [2.0, 20.0], [3.0, 10.0]]

    Source: Clark, Gangopadhyay, Hay, Rajagopalan and Wilby, *Journal of Hydrometeorology* 5, 2004.
    """
    rng = np.random.default_rng(seed)
    n_draws, n_rows = draws.shape[0], template.shape[0]
    n_rounds = -(-n_draws // n_rows)
    chosen = np.concatenate([rng.permutation(n_rows) for _ in range(n_rounds)])[:n_draws]
    order = np.argsort(template[chosen], axis=0, kind="stable")
    made = np.empty_like(draws)
    np.put_along_axis(made, order, np.sort(draws, axis=0), axis=0)
    return made
