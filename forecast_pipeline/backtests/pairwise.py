"""Losses of two models on the rows that both have, and the tests that compare them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from forecast_pipeline.backtests.groups import ROW, floats
from forecast_pipeline.scores.significance import (
    diebold_mariano,
    giacomini_white,
    mean_interval,
    regime_instruments,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

COMPARISON: dict[str, pl.DataType] = {
    "horizon_bars": pl.Int32(),
    "is_baseline": pl.Boolean(),
    "model": pl.String(),
    "baseline": pl.String(),
    "crps_skill": pl.Float64(),
    "crps_skill_low": pl.Float64(),
    "crps_skill_high": pl.Float64(),
    "dm_statistic": pl.Float64(),
    "dm_p_value": pl.Float64(),
    "gw_p_value": pl.Float64(),
    "n_compared": pl.Int64(),
}


class PairedLosses(NamedTuple):
    """CRPS of a model and of its reference on common rows in order of time, and the rows' regimes, shapes ``(B,)``."""

    loss: Floats
    reference: Floats
    regime: pl.Series


def paired_losses(rows: pl.DataFrame, reference: pl.DataFrame) -> PairedLosses:
    """Losses on the decisions that both have.

    Args:
        rows: One model at one horizon, in order of time.
        reference: Another model at the same horizon.

    Example:
        >>> rows = pl.DataFrame({"fold": [0, 0], "issued_at_utc": [1, 2], "crps": [3.0, 4.0], "regime": ["a", None]})
        >>> paired_losses(rows, rows[1:]).loss.tolist()
        [4.0]
    """
    if all(rows[name].equals(reference[name]) for name in ROW):  # the usual case, without a join
        return PairedLosses(floats(rows, "crps"), floats(reference, "crps"), rows["regime"])
    common = rows.select(*ROW, "crps", "regime").join(
        reference.select(*ROW, reference="crps"), on=ROW, how="inner", maintain_order="left"
    )
    return PairedLosses(floats(common, "crps"), floats(common, "reference"), common["regime"])


def skill(paired: PairedLosses) -> float:
    """One less the ratio of summed losses; NaN where the reference loses nothing."""
    level = float(paired.reference.sum())
    return 1.0 - float(paired.loss.sum()) / level if level > 0.0 else math.nan


def comparison(paired: PairedLosses, overlap: int, *, is_conditional: bool) -> dict[str, Any]:
    """Skill with its HAC interval, Diebold and Mariano's test and, if conditional, Giacomini and White's.

    The instruments of the latter are a dummy a regime where regimes are known, else a constant and the newest loss
    difference whose label had ended at issue.

    Args:
        paired: Losses of both.
        overlap: Neighbouring rows that share a part of one label.
        is_conditional: Whether the conditional test is made.
    """
    loss, reference, _ = paired
    test, gain = diebold_mariano(loss, reference, overlap), mean_interval(reference - loss, overlap)
    level = float(np.mean(reference)) if reference.size else math.nan
    if not level > 0.0:
        level = math.nan
    conditional = math.nan
    if is_conditional:
        conditional = giacomini_white(loss, reference, overlap, _known_at_issue(paired, overlap)).p_value
    return {
        "crps_skill": gain.mean / level,
        "crps_skill_low": gain.low / level,
        "crps_skill_high": gain.high / level,
        "dm_statistic": test.statistic,
        "dm_p_value": test.p_value,
        "gw_p_value": conditional,
        "n_compared": test.n_rows,
    }


def _known_at_issue(paired: PairedLosses, overlap: int) -> Floats:
    codes = paired.regime.fill_null("").rank("dense").to_numpy()
    if codes.size and codes.max() > 1:
        return regime_instruments(codes)
    difference = paired.loss - paired.reference
    lagged = np.zeros(difference.size)
    lagged[overlap:] = difference[: max(difference.size - overlap, 0)]
    spread = float(np.std(lagged))
    constant = np.ones(difference.size)
    return np.column_stack([constant, lagged / spread]) if spread > 0.0 else constant[:, None]
