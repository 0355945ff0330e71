"""What a fitted SSSD loses on validation rows when its context is another decision's, or its encoder sees no bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.models.neural.seeds import decision_noise
from forecast_pipeline.scores.crps import crps_from_draws

if TYPE_CHECKING:
    from forecast_pipeline.models.sssd.forecaster import SSSD
    from forecast_pipeline.splits.arrays import Rows

N_ROWS = 256
N_DRAWS = 64
_STREAM = 2


def measured(forecaster: SSSD, validation: Rows) -> dict[str, float]:
    """Mean fair CRPS over horizons in units of their ex-ante scale, by what was taken away; lower is better.

    ``context_shuffle`` gives the networks all that they are given of another decision; ``no_s4_encoder`` puts zeros in
    the place of what the state spaces say. Draws use the same noise each time, so that differences are not chance.

    Args:
        forecaster: Fitted; as it was afterwards.
        validation: Rows with known increments, of which at most `N_ROWS` are used, spread evenly.
    """
    rows = validation.take(np.unique(np.linspace(0, len(validation) - 1, min(N_ROWS, len(validation))).astype(np.intp)))
    encoder = forecaster.module.encoder
    made = {"none": _crps(forecaster, rows)}
    try:
        forecaster.order = _moved(len(rows), forecaster.seed)
        made["context_shuffle"] = _crps(forecaster, rows)
        forecaster.order, encoder.sees_bars = None, False
        made["no_s4_encoder"] = _crps(forecaster, rows)
    finally:
        forecaster.order, encoder.sees_bars = None, True
    return made


def _moved(n_rows: int, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """An order in which no row keeps its place (Sattolo 1986)."""
    order, noise = np.arange(n_rows), decision_noise(seed, 0, stream=_STREAM)
    for place in range(n_rows - 1, 0, -1):
        other = int(noise.integers(0, place))
        order[place], order[other] = order[other], order[place]
    return order


def _crps(forecaster: SSSD, rows: Rows) -> float:
    drawn = np.cumsum(forecaster.sample(rows, N_DRAWS), axis=2)
    unit = np.sqrt(np.cumsum(np.square(rows.scale), axis=1))
    each = [
        crps_from_draws(drawn[:, :, k] / unit[:, k], rows.outcomes[:, k] / unit[:, k]).mean()
        for k in range(drawn.shape[2])
    ]
    return float(np.mean(each))
