"""What the card of a walk-forward records besides its forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.backtests.fold_forecasts import decision_stride
from forecast_pipeline.core.hashing import sha256_of_value
from forecast_pipeline.models.artifact import library_versions
from forecast_pipeline.scores.significance import disjoint_rows
from forecast_pipeline.splits.build import outcome_column

if TYPE_CHECKING:
    from forecast_pipeline.backtests.parameters import BacktestParameters
    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.splits.build import Split


def run_facts(
    split: Split, symbol: str, timeframe: Timeframe, cards: list[Published], parameters: BacktestParameters
) -> dict[str, Any]:
    """Everything about a walk-forward but its forecasts: settings, folds, versions, upstream hashes.

    Args:
        split: Matrix and folds.
        symbol: Normalised symbol.
        timeframe: Base timeframe.
        cards: Artifacts whose families were walked forward.
        parameters: Settings of the stage.
    """
    card = split.stored.card
    return {
        "stage": "backtests",
        "symbol": symbol,
        "timeframe": timeframe.value,
        "horizons_bars": list(split.horizons),
        "n_samples": parameters.n_samples,
        "decision_stride_bars": decision_stride(split, parameters.max_decisions_per_fold),
        "costs": parameters.costs.model_dump(mode="json"),
        "trading": parameters.trading.model_dump(mode="json"),
        "regimes": {"detector": parameters.regime_detector} | parameters.regimes.model_dump(mode="json"),
        # What a trial is besides its family and that family's settings: features, folds and policy, but no data.
        "settings_sha256": sha256_of_value(
            [
                card["parameters"],
                card["indicator_tfs"],
                card["feature_parameters"],
                parameters.model_dump(mode="json"),
            ]
        ),
        "seeds": "SHA-256 of family, fold and purpose",
        "fold_plan": fold_plan_facts(split),
        "features": len(split.feature_columns),
        "n_penalties_tried": sum(
            int(c.card["parameters"].get("n_penalties", 1)) for c in cards if not c.card["is_baseline"]
        ),
        "model_parameters": {c.card["model_name"]: c.card["parameters"] for c in cards},
        "library_versions": library_versions(),
        "notes": card["notes"],
        "absent_features": card["absent_features"],
        "sources": card["sources"],
        "leak_suite": card["leak_suite"],
        "upstream": {f"splits/{timeframe}": split.stored.sha256} | {f"models/{c.name}": c.sha256 for c in cards},
    }


def fold_plan_facts(split: Split) -> list[dict[str, Any]]:
    """The walk-forward folds as the report shows them."""
    card, minutes = split.stored.card, split.timeframe.minutes
    return [
        {
            "fold": number,
            "mode": card["parameters"]["mode"],
            "train_start": fold["train_start_utc"].isoformat(),
            "train_end": fold["validation_stop_utc"].isoformat(),
            "validation_start": fold["validation_start_utc"].isoformat(),
            "test_start": fold["test_start_utc"].isoformat(),
            "test_end": fold["test_stop_utc"].isoformat(),
            "n_train": fold["train_stop"] - fold["train_start"],
            "n_validation": fold["validation_stop"] - fold["validation_start"],
            "n_test": fold["test_stop"] - fold["test_start"],
            "purge_bars": card["purge_minutes"] // minutes,
            "embargo_bars": card["embargo_minutes"] // minutes,
            **_rows_of_fold(split, fold),
        }
        for number in split.fold_numbers
        for fold in [split.fold(number)]
    ]


def _rows_of_fold(split: Split, fold: dict[str, Any]) -> dict[str, Any]:
    """Where the last test label ends, what the gap before the test rows holds, and how much independent evidence."""
    card, minutes = split.stored.card, split.timeframe.minutes
    tested = split.frame.select("close_ts_utc", "label_end_utc", outcome_column(split.horizons[-1]))
    tested = tested[fold["test_start"] : fold["test_stop"]]
    n_gap = int(fold["test_start"] - fold["validation_stop"])
    n_purged = min(n_gap, int(card["purge_minutes"] // minutes))
    known = tested.drop_nulls(outcome_column(split.horizons[-1]))
    start_us, end_us = (known[name].to_physical().to_numpy() for name in ("close_ts_utc", "label_end_utc"))
    return {
        "label_end": tested["label_end_utc"][-1].isoformat(),
        "dropped_by_purge": n_purged,
        "dropped_by_embargo": n_gap - n_purged,
        "dropped_nan": tested.height - known.height,
        "n_eff": int(disjoint_rows(start_us, end_us).size),
    }
