"""Section 11: what the models looked at, how much of it was there, and how far it drifted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests.page import data_plots
from forecast_pipeline.backtests.page.blocks import Facts, Missing, Sentence
from forecast_pipeline.backtests.page.cells import fixed, share, table, word
from forecast_pipeline.backtests.page.drawing import figure
from forecast_pipeline.backtests.wording import counted, number, percent

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.blocks import Block
    from forecast_pipeline.backtests.page.cells import Row
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_N_SHOWN = 20
_LARGE_DRIFT = 0.25  # the usual reading of a population stability index: above it the distribution has changed


def context(source: Source) -> Context:
    """Importance, missingness, warm-up and drift."""
    features, drift = source.evidence.features, source.evidence.drift
    weighed = None
    if features is not None:
        weighed = features.filter(pl.col("importance").fill_nan(None).is_not_null())
        weighed = weighed.sort("importance", "column", descending=[True, False]).head(_N_SHOWN)
    moved = None
    if drift is not None and drift.height:
        mean = drift.group_by("column").agg(pl.col("psi").mean().alias("mean_psi"))
        top = mean.sort("mean_psi", "column", descending=[True, False]).head(_N_SHOWN)
        moved = top.join(drift, on="column", how="left", maintain_order="left")
    return {
        "importance": figure(
            "importance",
            weighed,
            data_plots.importance,
            "Features by importance",
            _importance_caption(weighed),
            height=0.9 + 0.17 * (0 if weighed is None else weighed.height),
        ),
        "drift": figure(
            "drift",
            moved,
            data_plots.drift,
            "Drift between train and test",
            _drift_caption(drift),
            height=0.9 + 0.17 * (0 if moved is None else moved["column"].n_unique()),
        ),
        "stability": _stability(source),
        "features": _feature_table(source),
        "drift_table": _drift_table(drift),
        "absent": _absent(source),
    }


def _importance_caption(weighed: pl.DataFrame | None) -> str:
    if weighed is None or weighed.is_empty():
        return ""
    first = weighed.row(0, named=True)
    return f"{first['column']} ({first['timeframe']}) weighs most. Features that say the same share their weight."


def _stability(source: Source) -> Block:
    found = source.evidence.importance_stability
    if found is None or not math.isfinite(found):
        return Missing("Stability of the importances from fold to fold")
    return Sentence(
        f"From one fold to the next the ranks of the importances correlate by {number(found, 2)} on average; near zero "
        "the models weigh something else every time."
    )


def _drift_caption(drift: pl.DataFrame | None) -> str:
    if drift is None or drift.is_empty():
        return ""
    mean = drift.group_by("column").agg(pl.col("psi").mean())
    moved = mean.filter(pl.col("psi") > _LARGE_DRIFT).height
    return (
        f"{moved} of {mean.height} columns drift strongly from train to test (mean index above {_LARGE_DRIFT:g}, "
        f"{counted(drift['fold'].n_unique(), 'fold')}). "
        "Drift is no leak, and its absence no proof against one."
    )


def _feature_table(source: Source) -> Block:
    frame = source.evidence.features
    if frame is None or frame.is_empty():
        return Missing("Missingness, warm-up and importance of the features")
    worst = frame.sort("missing_fraction", "column", descending=[True, False], nulls_last=True).row(0, named=True)
    missing = percent(worst["missing_fraction"])
    caption = f"{counted(frame.height, 'feature')}; {worst['column']} is missing most often ({missing})."
    ordered = frame.sort("importance", "column", descending=[True, False], nulls_last=True).with_row_index("place")
    columns = (
        word("column", "column"),
        word("timeframe", "timeframe"),
        share("missing", "missing_fraction"),
        word("warm-up, bars", "warmup_bars"),
        fixed("importance", "importance", 5),
    )

    def is_front(row: Row) -> bool:
        return bool(row["place"] < _N_SHOWN)

    return table(ordered, caption, columns, (), is_front)


def _drift_table(drift: pl.DataFrame | None) -> Block:
    if drift is None or drift.is_empty():
        return Missing("Drift of the columns (KS and PSI)")
    worst = drift.group_by("column").agg(pl.col("ks_stat").max(), pl.col("psi").max(), pl.col("fold").n_unique())
    ordered = worst.sort("psi", "column", descending=[True, False]).with_row_index("place")
    first = ordered.row(0, named=True)
    caption = f"{first['column']} drifts most: population stability index {number(first['psi'], 3)} in its worst fold."
    columns = (
        word("column", "column"),
        word("folds", "fold"),
        fixed("largest KS distance", "ks_stat", 3),
        fixed("largest PSI", "psi", 3),
    )

    def is_front(row: Row) -> bool:
        return bool(row["place"] < _N_SHOWN)

    return table(ordered, caption, columns, (), is_front)


def _absent(source: Source) -> Block:
    absent = source.facts.get("absent_features")
    if absent is None:
        return Missing("Features that were left out")
    pairs: list[tuple[str, str | None]] = [(str(name), str(reason)) for name, reason in sorted(absent.items())]
    return Facts(pairs or [("Left out", "none")])
