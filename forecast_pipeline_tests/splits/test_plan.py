"""Promise: the asked-for folds are laid, none of their labels reaches a later segment, or the plan is refused."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.core.errors import LeakDetected, NotEnoughHistory
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import trading_minutes
from forecast_pipeline.splits.history import RequiredHistory, gap_minutes, window_minutes
from forecast_pipeline.splits.parameters import SplitParameters
from forecast_pipeline.splits.plan import (
    LIVE,
    MIN_TEST_ROWS,
    MIN_TRAIN_ROWS,
    MIN_VALIDATION_ROWS,
    check_no_label_reaches_test,
    plan_folds,
)
from forecast_pipeline.splits.targets import forward_log_returns
from forecast_pipeline_tests.splits.closes import THURSDAYS, closes, without

M15, H1, H4 = (Timeframe(t) for t in ("15m", "1h", "4h"))
DAY = 1440


def plan_for(close_us, timeframe, parameters, warmup=0):
    """The plan as `build_splits` asks for it, with the instants at which labels end."""
    ends = forward_log_returns(close_us, np.ones(close_us.size), timeframe, parameters.horizon_grid).label_end_us[:, -1]
    is_usable = np.arange(close_us.size) >= warmup
    if close_us.size:
        is_usable &= ends <= close_us[-1]
    return plan_folds(close_us, ends, is_usable, timeframe, parameters), ends, np.flatnonzero(is_usable)


parameter_sets = st.builds(
    SplitParameters,
    horizon=st.integers(1, 60),
    n_splits=st.integers(1, 12),
    mode=st.sampled_from(["rolling", "expanding"]),
    purge_days=st.sampled_from([0, 0.1, 1, 2.5]),
    embargo_days=st.sampled_from([0, 0.25, 2]),
    purge_convention=st.sampled_from(["strict", "exact"]),
    val_frac=st.floats(0.05, 0.6),
    days_history=st.sampled_from([5, 10, 20.5]),
)


@settings(max_examples=150)
@given(
    parameter_sets,
    st.sampled_from([(M15, 2500), (H1, 900), (H4, 500)]),
    st.sampled_from(list(THURSDAYS.values())),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.02, 0.3]),
    st.integers(0, 100),
)
def test_a_plan_has_the_folds_asked_for_and_no_label_reaches_a_later_segment(
    parameters, size, start, seed, share, warmup
):
    """Faults 23, 68 and 69; label safety, L8."""
    timeframe, n_rows = size
    decision = without(closes(timeframe, n_rows, start), seed, share)
    try:
        plan, ends, usable = plan_for(decision, timeframe, parameters, warmup)
    except NotEnoughHistory:
        return

    clock = trading_minutes(decision)
    folds = plan.walk_forward
    numbers = [fold.fold for fold in folds]
    left_out = [int(note.split()[1]) for note in plan.notes if "was left out" in note]
    assert sorted(numbers + left_out) == list(range(parameters.n_splits))  # none goes missing in silence
    assert [fold.fold for fold in plan.folds] == [*sorted(numbers), LIVE]
    assert plan.purge_minutes == max(round(parameters.purge_days * DAY), parameters.horizon * timeframe.minutes)
    assert plan.embargo_minutes == round(parameters.embargo_days * DAY)
    assert plan.window_minutes == round(parameters.days_history * 5 / 7 * DAY)
    check_no_label_reaches_test(plan.folds, decision, ends)

    neighbours = [(a, b) for a, b in itertools.pairwise(folds) if b.fold == a.fold + 1]
    tested = np.concatenate([np.arange(fold.test_start, fold.test_stop) for fold in folds])
    assert (np.diff(tested) >= 1).all()  # each row is tested at most once
    assert all(a.test_stop == b.test_start for a, b in neighbours)  # and none between two blocks is forgotten
    assert numbers[-1] != parameters.n_splits - 1 or tested[-1] == usable[-1]
    lengths = [clock[b.test_start] - clock[a.test_start] for a, b in neighbours]
    slack = np.diff(clock).max(initial=timeframe.minutes)  # a hole at a bound moves it
    assert max(lengths, default=0) - min(lengths, default=0) <= 2 * slack

    for fold in plan.folds:
        train = slice(fold.train_start, fold.train_stop)
        validation = slice(fold.validation_start, fold.validation_stop)
        assert usable[0] <= fold.train_start
        assert fold.train_stop <= fold.validation_start
        assert fold.validation_stop <= min(fold.test_start, usable[-1] + 1)
        assert fold.train_stop - fold.train_start >= MIN_TRAIN_ROWS
        assert fold.validation_stop - fold.validation_start >= MIN_VALIDATION_ROWS
        assert fold.cutoff_us == ends[validation].max() >= ends[train].max()
        if parameters.purge_convention == "strict":
            assert ends[train].max() < decision[fold.validation_start]
        assert ends[train].max() <= decision[fold.validation_start]
        known = fold.validation_stop - fold.train_start  # the inner purge took its rows from the end of train
        assert fold.validation_stop - fold.validation_start <= parameters.val_frac * known
        if parameters.mode == "expanding":
            assert fold.train_start == usable[0]
        if fold.fold == LIVE:
            assert (fold.test_start, fold.test_stop) == (decision.size, decision.size)
            assert ends[validation].max() <= decision[-1]
            assert fold.validation_stop == usable[-1] + 1
            continue
        assert ends[validation].max() < decision[fold.test_start]
        gap = clock[fold.test_start] - clock[fold.validation_stop - 1]
        assert plan.purge_minutes + plan.embargo_minutes < gap
        assert gap <= plan.purge_minutes + plan.embargo_minutes + slack
        if parameters.mode == "rolling":
            assert clock[fold.validation_stop - 1] - clock[fold.train_start] < plan.window_minutes


@pytest.mark.parametrize("start", THURSDAYS.values(), ids=THURSDAYS.keys())
@pytest.mark.parametrize(
    ("horizon", "purge_days", "embargo_days"), [(12, 1, 2), (12, 0, 0), (48, 1, 0), (30, 0.5, 0.5)]
)
def test_rows_before_a_test_block_are_left_out_by_the_trading_clock(start, horizon, purge_days, embargo_days):
    """Fault 68: over a weekend as many rows as within the week; never fewer than the label is long."""
    parameters = SplitParameters(
        horizon=horizon, purge_days=purge_days, embargo_days=embargo_days, days_history=20, n_splits=12
    )

    plan, _, _ = plan_for(closes(H1, 900, start), H1, parameters)

    left_out = [fold.test_start - fold.validation_stop for fold in plan.walk_forward]
    assert left_out == [max(horizon, round(24 * purge_days)) + round(24 * embargo_days)] * 12


def test_test_blocks_fill_what_the_window_and_the_gap_leave():
    parameters = SplitParameters(horizon=12, days_history=14, n_splits=5)

    plan, _, usable = plan_for(closes(H1, 600), H1, parameters)

    room = 588 - (10 + 3) * 24  # usable rows less ten trading days of window and three of gap
    assert usable.size == 588
    assert [fold.test_stop - fold.test_start for fold in plan.walk_forward] == [room // 5] * 5
    assert plan.walk_forward[0].train_start <= room % 5 + 1


def refusal(n_rows, parameters, timeframe=H1):
    with pytest.raises(NotEnoughHistory) as caught:
        plan_for(closes(timeframe, n_rows), timeframe, parameters)
    return str(caught.value)


def test_too_short_a_history_is_refused_with_the_arithmetic():
    """Fault 23."""
    message = refusal(24 * 20 + 12, SplitParameters(horizon=12, days_history=28, n_splits=6))

    assert message == (
        "history must hold 20.0 train + 1.0 purge + 2.0 embargo + 5.0 test + 0.5 label + 0.0 warm-up = 28.5 trading "
        "days for 6 folds, was 20.5 trading days. To do: ingest about 40 calendar days, or lower days_history or "
        "n_splits."
    )


def test_the_arithmetic_counts_the_warm_up():
    """Fault 23, and correction C3: what the features and the labels take is part of what must be ingested."""
    parameters = SplitParameters(horizon=12, days_history=28, n_splits=6)

    with pytest.raises(
        NotEnoughHistory, match=r"0\.5 label \+ 3\.0 warm-up = 31\.5 trading days .* was 23\.5 .* 45 cal"
    ):
        plan_for(closes(H1, 24 * 23 + 12), H1, parameters, warmup=72)


def test_the_specification_s_own_window_needs_sixteen_months():
    """Correction C3: six months, ten blocks of a month, and the gap."""
    parameters = SplitParameters(horizon=12, window_months=6)
    purge, embargo = gap_minutes(H1, parameters)
    six_months = window_minutes(parameters)

    needed = RequiredHistory(six_months, purge, embargo, 10 * six_months // 6, 12 * 60)

    assert (purge, embargo) == (1440, 2880)
    assert needed.calendar_days / (365.25 / 12) == pytest.approx(16.1, abs=0.1)


@pytest.mark.parametrize(("purge_days", "is_raised"), [(0.25, True), (0.5, False), (1, False)])
def test_a_purge_below_the_horizon_is_raised_to_it_and_the_plan_says_so(purge_days, is_raised):
    parameters = SplitParameters(horizon=12, purge_days=purge_days, days_history=14, n_splits=3)

    plan, _, _ = plan_for(closes(H1, 600), H1, parameters)

    note = "purge of 0.50 trading days, the length of a label of 12 bars, instead of purge_days=0.25"
    assert plan.notes == ((note,) if is_raised else ())
    assert plan.purge_minutes == max(720, purge_days * 1440)


@settings(max_examples=25)
@given(st.integers(1, 12), st.sampled_from([10, 14, 30]), st.sampled_from([M15, H1]), st.integers(1, 40))
def test_following_the_advice_of_a_refusal_is_enough(n_splits, days_history, timeframe, horizon):
    """Fault 23."""
    parameters = SplitParameters(horizon=horizon, days_history=days_history, n_splits=n_splits)
    message = refusal(MIN_TRAIN_ROWS + MIN_TEST_ROWS + horizon, parameters, timeframe)
    needed = float(re.search(r"= ([\d.]+) trading days", message)[1])
    n_rows = math.ceil((needed + 0.1) * DAY / timeframe.minutes)  # the text is rounded to a tenth

    plan, _, _ = plan_for(closes(timeframe, n_rows), timeframe, parameters)

    assert len(plan.walk_forward) == n_splits


@pytest.mark.parametrize("warmup", [0, 30])
def test_any_number_of_rows_is_planned_in_full_or_refused(warmup):
    """Faults 23 and 69: from no row at all, through every size at which something else runs out."""
    parameters = SplitParameters(horizon=3, days_history=8, n_splits=2, purge_days=0, embargo_days=0)
    outcomes = []
    for n_rows in range(260):
        try:
            plan, _, _ = plan_for(closes(H1, n_rows), H1, parameters, warmup)
            outcomes.append(len(plan.walk_forward))
        except NotEnoughHistory:
            outcomes.append(0)

    first = outcomes.index(2)
    assert outcomes == [0] * first + [2] * (260 - first)
    # Labels at the end, warm-up, the window, a purge as long as the label, two blocks.
    assert first == 3 + warmup + math.ceil(8 * 5 / 7 * 24 + 3 + 2 * MIN_TEST_ROWS)


def test_hardly_any_rows_are_refused_with_what_remains():
    """Fault 23."""
    usable = MIN_TRAIN_ROWS + MIN_TEST_ROWS - 1

    assert refusal(usable + 10, SplitParameters(horizon=10)).startswith(
        f"at least {MIN_TRAIN_ROWS} train and 20 test rows must remain after warm-up and labels of 10 bars, "
        f"was {usable} rows of {usable + 10}"
    )


def test_a_hole_takes_away_the_fold_it_empties_and_the_plan_says_so():
    """Faults 18 and 69."""
    decision = closes(H1, 900)
    parameters = SplitParameters(horizon=3, days_history=20)
    whole, _, _ = plan_for(decision, H1, parameters)
    first = whole.folds[0]

    holed = np.concatenate([decision[: first.train_start + 15], decision[first.validation_stop - 15 :]])
    plan, _, _ = plan_for(holed, H1, parameters)

    assert [fold.fold for fold in plan.walk_forward] == list(range(10 - len(plan.walk_forward), 10))
    assert 0 < len(plan.walk_forward) < 10
    assert len(plan.notes) == 10 - len(plan.walk_forward)
    assert re.match(
        r"fold 0 was left out: fold 0 must have \d+ train and 10 validation rows .*, was \d+ and", plan.notes[0]
    )


def test_a_number_of_folds_that_was_asked_for_is_laid_in_full_or_refused():
    """Fault 69."""
    message = refusal(600, SplitParameters(horizon=3, days_history=14, n_splits=2, val_frac=0.03))

    assert message.startswith("fold 0 must have")


def test_a_plan_without_any_fold_is_refused():
    """Fault 69."""
    message = refusal(600, SplitParameters(horizon=3, days_history=14, val_frac=0.03))

    assert "at least one of 10 folds must have enough rows, was fold 0 was left out" in message
    assert re.search(r"10 validation rows after purging, was \d+ and 7\b", message)


def test_defaults_adapt_to_a_short_history_and_say_so():
    """Fault 69: only what nobody asked for is adapted."""
    plan, _, _ = plan_for(closes(H1, 480), H1, SplitParameters(horizon=3))

    assert len(plan.walk_forward) == 8
    assert plan.notes == (
        "training window of 9.9 trading days: half of the history",
        "8 folds instead of 10: a test block needs 20 rows",
    )


def test_defaults_take_half_of_a_long_history():
    plan, _, _ = plan_for(closes(H4, 6 * 400), H4, SplitParameters(horizon=3))

    assert len(plan.walk_forward) == 10
    assert plan.notes == ("training window of 199.8 trading days: half of the history",)


def test_a_chosen_window_and_number_are_taken_exactly():
    chosen = SplitParameters(horizon=3, window_months=1, n_splits=4)

    plan, _, _ = plan_for(closes(H1, 1200), H1, chosen)

    assert plan.window_minutes == round(365.25 / 12 * 5 / 7 * DAY)
    assert (len(plan.walk_forward), plan.notes) == (4, ())


def test_the_plan_as_a_frame_has_the_instants_of_its_rows():
    decision = closes(H1, 600)
    plan, _, _ = plan_for(decision, H1, SplitParameters(horizon=3, days_history=14, n_splits=3))

    frame = plan.as_frame(decision)

    assert frame["fold"].to_list() == [0, 1, 2, LIVE]
    for row, fold in zip(frame.to_dicts(), plan.folds, strict=True):
        assert {key: row[key] for key in ("train_start", "train_stop", "test_start")} == {
            "train_start": fold.train_start,
            "train_stop": fold.train_stop,
            "test_start": fold.test_start,
        }
        stamps = frame.filter(fold=fold.fold).cast(dict.fromkeys((c for c in frame.columns if "_utc" in c), int))
        assert stamps["train_start_utc"].item() == decision[fold.train_start]
        assert stamps["validation_stop_utc"].item() == decision[fold.validation_stop - 1]  # the last row inside
        assert stamps["cutoff_utc"].item() == fold.cutoff_us


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_stop": 3}, "fold 1: train labels must end before validation begins"),
        ({"validation_stop": 3}, "fold 1: labels must end before the test block begins"),
    ],
    ids=["train into validation", "validation into test"],
)
def test_a_label_that_reaches_a_later_segment_is_detected(change, message):
    """L8, mutants S2 to S5: the last line of defence does not trust the planner."""
    decision = closes(H1, 600)
    plan, ends, _ = plan_for(
        decision, H1, SplitParameters(horizon=3, days_history=14, n_splits=3, purge_days=0, embargo_days=0)
    )
    folds = list(plan.folds)
    folds[1] = dataclasses.replace(folds[1], **{name: getattr(folds[1], name) + by for name, by in change.items()})

    check_no_label_reaches_test(plan.folds, decision, ends)
    with pytest.raises(LeakDetected, match=message):
        check_no_label_reaches_test(folds, decision, ends)
