"""The lights of the verdict: one question each, a colour, and the sentence that answers it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests.wording import bars, p_equation, percent, spread_shares
from forecast_pipeline.scores.calibration import coverage_band
from forecast_pipeline.scores.power import smallest_ic_of_dm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.backtests.gather import CalibrationEvidence

GREEN, AMBER, RED = "green", "amber", "red"
SIGNIFICANCE = 0.05
MIN_EFFECTIVE_ROWS = 30
IDENTICAL = "identical"
"""What is recorded of a family whose artefacts do not change with the rows after their cut-off."""
_NOMINAL, _TOLERANCE, _BLOCK_TOLERANCE = 0.9, 0.02, 0.05  # 88 to 92 % overall, 85 to 95 % in a block of the week
_LEAST_BLOCK = 100
_LOW_PBO, _HIGH_PBO, _CONVINCING_DSR = 0.2, 0.5, 0.95
_NO_PBO = "too few trials or days for a probability of overfitting"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Light:
    """One question, its colour and the sentence that answers it."""

    name: str
    colour: str
    sentence: str


def skill_light(headline: Row, *, ic_needed: float, n_tested: int) -> Light:
    """Is anything better than the best baseline?

    "No skill found" and "could not have found it" are different sentences: which one it is depends on whether
    this very test, Diebold and Mariano's at Holm's strictest level, finds a forecast of direction that just pays
    its costs at this horizon with 80 % power.

    Args:
        headline: Score row of the strongest candidate.
        ic_needed: Information coefficient that pays the costs at its horizon.
        n_tested: Models and horizons that the test is corrected for.
    """
    where = f"{headline['model']} at {bars(headline['horizon_bars'])}"
    if headline["is_baseline"]:
        return Light("Skill", RED, "Not assessed: the file holds no model besides baselines.")
    if headline["baseline"] is None:
        return Light("Skill", RED, "Not assessed: the file holds no baseline to compare with.")
    skill, p_value, n_eff = headline["crps_skill"], headline["dm_p_adjusted"], headline["n_eff"]
    if not is_number(skill):
        return Light("Skill", RED, f"Not assessed: the CRPS skill of {where} is undefined on these rows.")
    against = f"{where} has a CRPS skill of {percent(skill, 2)} against {headline['baseline']}"
    detectable = smallest_ic_of_dm(n_eff, size=SIGNIFICANCE / max(n_tested, 1))
    could_have_found = is_number(ic_needed) and detectable <= min(ic_needed, 1.0)
    evidence = f"Holm-adjusted Diebold-Mariano p {p_equation(p_value)}, n_eff = {n_eff}"
    if is_proven(headline):
        return Light("Skill", GREEN, f"Skill found: {against} ({evidence}).")
    if is_worse(headline):
        verdict = "Worse than the best baseline beyond chance"
    elif could_have_found:
        verdict = "No skill found, although the data could have shown directional skill worth its costs"
    else:
        verdict = "No skill found, but the data could not have shown directional skill that just pays its costs"
    return Light("Skill", AMBER if skill > 0.0 else RED, f"{verdict}: {against} ({evidence}).")


def calibration_light(headline: Row, calibration: CalibrationEvidence) -> Light:
    """Can the uncertainty that is served be trusted: intervals after the calibration layer, and what it had to mend."""
    where = f"{headline['model']} at {bars(headline['horizon_bars'])}"
    is_it = (pl.col("model") == headline["model"]) & (pl.col("horizon_bars") == headline["horizon_bars"])
    row = calibration.table.row(by_predicate=is_it, named=True)
    covered, n_eff = row["coverage_90_after"], row["n_eff"]
    says = (
        f"the calibrated 90 % interval of {where} covers {percent(covered)} (as fitted "
        f"{percent(row['coverage_90_before'])}), n_eff = {n_eff}"
    )
    if n_eff < MIN_EFFECTIVE_ROWS:
        return Light("Calibration", AMBER, f"Too few independent rows to tell: {says}.")
    # With few rows chance alone moves the share further than any use of an interval asks for.
    low, high = coverage_band(_NOMINAL, n_eff)
    least, most = _NOMINAL - _TOLERANCE, _NOMINAL + _TOLERANCE
    low, high = min(low, least), max(high, most)
    if not low <= covered <= high:
        return Light(
            "Calibration", RED, f"Stated probabilities are off: {says}, outside {percent(low)} to {percent(high)}."
        )
    faults = [
        f"{text} is rejected (p {p_equation(p_value)})"
        for p_value, text in (
            (row["kupiec_p_after"], "Kupiec"),
            (calibration.christoffersen_p_value, "Christoffersen"),
        )
        if is_number(p_value) and p_value < SIGNIFICANCE
    ]
    if not least <= covered <= most:
        faults.append(f"with so few independent rows it cannot be told from {percent(_NOMINAL, 0)}")
    blocks = _blocks_off(calibration.hours)
    if blocks:
        faults.append(f"of the week {', '.join(blocks[:3])}" + f" and {len(blocks) - 3} more" * (len(blocks) > 3))  # noqa: PLR2004
    if not faults:
        judged = calibration.hours.filter(pl.col("n_eff") >= _LEAST_BLOCK).height
        seen = f"{judged} blocks of the week" if judged else f"no block of the week had {_LEAST_BLOCK} independent rows"
        return Light("Calibration", GREEN, f"Stated probabilities come true: {says}; looked at apart: {seen}.")
    colour = AMBER if len(faults) == 1 and len(blocks) <= 1 else RED
    return Light("Calibration", colour, f"True on average, but not throughout: {says}; {'; '.join(faults)}.")


def _blocks_off(hours: pl.DataFrame) -> list[str]:
    """Blocks of the week whose coverage is off by more than use allows and more than chance explains in any of them."""
    large = hours.filter(pl.col("n_eff") >= _LEAST_BLOCK)
    confidence = 1.0 - SIGNIFICANCE / max(large.height, 1)
    found = []
    for name, share, n_eff in large.select("block", "coverage_90", "n_eff").iter_rows():
        low, high = coverage_band(_NOMINAL, n_eff, confidence)
        if not min(low, _NOMINAL - _BLOCK_TOLERANCE) <= share <= max(high, _NOMINAL + _BLOCK_TOLERANCE):
            found.append(f"{name} covers {percent(share)}")
    return found


def overfitting_light(statistics: Mapping[str, Any]) -> Light:
    """Is the best result more than the reward of having tried often?"""
    if not statistics:
        return Light("Overfitting", RED, "Not computed: there is no ledger of trials.")
    n_trials = statistics["n_trials"]
    if not statistics["is_ledger_complete"]:
        return Light(
            "Overfitting",
            RED,
            f"The ledger of {n_trials} trials holds fewer than an earlier report counted: what it says is too good.",
        )
    pbo, dsr = statistics["pbo"], statistics["dsr"]
    chosen = f"a probability of backtest overfitting of {percent(pbo)}" if is_number(pbo) else _NO_PBO
    deflated = (
        f"a deflated Sharpe ratio of {dsr:.2f}" if is_number(dsr) else "no deflated Sharpe ratio, as nothing traded"
    )
    tried = "1 trial" if n_trials == 1 else f"{n_trials} trials"
    text = f"{tried} in the ledger, {chosen} and {deflated}"
    if is_number(pbo) and pbo > _HIGH_PBO:
        return Light("Overfitting", RED, f"The best of the trials is no better than chance elsewhere: {text}.")
    if is_number(pbo) and pbo < _LOW_PBO and is_number(dsr) and dsr > _CONVINCING_DSR:
        return Light("Overfitting", GREEN, f"More than the best of many tries: {text}.")
    return Light("Overfitting", AMBER, f"Not shown to be more than the best of many tries: {text}.")


def cost_light(account: Row) -> Light:
    """Does anything survive costs?"""
    where = f"{account['model']} at {bars(account['horizon_bars'])}"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakRecord:
    """What is known about leaks: counts on the data, planted ones, artefacts refitted without their future.

    Attributes:
        suite: Counts of the suite on the data behind the forecasts; None if not recorded.
        planted: ``mutant group description killed_by is_killed``; None if not recorded.
        alarms: What the suite found on the honest pipeline.
        invariance: ``identical`` or what differs, by family.
    """

    suite: Mapping[str, Any] | None = None
    planted: pl.DataFrame | None = None
    alarms: tuple[str, ...] = ()
    invariance: Mapping[str, Any] = field(default_factory=dict)


def leak_light(leaks: LeakRecord) -> Light:
    """Would any input or artefact have changed if the future had changed, and would the suite have noticed?"""
    leak_suite = leaks.suite
    if not leak_suite or not leak_suite.get("n_cuts"):
        return Light("Leak suite", AMBER, "Not recorded: no leak test ran on the data behind these forecasts.")
    n_cuts, n_findings = leak_suite["n_cuts"], leak_suite.get("n_findings")
    if n_findings is None:
        return Light("Leak suite", AMBER, f"{n_cuts} cuts were tried but their findings were not recorded.")
    changed = sorted(name for name, state in leaks.invariance.items() if state != IDENTICAL)
    alive = [] if leaks.planted is None else leaks.planted.filter(~pl.col("is_killed"))["mutant"].to_list()
    failed = [
        text
        for is_failed, text in (
            (n_findings, f"{n_findings} values changed with the future over {n_cuts} cuts"),
            (changed, f"artefacts of {', '.join(changed)} change with rows after their cut-off"),
            (leaks.alarms, f"the suite alarms on the honest pipeline ({'; '.join(leaks.alarms[:2])})"),
            (alive, f"{len(alive)} planted leaks are not caught: {', '.join(map(str, alive[:5]))}"),
        )
        if is_failed
    ]
    if failed:
        return Light("Leak suite", RED, f"Failed: {'; '.join(failed)}.")
    n_planted, n_artefacts = 0 if leaks.planted is None else leaks.planted.height, len(leaks.invariance)
    clean = f"No value changed with the future at {n_cuts} cuts"
    skipped = [
        text
        for is_missing, text in (
            (leak_suite.get("n_skipped"), f"{leak_suite.get('n_skipped')} tests were skipped"),
            (not n_planted, "no mutation score is recorded"),
            (not n_artefacts, "no artefact was refitted without its future"),
        )
        if is_missing
    ]
    if skipped:
        return Light("Leak suite", AMBER, f"{clean}, but {' and '.join(skipped)}.")
    unchanged = f"{n_artefacts} kinds of artefacts stay identical without their future"
    caught = f"all {n_planted} planted leaks are caught (mutation score 100 %)"
    return Light("Leak suite", GREEN, f"{clean}, {unchanged}, and {caught}.")


def power_light(traded: Row, hurdle: Mapping[str, float]) -> Light:
    """Could skill worth having have been seen at all?"""
    detectable, needed = traded["detectable_ic"], hurdle["information_coefficient"]
    where = bars(traded["horizon_bars"])
    if not is_number(detectable):
        reason = f"there are only {traded['n_eff']} independent rows at {where}"
        return Light("Power", RED, f"Not computed: {reason}.")
    if not is_number(needed):
        return Light(
            "Power", RED, f"Not computed: no decision at {where} could be filled, or its outcomes do not vary."
        )
    text = (
        f"at {where} a test of the information coefficient finds {detectable:.3f} "
        f"(n_eff = {traded['n_eff']}, 80 % power), and paying {hurdle['round_trip_pips']:.2f} pips needs {needed:.3f}"
    )
    if needed > 1.0:
        return Light("Power", AMBER, f"No directional forecast can pay at this horizon: {text}.")
    if detectable <= needed:
        return Light("Power", GREEN, f"Enough data: {text}.")
    return Light("Power", AMBER, f"Too little data to see skill that would just pay: {text}.")


def is_proven(row: Row) -> bool:
    """Whether a score row shows skill against the best baseline beyond chance."""
    return bool(
        is_number(row["crps_skill"])
        and row["crps_skill"] > 0.0
        and is_number(row["dm_p_adjusted"])
        and row["dm_p_adjusted"] < SIGNIFICANCE
        and row["n_eff"] >= MIN_EFFECTIVE_ROWS
    )


def is_worse(row: Row) -> bool:
    """Whether even the strongest claim is a significant loss to the best baseline."""
    p_value = row["dm_p_adjusted"]
    return bool(
        is_number(row["crps_skill"])
        and row["crps_skill"] < 0.0
        and is_number(p_value)
        and p_value < SIGNIFICANCE
        and row["n_eff"] >= MIN_EFFECTIVE_ROWS
    )


def is_number(value: float | None) -> bool:
    """Whether a figure is defined."""
    return value is not None and math.isfinite(value)
