"""Our books pass every check worked by hand and the mutants B1 to B6 of them are killed."""

from __future__ import annotations

import numpy as np
import pytest

from forecast_pipeline.backtests.trading.barrier import STOP, barrier_exit
from forecast_pipeline.backtests.trading.checks import trading_checks
from forecast_pipeline.verification.planted_trading_errors import TRADING_ERRORS

checks = pytest.mark.parametrize("each", trading_checks(), ids=lambda each: f"{each.mutant} {each.name}")


@checks
def test_ours_pass(each):
    found = each.check(each.implementation)

    assert found.passed, f"must {found.must}, was {found.observed}"


@checks
def test_the_mutant_is_killed(each):
    assert not each.check(TRADING_ERRORS[each.mutant][1]).passed


def test_every_mutant_has_a_check():
    assert [each.mutant for each in trading_checks()] == list(TRADING_ERRORS)


@pytest.mark.parametrize("name", ["fill_after_signal", "spread_paid", "yen_converted", "both_sides_charged"])
def test_books_that_are_always_empty_pass_nothing(name):
    (check,) = [each.check for each in trading_checks() if each.name == name]

    assert not check(lambda *_: 0.0).passed


def test_a_bar_that_opens_beyond_the_stop_fills_at_its_open():
    one = np.ones(1)

    found = barrier_exit(one, 0.95 * one, np.nan * one, 0.9 * one, 0.92 * one, 0.88 * one)

    assert (found.reason[0], found.price[0]) == (STOP, 0.9)
