"""Promise: no training label meets a test label, in any convention, over holes and weekends."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from purgedcv import CombinatorialPurgedCV as TheirCombinatorial

from forecast_pipeline.core.errors import InvalidConfiguration, LeakDetected
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import trading_minutes
from forecast_pipeline.splits.combinatorial import CombinatorialPurged
from forecast_pipeline.splits.purge import (
    NO_EMBARGO,
    Embargo,
    check_no_overlap,
    test_runs,
    training_rows,
    with_purge_of,
)
from forecast_pipeline.splits.splitter import EventPurge, RowPurge
from forecast_pipeline_tests.oracles import splits as oracle
from forecast_pipeline_tests.oracles.trading_clock import after_open_minutes, instant_us
from forecast_pipeline_tests.splits.closes import THURSDAYS, closes, without

E5 = json.loads((Path(__file__).parents[1] / "golden" / "purged_splits.json").read_text())["E5_events"]
DECISION, LABEL_END = np.array(E5["t0"]), np.array(E5["t1"])
H1, HOUR = Timeframe("1h"), 3_600_000_000
CONVENTIONS = ("half_open", "closed", "exact", "strict")
conventions = st.sampled_from(CONVENTIONS)
cases = pytest.mark.parametrize("case", E5["cases"], ids=lambda case: f"test {case['test']}")


@cases
@pytest.mark.parametrize(("convention", "key"), [(c, c if "_" in c or c == "closed" else None) for c in CONVENTIONS])
def test_rows_kept_are_those_of_the_worked_example(case, convention, key):
    """Golden E5, labels of two bars over a weekend; the settings call the conventions exact and strict."""
    expected = case[key or {"exact": "half_open", "strict": "closed"}[convention]]

    kept = training_rows(DECISION, LABEL_END, np.array(case["test"]), convention)

    assert kept.tolist() == expected


@cases
def test_an_embargo_in_hours_of_the_clock_is_that_of_the_worked_example(case):
    """Golden E5."""
    kept = training_rows(DECISION, LABEL_END, np.array(case["test"]), "half_open", Embargo(24, "clock"))

    assert kept.tolist() == case["half_open_embargo24"]


def test_without_holes_a_purge_of_rows_is_that_of_the_worked_example():
    """Golden E5: labels of two bars, a purge of one row."""
    kept = RowPurge(1, horizon_bars=2).training_rows(12, np.array([5, 6, 7]))

    assert kept.tolist() == E5["fixed_purge_h_minus_1_around_5_7"]


@st.composite
def market_rows(draw):
    """Hourly decisions with holes around a weekend, labels of changing length, and runs of test rows."""
    decision = without(
        closes(H1, draw(st.integers(20, 60)), draw(st.sampled_from(list(THURSDAYS.values())))),
        draw(st.integers(0, 2**32 - 1)),
        draw(st.sampled_from([0.0, 0.1, 0.5])),
    )
    hours = draw(st.lists(st.integers(0, 30), min_size=decision.size, max_size=decision.size))
    label_end = decision + np.array(hours) * HOUR
    starts = draw(st.lists(st.integers(0, decision.size - 1), min_size=1, max_size=3))
    length = draw(st.integers(1, 6))
    test = {row for start in starts for row in range(start, min(start + length, decision.size))}
    return decision, label_end, np.array(sorted(test))


@settings(max_examples=60)
@given(market_rows(), conventions, st.sampled_from([0, 60, 300, 1440]))
def test_rows_kept_are_those_of_an_oracle_that_asks_each_row_by_itself(rows, convention, minutes):
    decision, label_end, test = rows

    kept = training_rows(decision, label_end, test, convention, Embargo(minutes))

    assert kept.tolist() == oracle.training_rows(
        decision.tolist(),
        label_end.tolist(),
        test.tolist(),
        is_closed=convention in ("closed", "strict"),
        embargo_minutes=minutes,
    )


@given(market_rows(), conventions)
def test_what_is_kept_passes_the_check_and_any_row_more_does_not(rows, convention):
    """L8: the check does not trust the purge, and the purge takes no row too many."""
    decision, label_end, test = rows
    kept = training_rows(decision, label_end, test, convention)

    check_no_overlap(decision, label_end, kept, test, convention)
    for row in np.setdiff1d(np.arange(decision.size), kept):
        with pytest.raises(LeakDetected):
            check_no_overlap(decision, label_end, np.append(kept, row), test, convention)


def test_the_check_names_the_convention_the_test_rows_and_the_first_row_that_meets_them():
    decision = np.arange(10) * 60

    with pytest.raises(LeakDetected, match=r"\(strict\), was 2 that meet test rows 5 to 6, first row 3"):
        check_no_overlap(decision, decision + 120, np.array([0, 3, 4]), np.array([5, 6]), "strict")
    with pytest.raises(LeakDetected, match="no row may train and test, was 1 rows, first 5"):
        check_no_overlap(decision, decision, np.array([0, 5]), np.array([5, 6]))


@pytest.mark.parametrize(("convention", "n_left_out"), [("strict", 3), ("exact", 2)])
def test_for_a_fixed_horizon_h_or_h_minus_1_rows_are_left_out_on_each_side(convention, n_left_out):
    """Correctness 2: exact purge is h - 1 rows, strict h."""
    decision, test = np.arange(30) * 60, np.arange(10, 15)

    kept = training_rows(decision, decision + 3 * 60, test, convention)

    assert kept.tolist() == RowPurge(n_left_out, horizon_bars=3).training_rows(30, test).tolist()
    assert kept.tolist() == [*range(10 - n_left_out), *range(15 + n_left_out, 30)]


def test_an_embargo_of_a_trading_day_over_a_weekend_is_not_a_day_of_the_clock():
    """Fault 68: the weekend counts nothing, so that Monday's rows are left out too."""
    decision = closes(H1, 100)
    test = np.flatnonzero(decision <= instant_us("2024-03-08 16:00 NY"))[-3:]

    in_trading_time = training_rows(decision, decision, test, "closed", Embargo.of_trading_days(1))
    on_the_clock = training_rows(decision, decision, test, "closed", Embargo(24 * HOUR, "clock"))

    resumed = in_trading_time[in_trading_time > test[-1]][0]
    assert trading_minutes(decision)[resumed] - trading_minutes(decision)[test[-1]] == 1440
    assert on_the_clock[on_the_clock > test[-1]][0] == test[-1] + 2  # the close of Friday lies within the day, no more


