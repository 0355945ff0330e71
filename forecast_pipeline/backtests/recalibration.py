"""The calibration layer over stored forecasts: quantiles before and after, what it costs, and its last states."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.groups import BPS, floats, labels, overlap_rows
from forecast_pipeline.backtests.schema import QUANTILE_COLUMNS, QUANTILE_LEVELS
from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.models.conformal import state as conformal
from forecast_pipeline.models.conformal.layer import calibrate
from forecast_pipeline.models.conformal.state import ConformalParameters, ConformalState
from forecast_pipeline.scores.calibration import kupiec
from forecast_pipeline.scores.quantile import coverage
from forecast_pipeline.scores.significance import disjoint_rows, effective_sample_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from forecast_pipeline.models.conformal.layer import Calibrated

    Floats = npt.NDArray[np.float64]

_N_THREADS = 2
CALIBRATED_COLUMNS: tuple[str, ...] = tuple(f"c{name}" for name in QUANTILE_COLUMNS)
_PAIR_90 = list(ConformalState.start(QUANTILE_LEVELS, 1).nominal_alpha.round(9)).index(0.1)
_FIGURES = (("coverage_90", ""), ("width_90", "_bps"), ("kupiec_p", ""))
_GROUP = ["model", "is_baseline", "horizon_bars"]
_KEPT = ["fold", *_GROUP, "issued_at_utc", "target_ts_utc", "outcome", "scale", "q05", "q95"]

States = dict[tuple[str, int], ConformalState]


@dataclass(frozen=True, slots=True)
class Recalibration:
    """Forecasts through the calibration layer.

    Attributes:
        rows: ``fold model is_baseline horizon_bars issued_at_utc target_ts_utc outcome scale q05 q95``, calibrated
            quantiles ``cq01 … cq99`` as log returns, ``alpha_90`` (miss probability in use for the 90 % interval);
            by model, horizon and time.
        states: What the layer knows after the last decision, by model and horizon.
        stride_bars: Bars between decisions.
    """

    rows: pl.DataFrame
    states: States
    stride_bars: int


def recalibrate(
    tested: pl.DataFrame, stride_bars: int = 1, parameters: ConformalParameters | None = None
) -> Recalibration:
    """Run the layer over the out-of-sample rows of each model and horizon, across folds, in order of time.

    Nothing is fitted beforehand: each decision uses only outcomes whose labels had ended,
    also of earlier folds. A refit of the model in a new fold does not reset the layer.
    The volatility ratio of a model's shortest horizon, whose labels end first, is known to
    its other horizons from the same decision on.

    Args:
        tested: Out-of-sample rows in the schema `backtests.schema.FORECASTS`.
        stride_bars: Bars between decisions; labels overlap over ``ceil(horizon / stride)`` rows.
        parameters: Settings of the layer; the defaults if omitted.

    Raises:
        ValueError: If a model has two forecasts of one horizon at one instant.
    """
    by_model = tested.sort(*_GROUP, "issued_at_utc").partition_by("model", "is_baseline", maintain_order=True)
    with ThreadPoolExecutor(_N_THREADS) as workers:  # the compiled loop lets go of the interpreter
        done = list(workers.map(lambda rows: _calibrated_model(rows, stride_bars, parameters), by_model))
    states = {key: state for of_model in done for key, (_, state) in of_model.items()}
    parts = [rows for of_model in done for rows, _ in of_model.values()]
    return Recalibration(pl.concat(parts) if parts else _no_rows(tested), states, stride_bars)


def _calibrated_model(
    rows: pl.DataFrame, stride_bars: int, parameters: ConformalParameters | None
) -> dict[tuple[str, int], tuple[pl.DataFrame, ConformalState]]:
    done: dict[tuple[str, int], tuple[pl.DataFrame, ConformalState]] = {}
    shortest: tuple[npt.NDArray[np.int64], Floats] | None = None
    for of_horizon in rows.partition_by("horizon_bars", maintain_order=True):
        known = None if shortest is None else _as_of(*shortest, labels(of_horizon)[0])
        kept, calibrated = _calibrated(of_horizon, stride_bars, parameters, known)
        if shortest is None:
            shortest = labels(of_horizon)[0], calibrated.volatility_ratio
        done[str(of_horizon["model"][0]), int(of_horizon["horizon_bars"][0])] = kept, calibrated.state
    return done


def _as_of(known_at_us: npt.NDArray[np.int64], values: Floats, asked_at_us: npt.NDArray[np.int64]) -> Floats:
    """The last value known at each instant; one before the first."""
    return np.concatenate([[1.0], values])[np.searchsorted(known_at_us, asked_at_us, side="right")]


def _calibrated(
    rows: pl.DataFrame, stride_bars: int, parameters: ConformalParameters | None, known_ratio: Floats | None
) -> tuple[pl.DataFrame, Calibrated]:
    overlap = overlap_rows(int(rows["horizon_bars"][0]), stride_bars)
    done = calibrate(
        ConformalState.start(QUANTILE_LEVELS, overlap, parameters=parameters),
        *labels(rows),
        rows.select(QUANTILE_COLUMNS).cast(pl.Float64).to_numpy(),
        floats(rows, "scale"),
        floats(rows, "outcome"),
        known_ratio,
    )
    columns = {name: done.quantiles[:, k] for k, name in enumerate(CALIBRATED_COLUMNS)}
    kept = rows.select(_KEPT).with_columns(alpha_90=pl.Series(done.alpha[:, _PAIR_90]), **_series(columns))
    return kept, done


def calibration_table(recalibration: Recalibration) -> pl.DataFrame:
    """What the layer does to the 90 % interval, a row per model and horizon.

    Widths say what the coverage costs. Kupiec's test is on rows with disjoint labels.

    Returns:
        ``model is_baseline horizon_bars n_rows n_eff coverage_90_before coverage_90_after width_90_before_bps
        width_90_after_bps kupiec_p_before kupiec_p_after n_alarms n_raw coverage_90_active``. ``n_alarms`` counts
        decisions at which the width was held at a limit; ``n_raw`` rows whose interval was issued as the model gave it,
        because too few labels had ended; the last column is the coverage of the others, NaN if there are none.
    """
    found = []
    by_group = recalibration.rows.partition_by(_GROUP, as_dict=True, maintain_order=True)
    for key, rows in by_group.items():
        identity = dict(zip(_GROUP, key, strict=True))
        state = recalibration.states[str(identity["model"]), int(identity["horizon_bars"])]
        found.append(identity | _calibration(rows, state))
    schema = {name: recalibration.rows.schema[name] for name in _GROUP}
    return pl.DataFrame(found, schema_overrides=schema).sort("horizon_bars", "is_baseline", "model")


def encode(states: Mapping[tuple[str, int], ConformalState]) -> dict[str, Any]:
    """The states as JSON values, by model and horizon.

    Example:
        >>> states = {("ridge", 4): ConformalState.start(QUANTILE_LEVELS, 4)}
        >>> list(decode(encode(states)))
        [('ridge', 4)]
    """
    stored: dict[str, dict[str, Any]] = {}
    for (model, horizon_bars), state in sorted(states.items(), key=lambda item: item[0]):
        stored.setdefault(model, {})[str(horizon_bars)] = conformal.encode(state)
    return stored


def decode(values: Mapping[str, Any]) -> States:
    """The states that `encode` described.

    Raises:
        CorruptData: If the values are not those of states.
    """
    try:
        return {
            (model, int(horizon_bars)): conformal.decode(state)
            for model, of_model in values.items()
            for horizon_bars, state in of_model.items()
        }
    except (AttributeError, TypeError, ValueError) as error:
        raise CorruptData(
            "stored calibrations must be by model and horizon", was=repr(error), do="build the report again"
        ) from None


def _calibration(rows: pl.DataFrame, state: ConformalState) -> dict[str, Any]:
    outcome, scale = floats(rows, "outcome"), floats(rows, "scale")
    start_us, end_us = labels(rows)
    is_scaled = np.isfinite(scale) & (scale > 0.0)
    standardised = np.divide(outcome, scale, out=outcome.copy(), where=is_scaled)
    disjoint = disjoint_rows(start_us, end_us)
    found: dict[str, Any] = {
        "n_rows": rows.height,
        "n_eff": effective_sample_size(start_us, end_us, standardised, state.overlap_rows).n_eff,
    }
    for when, names in (("before", ("q05", "q95")), ("after", ("cq05", "cq95"))):
        lower, upper = (floats(rows, name) for name in names)
        n_misses = int(np.sum((outcome[disjoint] < lower[disjoint]) | (outcome[disjoint] > upper[disjoint])))
        found |= {
            f"coverage_90_{when}": coverage(lower, upper, outcome),
            f"width_90_{when}_bps": BPS * float(np.mean(upper - lower)),
            f"kupiec_p_{when}": kupiec(n_misses, disjoint.size, 0.1).p_value,
        }
    order = [f"{figure}_{when}{unit}" for figure, unit in _FIGURES for when in ("before", "after")]
    lower, upper = floats(rows, "cq05"), floats(rows, "cq95")
    # An interval that went through the layer differs in its digits.
    is_raw = (lower == floats(rows, "q05")) & (upper == floats(rows, "q95"))
    active = [values[~is_raw] for values in (lower, upper, outcome)]
    return {name: found[name] for name in ("n_rows", "n_eff", *order)} | {
        "n_alarms": int(state.n_alarms[_PAIR_90]),
        "n_raw": int(is_raw.sum()),
        "coverage_90_active": coverage(*active) if active[0].size else float("nan"),
    }


def _series(columns: Mapping[str, Floats]) -> dict[str, pl.Series]:
    return {name: pl.Series(values) for name, values in columns.items()}


def _no_rows(tested: pl.DataFrame) -> pl.DataFrame:
    added = dict.fromkeys(("alpha_90", *CALIBRATED_COLUMNS), pl.lit(None, pl.Float64))
    return tested.head(0).select(_KEPT).with_columns(**added)
