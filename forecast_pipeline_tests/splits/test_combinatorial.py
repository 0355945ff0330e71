"""Promise: every choice of groups is tested once, every row equally often, and nothing trains beside its own labels."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from purgedcv import CombinatorialPurgedCV as Purgedcv
from skfolio.model_selection import CombinatorialPurgedCV as Skfolio
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import trading_minutes
from forecast_pipeline.splits.combinatorial import CombinatorialPurged
from forecast_pipeline.splits.purge import NO_EMBARGO, Embargo, check_no_overlap
from forecast_pipeline.splits.splitter import EventPurge, RowPurge
from forecast_pipeline_tests.oracles import splits as oracle
from forecast_pipeline_tests.splits.closes import THURSDAYS, closes, without

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "purged_splits.json").read_text())
H1, HOUR = Timeframe("1h"), 3_600_000_000
seeds = st.integers(0, 2**32 - 1)


def counted(n_groups, n_test_groups, purge=0, embargo=0):
    return CombinatorialPurged(n_groups, n_test_groups, RowPurge(purge, embargo))


@pytest.mark.parametrize("name", ["E1", "E2", "E3"])
def test_splits_and_paths_are_those_of_the_worked_example(name):
    """Golden E1 to E3."""
    golden = GOLDEN[name]
    splitter = counted(golden["N"], golden["k"], golden["purge"], golden["embargo"])

    splits = list(splitter.split(golden["n"]))

    assert len(splits) == splitter.get_n_splits() == golden["n_splits"]
    assert [list(chosen) for chosen in splitter.test_groups()] == [each["test_groups"] for each in golden["splits"]]
    for (train, test), expected in zip(splits, golden["splits"], strict=True):
        assert train.tolist() == expected["train"]
        assert test.tolist() == list(itertools.chain(*expected["test"]))
    assert splitter.paths().tolist() == golden["paths"]
    assert splitter.n_paths == golden["n_paths"]


@pytest.mark.parametrize(("groups", "n_splits", "n_paths"), [((5, 2), 10, 4), ((6, 2), 15, 5), ((10, 2), 45, 9)])
def test_numbers_of_splits_and_paths(groups, n_splits, n_paths):
    """Correctness 2.2; (5, 2) is the specification's."""
    splitter = counted(*groups)

    assert (splitter.get_n_splits(np.zeros((100, 3))), splitter.n_paths) == (n_splits, n_paths)
    assert splitter.paths().shape == (n_paths, groups[0])


