"""CRPS skill of every model within each regime, with what the rows can prove, and the specification's own rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.groups import overlap_rows
from forecast_pipeline.backtests.regimes.label import UNKNOWN
from forecast_pipeline.scores.significance import (
    benjamini_hochberg,
    disjoint_rows,
    effective_sample_size,
    giacomini_white,
    hac_lags,
    long_run_variance,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

MIN_BLOCKS = 30
_ROW = ["fold", "issued_at_utc"]
_SCHEMA: dict[str, pl.DataType] = {
    "regime": pl.String(),
    "model": pl.String(),
    "is_baseline": pl.Boolean(),
    "horizon_bars": pl.Int32(),
    "baseline": pl.String(),
    "n_rows": pl.Int64(),
    "n_eff": pl.Int64(),
    "crps_skill": pl.Float64(),
    "crps_skill_low": pl.Float64(),
    "crps_skill_high": pl.Float64(),
    "p_value": pl.Float64(),
    "p_adjusted": pl.Float64(),
    "shrunk_skill": pl.Float64(),
    "is_reliable": pl.Boolean(),
}


def regime_scores(tested: pl.DataFrame, stride_bars: int = 1) -> pl.DataFrame:
    """Scores of each model by regime and horizon, against the baseline that is best over all rows of the horizon.

    The test is Giacomini and White's with the regime's dummy as instrument, on the whole
    series: rows outside the regime count as zeros, so overlap across its borders is seen.
    Confidence intervals rest on the same series.

    Args:
        tested: Out-of-sample rows with ``regime``.
        stride_bars: Bars between decisions.

    Returns:
        ``regime model is_baseline horizon_bars baseline n_rows n_eff crps_skill crps_skill_low crps_skill_high
        p_value p_adjusted shrunk_skill is_reliable``. A regime with fewer than 30 independent rows is not reliable
        and not tested. ``p_adjusted`` is Benjamini and Hochberg's over all models that are not baselines, regimes
        and horizons. ``shrunk_skill`` is drawn towards the model's skill over all regimes, the more the less the
        regimes differ beyond their standard errors.
    """
    rows: list[dict[str, Any]] = []
    known = tested.with_columns(pl.col("regime").fill_null(UNKNOWN)).sort("horizon_bars", "model", "issued_at_utc")
    for of_horizon in known.partition_by("horizon_bars", maintain_order=True):
        baselines = (
            of_horizon.filter("is_baseline")
            .group_by("model", maintain_order=True)
            .agg(pl.col("crps").mean())
            .sort("crps", "model")
        )
        if baselines.is_empty():
            continue
        name = str(baselines["model"][0])
        reference = of_horizon.filter(pl.col("model") == name).select(*_ROW, reference="crps")
        for of_model in of_horizon.filter(pl.col("model") != name).partition_by("model", maintain_order=True):
            paired = of_model.join(reference, on=_ROW, how="inner", maintain_order="left")
            rows += [row | {"baseline": name} for row in _of_model(paired, stride_bars)]
    scores = pl.DataFrame(rows, schema={k: v for k, v in _SCHEMA.items() if k != "p_adjusted"})
    p_values = scores.select(pl.when(~pl.col("is_baseline")).then("p_value")).to_series().fill_null(math.nan)
    adjusted = pl.Series("p_adjusted", benjamini_hochberg(p_values.to_numpy()), dtype=pl.Float64)
    return scores.with_columns(adjusted).select(list(_SCHEMA)).sort("horizon_bars", "model", "regime")


def evaluate_regime_performance(scores: pl.DataFrame) -> pl.DataFrame:
    """The specification's rule, kept as a diagnostic: keep a model that improves at least one regime.

    It is no test: a model without skill improves each of R regimes with probability a
    half, and so is kept with probability ``1 - 2^-R``.

    Args:
        scores: Of `regime_scores`; the unknown regime does not count.

    Returns:
        ``model horizon_bars n_regimes n_improved is_kept false_pass_probability`` for models that are not baselines.

    Example:
        >>> made = {"regime": list("abcd"), "model": ["ridge"] * 4, "is_baseline": [False] * 4,
        ...         "horizon_bars": [1] * 4, "crps_skill": [-0.1, 0.1, -0.2, -0.1]}
        >>> evaluate_regime_performance(pl.DataFrame(made)).rows()
        [('ridge', 1, 4, 1, True, 0.9375)]
    """
    is_improved = pl.col("crps_skill").fill_nan(None).fill_null(0.0) > 0.0
    return (
        scores.filter(~pl.col("is_baseline") & (pl.col("regime") != UNKNOWN))
        .group_by("model", "horizon_bars")
        .agg(n_regimes=pl.len().cast(pl.Int64), n_improved=is_improved.sum().cast(pl.Int64))
        .with_columns(
            is_kept=pl.col("n_improved") > 0,
            false_pass_probability=1.0 - pl.lit(0.5).pow(pl.col("n_regimes").cast(pl.Float64)),
        )
        .sort("horizon_bars", "model")
    )


def shrink(estimates: Floats, standard_errors: Floats, centre: float) -> Floats:
    """Draw estimates towards a centre by the method of moments.

    ``centre + t² / (t² + se²) (estimate - centre)`` with ``t²``, the variance of the truths
    about the centre, taken as the mean of ``(estimate - centre)² - se²``, or 0. Without a
    standard error an estimate becomes the centre.

    Example:
        >>> shrink(np.array([3.0, -1.0]), np.array([1.0, 1.0]), 1.0).tolist()
        [2.5, -0.5]
        >>> shrink(np.array([1.5, 0.5]), np.array([1.0, 1.0]), 1.0).tolist()
        [1.0, 1.0]
    """
    is_known = np.isfinite(estimates) & np.isfinite(standard_errors)
    if not is_known.any():
        return np.full(estimates.shape, centre)
    away, noise = estimates - centre, np.square(standard_errors)
    between = max(float(np.mean(np.square(away[is_known]) - noise[is_known])), 0.0)
    if between <= 0.0:
        return np.full(estimates.shape, centre)
    return np.where(is_known, centre + between / (between + np.where(is_known, noise, 0.0)) * away, centre)


def _of_model(rows: pl.DataFrame, stride_bars: int) -> list[dict[str, Any]]:
    from scipy import special

    loss, reference = rows["crps"].to_numpy(), rows["reference"].to_numpy()
    regimes = rows["regime"].to_numpy()
    start_us, end_us = rows["issued_at_utc"].to_physical().to_numpy(), rows["target_ts_utc"].to_physical().to_numpy()
    scaled = (rows["outcome"] / rows["scale"]).to_numpy()
    overlap = overlap_rows(int(rows["horizon_bars"][0]), stride_bars)
    identity = {name: rows[name][0] for name in ("model", "is_baseline", "horizon_bars")}
    found, errors = [], []
    for regime in sorted(set(regimes.tolist())):
        inside = regimes == regime
        n_rows, level = int(inside.sum()), float(reference[inside].mean())
        n_blocks = int(disjoint_rows(start_us[inside], end_us[inside]).size)
        n_eff = effective_sample_size(start_us[inside], end_us[inside], scaled[inside], overlap).n_eff
        gain = float((reference - loss)[inside].mean())
        # A mean over a random share of the rows is a ratio: its error is that of the centred sum.
        centred = np.where(inside, reference - loss - gain, 0.0)
        variance = long_run_variance(centred, hac_lags(centred.size, overlap))
        error = math.sqrt(variance * centred.size) / n_rows
        reach = error * float(special.stdtrit(max(n_eff - 1, 1), 0.975))
        is_reliable = n_blocks >= MIN_BLOCKS
        test = giacomini_white(loss, reference, overlap, inside[:, None].astype(np.float64))
        found.append(
            identity
            | {
                "regime": regime,
                "n_rows": n_rows,
                "n_eff": n_eff,
                "crps_skill": gain / level,
                "crps_skill_low": (gain - reach) / level,
                "crps_skill_high": (gain + reach) / level,
                "p_value": test.p_value if is_reliable else math.nan,
                "is_reliable": is_reliable,
            }
        )
        errors.append(error / level)
    skills = np.asarray([row["crps_skill"] for row in found])
    overall = 1.0 - float(loss.sum() / reference.sum())
    shrunk = shrink(skills, np.asarray(errors), overall)
    return [row | {"shrunk_skill": float(value)} for row, value in zip(found, shrunk, strict=True)]
