"""Section 8: how much of the best result is the reward of having tried often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.backtests.page import overfitting_plots
from forecast_pipeline.backtests.page.blocks import NOT_MODELLED, Facts, Missing
from forecast_pipeline.backtests.page.cells import Column, fixed, plain, share, table, word
from forecast_pipeline.backtests.page.drawing import figure
from forecast_pipeline.backtests.wording import counted, number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.backtests.page.blocks import Block
    from forecast_pipeline.backtests.page.cells import Row
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_FACTS = (
    ("Probability of backtest overfitting", "pbo"),
    ("Blocks of the days", "n_blocks"),
    ("Ways to halve the blocks", "n_splits"),
    ("Trials compared in it", "n_pbo_trials"),
    ("Days compared in it", "n_pbo_days"),
    ("Trials", "n_trials"),
    ("Effective trials", "n_effective_trials"),
    ("Penalties tried inside the folds", "n_penalties_tried"),
    ("Sharpe ratio a day", "sharpe_per_day"),
    ("Probabilistic Sharpe ratio", "psr"),
    ("Sharpe a day expected of the best of so many", "expected_max_sharpe"),
    ("Deflated Sharpe ratio", "dsr"),
    ("Deflated Sharpe ratio if every penalty were a trial", "dsr_at_penalties"),
    ("Shortest convincing record, days", "min_track_record_days"),
    ("Days", "n_days"),
    ("Ledger of trials complete", "is_ledger_complete"),
)
# Left out where the number of penalties is not recorded.
_IF_KNOWN = {"n_penalties_tried", "dsr_at_penalties"}
_HASH = 12


def context(source: Source) -> Context:
    """PBO, deflated Sharpe ratio, recombined paths and every trial."""
    found, statistics = source.evidence, source.evidence.overfitting
    n_trials = statistics.get("n_trials")
    n_splits = None if found.pbo_logits is None else found.pbo_logits.height
    known = {**statistics, "n_splits": n_splits}
    if not known.get("n_penalties_tried"):  # none were recorded: without any, nothing could have been fitted
        known = {key: value for key, value in known.items() if key not in _IF_KNOWN}
    facts = Facts([(name, _value(key, known.get(key))) for name, key in _FACTS if key in known or key not in _IF_KNOWN])
    return {
        "facts": facts if statistics else Missing("Probability of backtest overfitting and deflated Sharpe ratio"),
        "logits": figure(
            "pbo_logits",
            found.pbo_logits,
            overfitting_plots.pbo_logits,
            "Out-of-sample rank of the in-sample best",
            f"In {percent(statistics.get('pbo'))} of the splits the in-sample best was not above the median out of "
            f"sample ({counted(n_splits or 0, 'split')}, {_sized(statistics, 'n_pbo_trials', 'trial')}, "
            f"{_sized(statistics, 'n_pbo_days', 'day')}).",
        ),
        "deflation": figure(
            "dsr_by_trials",
            found.dsr_by_trials,
            lambda axes, frame: overfitting_plots.dsr_by_trials(axes, frame, n_trials),
            "Deflated Sharpe ratio against the number of trials",
            f"With {_sized(statistics, 'n_trials', 'trial')} the deflated Sharpe ratio is "
            f"{number(statistics.get('dsr'), 3)} ({_sized(statistics, 'n_days', 'day')}); 0.95 (dashed) is asked for.",
        ),
        "paths": figure(
            "paths",
            found.paths,
            overfitting_plots.paths,
            "Recombined paths of combinatorial folds",
            _path_caption(source),
        ),
        "trials": _trials(source),
        "missing": [
            Missing("Stability of the parameters from fold to fold"),
            Missing("Search landscape and Pareto front", f"{NOT_MODELLED}: {_search(source)}"),
        ],
    }


def _search(source: Source) -> str:
    tried = source.evidence.overfitting.get("n_penalties_tried") or source.facts.get("n_penalties_tried")
    in_all = f"{tried} tried in all" if tried else "their number is not recorded"
    return f"penalties are chosen inside each fold on validation rows ({in_all}); no search over settings ran"


def _sized(statistics: Mapping[str, Any], key: str, name: str) -> str:
    count = statistics.get(key)
    return f"an unrecorded number of {name}s" if count is None else counted(count, name)


def _path_caption(source: Source) -> str:
    frame = source.evidence.paths
    if frame is None or frame.is_empty():
        return ""
    ends = [
        float(path["cumulative_loss_difference_bps"][-1]) for path in frame.partition_by("path", maintain_order=True)
    ]
    good, n_days = sum(end > 0.0 for end in ends), frame["day_utc"].n_unique()
    return (
        "A ridge, fitted anew in 45 combinatorial folds, ends ahead of a mean of zero with the same deviation on "
        f"{good} of {counted(len(ends), 'recombined path')} of the longest horizon ({counted(n_days, 'day')}). They "
        "share rows and are no independent draws."
    )


def _trials(source: Source) -> Block:
    frame = source.evidence.trials
    if frame is None or frame.is_empty():
        return Missing("Ledger of trials")
    complete = source.evidence.overfitting.get("is_ledger_complete")
    state = "complete" if complete else "incomplete" if complete is not None else "of unknown completeness"
    whole = "The one trial" if frame.height == 1 else f"All {frame.height} trials"
    caption = f"{whole} of the ledger, which is {state}; the best is never shown alone."
    columns = (
        word("trial", "trial"),
        word("model", "model"),
        Column("parameters", ("parameters_sha256",), lambda r: str(r["parameters_sha256"] or "")[:_HASH]),
        word("days", "n_days"),
        share("CRPS skill", "crps_skill", 2),
        fixed("Sharpe a day", "sharpe_per_day", 4),
        word("of this run", "is_this_run"),
    )

    def is_front(row: Row) -> bool:
        return bool(row["is_this_run"])

    return table(frame, caption, columns, (), is_front)


def _value(key: str, value: object) -> str | None:
    if value is None:
        return None
    if key == "pbo" and isinstance(value, float):
        return percent(value)
    digits = {"sharpe_per_day": 4, "expected_max_sharpe": 4, "min_track_record_days": 0}.get(key, 3)
    return number(value, digits) if isinstance(value, float) else plain(value)
