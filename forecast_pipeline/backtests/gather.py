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
from forecast_pipeline.scores.power import power_of_ic
from forecast_pipeline.scores.significance import disjoint_rows

if TYPE_CHECKING:
    from forecast_pipeline.backtests.recalibration import Recalibration

_MAX_POINTS = 400  # more than a figure of this width can show
_ICS = tuple(round(0.005 * k, 3) for k in range(61))
_FEWEST_POINTS = 3
_MISS = 0.1


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


def power_curve(n_eff: int) -> pl.DataFrame:
    """Power to find an information coefficient: ``ic power n_eff``.

    Example:
        >>> power_curve(1000).filter(pl.col("ic") == 0.1)["power"].round(2).to_list()
        [0.89]
    """
    power = power_of_ic(_ICS, n_eff)
    return pl.DataFrame({"ic": _ICS, "power": power, "n_eff": [n_eff] * len(_ICS)}).filter(pl.col("power").is_not_nan())


def degradation(samples: pl.DataFrame) -> dict[str, Any]:
    """Slope of out-of-sample on in-sample CRPS skill over models and horizons, with its 95 % interval.

    Args:
        samples: Of `tables.sample_scores`; baselines do not count.

    Returns:
        ``slope slope_low slope_high n``; empty with fewer than three points or in-sample skills that are all equal.
    """
    from scipy import stats

    known = samples.filter(~pl.col("is_baseline")).select("crps_skill_in", "crps_skill_out").fill_nan(None).drop_nulls()
    inside, outside = known["crps_skill_in"].to_numpy(), known["crps_skill_out"].to_numpy()
    if known.height < _FEWEST_POINTS or np.ptp(inside) == 0.0:
        return {}
    fit = stats.linregress(inside, outside)
    reach = float(stats.t.ppf(0.975, known.height - 2)) * float(fit.stderr)
    slope = float(fit.slope)
    return {"slope": slope, "slope_low": slope - reach, "slope_high": slope + reach, "n": known.height}


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
        weighed = own.group_by("column").agg(pl.col("importance").mean())
        stability = rank_stability(own) if own.height else math.nan
    whole = features.join(weighed, on="column", how="left", maintain_order="left")
    return {"features": whole, "importance_stability": stability}
