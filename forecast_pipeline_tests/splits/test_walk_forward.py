"""Promise: rows are split as the worked examples say, and no label of a train row is made of test prices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory
from forecast_pipeline.splits.walk_forward import WalkForward, purged

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "purged_splits.json").read_text())
E4, E5 = GOLDEN["E4_walk_forward"], GOLDEN["E5_events"]
sizes = st.tuples(st.integers(0, 120), st.integers(1, 30), st.integers(1, 20), st.integers(0, 10))
modes = st.sampled_from(["rolling", "expanding"])


@pytest.mark.parametrize("mode", ["rolling", "expanding"])
def test_folds_are_those_of_the_worked_example(mode):
    """Golden E4."""
    splitter = WalkForward(E4["train"], E4["test"], E4["purge"] + E4["embargo"], mode)

    folds = [[train.tolist(), test.tolist()] for train, test in splitter.split(E4["n"])]

    assert folds == E4[mode]
    assert splitter.get_n_splits(E4["n"]) == 4


@pytest.mark.parametrize("case", E5["cases"], ids=lambda case: f"test {case['test']}")
def test_rows_before_a_test_block_are_purged_as_in_the_worked_example(case):
    """Golden E5, event times over a weekend: half-open intervals are ours by "exact", closed ones by "strict"."""
    decision, label_end = np.array(E5["t0"]), np.array(E5["t1"])
    first = case["test"][0]

    kept = {
        convention: purged(np.arange(first), decision, label_end, int(decision[first]), convention).tolist()
        for convention in ("exact", "strict")
    }

    assert kept == {
        "exact": [row for row in case["half_open"] if row < first],
        # The example keeps nothing between its two test runs either; before the first run the cut is the same.
        "strict": [row for row in range(first) if E5["t1"][row] < E5["t0"][first]],
    }
    if case["closed"]:
        assert kept["strict"] == [row for row in case["closed"] if row < first]


@given(sizes, modes)
def test_every_row_is_tested_at_most_once_and_after_its_training_rows(sizes, mode):
    """Fault 69."""
    n_rows, train_size, test_size, gap = sizes
    splitter = WalkForward(train_size, test_size, gap, mode)
    n_folds = max((n_rows - train_size - gap) // test_size, 0)
    assert splitter.get_n_splits(n_rows) == n_folds
    if n_folds == 0:
        with pytest.raises(
            NotEnoughHistory, match=f"{train_size} train .* {gap} gap .* {test_size} test rows .* {n_rows}"
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


@given(
    st.lists(st.integers(1, 50), min_size=2, max_size=60),
    st.integers(1, 100),
    st.integers(1, 59),
    st.sampled_from(["strict", "exact"]),
)
def test_a_row_is_kept_exactly_if_its_label_does_not_meet_the_test_block(steps, label, first, convention):
    """Label safety: half-open intervals (decision, end]; strict also counts the price at the cut as unknown."""
    decision = np.cumsum(steps)
    first = min(first, decision.size - 1)
    label_end = decision + label

    kept = purged(np.arange(first), decision, label_end, int(decision[first]), convention)

    meets = [end >= decision[first] if convention == "strict" else end > decision[first] for end in label_end[:first]]
    assert kept.tolist() == [row for row in range(first) if not meets[row]]


def test_rows_decided_with_or_after_the_test_block_are_never_kept():
    decision = np.array([10, 20, 30, 40])

    assert purged(np.arange(4), decision, np.zeros(4, np.int64), 30).tolist() == [0, 1]


@pytest.mark.parametrize(("convention", "n_left_out"), [("strict", 3), ("exact", 2)])
def test_for_a_fixed_horizon_h_or_h_minus_1_rows_are_left_out(convention, n_left_out):
    """Correctness 2: exact purge is h - 1 rows, strict h."""
    decision = np.arange(20) * 60

    kept = purged(np.arange(10), decision, decision + 3 * 60, int(decision[10]), convention)

    assert kept.tolist() == list(range(10 - n_left_out))
