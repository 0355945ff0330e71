"""Promise: the end of the rows validates, what its labels reach does not train, and statistics are of train rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.splits.purge import NO_EMBARGO
from forecast_pipeline.splits.splitter import EventPurge, RowPurge
from forecast_pipeline.splits.temporal import TemporalSplit, standardise_train_val
from forecast_pipeline_tests.oracles import splits as oracle
from forecast_pipeline_tests.splits.closes import THURSDAYS, closes, without

H1, HOUR = Timeframe("1h"), 3_600_000_000


def specified(features, val_frac):
    """The specification's own text, without its two faults: it purges nothing and knows no holes."""
    train_size = len(features) - int(len(features) * val_frac)
    train, validation = features[:train_size], features[train_size:]
    mean, std = np.mean(train, axis=0), np.std(train, axis=0)
    return (train - mean) / std, (validation - mean) / std


@given(st.integers(10, 200), st.floats(0.11, 0.9))
def test_without_labels_that_reach_over_the_cut_it_is_the_specification_s_function(n_rows, val_frac):
    """Correction C9."""
    features = np.random.default_rng(n_rows).normal(size=(n_rows, 3))
    if n_rows - int(n_rows * val_frac) < 3:
        return

    train, validation, _ = standardise_train_val(features, ("a", "b", "c"), TemporalSplit(val_frac, RowPurge(0)))

    expected = specified(features, val_frac)
    np.testing.assert_allclose(train, np.clip(expected[0], -10, 10), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(validation, np.clip(expected[1], -10, 10), rtol=1e-9, atol=1e-9)


@settings(max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(list(THURSDAYS.values())),
    st.sampled_from([0.0, 0.3]),
    st.integers(0, 30),
    st.floats(0.05, 0.5),
    st.sampled_from(["strict", "exact"]),
)
def test_rows_whose_label_passes_the_first_validation_decision_do_not_train(
    seed, start, share, hours, val_frac, convention
):
    """Correction C9, mutant S11: over holes and weekends, equal to an oracle."""
    decision = without(closes(H1, 120, start), seed, share)
    label_end = decision + hours * HOUR
    splitter = TemporalSplit(val_frac, EventPurge(decision, label_end, NO_EMBARGO, convention))

    ((train, validation),) = splitter.split(decision)

    n_validation = int(decision.size * val_frac)
    assert validation.tolist() == list(range(decision.size - n_validation, decision.size))
    assert train.tolist() == oracle.training_rows(
        decision.tolist(),
        label_end.tolist(),
        validation.tolist(),
        is_closed=convention == "strict",
        embargo_minutes=0,
    )
    assert splitter.get_n_splits() == splitter.get_n_splits(decision) == 1


def test_nothing_after_the_cut_moves_the_statistics():
    """L3: neither validation rows nor the purged ones are looked at."""
    rows = np.random.default_rng(0).normal(size=(100, 2))
    spoilt = rows.copy()
    spoilt[75:] = 1e9
    splitter = TemporalSplit(0.2, RowPurge(5))

    train, _, standardiser = standardise_train_val(rows, ("a", "b"), splitter)
    spoilt_train, _, spoilt_standardiser = standardise_train_val(spoilt, ("a", "b"), splitter)

    assert train.shape == (75, 2)
    np.testing.assert_array_equal(train, spoilt_train)
    np.testing.assert_array_equal(standardiser.mean, spoilt_standardiser.mean)


def test_scikit_learn_takes_it_as_cv():
    rng = np.random.default_rng(0)
    features, target = rng.normal(size=(60, 2)), rng.normal(size=60)

    scores = cross_val_score(Ridge(), features, target, cv=TemporalSplit(0.25, RowPurge(3)))

    expected = Ridge().fit(features[:42], target[:42]).score(features[45:], target[45:])
    np.testing.assert_allclose(scores, [expected])


@pytest.mark.parametrize(("val_frac", "purge", "found"), [(0.05, 0, "10 train and 0"), (0.5, 5, "0 train and 5")])
def test_a_cut_with_nothing_on_one_side_is_refused(val_frac, purge, found):
    splitter = TemporalSplit(val_frac, RowPurge(purge))

    assert splitter.get_n_splits(10) == 0
    with pytest.raises(NotEnoughHistory, match=f"must leave rows on both sides .* was {found} validation rows of 10"):
        splitter.split(10)


@pytest.mark.parametrize("val_frac", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_outside_0_and_1_is_refused(val_frac):
    with pytest.raises(InvalidConfiguration, match="val_frac must lie between 0 and 1"):
        TemporalSplit(val_frac, RowPurge(0))
