"""Section 12: would any input have changed if the future had changed, and would the suite have noticed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests.page import data_plots, overfitting_plots
from forecast_pipeline.backtests.page.blocks import Facts, Missing, Sentence
from forecast_pipeline.backtests.page.cells import plain, table, word
from forecast_pipeline.backtests.page.drawing import figure
from forecast_pipeline.backtests.wording import bars, number, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.backtests.page.blocks import Block
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_ENOUGH = 0.8  # the usual level of power


def context(source: Source) -> Context:
    """What was tried, the planted leaks that were caught, and the power to find a real edge."""
    found = source.evidence
    needed = _needed(source)
    suite = source.facts.get("leak_suite")
    return {
        "sentence": Sentence(source.summary.verdict.light("Leak suite").sentence),
        "facts": _facts(suite) if suite else Missing("Details of the leak suite"),
        "matrix": figure(
            "kill_matrix",
            found.leaks,
            data_plots.kill_matrix,
            "Planted leaks and the tests that caught them",
            _kill_caption(found.leaks),
            height=1.5 + 0.17 * (0 if found.leaks is None else found.leaks.height),
        ),
        "mutants": _mutant_table(found.leaks),
        "invariance": _facts(found.fold_invariance)
        if found.fold_invariance
        else Missing("Artefacts of each fold when the rows after its cut-off are replaced by garbage"),
        "power": figure(
            "power",
            found.power,
            lambda axes, frame: overfitting_plots.power(axes, frame, needed),
            "Power to find planted skill",
            _power_caption(found.power, needed, bars(source.horizon_bars)),
        ),
    }


def _needed(source: Source) -> float | None:
    """Information coefficient that pays the costs at the headline horizon, which the power is of; None if unknown."""
    hurdle = source.evidence.trading.hurdle
    if hurdle is None:
        return None
    own = hurdle.filter(pl.col("horizon_bars") == source.horizon_bars)["ic_needed"].cast(pl.Float64).to_list()
    return own[0] if own and own[0] is not None and math.isfinite(own[0]) else None


def _kill_caption(leaks: pl.DataFrame | None) -> str:
    if leaks is None or leaks.is_empty():
        return ""
    killed = int(leaks["is_killed"].sum())
    score = f"Mutation score {share(killed / leaks.height, 0)}: {killed} of {leaks.height} planted leaks are caught"
    alive = leaks.filter(~pl.col("is_killed"))["mutant"].to_list()
    return f"{score}; {', '.join(map(str, alive[:5]))} survived." if alive else f"{score}."


def _mutant_table(leaks: pl.DataFrame | None) -> Block:
    if leaks is None or leaks.is_empty():
        return Missing("Every planted leak")
    columns = (
        word("leak", "mutant"),
        word("group", "group"),
        word("what is planted", "description"),
        word("caught by", "killed_by"),
        word("caught", "is_killed"),
    )
    return table(leaks, _kill_caption(leaks), columns)


def _power_caption(power: pl.DataFrame | None, needed: float | None, where: str) -> str:
    if power is None or power.is_empty():
        return ""
    size = f"{where}, n_eff {int(power['n_eff'].max())}"  # type: ignore[arg-type]
    text = f"With 80 % power ({size}) {_found(power, 'power')} by a single two-sided test of it at the 5 % level"
    if "power_of_dm" in power.columns:
        text += (
            f", and {_found(power, 'power_of_dm')} by the Diebold-Mariano test of CRPS that the light of skill uses, "
            "at the strictest level of its correction"
        )
    return f"{text}; paying the costs at {where} needs {number(needed, 3)}." if needed is not None else f"{text}."


def _found(power: pl.DataFrame, name: str) -> str:
    """The smallest information coefficient that a test finds."""
    enough = power.filter(pl.col(name) >= _ENOUGH).sort("ic")
    if enough.is_empty():
        return "no information coefficient tried is found"
    return f"an information coefficient of {number(float(enough['ic'][0]), 3)} is found"


def _facts(values: Mapping[str, object]) -> Facts:
    return Facts(
        [
            (
                name.removeprefix("n_").replace("_", " "),
                ", ".join(map(str, value))
                if isinstance(value, list | tuple)
                else json.dumps(value, sort_keys=True)
                if isinstance(value, dict)
                else plain(value),
            )
            for name, value in sorted(values.items())
        ]
    )
