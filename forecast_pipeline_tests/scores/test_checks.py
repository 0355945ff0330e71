"""Every scoring rule of ours passes its simulation and every mutant X1 to X8 of it is killed."""

from __future__ import annotations

import pytest

from forecast_pipeline.scores.checks import dm_size, score_checks
from forecast_pipeline_tests.scores.mutants import MUTANTS

checks = pytest.mark.parametrize("each", score_checks(), ids=lambda each: f"{each.mutant} {each.name}")


@checks
def test_ours_pass(each):
    found = each.check(each.implementation)

    assert found.passed, f"must {found.must}, was {found.observed}"


@checks
def test_the_mutant_is_killed(each):
    assert not each.check(MUTANTS[each.mutant]).passed


@checks
def test_a_check_gives_the_same_finding_twice(each):
    assert each.check(each.implementation) == each.check(each.implementation)


def test_every_mutant_has_a_check():
    assert [each.mutant for each in score_checks()] == list(MUTANTS)


def test_the_experiment_with_overlap_has_teeth():
    found = dm_size(MUTANTS["X1"])

    assert found.observed > 0.5
