"""Section 8: how much of the best result is the reward of having tried often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.backtests.page import overfitting_plots
from forecast_pipeline.backtests.page.blocks import Facts, Missing
from forecast_pipeline.backtests.page.cells import Column, fixed, plain, share, table, word
from forecast_pipeline.backtests.page.drawing import figure
from forecast_pipeline.backtests.wording import number, percent

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.blocks import Block
    from forecast_pipeline.backtests.page.cells import Row
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_FACTS = (
    ("Probability of backtest overfitting", "pbo"),
    ("Blocks of the split", "n_blocks"),
    ("Trials compared in it", "n_pbo_trials"),
    ("Days compared in it", "n_pbo_days"),
    ("Trials", "n_trials"),
    ("Effective trials", "n_effective_trials"),
    ("Sharpe ratio a day", "sharpe_per_day"),
    ("Probabilistic Sharpe ratio", "psr"),
    ("Sharpe a day expected of the best of so many", "expected_max_sharpe"),
    ("Deflated Sharpe ratio", "dsr"),
    ("Shortest convincing record, days", "min_track_record_days"),
    ("Days", "n_days"),
    ("Ledger of trials complete", "is_ledger_complete"),
)
_HASH = 12


def context(source: Source) -> Context:
    """PBO, deflated Sharpe ratio, recombined paths and every trial."""
    found, statistics = source.evidence, source.evidence.overfitting
    n_trials = statistics.get("n_trials", source.facts.get("n_trials"))
    facts = Facts([(name, _value(key, statistics.get(key))) for name, key in _FACTS])
    return {
        "facts": facts if statistics else Missing("Probability of backtest overfitting and deflated Sharpe ratio"),
        "logits": figure(
            "pbo_logits",
            found.pbo_logits,
            overfitting_plots.pbo_logits,
            "Out-of-sample rank of the in-sample best",
            f"In {percent(statistics.get('pbo'))} of the splits the in-sample best was not above the median out of "
            f"sample ({found.pbo_logits.height if found.pbo_logits is not None else 0} splits, "
            f"{statistics.get('n_pbo_days', 'an unrecorded number of')} days).",
        ),
        "deflation": figure(
            "dsr_by_trials",
            found.dsr_by_trials,
            lambda axes, frame: overfitting_plots.dsr_by_trials(axes, frame, n_trials),
            "Deflated Sharpe ratio against the number of trials",
            f"With {plain(n_trials)} trials the deflated Sharpe ratio is {number(statistics.get('dsr'), 3)}; 0.95 "
            "(dashed) is asked for.",
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
            Missing("Search landscape and Pareto front", "not modelled: no search ran behind these forecasts"),
        ],
    }


def _path_caption(source: Source) -> str:
    frame = source.evidence.paths
    if frame is None or frame.is_empty():
        return ""
    ends = [
        float(path["cumulative_loss_difference_bps"][-1]) for path in frame.partition_by("path", maintain_order=True)
    ]
    good = sum(end > 0.0 for end in ends)
    return (
        "A ridge, fitted anew in 45 combinatorial folds, ends ahead of a mean of zero with the same deviation on "
        f"{good} of {len(ends)} recombined paths of the longest horizon. They share rows and are no independent draws."
    )


def _trials(source: Source) -> Block:
    frame = source.evidence.trials
    if frame is None or frame.is_empty():
        return Missing("Ledger of trials")
    complete = source.evidence.overfitting.get("is_ledger_complete")
    state = "complete" if complete else "incomplete" if complete is not None else "of unknown completeness"
    caption = f"All {frame.height} trials of the ledger, which is {state}; the best is never shown alone."
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
