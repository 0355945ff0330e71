"""What the figures show, as small frames: the headline model at its horizon unless said."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from forecast_pipeline.backtests.groups import BPS, fx_day
from forecast_pipeline.backtests.schema import QUANTILE_COLUMNS, QUANTILE_LEVELS, quantile_column
from forecast_pipeline.backtests.tables import best_baselines
from forecast_pipeline.scores.calibration import coverage_band
from forecast_pipeline.scores.significance import disjoint_rows

_MAX_POINTS = 400  # more than a figure of this width can show
_N_PIT_BINS = 10
_FAN_ROWS = (8, 60)
_FAN_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_TAIL_STEP, _N_TAIL_STEPS = 0.25, 25
_TAILS = {**dict.fromkeys(("sds", "above", "below", "normal"), pl.Float64()), "n_rows": pl.Int64()}


def compute(tested: pl.DataFrame, scores: pl.DataFrame, model: str, horizon_bars: int) -> dict[str, pl.DataFrame]:
    """Frames behind the figures, by name.

    Args:
        tested: Out-of-sample rows by horizon, baseline, model and time.
        scores: Their scores.
        model: The headline model.
        horizon_bars: Its horizon.
    """
    at_horizon = tested.filter(pl.col("horizon_bars") == horizon_bars)
    rows = at_horizon.filter(pl.col("model") == model)
    start, end = (rows[c].to_physical().to_numpy() for c in ("issued_at_utc", "target_ts_utc"))
    disjoint = rows[disjoint_rows(start, end)]
    n_eff = int(scores.row(by_predicate=_is(model, horizon_bars), named=True)["n_eff"])
    return {
        "loss_difference": loss_difference(at_horizon, scores),
        "pit": pit_histogram(disjoint),
        "reliability": reliability(rows, n_eff),
        "coverage_over_time": coverage_over_time(disjoint),
        "fan": fans(rows),
        "return_tails": return_tails(disjoint),
    }


def loss_difference(at_horizon: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """Running sum of ``CRPS of the best baseline - CRPS of the model`` in bps; rising is better."""
    best = best_baselines(scores).rename({"baseline": "model"})
    reference = at_horizon.join(best, on=["horizon_bars", "model"], how="semi")
    key = ["fold", "issued_at_utc"]
    paired = at_horizon.join(reference.select(*key, reference="crps"), on=key).sort("model", "issued_at_utc")
    gain = BPS * (pl.col("reference") - pl.col("crps"))
    curve = paired.select("model", "is_baseline", "issued_at_utc", gain_bps=gain.cum_sum().over("model"))
    return _thin(curve, "model")


def pit_histogram(disjoint: pl.DataFrame) -> pl.DataFrame:
    """Share of PIT values in ten bins, with the range of a calibrated forecaster of as many rows."""
    edges = np.linspace(0.0, 1.0, _N_PIT_BINS + 1)
    counts, _ = np.histogram(disjoint["pit"].to_numpy(), edges)
    low, high = coverage_band(1.0 / _N_PIT_BINS, disjoint.height)
    share = counts / max(disjoint.height, 1)
    return pl.DataFrame({"left": edges[:-1], "right": edges[1:], "share": share, "low": low, "high": high})


def reliability(rows: pl.DataFrame, n_eff: int) -> pl.DataFrame:
    """Share of outcomes at or below each stated quantile, with its binomial range."""
    outcome = rows["outcome"].to_numpy()
    bands = [coverage_band(level, n_eff) for level in QUANTILE_LEVELS]
    observed = [float(np.mean(outcome <= rows[column].to_numpy())) for column in QUANTILE_COLUMNS]
    return pl.DataFrame(
        {
            "level": QUANTILE_LEVELS,
            "observed": observed,
            "low": [low for low, _ in bands],
            "high": [high for _, high in bands],
        }
    )


def coverage_over_time(disjoint: pl.DataFrame) -> pl.DataFrame:
    """Rolling coverage of the 90 % interval over disjoint rows, with its exact binomial range."""
    window = min(disjoint.height, max(20, disjoint.height // 8))
    is_inside = (pl.col("outcome") >= pl.col("q05")) & (pl.col("outcome") <= pl.col("q95"))
    low, high = coverage_band(0.9, window)
    curve = disjoint.select(
        "target_ts_utc",
        coverage=is_inside.cast(pl.Float64).rolling_mean(window_size=window),
        low=pl.lit(low),
        high=pl.lit(high),
        window=pl.lit(window),
    )
    return _thin(curve.filter(pl.col("coverage").is_not_null()), None)


def fans(rows: pl.DataFrame) -> pl.DataFrame:
    """Stated ranges and what came, over the FX days whose mean CRPS is the lowest, the median and the highest.

    The median day stands beside the extremes, so that neither luck nor disaster is put on show alone. Where a day has
    too few rows the stretch around its middle is shown.

    Returns:
        ``day`` (``best``, ``median``, ``worst``), ``issued_at_utc``, ``realised`` and quantiles, as prices and, with
        the ending ``_sds``, as distances from the price at issue in standard deviations of the forecast.
    """
    by_day = rows.with_columns(fx_day=fx_day(rows["issued_at_utc"]))
    days = by_day.group_by("fx_day").agg(pl.col("crps").mean(), pl.len()).sort("crps", "fx_day")
    full = days.filter(pl.col("len") >= 0.9 * days["len"].max())["fx_day"]  # type: ignore[operator]
    places = {"best": 0, "median": (full.len() - 1) // 2, "worst": full.len() - 1}
    return pl.concat(_fan(by_day, full[place]).select(pl.lit(name).alias("day"), "*") for name, place in places.items())


def _fan(by_day: pl.DataFrame, chosen: int) -> pl.DataFrame:
    shown = by_day.filter(pl.col("fx_day") == chosen)
    fewest, most = _FAN_ROWS
    if shown.height < fewest:
        middle = int(by_day.with_row_index().filter(pl.col("fx_day") == chosen)["index"][0])
        shown = by_day[max(0, middle - most // 2) : middle + most // 2]
    shown = shown.gather_every(max(1, -(-shown.height // most)))
    levels = {quantile_column(q): quantile_column(q) for q in _FAN_LEVELS} | {"realised": "outcome"}
    sd = pl.col("sd" if "sd" in shown.columns else "scale")
    return shown.select(
        "issued_at_utc",
        *[(pl.col("price") * pl.col(column).exp()).alias(name) for name, column in levels.items()],
        *[(pl.col(column) / sd).alias(f"{name}_sds") for name, column in levels.items()],
    )


def return_tails(disjoint: pl.DataFrame) -> pl.DataFrame:
    """Share of disjoint moves beyond each number of expected standard deviations, up and down, and the normal one.

    Returns:
        ``sds``, ``above``, ``below``, ``normal`` (one side) and ``n_rows``; empty without a finite ``scale``.

    Example:
        >>> moves = pl.DataFrame({"outcome": [3.0, -1.0, 0.0, 0.0], "scale": [1.0] * 4})
        >>> return_tails(moves).filter(pl.col("sds") == 2.0).select("above", "below").row(0)
        (0.25, 0.0)
    """
    known = disjoint.filter(pl.col("scale").is_finite() & (pl.col("scale") > 0.0) & pl.col("outcome").is_finite())
    if known.is_empty():
        return pl.DataFrame(schema=_TAILS)
    size = (known["outcome"] / known["scale"]).to_numpy()
    rows = [
        {
            "sds": sds,
            "above": float(np.mean(size > sds)),
            "below": float(np.mean(size < -sds)),
            "normal": 0.5 * math.erfc(sds / math.sqrt(2.0)),
            "n_rows": size.size,
        }
        for sds in (_TAIL_STEP * k for k in range(_N_TAIL_STEPS))
    ]
    return pl.DataFrame(rows, schema=_TAILS)


def _thin(curve: pl.DataFrame, group: str | None) -> pl.DataFrame:
    """Every n-th row, and always the last one."""
    position, count = pl.int_range(pl.len()), pl.len()
    keep = (position % (count // _MAX_POINTS + 1) == 0) | (position == count - 1)
    return curve.filter(keep.over(group) if group else keep)


def _is(model: str, horizon_bars: int) -> pl.Expr:
    return (pl.col("model") == model) & (pl.col("horizon_bars") == horizon_bars)
