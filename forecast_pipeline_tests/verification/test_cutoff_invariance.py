"""A published split's newest fold learns the same beside any future, and a fold that does not is noticed."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.models.registry import FAMILIES
from forecast_pipeline.models.train import train_model
from forecast_pipeline.splits import build, extremes
from forecast_pipeline.splits.build import Split, build_splits, fit_target_scale, read_split
from forecast_pipeline.splits.native import NativeStatistics, NativeWindows
from forecast_pipeline.splits.parameters import SplitParameters
from forecast_pipeline.verification import cutoff_invariance
from forecast_pipeline.verification.cutoff_invariance import (
    IDENTICAL,
    STATISTICS,
    ensure_cutoff_invariance,
    fold_invariance,
    read_cutoff_invariance,
    trained_families,
)
from forecast_pipeline.verification.lake import verify_cutoff
from forecast_pipeline.verification.small_settings import small_parameters

H1 = Timeframe.H1


@pytest.fixture(scope="module")
def split(trained_home) -> Split:
    return read_split(trained_home, "EURUSD", H1)


@pytest.fixture
def own_home(trained_home, tmp_path) -> Home:
    """A copy that a test may change."""
    return Home(shutil.copytree(trained_home.root, tmp_path / "copy"))


def ridge(split):
    return fold_invariance(split, {"ridge": small_parameters("ridge")}).outcomes


@pytest.mark.slow
def test_every_family_learns_the_same_beside_another_future(trained_home, split):
    families = trained_families(trained_home, "EURUSD", H1, split)

    found = fold_invariance(split, families)

    assert list(families) == list(FAMILIES)
    assert found.outcomes == dict.fromkeys([STATISTICS, *FAMILIES], IDENTICAL)
    assert found.fold == split.fold_numbers[-1]


def test_a_variance_model_of_all_bars_is_noticed(split, monkeypatch):
    monkeypatch.setattr(Split, "target_scale", lambda self, _: fit_target_scale(self.frame, self.timeframe))

    assert ridge(split)["ridge"] == "target scale, ridge changed when the future was replaced (wild)"


def test_validation_labels_that_reach_the_test_block_are_noticed(split):
    is_newest = pl.col("fold") == split.fold_numbers[-1]
    late = pl.when(is_newest).then("test_start").otherwise("validation_stop").alias("validation_stop")

    assert "ridge changed" in ridge(dataclasses.replace(split, folds=split.folds.with_columns(late)))["ridge"]


def test_the_price_at_the_cut_is_unknown_under_the_strict_convention_only(split):
    """One row less than strict is what the exact convention allows."""
    is_newest = pl.col("fold") == split.fold_numbers[-1]
    reaching = pl.col("test_start") - split.horizons[-1] + 1
    stop = pl.when(is_newest).then(reaching).otherwise("validation_stop").alias("validation_stop")
    parameters = split.stored.card["parameters"] | {"purge_convention": "exact"}
    stored = dataclasses.replace(split.stored, card=split.stored.card | {"parameters": parameters})
    touching = dataclasses.replace(split, folds=split.folds.with_columns(stop))

    assert split.stored.card["parameters"]["purge_convention"] == "strict"
    assert "ridge changed" in ridge(touching)["ridge"]
    assert ridge(dataclasses.replace(touching, stored=stored))["ridge"] == IDENTICAL


class WindowReader:
    """A family that reads windows and extremes: it learns their statistics and their sums."""

    def __init__(self, rows, sums):
        self.rows, self.sums = rows, sums

    @classmethod
    def fitted(cls, _name, _parameters, arrays, _number):
        train, validation = arrays.fitting
        parts = [part for rows in (train, validation) for part in cls.read(rows)]
        return cls(train, np.array(parts))

    @staticmethod
    def read(rows):
        yield np.abs(rows.extremes).sum()
        for panel in range(len(rows.native.minutes)):
            yield np.abs(rows.native.windows(panel, np.arange(len(rows)), 8).values).sum(dtype=np.float64)

    def state(self):
        return {"statistics": self.rows.native.statistics(), "sums": self.sums}


def test_a_family_that_reads_windows_learns_the_same_beside_another_future(split, monkeypatch):
    monkeypatch.setattr(cutoff_invariance, "fit_fold", WindowReader.fitted)

    assert ridge(split)["ridge"] == IDENTICAL


def test_windows_that_show_bars_still_open_are_noticed(split, monkeypatch):
    monkeypatch.setattr(cutoff_invariance, "fit_fold", WindowReader.fitted)
    honest = NativeWindows.last.func
    reach = split.horizons[-1] + 1  # from the last validation row to the first test decision
    monkeypatch.setattr(NativeWindows, "last", property(lambda self: honest(self) + reach))

    assert "ridge changed when the future was replaced" in ridge(split)["ridge"]


def test_native_statistics_of_all_bars_are_noticed(split, monkeypatch):
    monkeypatch.setattr(cutoff_invariance, "fit_fold", WindowReader.fitted)
    monkeypatch.setattr(
        Split,
        "native_statistics",
        lambda self, _: NativeStatistics(self.native, int(split.frame["close_ts_utc"].to_physical()[-1])),
    )

    assert "ridge changed when the future was replaced" in ridge(split)["ridge"]


def test_extremes_that_reach_past_their_label_are_noticed(split, monkeypatch):
    monkeypatch.setattr(cutoff_invariance, "fit_fold", WindowReader.fitted)
    honest = extremes.path_extremes

    def longer(targets, close, high, low):
        later = np.minimum(targets.end_bar + 2, close.size - 1)
        return honest(dataclasses.replace(targets, end_bar=np.where(targets.end_bar < 0, -1, later)), close, high, low)

    monkeypatch.setattr(build, "path_extremes", longer)

    assert "ridge changed when the future was replaced" in ridge(split)["ridge"]


def test_published_statistics_of_other_rows_are_noticed(split):
    moved = split.statistics.with_columns(pl.col("mean") * (1 + 1e-6))

    found = ridge(dataclasses.replace(split, statistics=moved))

    assert found[STATISTICS].startswith("mean of ")
    assert found["ridge"] == IDENTICAL


def test_what_was_made_smaller_is_said(split, monkeypatch):
    monkeypatch.setattr(cutoff_invariance, "MAX_TRAIN_ROWS", 100)
    monkeypatch.setattr(cutoff_invariance, "MAX_VALIDATION_ROWS", 40)

    found = fold_invariance(split, {"forest": FAMILIES["forest"].parameters_class()(n_estimators=20)})

    note = found.notes["forest"]
    assert found.outcomes["forest"] == IDENTICAL
    assert note.startswith("n_estimators 16 instead of 20; the newest 100 of ")
    assert "the newest 40 of " in note


def test_labels_of_a_fold_made_smaller_still_end_before_validation(split, monkeypatch):
    monkeypatch.setattr(cutoff_invariance, "MAX_VALIDATION_ROWS", 40)
    number = split.fold_numbers[-1]

    small = cutoff_invariance._newest_rows(split, number)

    fold, frame = small.fold(number), small.frame
    assert frame["label_end_utc"][fold["train_stop"] - 1] < frame["close_ts_utc"][fold["validation_start"]]
    assert frame["label_end_utc"][fold["train_stop"]] >= frame["close_ts_utc"][fold["validation_start"]]
    assert fold["validation_stop"] - fold["validation_start"] == 40


def test_the_card_gathers_the_families_and_is_computed_once(own_home, monkeypatch):
    one = ensure_cutoff_invariance(own_home, "EURUSD", H1, ["ridge"])
    two = ensure_cutoff_invariance(own_home, "EURUSD", H1, ["ewma"])

    assert set(one.card["fold_invariance"]) == {STATISTICS, "ridge"}
    assert read_cutoff_invariance(own_home, "EURUSD", H1) == dict.fromkeys([STATISTICS, "ewma", "ridge"], IDENTICAL)
    monkeypatch.setattr(cutoff_invariance, "fold_invariance", None)  # would fail if it were called
    assert ensure_cutoff_invariance(own_home, "EURUSD", H1, ["ewma", "ridge"]).sha256 == two.sha256


def test_a_new_split_or_other_settings_are_checked_anew(own_home):
    ensure_cutoff_invariance(own_home, "EURUSD", H1, ["ewma", "ridge"])
    train_model(own_home, "EURUSD", H1, "ridge", small_parameters("ridge", n_components=2))
    versions = [ensure_cutoff_invariance(own_home, "EURUSD", H1, ["ridge"]).card["entries"]["ridge"]["version"]]
    build_splits(
        own_home, "EURUSD", H1, SplitParameters(n_splits=3, max_warmup_fraction=0.6, purge_days=0, embargo_days=0)
    )
    train_model(own_home, "EURUSD", H1, "ridge", small_parameters("ridge"))
    stored = ensure_cutoff_invariance(own_home, "EURUSD", H1, ["ridge"])
    versions.append(stored.card["entries"]["ridge"]["version"])

    assert len(set(versions)) == 2
    assert set(stored.card["fold_invariance"]) == {STATISTICS, "ridge"}, "what another split said is gone"
    with pytest.raises(MissingData, match="must have ewma trained on its present split"):
        ensure_cutoff_invariance(own_home, "EURUSD", H1, ["ewma"])


def test_nothing_checked_is_nothing_recorded(home):
    assert read_cutoff_invariance(home, "EURUSD", H1) is None
    with pytest.raises(MissingData, match="splits of EURUSD 1h"):
        ensure_cutoff_invariance(home, "EURUSD", H1)


@pytest.mark.slow
def test_verify_asks_every_trained_family(trained_home):
    findings = list(verify_cutoff(trained_home, "EURUSD", H1))

    assert [finding.name for finding in findings] == [STATISTICS, *FAMILIES]
    assert all(finding.passed for finding in findings)
