"""The mutation score is computed once a version of the code, in the columns that the report shows."""

from __future__ import annotations

import itertools

import pytest

from forecast_pipeline.core.code_version import sha256_of_sources
from forecast_pipeline.verification import mutation_score
from forecast_pipeline.verification.kill_matrix import CleanResult, feature_mutants
from forecast_pipeline.verification.leak_suite import simulated_pipeline
from forecast_pipeline.verification.mutants import Mutant, outcome
from forecast_pipeline.verification.mutation_score import ensure_mutation_score, read_mutation_score
from forecast_pipeline.verification.planted_leaks import EXPECTED
from forecast_pipeline.verification.planted_score_errors import score_mutants


@pytest.fixture
def small_suite(monkeypatch):
    """Two mutants of which one survives, and one honest part that is accused."""
    counted = itertools.count(1)

    def mutants():
        next(counted)
        yield Mutant("S1", "scaler fitted on all rows", ("L3 cut-off",), lambda: {"L3 cut-off": "statistics changed"})
        yield Mutant("S2", "no purge", ("L8 label order",), dict)

    monkeypatch.setattr(mutation_score, "simulated_mutants", mutants)
    monkeypatch.setattr(mutation_score, "feature_mutants", lambda *_: [])
    monkeypatch.setattr(mutation_score, "TESTS", {})
    clean = [CleanResult("L5 serve replay", ("differs from the batch",), ""), CleanResult("L4", (), "")]
    monkeypatch.setattr(mutation_score, "clean_results", lambda: clean)
    return counted


def test_the_card_says_what_was_killed_and_what_was_accused(home, small_suite):
    assert read_mutation_score(home) is None

    stored = ensure_mutation_score(home)

    assert (stored.card["killed"], stored.card["total"]) == (1, 2)
    assert stored.card["alarms"] == ["L5 serve replay: differs from the batch"]
    assert stored.read_frame().rows() == [
        ("S1", "splits", "scaler fitted on all rows", "L3 cut-off", True),
        ("S2", "splits", "no purge", "", False),
    ]
    assert stored.read_frame().columns == ["mutant", "group", "description", "killed_by", "is_killed"]
    assert (stored.folder, stored.name) == (home.verification(), "mutation_score")


def test_it_is_computed_once_for_a_version_of_the_code(home, small_suite, monkeypatch):
    first = ensure_mutation_score(home)
    again = ensure_mutation_score(home)
    monkeypatch.setattr(mutation_score, "code_sha256", lambda: "another version")
    later = ensure_mutation_score(home)

    assert first.sha256 == again.sha256
    assert later.card["code_sha256"] == "another version"
    assert next(small_suite) == 3, "computed for the first and for the changed code, not for the second call"
    assert read_mutation_score(home) == later


def test_the_version_is_that_of_names_and_contents(tmp_path):
    (tmp_path / "stage").mkdir()
    (tmp_path / "stage" / "a.py").write_text("x = 1\n")
    versions = [sha256_of_sources(tmp_path)]
    (tmp_path / "stage" / "a.py").write_text("x = 2\n")
    versions.append(sha256_of_sources(tmp_path))
    (tmp_path / "stage" / "a.py").rename(tmp_path / "stage" / "b.py")
    versions.append(sha256_of_sources(tmp_path))
    (tmp_path / "notes.txt").write_text("no source")

    assert len(set(versions)) == 3
    assert sha256_of_sources(tmp_path) == versions[-1]


def test_the_real_mutants_make_a_full_matrix(home):
    """Features and scores stand for all groups: the others are killed one by one where they are tested."""
    planted = [*feature_mutants(*simulated_pipeline()), *score_mutants()]
    table = mutation_score.kill_table(outcome(mutant) for mutant in planted)

    assert table["is_killed"].all()
    assert set(table["group"]) == {"features", "scores"}
    assert dict(zip(table["mutant"], table["killed_by"], strict=True)).items() >= EXPECTED.items()
