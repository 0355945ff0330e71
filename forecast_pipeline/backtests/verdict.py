"""The verdict: six lights, one sentence each, and the strongest reason not to believe the result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests.lights import (
    AMBER,
    GREEN,
    MIN_EFFECTIVE_ROWS,
    RED,
    calibration_light,
    cost_light,
    is_number,
    is_proven,
    is_worse,
    leak_light,
    overfitting_light,
    power_light,
    skill_light,
)
from forecast_pipeline.backtests.wording import bars, percent, spread_shares

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.backtests.gather import CalibrationEvidence
    from forecast_pipeline.backtests.lights import LeakRecord, Light, Row

# Above these, at our horizons, a leak is likelier than a discovery (correctness.md §10).
IMPLAUSIBLE_R2, IMPLAUSIBLE_HIT_RATE = 0.01, 0.53


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a reader should take away.

    Attributes:
        conclusion: One sentence, the title of the report.
        lights: Leak suite, skill, calibration, overfitting, cost robustness, power.
        doubt: The single strongest reason not to believe the result.
        headline_model: The model the lights speak about: the best that is not a baseline.
        headline_horizon_bars: The horizon at which it does best.
        cost_hurdle: What a forecast must achieve to pay its costs at the traded horizon.
    """

    conclusion: str
    lights: tuple[Light, ...]
    doubt: str
    headline_model: str
    headline_horizon_bars: int
    cost_hurdle: Mapping[str, float]

    def light(self, name: str) -> Light:
        """The light called ``name``."""
        return next(light for light in self.lights if light.name == name)


def judge(
    scores: pl.DataFrame,
    folds: pl.DataFrame,
    economics: pl.DataFrame,
    cost_hurdle: Mapping[str, float],
    *,
    needed: Mapping[int, float],
    calibration: CalibrationEvidence,
    overfitting: Mapping[str, Any],
    leaks: LeakRecord,
) -> Verdict:
    """Turn the tables into the verdict.

    Args:
        scores: Of `tables.scores_and_comparisons`.
        folds: Of `tables.fold_scores`.
        economics: Account figures, a row per model.
        cost_hurdle: What a forecast must achieve to pay its costs at the traded horizon.
        needed: Information coefficient that pays the costs, by horizon.
        calibration: Intervals of the headline model before and after the calibration layer.
        overfitting: Statistics of `overfitting.overfitting_evidence`.
        leaks: What is known about leaks.
    """
    headline = headline_row(scores)
    model, horizon_bars = str(headline["model"]), int(headline["horizon_bars"])
    account = economics.row(by_predicate=pl.col("model") == model, named=True)
    at_traded = (pl.col("model") == model) & (pl.col("horizon_bars") == account["horizon_bars"])
    traded_scores = scores.row(by_predicate=at_traded, named=True)
    n_tested = scores.filter(~pl.col("is_baseline")).height
    skill = skill_light(headline, ic_needed=needed.get(horizon_bars, math.nan), n_tested=n_tested)
    lights = (
        leak_light(leaks),
        skill,
        calibration_light(headline, calibration),
        overfitting_light(overfitting),
        cost_light(account),
        power_light(traded_scores, cost_hurdle),
    )
    skills = folds.filter((pl.col("model") == model) & (pl.col("horizon_bars") == horizon_bars))
    return Verdict(
        conclusion=_conclusion(headline, skill),
        lights=lights,
        doubt=_doubt(headline, skills["crps_skill"].to_list(), account, {x.name: x.colour for x in lights}),
        headline_model=model,
        headline_horizon_bars=horizon_bars,
        cost_hurdle=dict(cost_hurdle),
    )


def headline_row(scores: pl.DataFrame) -> Row:
    """The row with the strongest claim to skill: significant ones first, then by CRPS skill.

    A baseline only when there is nothing else. Choosing the best after the fact flatters
    it, which is why its p-value is adjusted for all that were looked at.
    """
    contenders = scores.filter(~pl.col("is_baseline"))
    pool = contenders if contenders.height else scores
    ranked = pool.with_columns(
        is_proven=pl.Series([is_proven(row) for row in pool.iter_rows(named=True)], dtype=pl.Boolean),
        claim=pl.col("crps_skill").fill_nan(None),
    )
    by = ["is_proven", "claim", "crps_bps", "model", "horizon_bars"]
    order = ranked.sort(by, descending=[True, True, False, False, False], nulls_last=True)
    return order.row(0, named=True)


def _conclusion(headline: Row, skill: Light) -> str:
    if headline["is_baseline"] or headline["baseline"] is None:
        return "Skill cannot be judged from this file"
    if skill.colour == GREEN:
        where = bars(headline["horizon_bars"])
        return f"{headline['model']} beats the best baseline, {headline['baseline']}, at {where}"
    return "No model is shown to beat the best baseline"


def _doubt(headline: Row, fold_skills: list[float], account: Row, colours: Mapping[str, str]) -> str:
    """First reason that applies, the gravest first."""
    n_folds, n_good = len(fold_skills), sum(value > 0.0 for value in fold_skills)
    hit_rate_low = headline["hit_rate_low"]
    is_too_good = (is_number(headline["r2"]) and headline["r2"] > IMPLAUSIBLE_R2) or (
        is_number(hit_rate_low) and hit_rate_low > IMPLAUSIBLE_HIT_RATE
    )
    too_good = (
        f"It is too good: R² {percent(headline['r2'])} and hit rate {percent(headline['hit_rate'])} "
        "are more often a leak, a bid-ask bounce or a stale quote than a discovery."
    )
    measured, profiled = account["measured_spread_fraction"], account["profiled_spread_fraction"]
    reasons = (
        (
            colours["Leak suite"] == RED,
            "The leak suite found values that change with the future; no score above counts.",
        ),
        (
            colours["Skill"] == GREEN and is_too_good,
            too_good,
        ),
        (
            headline["n_eff"] < MIN_EFFECTIVE_ROWS,
            f"There are only {headline['n_eff']} independent outcomes: any score here could be chance.",
        ),
        (headline["n_folds"] < 2, "There is one fold: nothing shows that the result holds in another period."),  # noqa: PLR2004
        (colours["Leak suite"] == AMBER, "The leak suite is incomplete: a leak would look exactly like skill."),
        (
            colours["Skill"] == GREEN and colours["Overfitting"] == RED,
            "The best of the trials does not stay the best elsewhere: trying often may explain it.",
        ),
        (
            colours["Skill"] == GREEN and n_good <= n_folds / 2.0,
            f"Skill is positive in only {n_good} of {n_folds} folds: one period may carry the result.",
        ),
        (
            is_worse(headline),
            "It is a result about these fits, not about the market: stronger regularisation may undo the loss.",
        ),
        (
            colours["Skill"] != GREEN,
            "An absence of evidence: another horizon, more history or other features could still hold skill.",
        ),
        (colours["Calibration"] == RED, "The stated probabilities are wrong, so the score may reward a lucky width."),
        (
            measured < 1.0,
            f"The spread is {spread_shares(measured, profiled)}: the net result rests on what was not measured.",
        ),
    )
    default = "It is one pair from one source over one stretch of history; the next regime may differ."
    return next((text for applies, text in reasons if applies), default)
