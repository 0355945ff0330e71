"""Artefact cut-off invariance on a published split: a fold refitted beside an invented future learns the same."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.lights import IDENTICAL
from forecast_pipeline.backtests.surroundings import CUTOFF_INVARIANCE
from forecast_pipeline.core.code_version import code_sha256
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.hashing import sha256_of_value
from forecast_pipeline.core.publication import Published, find, locked, publish
from forecast_pipeline.models.artifact import current_artifacts
from forecast_pipeline.models.registry import family_named
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.splits.build import Split, read_split
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.verification.fold_pipeline import hash_of
from forecast_pipeline.verification.garbage import FUTURES, relabelled
from forecast_pipeline.verification.native_futures import with_native_future

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.splits.arrays import FoldArrays
    from forecast_pipeline.splits.native import NativeSource

LOGGER = logging.getLogger(__name__)
STATISTICS = "published statistics"
"""Outcome that is about the split and not about a family."""
MAX_TRAIN_ROWS = 5000
MAX_VALIDATION_ROWS = 1500
MAX_TEST_ROWS = 1000
SMALLER = {
    "n_estimators": 16,
    "epochs": 1,
    "encoder_epochs": 1,
    "network_epochs": 1,
    "n_restarts": 1,
    "z_dim": 8,
    "hidden_channels": 16,
    "context_dim": 16,
    "denoiser_width": 32,
    "denoiser_blocks": 1,
    "sampling_steps": 4,
    "min_active_fraction": 0.0,
    "window_bars": 16,
    "hidden_width": 8,
    "s4_state_dim": 8,
    "residual_channels": 4,
    "residual_blocks": 1,
    "step_width": 16,
}
"""Settings that are lowered to these for the check, where a family has them: they cost time and read no further row."""
SEED = 20240310
_COLUMNS_AT_ONCE = 16
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class FoldInvariance:
    """What came of refitting one fold beside invented futures.

    Attributes:
        fold: Number of the fold.
        outcomes: ``identical`` or what differs, by family, and under `STATISTICS` for the split itself.
        notes: How the check was made smaller than the fold, by family; empty where it was not.
    """

    fold: int
    outcomes: dict[str, str]
    notes: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Fold:
    """One fold beside one future: its arrays, and hashes of what families share."""

    number: int
    arrays: FoldArrays
    learned: dict[str, str]

    @classmethod
    def of(cls, small: Split, number: int, frame: pl.DataFrame, native: NativeSource | None) -> _Fold:
        split = dataclasses.replace(_with_future(small, number, frame), native=native)
        shared = {
            "statistics": hash_of(dataclasses.asdict(split.standardiser(number))),
            "target scale": hash_of(dataclasses.asdict(split.target_scale(number))),
        }
        return cls(number, split.arrays(number), shared)


def fold_invariance(split: Split, families: Mapping[str, Configuration]) -> FoldInvariance:
    """Refit the newest walk-forward fold with every value after its cut-off replaced; nothing learned may change.

    Under the strict convention the price at the first test decision is replaced too, under the exact one only what
    comes after it; native panels are replaced from the first bar on that closes then. The statistics of the split are
    compared on all training rows; families are fitted to the newest `MAX_TRAIN_ROWS` of them, cold: what starts from
    the fold before in the walk-forward starts from nothing here, so that nothing but these rows can reach it.

    Args:
        split: A split with at least one walk-forward fold.
        families: Settings of each family that is asked.

    Raises:
        MissingData: If the split has no walk-forward fold.
        TrainingFailed: If a family cannot be fitted.
    """
    if not split.fold_numbers:
        raise MissingData("cut-off invariance needs a walk-forward fold", was="none", do="ingest more history")
    number = split.fold_numbers[-1]
    small = _newest_rows(split, number)
    first = _first_garbage(small, number)
    clean = _Fold.of(small, number, small.frame, small.native)
    futures = {}
    for name, invent in FUTURES.items():
        native = with_native_future(small.native, name, small.frame, first, SEED)
        futures[name] = _Fold.of(small, number, invent(small.frame, first, SEED), native)
    told = " and ".join(f"a future that is {future}" for future in futures)
    outcomes, notes = {STATISTICS: _published_statistics(split, number)}, {}
    for name, settings in families.items():
        parameters, lowered = _lowered(settings)
        LOGGER.info("cut-off check of %s: refitted small to fold %d, beside what came and %s", name, number, told)
        learned = _artefact(clean, name, parameters)
        outcomes[name] = IDENTICAL
        for future, changed in futures.items():
            after = _artefact(changed, name, parameters)
            differing = [part for part, value in learned.items() if after[part] != value]
            if differing:
                outcomes[name] = f"{', '.join(differing)} changed when the future was replaced ({future})"
                break
        notes[name] = "; ".join([*lowered, *_cut_rows(split, small, number)])
    return FoldInvariance(number, outcomes, notes)


def trained_families(home: Home, symbol: str, timeframe: Timeframe, split: Split) -> dict[str, Configuration]:
    """Settings of every family that is trained on a split, by name, in registry order."""
    return {
        str(stored.card["model_name"]): family_named(stored.card["model_name"])
        .parameters_class()
        .parse(stored.card["parameters"])
        for stored in current_artifacts(home, symbol, timeframe)
        if stored.card["upstream"].get(f"splits/{timeframe}") == split.stored.sha256
    }


def ensure_cutoff_invariance(
    home: Home, symbol: str, timeframe: Timeframe, names: Sequence[str] | None = None
) -> Published:
    """Check families that were not checked yet with this split, these settings and this code, and publish.

    The card is ``<timeframe>.cutoff_invariance`` in ``home.verification(symbol)``; its ``fold_invariance`` maps
    each family to ``identical`` or to what differs, its ``notes`` say how the check was made smaller.

    Args:
        home: State folder.
        symbol: Normalised symbol.
        timeframe: Base timeframe.
        names: Families; all that are trained on the present split if None.

    Raises:
        MissingData: If there is no split, or a family was not trained on it.
    """
    split = read_split(home, symbol, timeframe)
    trained = trained_families(home, symbol, timeframe, split)
    lacking = [name for name in names or () if name not in trained]
    if lacking or not trained:
        raise MissingData(
            f"{symbol} {timeframe} must have {', '.join(lacking) or 'models'} trained on its present split",
            do="materialise models",
        )
    wanted = {name: trained[name] for name in names or trained}
    versions = {name: _version(split, settings) for name, settings in wanted.items()}
    present = _entries(home, symbol, timeframe)
    due = {
        name: settings for name, settings in wanted.items() if present.get(name, {}).get("version") != versions[name]
    }
    found = fold_invariance(split, due) if due else None
    folder, name = home.verification(symbol), card_name(timeframe)
    folder.mkdir(parents=True, exist_ok=True)
    # Families are trained in processes of their own: what another one has published meanwhile is kept.
    with locked(folder / f".{name}.merge.lock"):
        entries = {
            each: entry
            for each, entry in _entries(home, symbol, timeframe).items()
            if entry["split"] == split.stored.sha256
        }
        if found is not None:
            for each in (STATISTICS, *due):
                entries[each] = {
                    "outcome": found.outcomes[each],
                    "note": found.notes.get(each, ""),
                    "split": split.stored.sha256,
                    "version": versions.get(each, ""),
                }
        facts: dict[str, Any] = {
            "stage": "verification",
            "symbol": symbol,
            "timeframe": timeframe.value,
            "fold": split.fold_numbers[-1],
            "fold_invariance": {each: entry["outcome"] for each, entry in entries.items()},
            "notes": {each: entry["note"] for each, entry in entries.items() if entry["note"]},
            "entries": entries,
            "upstream": {f"splits/{timeframe}": split.stored.sha256},
        }
        return publish(folder, name, {}, facts)


def read_cutoff_invariance(home: Home, symbol: str, timeframe: Timeframe) -> dict[str, str] | None:
    """The recorded outcome by family; None if nothing was checked yet."""
    stored = find(home.verification(symbol), card_name(timeframe))
    return None if stored is None else dict(stored.card["fold_invariance"])


def card_name(timeframe: Timeframe) -> str:
    """Name of the card.

    Example:
        >>> from forecast_pipeline.core.timeframe import Timeframe
        >>> card_name(Timeframe.H1)
        '1h.cutoff_invariance'
    """
    return f"{timeframe}.{CUTOFF_INVARIANCE}"


def _entries(home: Home, symbol: str, timeframe: Timeframe) -> dict[str, Any]:
    stored = find(home.verification(symbol), card_name(timeframe))
    return {} if stored is None else dict(stored.card["entries"])


def _version(split: Split, settings: Configuration) -> str:
    return sha256_of_value([split.stored.sha256, settings.model_dump(mode="json"), code_sha256()])


def _lowered(settings: Configuration) -> tuple[Configuration, list[str]]:
    values = settings.model_dump()
    lower = {name: least for name, least in SMALLER.items() if name in values and (values[name] or 0) > least}
    return settings.model_copy(update=lower), [
        f"{name} {least} instead of {values[name]}" for name, least in lower.items()
    ]


def _first_garbage(split: Split, number: int) -> int:
    is_strict = split.stored.card["parameters"]["purge_convention"] == "strict"
    return int(split.fold(number)["test_start"]) + (not is_strict)


def _published_statistics(split: Split, number: int) -> str:
    """Whether the statistics that were published are those of training rows."""
    stored, fold, columns = split.standardiser(number), split.fold(number), split.feature_columns
    train = split.frame[int(fold["train_start"]) : int(fold["train_stop"])]
    for place in range(0, len(columns), _COLUMNS_AT_ONCE):
        part = slice(place, place + _COLUMNS_AT_ONCE)
        again = _fitted(train, columns[part], split)
        for name in ("mean", "std", "coverage_fraction", "is_kept"):
            found, due = getattr(stored, name)[part], getattr(again, name)
            if not np.allclose(found, due, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True):
                return f"{name} of {columns[place]} or a column after it is not that of the training rows"
    return IDENTICAL


def _fitted(train: pl.DataFrame, columns: tuple[str, ...], split: Split) -> Standardiser:
    values = train.select(pl.col(columns).cast(pl.Float64).fill_null(float("nan"))).to_numpy()
    return Standardiser.fit(values, columns, split.stored.card["parameters"]["min_feature_coverage"])


def _newest_rows(split: Split, number: int) -> Split:
    """The split cut down to the newest rows of one fold."""
    fold, frame = split.fold(number), split.frame
    validation_stop, test_start = int(fold["validation_stop"]), int(fold["test_start"])
    validation_start = max(int(fold["validation_start"]), validation_stop - MAX_VALIDATION_ROWS)
    train_stop = int(fold["train_stop"])
    if validation_start > fold["validation_start"]:  # training moves up behind it, as far as labels allow
        ends = frame["label_end_utc"][: validation_start + 1].to_physical().to_numpy()
        decided = int(frame["close_ts_utc"].to_physical()[validation_start])
        train_stop = max(train_stop, int(np.searchsorted(ends, decided)))
    train_start = max(int(fold["train_start"]), train_stop - MAX_TRAIN_ROWS)
    test_stop = min(int(fold["test_stop"]), test_start + MAX_TEST_ROWS)
    bounds = {
        "train_start": train_start,
        "train_stop": train_stop,
        "validation_start": validation_start,
        "validation_stop": validation_stop,
        "test_start": test_start,
        "test_stop": test_stop,
    }
    moved = [pl.lit(row - train_start, pl.Int64).alias(name) for name, row in bounds.items()]
    folds = split.folds.filter(pl.col("fold") == number).with_columns(moved)
    return dataclasses.replace(split, frame=frame[train_start:test_stop], folds=folds)


def _with_future(split: Split, number: int, frame: pl.DataFrame) -> Split:
    """The split with other rows, outcomes and statistics computed again from them."""
    frame = relabelled(frame, split.timeframe, split.horizons)
    fold, columns = split.fold(number), split.feature_columns
    fitted = _fitted(frame[int(fold["train_start"]) : int(fold["train_stop"])], columns, split)
    statistics = pl.DataFrame(
        {
            "fold": pl.Series([number] * len(columns), dtype=pl.Int32),
            "column": list(columns),
            "mean": fitted.mean,
            "std": fitted.std,
            "coverage_fraction": fitted.coverage_fraction,
            "is_kept": fitted.is_kept,
        }
    )
    return dataclasses.replace(split, frame=frame, statistics=statistics)


def _artefact(fold: _Fold, name: str, parameters: Configuration) -> dict[str, str]:
    forecaster = fit_fold(name, parameters, fold.arrays, fold.number)
    return {**fold.learned, name: hash_of(forecaster.state())}


def _cut_rows(split: Split, small: Split, number: int) -> Iterator[str]:
    before, after = split.fold(number), small.fold(number)
    for name in ("train", "validation"):
        n_all, n_kept = (int(fold[f"{name}_stop"] - fold[f"{name}_start"]) for fold in (before, after))
        if n_kept < n_all:
            yield f"the newest {n_kept} of {n_all} {name} rows"
