"""The verdict: five lights, one sentence each, and the strongest reason not to believe the result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests.wording import p_equation, percent, spread_shares

if TYPE_CHECKING:
    from collections.abc import Mapping

GREEN, AMBER, RED = "green", "amber", "red"
SIGNIFICANCE = 0.05
MIN_EFFECTIVE_ROWS = 30
# Above these, at our horizons, a leak is likelier than a discovery (correctness.md §10).
IMPLAUSIBLE_R2, IMPLAUSIBLE_HIT_RATE = 0.01, 0.53
_TOLERANCE = 0.02  # of coverage: 88 to 92 % of a 90 % interval (report.md, verdict box)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Light:
    """One question, its colour and the sentence that answers it."""

    name: str
    colour: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a reader should take away.

    Attributes:
        conclusion: One sentence, the title of the report.
        lights: Skill, calibration, cost robustness, leak suite, power.
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
    leak_suite: Mapping[str, Any] | None,
) -> Verdict:
    """Turn the tables into the verdict.

    Args:
        scores: Of `tables.scores_and_comparisons`.
        folds: Of `tables.fold_scores`.
        economics: Of `economics.trade`.
        cost_hurdle: Of `economics.cost_hurdle`.
        leak_suite: Counts of the leak suite, ``None`` if it was not recorded.
    """
    headline = headline_row(scores)
    model, horizon_bars = str(headline["model"]), int(headline["horizon_bars"])
    account = economics.row(by_predicate=pl.col("model") == model, named=True)
    at_traded = (pl.col("model") == model) & (pl.col("horizon_bars") == account["horizon_bars"])
    traded_scores = scores.row(by_predicate=at_traded, named=True)
    power = power_light(traded_scores, cost_hurdle)
    skill = skill_light(headline, could_have_found=power.colour == GREEN)
    lights = (skill, calibration_light(headline), cost_light(account), leak_light(leak_suite), power)
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
    is_proven = [_is_proven(row) for row in pool.iter_rows(named=True)]
    ranked = pool.with_columns(
        is_proven=pl.Series(is_proven, dtype=pl.Boolean),
        claim=pl.col("crps_skill").fill_nan(None),
    )
    by = ["is_proven", "claim", "crps_bps", "model", "horizon_bars"]
    order = ranked.sort(by, descending=[True, True, False, False, False], nulls_last=True)
    return order.row(0, named=True)


def skill_light(headline: Row, *, could_have_found: bool) -> Light:
    """Is anything better than the best baseline?"""
    where = f"{headline['model']} at {_bars(headline['horizon_bars'])}"
    if headline["is_baseline"]:
        return Light("Skill", RED, "Not assessed: the file holds no model besides baselines.")
    if headline["baseline"] is None:
        return Light("Skill", RED, "Not assessed: the file holds no baseline to compare with.")
    skill, p_value, n_eff = headline["crps_skill"], headline["dm_p_adjusted"], headline["n_eff"]
    if not _is_number(skill):
        return Light("Skill", RED, f"Not assessed: the CRPS skill of {where} is undefined on these rows.")
    against = f"{where} has a CRPS skill of {percent(skill, 2)} against {headline['baseline']}"
    evidence = f"Holm-adjusted Diebold-Mariano p {p_equation(p_value)}, n_eff = {n_eff}"
    if _is_proven(headline):
        return Light("Skill", GREEN, f"Skill found: {against} ({evidence}).")
    if _is_worse(headline):
        verdict = "Worse than the best baseline beyond chance"
    elif could_have_found:
        verdict = "No skill found, although the data could have shown directional skill worth its costs"
    else:
        verdict = "No skill found, but the data could not have shown directional skill that just pays its costs"
    return Light("Skill", AMBER if skill > 0.0 else RED, f"{verdict}: {against} ({evidence}).")


def calibration_light(headline: Row) -> Light:
    """Can the stated uncertainty be trusted?"""
    where = f"{headline['model']} at {_bars(headline['horizon_bars'])}"
    faults = []
    for nominal in (90, 80, 50):
        found = headline[f"coverage_{nominal}"]
        low, high = headline[f"coverage_{nominal}_low"], headline[f"coverage_{nominal}_high"]
        # With many rows the binomial range is narrower than any use of an interval asks for.
        low, high = min(low, nominal / 100.0 - _TOLERANCE), max(high, nominal / 100.0 + _TOLERANCE)
        if not low <= found <= high:
            faults.append(
                f"the {nominal} % interval covers {percent(found)} (expected {percent(low)} to {percent(high)})"
            )
    for name, text in (("kupiec_p_value", "Kupiec"), ("pit_p_value", "PIT uniformity")):
        if _is_number(headline[name]) and headline[name] < SIGNIFICANCE:
            faults.append(f"{text} is rejected (p {p_equation(headline[name])})")
    covers = f"the 90 % interval of {where} covers {percent(headline['coverage_90'])}, n_eff = {headline['n_eff']}"
    if headline["n_eff"] < MIN_EFFECTIVE_ROWS:
        return Light("Calibration", AMBER, f"Too few independent rows to tell: {covers}.")
    if not faults:
        return Light("Calibration", GREEN, f"Stated probabilities come true: {covers}.")
    colour = AMBER if len(faults) == 1 else RED
    return Light("Calibration", colour, f"Stated probabilities of {where} are off: {'; '.join(faults)}.")


def cost_light(account: Row) -> Light:
    """Does anything survive costs?"""
    where = f"{account['model']} at {_bars(account['horizon_bars'])}"
    if not account["n_round_trips"]:
        sentence = f"Nothing to test: {where} made no trade, no predicted move exceeded its round-trip cost."
        return Light("Cost robustness", RED, sentence)
    paid, even = account["paid_pips"], account["break_even_pips"]
    text = f"{where} pays {paid:.2f} pips a round trip and breaks even at {even:.2f} pips"
    measured, profiled = account["measured_spread_fraction"], account["profiled_spread_fraction"]
    if measured < 1.0:
        text += f"; its spread is {spread_shares(measured, profiled)}"
    if not account["net"] > 0.0:
        return Light("Cost robustness", RED, f"Costs are not covered: {text}.")
    is_robust = account["net_at_double_cost"] > 0.0 and account["net_delayed"] > 0.0
    if is_robust and account["sharpe_low"] > 0.0:
        return Light("Cost robustness", GREEN, f"Survives doubled costs and a fill one bar late: {text}.")
    return Light("Cost robustness", AMBER, f"Positive at these costs only, or not distinguishable from zero: {text}.")


def leak_light(leak_suite: Mapping[str, Any] | None) -> Light:
    """Would any input have changed if the future had changed?"""
    if not leak_suite or not leak_suite.get("n_cuts"):
        return Light("Leak suite", AMBER, "Not recorded: no leak test ran on the data behind these forecasts.")
    n_cuts, n_findings = leak_suite["n_cuts"], leak_suite.get("n_findings")
    if n_findings is None:
        return Light("Leak suite", AMBER, f"{n_cuts} cuts were tried but their findings were not recorded.")
    if n_findings:
        return Light("Leak suite", RED, f"{n_findings} values changed with the future over {n_cuts} cuts.")
    if leak_suite.get("n_skipped"):
        skipped = leak_suite["n_skipped"]
        return Light("Leak suite", AMBER, f"No leak at {n_cuts} cuts, but {skipped} tests were skipped.")
    return Light("Leak suite", GREEN, f"No value changed with the future at {n_cuts} cuts.")


def power_light(traded: Row, hurdle: Mapping[str, float]) -> Light:
    """Could skill worth having have been seen at all?"""
    detectable, needed = traded["detectable_ic"], hurdle["information_coefficient"]
    if not (_is_number(detectable) and _is_number(needed)):
        return Light("Power", RED, "Not computed: the outcomes do not vary.")
    text = (
        f"at {_bars(traded['horizon_bars'])} the smallest detectable information coefficient is {detectable:.3f} "
        f"(n_eff = {traded['n_eff']}, 80 % power) and paying {hurdle['round_trip_pips']:.2f} pips needs {needed:.3f}"
    )
    if needed > 1.0:
        return Light("Power", AMBER, f"No directional forecast can pay at this horizon: {text}.")
    if detectable <= needed:
        return Light("Power", GREEN, f"Enough data: {text}.")
    return Light("Power", AMBER, f"Too little data to see skill that would just pay: {text}.")


def _conclusion(headline: Row, skill: Light) -> str:
    if headline["is_baseline"] or headline["baseline"] is None:
        return "Skill cannot be judged from this file"
    if skill.colour == GREEN:
        where = _bars(headline["horizon_bars"])
        return f"{headline['model']} beats the best baseline, {headline['baseline']}, at {where}"
    return "No model is shown to beat the best baseline"


def _doubt(headline: Row, fold_skills: list[float], account: Row, colours: Mapping[str, str]) -> str:
    """First reason that applies, the gravest first."""
    n_folds, n_good = len(fold_skills), sum(value > 0.0 for value in fold_skills)
    hit_rate_low = headline["hit_rate_low"]
    is_too_good = (_is_number(headline["r2"]) and headline["r2"] > IMPLAUSIBLE_R2) or (
        _is_number(hit_rate_low) and hit_rate_low > IMPLAUSIBLE_HIT_RATE
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
            colours["Skill"] == GREEN and n_good <= n_folds / 2.0,
            f"Skill is positive in only {n_good} of {n_folds} folds: one period may carry the result.",
        ),
        (
            _is_worse(headline),
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


def _is_proven(row: Row) -> bool:
    return bool(
        _is_number(row["crps_skill"])
        and row["crps_skill"] > 0.0
        and _is_number(row["dm_p_adjusted"])
        and row["dm_p_adjusted"] < SIGNIFICANCE
        and row["n_eff"] >= MIN_EFFECTIVE_ROWS
    )


def _is_worse(row: Row) -> bool:
    """Whether even the strongest claim is a significant loss to the best baseline."""
    p_value = row["dm_p_adjusted"]
    return bool(
        _is_number(row["crps_skill"])
        and row["crps_skill"] < 0.0
        and _is_number(p_value)
        and p_value < SIGNIFICANCE
        and row["n_eff"] >= MIN_EFFECTIVE_ROWS
    )


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _bars(horizon_bars: int) -> str:
    return "1 bar" if horizon_bars == 1 else f"{horizon_bars} bars"