@settings(max_examples=150)
@given(st.integers(8, 80), st.integers(3, 8), st.integers(2, 7), st.integers(0, 4), st.integers(0, 4))
def test_splits_and_paths_are_those_of_another_library(n_rows, n_groups, n_test_groups, purge, embargo):
    """Skfolio 1.12, within what it allows: two test groups or more, and groups longer than purge and embargo."""
    assume(n_test_groups < n_groups <= n_rows and purge + embargo < n_rows // n_groups - 1)
    theirs = Skfolio(n_groups, n_test_groups, purged_size=purge, embargo_size=embargo)
    ours = counted(n_groups, n_test_groups, purge, embargo)
    expected = [(train.tolist(), np.concatenate(test).tolist()) for train, test in theirs.split(np.zeros((n_rows, 1)))]
    assume(all(train for train, _ in expected))

    splits = [(train.tolist(), test.tolist()) for train, test in ours.split(n_rows)]

    assert splits == expected
    assert sorted(map(tuple, ours.paths().T)) == sorted(map(tuple, theirs.recombined_paths))


@pytest.mark.parametrize("start", THURSDAYS.values(), ids=THURSDAYS.keys())
@pytest.mark.parametrize(
    ("groups", "hours", "embargo"), [((4, 2), 1, 0), ((6, 2), 5, 0), ((5, 1), 3, 7), ((6, 4), 2, 3)]
)
def test_event_splits_are_those_of_another_library(start, groups, hours, embargo):
    """Purgedcv 0.1 on instants with holes over a weekend, its embargo on the clock; it counts the end as within."""
    decision = without(closes(H1, 130, start), 7, 0.2)
    decision = decision[: decision.size // groups[0] * groups[0]]  # it spreads a remainder, we keep it together
    times = pd.Series(pd.to_datetime(decision, unit="us"))
    theirs = Purgedcv(
        *groups,
        prediction_times=times,
        evaluation_times=times + pd.Timedelta(hours=hours),
        embargo=pd.Timedelta(hours=embargo) - pd.Timedelta(1, "us") if embargo else None,
    )
    purge = EventPurge(decision, decision + hours * HOUR, Embargo(embargo * HOUR, "clock"), "exact")

    splits = [(train.tolist(), test.tolist()) for train, test in CombinatorialPurged(*groups, purge).split(decision)]

    assert splits == [(train.tolist(), test.tolist()) for train, test in theirs.split(np.zeros((decision.size, 1)))]


@settings(max_examples=25)
@given(
    seeds,
    st.sampled_from(list(THURSDAYS.values())),
    st.sampled_from([(4, 2), (6, 2), (5, 3)]),
    st.sampled_from([0.0, 0.1, 0.4]),
    st.integers(1, 12),
    st.sampled_from([0.0, 0.25, 1.0]),
    st.sampled_from(["strict", "exact"]),
)
def test_event_splits_are_those_of_an_oracle_over_holes_and_weekends(
    seed, start, groups, share, hours, embargo, convention
):
    decision = without(closes(H1, 200, start), seed, share)
    label_end = decision + hours * HOUR
    purge = EventPurge.of_trading_days(decision, label_end, 0, embargo, convention)

    for train, test in CombinatorialPurged(*groups, purge).split(decision):
        check_no_overlap(decision, label_end, train, test, convention)
        assert train.tolist() == oracle.training_rows(
            decision.tolist(),
            label_end.tolist(),
            test.tolist(),
            is_closed=convention == "strict",
            embargo_minutes=round(1440 * embargo),
        )


@given(st.integers(20, 60), st.integers(2, 6), st.data())
def test_without_holes_events_and_counts_of_rows_split_alike(n_rows, n_groups, data):
    """Exact purge is h - 1 rows; the embargo begins where the last label ends."""
    n_test_groups = data.draw(st.integers(1, n_groups - 1))
    horizon, embargo = data.draw(st.integers(1, 4)), data.draw(st.integers(0, 3))
    minutes = np.arange(n_rows)
    by_events = EventPurge(minutes, minutes + horizon, Embargo(embargo, "clock"), "exact")
    by_rows = RowPurge(horizon - 1, embargo, horizon_bars=horizon)

    outcomes = []
    for purge in (by_events, by_rows):
        try:
            splits = CombinatorialPurged(n_groups, n_test_groups, purge).split(n_rows)
            outcomes.append([(train.tolist(), test.tolist()) for train, test in splits])
        except NotEnoughHistory as error:
            outcomes.append(str(error))

    assert outcomes[0] == outcomes[1]


@given(st.integers(2, 60), st.integers(2, 9), st.data())
def test_every_row_is_tested_equally_often_and_never_trained_on_beside(n_rows, n_groups, data):
    """L10, mutants S9 and S12."""
    assume(n_groups <= n_rows)
    n_test_groups = data.draw(st.integers(1, n_groups - 1))
    splitter = counted(n_groups, n_test_groups)

    splits = list(splitter.split(n_rows))

    tested = np.bincount(np.concatenate([test for _, test in splits]), minlength=n_rows)
    assert tested.tolist() == [math.comb(n_groups - 1, n_test_groups - 1)] * n_rows
    for train, test in splits:
        assert sorted([*train, *test]) == list(range(n_rows))


@pytest.mark.parametrize(("n_rows", "n_groups", "trailing"), [(11, 4, [10]), (23, 6, [21, 22])])
def test_rows_that_do_not_divide_are_tested_too(n_rows, n_groups, trailing):
    """Mutant S9: another library once never tested them."""
    tests = [test for _, test in counted(n_groups, 2).split(n_rows)]

    for row in trailing:
        assert sum(row in test for test in tests) == n_groups - 1


@given(st.integers(2, 40), st.integers(2, 7), st.data())
def test_a_path_takes_each_row_from_a_split_that_tests_it_and_all_paths_all_of_them(n_rows, n_groups, data):
    assume(n_groups <= n_rows)
    splitter = counted(n_groups, data.draw(st.integers(1, n_groups - 1)))
    splits = list(splitter.split(n_rows))
    named = [number * n_rows + test.astype(float) for number, (_, test) in enumerate(splits)]

    histories = splitter.recombined(named, n_rows)

    split, row = np.divmod(histories.astype(int), n_rows)
    assert (row == np.arange(n_rows)).all()
    assert np.unique(histories).size == histories.size == sum(test.size for _, test in splits)
    bounds = splitter.group_bounds(n_rows)
    group = np.searchsorted(bounds, np.arange(n_rows), side="right") - 1
    assert (split == splitter.paths()[:, group]).all()


def test_the_embargo_is_in_trading_time_and_stands_after_test_rows_only():
    """Mutants S7 and S8."""
    decision = closes(H1, 240)
    purge = EventPurge.of_trading_days(decision, decision + HOUR, 0, 1, "exact")

    for train, test in CombinatorialPurged(4, 1, purge).split(decision):
        clock = trading_minutes(decision)
        before, after = train[train < test[0]], train[train > test[-1]]
        assert not before.size or before[-1] == test[0] - 1
        # The last label may end in the weekend, where the trading clock stands.
        assert not after.size or clock[after[0]] - clock[test[-1]] in (1440, 1500)


def test_scikit_learn_takes_it_as_cv():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 3))
    target = features @ [1.0, 0.5, 0.0] + rng.normal(size=60)
    splitter = counted(5, 2, 1, 1)

    scores = cross_val_score(Ridge(), features, target, cv=splitter)
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=splitter).fit(features, target, groups=target)

    by_hand = [
        Ridge().fit(features[train], target[train]).score(features[test], target[test])
        for train, test in splitter.split(features, target)
    ]
    np.testing.assert_allclose(scores, by_hand)
    assert search.n_splits_ == 10


