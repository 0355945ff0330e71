"""How much of the best result is the reward of having tried often, from the ledger of all trials."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.groups import floats
from forecast_pipeline.scores.overfitting import probability_of_overfitting
from forecast_pipeline.scores.sharpe import (
    deflated_sharpe,
    effective_trials,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_moments,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_MANY_DAYS = 320  # from here on sixteen blocks still hold a month of trading each
_LEAST_SHARE = 0.5
_N_DEFLATIONS = 40
_MAX_TRIALS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class OverfittingEvidence:
    """What the ledger says.

    Attributes:
        statistics: Probability of backtest overfitting, deflated Sharpe ratio and what they rest on, by name.
        logits: ``logit`` of the out-of-sample rank of the in-sample best, a row per split.
        dsr_by_trials: ``n_trials``, ``dsr``: what would be left had so many been tried.
        trials: Every trial: ``trial model parameters_sha256 n_days crps_skill sharpe_per_day is_this_run``.
    """

    statistics: dict[str, Any] = field(default_factory=dict)
    logits: pl.DataFrame | None = None
    dsr_by_trials: pl.DataFrame | None = None
    trials: pl.DataFrame | None = None


def overfitting_evidence(
    ledger: pl.DataFrame,
    run: pl.DataFrame,
    model: str,
    horizon_bars: int,
    *,
    n_known: int = 0,
    n_penalties: int | None = None,
) -> OverfittingEvidence:
    """Judge a run against everything that was tried.

    PBO is on daily CRPS gains over the best baseline at one horizon, of trials that cover at least half of the run's
    days; trials with equal gains on all days, as two families that forecast alike, count once. The deflated Sharpe
    ratio is that of the model's daily net returns; the variance over trials and their number are of all trials in the
    ledger, one that never traded counting as a ratio of zero. Without a trade it is undefined.

    Args:
        ledger: All trials, in the schema `ledger.LEDGER`.
        run: The trials of this run, as added to it.
        model: The headline model.
        horizon_bars: Its horizon.
        n_known: Trials that an earlier report has seen; a ledger with fewer has lost some.
        n_penalties: Penalties that the families of this run tried inside their folds; None if not recorded.
    """
    if ledger.is_empty() or run.is_empty():
        return OverfittingEvidence()
    gains, _ = _by_day(ledger.filter(horizon_bars=horizon_bars), pl.col("reference_bps") - pl.col("crps_bps"))
    days = run.filter(horizon_bars=horizon_bars)["fx_day"].unique()
    judged = gains.filter(pl.col("fx_day").is_in(days.implode())).drop("fx_day")
    covered = [name for name in judged.columns if judged[name].is_not_nan().mean() >= _LEAST_SHARE]  # type: ignore[operator]
    matrix = judged.select(covered).to_numpy() if covered else np.empty((0, 0))
    n_blocks = 16 if matrix.shape[0] >= _MANY_DAYS else 8
    chosen = probability_of_overfitting(_distinct(matrix), n_blocks, "mean")
    n_trials = ledger["trial"].n_unique()
    trials = _trials(ledger, run, horizon_bars)
    returns = floats(run.filter(pl.col("model") == model).drop_nulls("net").sort("fx_day"), "net")
    deflation, by_trials = _deflation(returns, trials, n_trials, max(n_penalties or 0, n_trials), ledger)
    statistics = {
        "pbo": chosen.pbo,
        "n_blocks": n_blocks,
        "n_pbo_trials": chosen.n_trials,
        "n_pbo_days": chosen.n_rows,
        "n_trials": n_trials,
        "n_penalties_tried": n_penalties,
        "is_ledger_complete": n_trials >= n_known,
    }
    return OverfittingEvidence(
        statistics=statistics | deflation,
        logits=pl.DataFrame({"logit": chosen.logits}),
        dsr_by_trials=by_trials,
        trials=trials,
    )


def _by_day(rows: pl.DataFrame, value: pl.Expr) -> tuple[pl.DataFrame, list[str]]:
    """``fx_day`` and a column per trial, NaN where a trial has no such day."""
    known = rows.select("trial", "fx_day", value=value).drop_nulls("value")
    trials = sorted(known["trial"].unique().to_list())
    wide = known.pivot("trial", index="fx_day", values="value").sort("fx_day")
    return wide.select("fx_day", *[pl.col(name).fill_null(math.nan) for name in trials]), trials


def _distinct(gains: Floats) -> Floats:
    """Columns without those that equal an earlier one, shape ``(T, N)``."""
    if gains.size == 0:
        return gains
    _, first = np.unique(np.nan_to_num(gains, nan=np.inf), axis=1, return_index=True)
    return gains[:, np.sort(first)]


def _trials(ledger: pl.DataFrame, run: pl.DataFrame, horizon_bars: int) -> pl.DataFrame:
    ours = run["trial"].unique()
    found: list[dict[str, Any]] = []
    for (trial,), rows in ledger.partition_by("trial", as_dict=True, maintain_order=True).items():
        at_horizon = rows.filter(horizon_bars=horizon_bars)
        level = float(at_horizon["reference_bps"].sum())
        net = floats(rows.drop_nulls("net").sort("fx_day"), "net")
        is_flat = net.size > 0 and float(np.ptp(net)) == 0.0 and net[0] == 0.0
        sharpe = 0.0 if is_flat else sharpe_moments(net).sharpe
        found.append(
            {
                "trial": str(trial),
                "model": str(rows["model"][0]),
                "parameters_sha256": str(rows["parameters_sha256"][0]),
                "n_days": rows["fx_day"].n_unique(),
                "crps_skill": 1.0 - float(at_horizon["crps_bps"].sum()) / level if level > 0.0 else math.nan,
                "sharpe_per_day": sharpe,
                "is_this_run": bool(ours.is_in([trial]).any()),
            }
        )
    return pl.DataFrame(found).sort("is_this_run", "crps_skill", "trial", descending=[True, True, False])


def _deflation(
    returns: Floats, trials: pl.DataFrame, n_trials: int, n_penalties: int, ledger: pl.DataFrame
) -> tuple[dict[str, Any], pl.DataFrame]:
    moments = sharpe_moments(returns)
    sharpes = floats(trials, "sharpe_per_day")
    known = sharpes[np.isfinite(sharpes)]
    variance = float(np.var(known, ddof=1)) if known.size > 1 else 0.0
    net, names = _by_day(ledger, pl.col("net"))
    now = deflated_sharpe(moments, variance, n_trials)
    counts = np.unique(np.geomspace(1, _MAX_TRIALS, _N_DEFLATIONS).astype(int))
    curve = {"n_trials": counts, "dsr": [deflated_sharpe(moments, variance, int(n)).probability for n in counts]}
    is_known = math.isfinite(moments.sharpe)
    return {
        "n_days": moments.n_periods,
        "sharpe_per_day": moments.sharpe,
        "psr": probabilistic_sharpe(moments),
        "expected_max_sharpe": now.threshold,
        "dsr": now.probability,
        "dsr_at_penalties": deflated_sharpe(moments, variance, n_penalties).probability,
        "min_track_record_days": minimum_track_record(moments) if is_known else math.nan,
        "n_effective_trials": effective_trials(net.select(names).to_numpy()) if names else 0,
    }, pl.DataFrame(curve).filter(pl.lit(is_known))
