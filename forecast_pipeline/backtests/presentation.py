"""Tables of the report as text cells, each under a caption that states its conclusion."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests.positions import describe_spread
from forecast_pipeline.backtests.verdict import SIGNIFICANCE
from forecast_pipeline.backtests.wording import p_text, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from forecast_pipeline.backtests.summary import Summary

Row = dict[str, Any]
NOT_RECORDED = "not recorded"
_PLAN_ORDER = (
    *("fold", "mode", "train_start", "train_end", "test_start", "test_end"),
    *("n_train", "n_validation", "n_test", "purge_bars", "embargo_bars"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """Cells ready to be shown.

    Attributes:
        caption: What the table shows, as a sentence.
        heads: One a column.
        rows: Cells, and whether the row is a baseline.
        notes: What a reader must know to read the numbers.
    """

    caption: str
    heads: tuple[str, ...]
    rows: list[tuple[bool, tuple[str, ...]]]
    notes: tuple[str, ...] = field(default=())


def point_table(summary: Summary) -> Table:
    """Errors, explained variance and direction."""
    contenders = summary.scores.filter(~pl.col("is_baseline"))
    n_above = contenders.filter(pl.col("ic_low").fill_nan(None) > 0.0).height
    caption = (
        f"{n_above} of {contenders.height} model and horizon pairs have an information coefficient whose 95 % "
        "interval lies above zero."
    )
    columns: _Columns = {
        "n": lambda r: str(r["n_rows"]),
        "n_eff": lambda r: str(r["n_eff"]),
        "MAE, bps": lambda r: number(r["mae_bps"], 3),
        "RMSE, bps": lambda r: number(r["rmse_bps"], 3),
        "R² vs zero": lambda r: percent(r["r2"], 2),
        "IC [95 %]": lambda r: between(r["ic"], r["ic_low"], r["ic_high"], 3),
        "smallest detectable IC": lambda r: number(r["detectable_ic"], 3),
        "hit rate [95 %]": lambda r: between(r["hit_rate"], r["hit_rate_low"], r["hit_rate_high"], 3),
    }
    notes = (
        "n_eff is the smaller of two counts: disjoint label intervals, and what the serial correlation leaves.",
        "Intervals are HAC. A zero outcome has no direction, and a forecast that is always zero calls none.",
    )
    return Table(caption, *_scored(summary.scores, columns), notes)


def probability_table(summary: Summary) -> Table:
    """CRPS, coverage and calibration."""
    scores = summary.scores
    n_inside = scores.filter(pl.col("coverage_90").is_between("coverage_90_low", "coverage_90_high")).height
    caption = f"The 90 % interval covers as stated, within chance, in {n_inside} of {scores.height} cases."
    columns: _Columns = {
        "n_eff": lambda r: str(r["n_eff"]),
        "CRPS, bps": lambda r: number(r["crps_bps"], 4),
        "50 % covers": lambda r: percent(r["coverage_50"]),
        "80 % covers": lambda r: percent(r["coverage_80"]),
        "90 % covers": lambda r: percent(r["coverage_90"]),
        "expected of the 90 %": lambda r: f"{percent(r['coverage_90_low'])} to {percent(r['coverage_90_high'])}",
        "90 % width, bps": lambda r: number(r["width_90_bps"], 2),
        "interval score, bps": lambda r: number(r["interval_score_90_bps"], 2),
        "pinball at 1, 5, 95, 99 %, bps": lambda r: " / ".join(
            number(r[f"pinball_{q}_bps"], 2) for q in ("q01", "q05", "q95", "q99")
        ),
        "Kupiec p": lambda r: p_text(r["kupiec_p_value"]),
        "PIT-KS p": lambda r: p_text(r["pit_p_value"]),
    }
    notes = ("Kupiec and PIT tests use disjoint rows only; the expected range is binomial over n_eff rows.",)
    return Table(caption, *_scored(scores, columns), notes)


def comparison_table(summary: Summary) -> Table:
    """CRPS skill against every baseline."""
    scores = summary.scores.filter(~pl.col("is_baseline"))
    is_proven = (pl.col("crps_skill") > 0.0) & (pl.col("dm_p_adjusted").fill_nan(None) < SIGNIFICANCE)
    caption = (
        f"{scores.filter(is_proven).height} of {scores.height} model and horizon pairs beat the best baseline of "
        "their horizon after correction for all pairs."
    )
    if summary.comparisons.is_empty():
        caption = "Nothing to compare: the file holds no baseline, or nothing besides one."
    best = {(r["horizon_bars"], r["model"]): r for r in summary.scores.iter_rows(named=True)}

    def adjusted(row: Row) -> str:
        scored = best[row["horizon_bars"], row["model"]]
        if scored["baseline"] != row["baseline"]:
            return "not the best baseline"
        return "baseline" if row["is_baseline"] else p_text(scored["dm_p_adjusted"])

    columns: _Columns = {
        "against": lambda r: str(r["baseline"]),
        "n": lambda r: str(r["n_compared"]),
        "n_eff": lambda r: str(best[r["horizon_bars"], r["model"]]["n_eff"]),
        "CRPS skill [95 %], %": lambda r: between(
            100.0 * r["crps_skill"], 100.0 * r["crps_skill_low"], 100.0 * r["crps_skill_high"], 2
        ),
        "DM-HLN t": lambda r: number(r["dm_statistic"], 2),
        "p": lambda r: p_text(r["dm_p_value"]),
        "p (Holm)": adjusted,
    }
    notes = (
        "Skill is 1 - CRPS / CRPS of the baseline. A negative Diebold-Mariano t favours the model.",
        "Holm's correction runs over all models and horizons, each against the best baseline of its horizon.",
    )
    return Table(caption, *_scored(summary.comparisons, columns), notes)


def fold_table(summary: Summary) -> Table:
    """Headline model by fold."""
    verdict = summary.verdict
    folds = summary.folds.filter(
        (pl.col("model") == verdict.headline_model) & (pl.col("horizon_bars") == verdict.headline_horizon_bars)
    )
    n_good = folds.filter(pl.col("crps_skill").fill_nan(None) > 0.0).height
    caption = f"{verdict.headline_model} has positive CRPS skill in {n_good} of {folds.height} folds."
    if folds.height == 1:
        caption += " One fold only: stability over time cannot be judged."
    columns: _Columns = {
        "fold": lambda r: str(r["fold"]),
        "first issue": lambda r: f"{r['first_issued_utc']:%Y-%m-%d %H:%M}",
        "last label end": lambda r: f"{r['last_target_utc']:%Y-%m-%d %H:%M}",
        "n": lambda r: str(r["n_rows"]),
        "disjoint": lambda r: str(r["n_disjoint"]),
        "CRPS, bps": lambda r: number(r["crps_bps"], 4),
        "CRPS skill": lambda r: percent(r["crps_skill"], 2),
        "R²": lambda r: percent(r["r2"], 2),
        "hit rate": lambda r: percent(r["hit_rate"]),
        "90 % covers": lambda r: percent(r["coverage_90"]),
    }
    notes = ("Times are UTC. All models by fold are in the .folds.parquet file beside this page.",)
    return Table(caption, *_scored(folds, columns), notes)


def sample_table(summary: Summary) -> Table:
    """In-sample beside out-of-sample."""
    verdict, samples = summary.verdict, summary.samples
    row = samples.row(
        by_predicate=(pl.col("model") == verdict.headline_model)
        & (pl.col("horizon_bars") == verdict.headline_horizon_bars),
        named=True,
    )
    caption = "Degradation is not computed: the file holds no in-sample rows of the headline model."
    if row["n_rows_in"] is not None:
        lost = 100.0 * row["r2_lost"]
        verb = "rises" if lost < 0.0 else "falls"
        caption = (
            f"From in-sample to out-of-sample the R² of {verdict.headline_model} {verb} by "
            f"{number(abs(lost), 2)} points."
        )
    columns: _Columns = {
        "n in": lambda r: "none" if r["n_rows_in"] is None else str(r["n_rows_in"]),
        "n out": lambda r: str(r["n_rows_out"]),
        "R² in": lambda r: percent(r["r2_in"], 2),
        "R² out": lambda r: percent(r["r2_out"], 2),
        "CRPS in, bps": lambda r: number(r["crps_bps_in"], 3),
        "CRPS out, bps": lambda r: number(r["crps_bps_out"], 3),
        "skill in": lambda r: percent(r["crps_skill_in"], 2),
        "skill out": lambda r: percent(r["crps_skill_out"], 2),
    }
    notes = (
        "A model without skill cannot degrade: a small gap at zero skill is not robustness.",
        "Compare skill, not CRPS: volatility differs between the periods.",
    )
    return Table(caption, *_scored(samples, columns), notes)


def economics_table(summary: Summary) -> Table:
    """What the stated policy earned."""
    accounts, costs = summary.economics, summary.costs
    contenders = accounts.filter(~pl.col("is_baseline"))
    shown = contenders if contenders.height else accounts
    n_good = shown.filter(pl.col("net") > 0.0).height
    caption = f"{n_good} of {shown.height} models earn more than their costs"
    caption += "; none made a trade." if not shown["n_round_trips"].sum() else "."
    columns: _Columns = {
        "decisions": lambda r: str(r["n_decisions"]),
        "round trips": lambda r: number(r["n_round_trips"], 1),
        "turnover a day": lambda r: number(r["turnover_per_day"], 2),
        "gross": lambda r: percent(r["gross"], 2),
        "costs": lambda r: percent(r["cost"], 2),
        "net": lambda r: percent(r["net"], 2),
        "net at 2x costs": lambda r: percent(r["net_at_double_cost"], 2),
        "net one bar late": lambda r: percent(r["net_delayed"], 2),
        "break-even, pips": lambda r: number(r["break_even_pips"], 2),
        "paid, pips": lambda r: number(r["paid_pips"], 2),
        "max drawdown": lambda r: percent(r["max_drawdown"], 2),
        "Sharpe a year [95 %]": lambda r: between(r["sharpe_annual"], r["sharpe_low"], r["sharpe_high"], 2),
        "days (a year)": lambda r: f"{r['n_days']} ({r['days_per_year']:.0f})",
    }
    measured, profiled = (float(accounts[f"{kind}_spread_fraction"][0]) for kind in ("measured", "profiled"))
    notes = (
        f"Policy: hold the sign of the predicted mean if it exceeds {costs.no_trade_multiple:g} x round-trip cost.",
        "Decided again every bar, filled at the next bar's open, one unit at most, flat between folds.",
        f"Spread {describe_spread(measured, profiled, costs)}.",
        f"Commission {costs.commission_pips:g} and slippage {costs.slippage_pips:g} pips a side.",
        "Gross, costs and net are summed log returns of one unit.",
        "Sharpe ratios are of net returns by FX day (17:00 New York), undefined without a trade or below 20 days.",
    )
    return Table(caption, *_scored(accounts, columns), notes)


def split_table(facts: Mapping[str, Any]) -> Table | None:
    """The fold plan as it was recorded."""
    plan = list(facts.get("fold_plan") or [])
    if not plan:
        return None
    found = dict.fromkeys(name for row in plan for name in row)
    # A card keeps its keys in the order of the alphabet; a reader wants the order of time.
    names = [name for name in _PLAN_ORDER if name in found] + [n for n in found if n not in _PLAN_ORDER]
    heads = tuple(name.replace("_", " ") for name in names)
    rows = [(False, tuple(_plain(row.get(name)) for name in names)) for row in plan]
    purges = {row.get("purge_bars") for row in plan}
    purge = f"{purges.pop()} bars" if len(purges) == 1 and None not in purges else "the recorded number of bars"
    return Table(f"{len(plan)} folds, each tested once, with {purge} purged before each test.", heads, rows)


def number(value: float | None, digits: int) -> str:
    """Number with fixed digits, or "undefined".

    Example:
        >>> number(1.23456, 2), number(float("nan"), 2)
        ('1.23', 'undefined')
    """
    return "undefined" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def between(value: float, low: float, high: float, digits: int) -> str:
    """Number with its interval.

    Example:
        >>> between(0.1, -0.05, 0.25, 2)
        '0.10 [-0.05, 0.25]'
    """
    if low is None or not math.isfinite(low):
        return number(value, digits)
    return f"{number(value, digits)} [{number(low, digits)}, {number(high, digits)}]"


_Columns = dict[str, "Callable[[Row], str]"]


def _scored(frame: pl.DataFrame, columns: _Columns) -> tuple[tuple[str, ...], list[tuple[bool, tuple[str, ...]]]]:
    heads = ("horizon", "model", *columns)
    rows = []
    for row in frame.iter_rows(named=True):
        is_baseline = bool(row["is_baseline"])
        name = f"{row['model']} (baseline)" if is_baseline else str(row["model"])
        cells = (f"{row['horizon_bars']}", name, *(cell(row) for cell in columns.values()))
        rows.append((is_baseline, cells))
    return heads, rows


def _plain(value: object) -> str:
    if value is None:
        return NOT_RECORDED
    text = str(value)
    # Midnight offsets only crowd a table whose times are UTC throughout.
    return text.replace("T", " ").removesuffix("+00:00").removesuffix(":00") if "T" in text[8:12] else text