@pytest.mark.parametrize("rows", [12, np.int64(12), np.zeros((12, 2)), pd.DataFrame({"a": range(12)}), [0] * 12])
def test_rows_may_be_anything_that_has_a_number_of_rows(rows):
    assert [test.tolist() for _, test in counted(3, 1).split(rows)] == [list(range(k, k + 4)) for k in (0, 4, 8)]


def test_a_split_that_leaves_nothing_to_train_on_is_refused_before_the_first_one():
    with pytest.raises(NotEnoughHistory, match=r"none beside test groups \(0, 2\), with groups of 4 rows"):
        counted(3, 2, 2).split(12)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: counted(4, 4), InvalidConfiguration, "at least 1 and less than n_groups, was 4 of 4"),
        (lambda: counted(4, 0), InvalidConfiguration, "was 0 of 4"),
        (lambda: counted(4, 2).split(3), NotEnoughHistory, "4 groups must have a row each, was 3 rows"),
        (lambda: counted(4, 2).split(None), InvalidConfiguration, "rows or their number, was NoneType"),
        (lambda: counted(3, 1).recombined([np.zeros(4)] * 2, 12), InvalidConfiguration, "3 splits must have one value"),
        (lambda: counted(3, 1).recombined([np.zeros(3)] * 3, 12), InvalidConfiguration, r"shapes \[\(3,\)\]"),
        (
            lambda: CombinatorialPurged(2, 1, EventPurge(np.arange(4), np.arange(4), NO_EMBARGO)).split(5),
            InvalidConfiguration,
            "was 5 rows and 4 instants",
        ),
    ],
    ids=range(7),
)
def test_what_cannot_be_split_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
