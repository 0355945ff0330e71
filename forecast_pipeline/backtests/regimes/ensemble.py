"""The equal-weight ensemble: averaged quantile functions, scored from quantiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.schema import QUANTILE_COLUMNS, QUANTILE_LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.backtests.regimes.losses import HorizonLosses

    Floats = npt.NDArray[np.float64]


def ensemble_losses(tested: pl.DataFrame, of_horizon: HorizonLosses) -> tuple[Floats, Floats]:
    """CRPS from quantiles of the average over models, shape ``(B,)``, and of each model, shape ``(B, M)``.

    Rows are those of ``of_horizon``. Quantiles are averaged at each level, which keeps
    them in order and, unlike averaging densities, the width (Lichtendahl et al. 2013).
    """
    rows = tested.filter(pl.col("horizon_bars") == of_horizon.horizon_bars)
    wanted = pl.DataFrame({"issued_at_utc": pl.Series(of_horizon.issued_at_us).cast(rows.schema["issued_at_utc"])})
    total, single = np.zeros((of_horizon.fold.size, len(QUANTILE_LEVELS))), []
    for model in of_horizon.models:
        part = wanted.join(rows.filter(pl.col("model") == model), on="issued_at_utc", how="left", maintain_order="left")
        quantiles, outcome = part.select(QUANTILE_COLUMNS).to_numpy(), part["outcome"].to_numpy()
        total += quantiles
        single.append(crps_from_quantiles(quantiles, QUANTILE_LEVELS, outcome))
    return crps_from_quantiles(total / len(single), QUANTILE_LEVELS, outcome), np.column_stack(single)


def crps_from_quantiles(quantiles: Floats, levels: Sequence[float], outcome: Floats) -> Floats:
    """Twice the quantile loss over levels, by the trapezoidal rule, with zero loss at levels 0 and 1.

    Comes near the CRPS of the distribution behind the quantiles; it is for comparing
    forecasts at the same levels, not with scores from draws.

    Args:
        quantiles: Shape ``(B, Q)``.
        levels: Increasing, in (0, 1).
        outcome: Shape ``(B,)``.

    Example:
        >>> crps_from_quantiles(np.array([[0.0]]), [0.5], np.array([2.0])).tolist()  # 2 * (1.0 * 0.5)
        [1.0]
    """
    grid = np.asarray(levels)
    error = outcome[:, None] - quantiles
    loss = np.maximum(grid * error, (grid - 1.0) * error)  # (B Q)
    edges = np.concatenate([[0.0], grid, [1.0]])
    weights = 0.5 * (edges[2:] - edges[:-2])
    return np.asarray(2.0 * loss @ weights)
