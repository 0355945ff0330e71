"""Promise: rows are split as the worked examples say, and no label of a train row is made of test prices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from skfolio.model_selection import WalkForward as Skfolio
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.splits.purge import check_no_overlap
from forecast_pipeline.splits.walk_forward import EventWalkForward, WalkForward
from forecast_pipeline_tests.oracles import splits as oracle
from forecast_pipeline_tests.splits.closes import THURSDAYS, closes, without

E4 = json.loads((Path(__file__).parents[1] / "golden" / "purged_splits.json").read_text())["E4_walk_forward"]
H1, HOUR = Timeframe("1h"), 3_600_000_000
sizes = st.tuples(st.integers(0, 120), st.integers(1, 30), st.integers(1, 20), st.integers(0, 10))
modes = st.sampled_from(["rolling", "expanding"])


@pytest.mark.parametrize("mode", ["rolling", "expanding"])
def test_folds_are_those_of_the_worked_example(mode):
    """Golden E4."""
    splitter = WalkForward(E4["train"], E4["test"], E4["purge"] + E4["embargo"], mode)

    folds = [[train.tolist(), test.tolist()] for train, test in splitter.split(E4["n"])]

    assert folds == E4[mode]
    assert splitter.get_n_splits(E4["n"]) == 4


@given(st.integers(10, 120), st.integers(1, 30), st.integers(1, 20), st.integers(0, 10), modes)
def test_folds_are_those_of_another_library(n_rows, train_size, test_size, gap, mode):
    """Skfolio 1.12 calls the gap purged_size."""
    assume(train_size + gap + test_size <= n_rows)
    theirs = Skfolio(test_size, train_size, purged_size=gap, expand_train=mode == "expanding")

    folds = [
        (train.tolist(), test.tolist()) for train, test in WalkForward(train_size, test_size, gap, mode).split(n_rows)
    ]

    assert folds == [(train.tolist(), test.tolist()) for train, test in theirs.split(np.zeros((n_rows, 1)))]


@given(sizes, modes)
def test_every_row_is_tested_at_most_once_and_after_its_training_rows(sizes, mode):
    """Fault 69."""
    n_rows, train_size, test_size, gap = sizes
    splitter = WalkForward(train_size, test_size, gap, mode)
    n_folds = max((n_rows - train_size - gap) // test_size, 0)
    assert splitter.get_n_splits(n_rows) == n_folds
    if n_folds == 0:
        with pytest.raises(
            NotEnoughHistory, match=f"{train_size} train .* {gap} gap .* {test_size} test .* rows .* {n_rows}"
        ):
            list(splitter.split(n_rows))
        return

    folds = list(splitter.split(n_rows))

    tested = np.concatenate([test for _, test in folds])
    assert len(folds) == n_folds
    assert tested.tolist() == list(range(train_size + gap, train_size + gap + n_folds * test_size))
    assert n_rows - test_size < tested[-1] + 1 <= n_rows  # only a partial last block is left out
    for number, (train, test) in enumerate(folds):
        assert test[0] - train[-1] == gap + 1
        assert train.size == train_size + (number * test_size if mode == "expanding" else 0)


@pytest.mark.parametrize("sizes", [(0, 1, 0), (1, 0, 0), (1, 1, -1)])
def test_sizes_that_yield_nothing_or_overlap_are_refused(sizes):
    with pytest.raises(InvalidConfiguration, match="train_size and test_size must be at least 1 and gap at least 0"):
        WalkForward(*sizes)


@pytest.mark.parametrize("is_by_event", [False, True], ids=["rows", "events"])
def test_scikit_learn_takes_it_as_cv(is_by_event):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 3))
    target = features @ [1.0, 0.5, 0.0] + rng.normal(size=60)
    splitter = by_event(closes(H1, 60), 1, window=20, test=8, n_splits=4) if is_by_event else WalkForward(20, 8, 3)

    scores = cross_val_score(Ridge(), features, target, cv=splitter)
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=splitter).fit(features, target, groups=target)

    by_hand = [
        Ridge().fit(features[train], target[train]).score(features[test], target[test])
        for train, test in splitter.split(features, target)
    ]
    np.testing.assert_allclose(scores, by_hand)
    assert search.n_splits_ == splitter.get_n_splits(features) == 4


def test_the_number_of_folds_of_rows_that_are_not_known_is_refused():
    with pytest.raises(InvalidConfiguration, match="get_n_splits must be told the rows or their number"):
        WalkForward(6, 3, 2).get_n_splits()


def by_event(decision, label_hours, *, window, test, n_splits, purge=0, embargo=0, **kwargs):
    """Splitter of hourly rows, lengths in hours."""
    return EventWalkForward(
        decision_us=decision,
        label_end_us=decision + label_hours * HOUR,
        slot_minutes=60,
        n_splits=n_splits,
        window_minutes=60 * window,
        test_minutes=60 * test,
        purge_minutes=60 * purge,
        embargo_minutes=60 * embargo,
        **kwargs,
    )


@pytest.mark.parametrize("start", THURSDAYS.values(), ids=THURSDAYS.keys())
@pytest.mark.parametrize("mode", ["rolling", "expanding"])
def test_over_a_weekend_as_many_rows_are_taken_as_within_the_week(start, mode):
    """Fault 68: without holes, trading time counts rows, wherever the weekend falls."""
    decision = closes(H1, 101, start)
    splitter = by_event(decision, 1, window=30, test=12, n_splits=5, purge=4, embargo=7, mode=mode)

    folds = [(train.tolist(), test.tolist()) for train, test in splitter.split(decision)]

    assert folds == [(train.tolist(), test.tolist()) for train, test in WalkForward(30, 12, 11, mode).split(101)]
    assert splitter.get_n_splits() == 5


@settings(max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(list(THURSDAYS.values())),
    st.sampled_from([0.0, 0.1, 0.5]),
    st.integers(0, 40),
    modes,
    st.sampled_from(["strict", "exact"]),
)
def test_folds_over_holes_and_weekends_are_those_of_an_oracle(seed, start, share, label_hours, mode, convention):
    """Labels of hours of the clock, so that a label may reach over a hole or the weekend and past the gap."""
    decision = without(closes(H1, 110, start), seed, share)
    lengths = {"window": 24, "test": 9, "purge": 2, "embargo": 3}
    splitter = by_event(decision, label_hours, n_splits=6, mode=mode, convention=convention, **lengths)

    folds = [tuple(part.tolist() for part in splitter.fold(number)) for number in range(6)]

    expected = oracle.walk_forward(
        decision.tolist(),
        (decision + label_hours * HOUR).tolist(),
        60,
        {name: 60 * hours for name, hours in lengths.items()} | {"n_splits": 6},
        is_expanding=mode == "expanding",
        is_closed=convention == "strict",
    )
    assert folds == expected
    full = [fold for fold in expected if all(fold)]
    assert splitter.get_n_splits(decision) == len(full)
    if full:
        assert [(train.tolist(), test.tolist()) for train, test in splitter.split(decision)] == full
        for train, test in splitter.split(decision):
            check_no_overlap(decision, decision + label_hours * HOUR, train, test, convention)
    else:
        with pytest.raises(NotEnoughHistory, match="at least one of 6 test blocks must have rows to train on"):
            splitter.split(decision)


def test_a_block_without_rows_is_no_fold():
    decision = closes(H1, 100)
    decision = np.delete(decision, np.s_[70:80])  # the second of four blocks of ten

    splitter = by_event(decision, 1, window=30, test=10, n_splits=4)

    assert [test.tolist() for _, test in splitter.split(decision)] == [list(range(k, k + 10)) for k in (60, 70, 80)]
    assert splitter.get_n_splits() == 3


def test_too_short_a_history_is_refused_with_the_arithmetic():
    """Fault 23."""
    sizes = {"window": 48, "test": 12, "n_splits": 4, "purge": 24, "embargo": 48}
    by_event(closes(H1, 168), 1, **sizes)

    with pytest.raises(NotEnoughHistory) as caught:
        by_event(closes(H1, 167), 1, **sizes)

    assert str(caught.value).startswith(
        "rows must span 2.00 train + 1.00 purge + 2.00 embargo + 2.00 test = 7.00 trading days, was 6.96. To do: take"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 0}, "must be at least 1, was 60, 2, 0 and 600"),
        ({"n_splits": 0}, "must be at least 1, was 60, 0, 600 and 600"),
        ({"embargo": -1}, "purge_minutes and embargo_minutes must be at least 0, was 0 and -60"),
    ],
    ids=repr,
)
def test_lengths_that_yield_nothing_are_refused(change, message):
    sizes = {"window": 10, "test": 10, "n_splits": 2} | change

    with pytest.raises(InvalidConfiguration, match=message):
        by_event(closes(H1, 100), 1, **sizes)


def test_rows_that_are_not_those_the_splitter_knows_are_refused():
    splitter = by_event(closes(H1, 100), 1, window=10, test=10, n_splits=2)

    with pytest.raises(InvalidConfiguration, match="was 99 rows and 100 instants"):
        splitter.split(99)
