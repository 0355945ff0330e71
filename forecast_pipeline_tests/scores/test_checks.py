"""Every scoring rule of ours passes its simulation and every mutant X1 to X8 of it is killed."""

from __future__ import annotations

import pytest

from forecast_pipeline.scores.checks import dm_size, score_checks
from forecast_pipeline.verification.planted_score_errors import SCORE_ERRORS

checks = pytest.mark.parametrize("each", score_checks(), ids=lambda each: f"{each.mutant} {each.name}")


@checks
def test_ours_pass(each):
    found = each.check(each.implementation)

    assert found.passed, f"must {found.must}, was {found.observed}"


@checks
def test_the_mutant_is_killed(each):
    assert not each.check(SCORE_ERRORS[each.mutant][1]).passed


@checks
def test_a_check_gives_the_same_finding_twice(each):
    assert each.check(each.implementation) == each.check(each.implementation)


def test_every_mutant_has_a_check():
    assert [each.mutant for each in score_checks()] == list(SCORE_ERRORS)


def test_the_experiment_with_overlap_has_teeth():
    found = dm_size(SCORE_ERRORS["X1"][1])

    assert found.observed > 0.5
