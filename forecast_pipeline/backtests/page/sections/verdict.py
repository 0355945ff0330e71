"""Section 1: the lights, the reason for doubt and the headline numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests.page.blocks import NOT_RECORDED, Facts
from forecast_pipeline.backtests.wording import between, counted, number, p_text, percent

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.sections.source import Context, Source

LIGHTS = ("Leak suite", "Skill", "Calibration", "Overfitting", "Cost robustness", "Power")


def context(source: Source) -> Context:
    """Headline numbers, each with its effective sample size."""
    row, facts = source.headline, source.facts
    baseline = row["baseline"]
    n_eff = f"n_eff {row['n_eff']}"
    value, low, high = (100.0 * row[f"crps_skill{end}"] if baseline else math.nan for end in ("", "_low", "_high"))
    skill = between(value, low, high, 2)
    is_it = (pl.col("model") == source.model) & (pl.col("horizon_bars") == source.horizon_bars)
    n_good = source.summary.folds.filter(is_it & (pl.col("crps_skill").fill_nan(None) > 0.0)).height
    covered = f"{percent(row['coverage_90'])} (expected {percent(row['coverage_90_low'])} to "
    covered += f"{percent(row['coverage_90_high'])}, {n_eff})"
    account = source.account
    money = (
        f"{number(account['paid_pips'], 2)} against {number(account['break_even_pips'], 2)} at which nothing is left"
    )
    calibrated = _calibrated(source)
    pairs: list[tuple[str, str | None]] = [
        ("Strongest candidate", source.subject),
        ("CRPS skill [95 %]", f"{skill} % against {baseline} ({n_eff})" if baseline else None),
        ("p, Holm over all", f"{p_text(row['dm_p_adjusted'])} (Diebold-Mariano, {n_eff})" if baseline else None),
        ("Folds with skill", f"{n_good} of {row['n_folds']}"),
        ("90 % interval covers, as fitted", covered),
        ("90 % interval covers, calibrated", calibrated),
        ("Paid a round trip, pips", f"{money} ({source.account_size})"),
        ("Smallest detectable IC", f"{number(row['detectable_ic'], 3)} ({n_eff}, 80 % power)"),
        ("Trials", _text(source.evidence.overfitting.get("n_trials"))),
        ("Run", _text(facts.get("sha256"))),
    ]
    statistics = source.evidence.overfitting
    if statistics:
        place = [name for name, _ in pairs].index("Trials")
        logits = source.evidence.pbo_logits
        parts = [
            _sized(logits.height if logits is not None else None, "split"),
            _sized(statistics.get("n_pbo_days"), "day"),
            _sized(statistics.get("n_pbo_trials"), "trial"),
        ]
        deflated = f"{number(statistics.get('dsr'), 3)} ({_sized(statistics.get('n_days'), 'day')})"
        pairs[place:place] = [
            ("Backtest overfitting (PBO)", f"{percent(statistics.get('pbo'))} ({', '.join(parts)})"),
            ("Deflated Sharpe ratio", deflated),
        ]
    return {"headline": Facts(pairs)}


def _calibrated(source: Source) -> str | None:
    """Coverage after the conformal layer, of the headline model at its horizon; None where it was not computed."""
    frame = source.evidence.calibration
    if frame is None:
        return None
    is_it = (pl.col("model") == source.model) & (pl.col("horizon_bars") == source.horizon_bars)
    own = frame.filter(is_it)
    if own.is_empty():
        return None
    row = own.row(0, named=True)
    return f"{percent(row['coverage_90_after'])} (n_eff {row['n_eff']})"


def _sized(count: int | None, name: str) -> str:
    return f"{name}s {NOT_RECORDED}" if count is None else counted(count, name)


def missing_lights(source: Source) -> list[str]:
    """Questions that no light answers."""
    answered = {light.name for light in source.summary.verdict.lights}
    return [name for name in LIGHTS if name not in answered]


def _text(value: Any) -> str | None:  # noqa: ANN401 - any fact of a card
    return None if value is None else str(value)
