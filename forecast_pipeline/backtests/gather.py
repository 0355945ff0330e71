"""Evidence besides the score tables, gathered from the forecasts, what was published with them, and the ledger."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.groups import BPS, ROW, floats, labels
from forecast_pipeline.backtests.hours import hour_blocks
from forecast_pipeline.backtests.importance import rank_stability
from forecast_pipeline.backtests.recalibration import calibration_table
from forecast_pipeline.backtests.regimes.label import regime_timeline
from forecast_pipeline.backtests.regimes.policy import evaluate_policy
from forecast_pipeline.backtests.regimes.score import evaluate_regime_performance, regime_scores
from forecast_pipeline.scores.hits import christoffersen
from forecast_pipeline.scores.power import power_of_dm, power_of_ic
from forecast_pipeline.scores.significance import disjoint_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.recalibration import Recalibration

    Floats = npt.NDArray[np.float64]

_MAX_POINTS = 400  # more than a figure of this width can show
_ICS = tuple(round(0.005 * k, 3) for k in range(61))
_FEWEST_POINTS = 3
_MISS = 0.1
SIZE = 0.05
_SEED = 19_790_101


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationEvidence:
    """Intervals before and after the calibration layer; see `page.evidence.Evidence` for the columns.

    Attributes:
        table: A row per model and horizon.
        width: Of the headline model's 90 % interval over time.
        hours: Skill, and coverage of the calibrated 90 % interval, by block of the week.
        christoffersen_p_value: Of the calibrated 90 % interval of the headline model, on disjoint rows.
    """

    table: pl.DataFrame
    width: pl.DataFrame
    hours: pl.DataFrame
    christoffersen_p_value: float


def calibration_evidence(
    recalibration: Recalibration, tested: pl.DataFrame, baseline: str | None, model: str, horizon_bars: int
) -> CalibrationEvidence:
    """What the calibration layer does to one model, and its place among all.

    Args:
        recalibration: Of `recalibration.recalibrate`.
        tested: Out-of-sample rows.
        baseline: Best baseline of the horizon; None without one.
        model: The headline model.
        horizon_bars: Its horizon.
    """
    own = recalibration.rows.filter((pl.col("model") == model) & (pl.col("horizon_bars") == horizon_bars))
    own = own.sort("issued_at_utc")
    lower, upper, outcome = floats(own, "cq05"), floats(own, "cq95"), floats(own, "outcome")
    disjoint = disjoint_rows(*labels(own))
    is_miss = ((outcome < lower) | (outcome > upper)).astype(np.float64)[disjoint]
    widths = own.select(
        "issued_at_utc",
        raw_width_bps=BPS * (pl.col("q95") - pl.col("q05")),
        conformal_width_bps=BPS * (pl.col("cq95") - pl.col("cq05")),
        alpha="alpha_90",
    )
    at_horizon = tested.filter(pl.col("horizon_bars") == horizon_bars)
    reference = None
    if baseline is not None:
        reference = at_horizon.filter(pl.col("model") == baseline).select(*ROW, reference="crps")
    scored = own.join(at_horizon.filter(pl.col("model") == model).select(*ROW, "crps"), on=ROW, how="left")
    return CalibrationEvidence(
        table=calibration_table(recalibration),
        width=widths.gather_every(max(1, -(-widths.height // _MAX_POINTS))),
        hours=hour_blocks(scored.sort("issued_at_utc"), reference, "c"),
        christoffersen_p_value=christoffersen(is_miss, _MISS).p_value,
    )


def regime_evidence(tested: pl.DataFrame, stride_bars: int, horizon_bars: int) -> dict[str, Any]:
    """Scores by regime and the policy over them, as fields of `page.evidence.Evidence`; empty where no label is known.

    Args:
        tested: Out-of-sample rows.
        stride_bars: Bars between decisions.
        horizon_bars: Horizon of the policy that is shown.
    """
    if tested["regime"].null_count() == tested.height or not tested["is_baseline"].any():
        return {}
    scores = regime_scores(tested, stride_bars)
    found: dict[str, Any] = {
        "regimes": scores,
        "regime_rule": evaluate_regime_performance(scores),
        "regime_timeline": regime_timeline(tested),
    }
    if tested["model"].n_unique() > 1:
        policy = evaluate_policy(tested, stride_bars).comparison.filter(pl.col("horizon_bars") == horizon_bars)
        placebo = policy.filter(pl.col("name") == "permuted labels")
        found["policy"] = policy
        found["placebo_percentile"] = 1.0 - float(placebo["p_value"][0])
    return found


def power_curve(n_eff: int, n_tested: int = 1) -> pl.DataFrame:
    """Power to find an information coefficient: ``ic power power_of_dm n_eff``.

    Args:
        n_eff: Of the headline model at its horizon.
        n_tested: Models and horizons over which the light of skill is corrected; ``power_of_dm`` is of its test, at
            Holm's strictest level, ``power`` of a single test of the coefficient itself.

    Example:
        >>> power_curve(1000).filter(pl.col("ic") == 0.1).select(pl.col("power", "power_of_dm").round(2)).row(0)
        (0.89, 0.35)
    """
    power, of_dm = power_of_ic(_ICS, n_eff), power_of_dm(_ICS, n_eff, SIZE / max(n_tested, 1))
    columns = {"ic": _ICS, "power": power, "power_of_dm": of_dm, "n_eff": [n_eff] * len(_ICS)}
    return pl.DataFrame(columns).filter(pl.col("power").is_not_nan())


def degradation(losses: pl.DataFrame, n_repetitions: int = 500) -> dict[str, Any]:
    """Slope of out-of-sample on in-sample CRPS skill over models and horizons, with its 95 % interval.

    Models and horizons share their rows, so the interval is not that of a line through independent points: whole folds
    are drawn with replacement, and the skills and the slope are computed anew from each draw.

    Args:
        losses: Of `tables.fold_samples`; baselines do not count.
        n_repetitions: Draws.

    Returns:
        ``slope slope_low slope_high n n_folds``; the interval is NaN with one fold. Empty with fewer than three points
        or in-sample skills that are all equal.
    """
    contenders = losses.filter(~pl.col("is_baseline")).sort("fold", "model", "horizon_bars")
    folds = contenders["fold"].unique().sort().to_list()
    points = contenders.select("model", "horizon_bars").unique(maintain_order=True).height
    if points < _FEWEST_POINTS or contenders.height != points * len(folds):
        return {}
    columns = ["loss_in", "reference_in", "loss_out", "reference_out"]
    sums = contenders.select(columns).to_numpy().reshape(len(folds), points, len(columns))
    slope = _slope(sums.sum(axis=0))
    if not math.isfinite(slope):
        return {}
    rng = np.random.default_rng(_SEED)
    drawn = [_slope(sums[rng.integers(len(folds), size=len(folds))].sum(axis=0)) for _ in range(n_repetitions)]
    low, high = np.nanquantile(drawn, [0.025, 0.975]) if len(folds) > 1 else (math.nan, math.nan)
    return {"slope": slope, "slope_low": float(low), "slope_high": float(high), "n": points, "n_folds": len(folds)}


def _slope(sums: Floats) -> float:
    """Least-squares slope from summed losses of shape ``(n, 4)``; NaN where in-sample skills are all equal."""
    if not (sums[:, [1, 3]] > 0.0).all():
        return math.nan
    inside, outside = 1.0 - sums[:, 0] / sums[:, 1], 1.0 - sums[:, 2] / sums[:, 3]
    centred = inside - inside.mean()
    spread = float(centred @ centred)
    return float(centred @ outside) / spread if spread > 0.0 else math.nan


def feature_evidence(features: pl.DataFrame | None, importance: pl.DataFrame | None, model: str) -> dict[str, Any]:
    """Features with the mean importance that the headline model gives them over the folds.

    Args:
        features: ``column timeframe missing_fraction warmup_bars``.
        importance: In the schema `importance.IMPORTANCE`.
        model: The headline model.

    Returns:
        Fields ``features`` and ``importance_stability`` of `page.evidence.Evidence`.
    """
    if features is None:
        return {}
    weighed = pl.DataFrame(schema={"column": pl.String(), "importance": pl.Float64()})
    stability = math.nan
    if importance is not None:
        own = importance.filter(pl.col("model") == model)
        weighed = own.group_by("column", maintain_order=True).agg(pl.col("importance").mean())
        stability = rank_stability(own) if own.height else math.nan
    whole = features.join(weighed, on="column", how="left", maintain_order="left")
    return {"features": whole, "importance_stability": stability}
