"""The stored calibration of a report, applied to live draws: quantiles, mean and prices follow from the same draws."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.backtests import recalibration
from forecast_pipeline.backtests.report import CALIBRATION
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes
from forecast_pipeline.models.conformal.layer import calibrate
from forecast_pipeline.models.conformal.sample_map import map_draws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.models.conformal.state import ConformalState
    from forecast_pipeline.splits.arrays import Rows

    Floats = npt.NDArray[np.float64]


def read_calibration(report: Published, model: str) -> dict[int, ConformalState]:
    """What a report knows about the calibration of a model, by horizon in bars; empty if it recorded nothing.

    Raises:
        CorruptData: If the file is not what was published.
    """
    if CALIBRATION not in report.card["files"]:
        return {}
    states = recalibration.decode(json.loads(report.read_bytes(CALIBRATION)))
    return {horizon_bars: state for (name, horizon_bars), state in states.items() if name == model}


def calibrate_draws(
    draws: Floats,
    rows: Rows,
    horizons: Sequence[int],
    slot_minutes: int,
    calibration: Mapping[int, ConformalState],
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Carry draws of cumulative log returns to calibrated quantiles, ranks kept.

    The state is the last one of the walk-forward: it learns from labels it still waited
    for, and from no other, so it stays as it is while no report is built. The same is
    true of the volatility ratio: the last one known is in use.

    Args:
        draws: Shape ``(S, B, K)``.
        rows: The decisions, in order of time, with their ex-ante scale.
        horizons: ``K`` horizons in bars.
        slot_minutes: Length of a bar.
        calibration: State by horizon. A horizon without one stays raw, as do decisions not after its last one.

    Returns:
        Draws of the same shape, and for each decision and horizon, shape ``(B, K)``, whether they were calibrated.
    """
    calibrated, is_calibrated = draws.copy(), np.zeros(draws.shape[1:], dtype=np.bool_)
    scale = np.sqrt(np.cumsum(np.square(rows.scale), axis=1))
    for k, horizon in enumerate(horizons):
        state = calibration.get(horizon)
        if state is None:
            continue
        is_new = rows.issued_at_us > (state.as_of_us if state.as_of_us is not None else np.iinfo(np.int64).min)
        issued_us = rows.issued_at_us[is_new]
        ends_us = instants_of_trading_minutes(trading_minutes(issued_us) + horizon * slot_minutes)
        raw = np.quantile(draws[:, is_new, k], state.levels, axis=0).T  # (B Q)
        unknown = np.full(issued_us.size, np.nan)
        done = calibrate(state, issued_us, ends_us, raw, scale[is_new, k], unknown)
        calibrated[:, is_new, k] = map_draws(draws[:, is_new, k], raw, done.quantiles)
        is_calibrated[is_new, k] = ~done.is_raw
    return calibrated, is_calibrated