@given(market_rows(), st.sampled_from([1, 60, 600, 3000]))
def test_a_purge_that_was_asked_for_lengthens_labels_in_trading_time_and_never_shortens_them(rows, minutes):
    decision, label_end, _ = rows

    extended = with_purge_of(decision, label_end, minutes)

    expected = [max(end, after_open_minutes(at, minutes)) for at, end in zip(decision, label_end, strict=True)]
    assert (trading_minutes(extended) == trading_minutes(np.array(expected))).all()
    assert (extended >= label_end).all()


def test_no_purge_asked_for_leaves_labels_as_they_are():
    assert with_purge_of(DECISION, LABEL_END, 0) is LABEL_END


@given(st.lists(st.integers(0, 60), min_size=0, max_size=40))
def test_runs_are_maximal_and_cover_the_rows_in_any_order(rows):
    runs = test_runs(np.array(rows, dtype=np.intp))

    assert [list(range(*run)) for run in runs] == oracle.runs_of(list(set(rows)))


@pytest.mark.parametrize("case", E5["cases"], ids=lambda case: f"test {case['test']}")
def test_the_worked_example_is_that_of_another_library(case):
    """Purgedcv 0.1 drops the same rows around a run of test rows, where no embargo falls on a weekend."""
    day = pd.Timestamp("2024-03-08")
    starts = pd.Series(day + pd.to_timedelta(E5["t0"], "h"))
    theirs = TheirCombinatorial(
        n_splits=6, n_test_groups=2, prediction_times=starts, evaluation_times=day + pd.to_timedelta(E5["t1"], "h")
    )
    ours = CombinatorialPurged(6, 2, EventPurge(DECISION, LABEL_END, NO_EMBARGO, "exact"))

    for (train, test), (their_train, their_test) in zip(ours.split(12), theirs.split(np.zeros((12, 1))), strict=True):
        assert test.tolist() == their_test.tolist()
        assert train.tolist() == their_train.tolist()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: training_rows(DECISION, LABEL_END, np.array([1]), "open"), "must be one of half_open, closed"),
        (lambda: training_rows(DECISION[::-1], LABEL_END, np.array([1])), "decisions must not decrease, was 11"),
        (lambda: training_rows(DECISION, DECISION - 1, np.array([1])), "no label may end before .* was 12"),
        (lambda: training_rows(DECISION, LABEL_END[1:], np.array([1])), r"one instant a row, was \(12,\) and \(11,\)"),
        (lambda: Embargo(-1), "at least 0 long.*was -1 trading_minutes"),
        (lambda: Embargo(1, "days"), "in one of trading_minutes, clock, was 1 days"),
        (lambda: RowPurge(-1), "purge_bars and embargo_bars must be at least 0, was -1 and 0"),
        (lambda: RowPurge(10, horizon_bars=12), "at least horizon_bars - 1 = 11, was 10.* set purge_bars=12"),
        (lambda: EventPurge.of_trading_days(DECISION, LABEL_END, -1), "purge_days must be at least 0, was -1"),
        (
            lambda: EventPurge(DECISION, LABEL_END, NO_EMBARGO).training_rows(11, np.array([1])),
            "was 11 rows and 12 instants",
        ),
    ],
    ids=range(10),
)
def test_what_does_not_belong_together_is_refused(make, message):
    with pytest.raises(InvalidConfiguration, match=message):
        make()
