"""Promise: every path is one whole history of rows tested out of sample, summed up day by day."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from forecast_pipeline.backtests.paths import combinatorial_paths, ridge_crps_gain
from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.scores.crps import gaussian_crps
from forecast_pipeline.splits.combinatorial import CombinatorialPurged
from forecast_pipeline.splits.purge import check_no_overlap
from forecast_pipeline.splits.splitter import EventPurge
from forecast_pipeline_tests.splits.closes import closes

HOUR = 3_600_000_000
DECISION = closes(Timeframe("1h"), 1500)
LABEL_END = DECISION + 6 * HOUR
N = DECISION.size


def ends(paths):
    """Last value of each path."""
    return paths.group_by("path", maintain_order=True).last()["cumulative_loss_difference_bps"].to_numpy()


def test_paths_are_the_running_sums_that_a_loop_makes():
    """Each group of a path from the split that `paths` names, rows one by one."""
    losses = np.random.default_rng(0).normal(size=(15, N))
    number = iter(range(15))
    splitter = CombinatorialPurged(6, 2, EventPurge.of_trading_days(DECISION, LABEL_END, 0, 2))
    days = pl.Series(DECISION).cast(pl.Datetime("us")).dt.date().to_list()
    bounds = splitter.group_bounds(N)
    expected = []
    for path, by_group in enumerate(splitter.paths()):
        total, by_day = 0.0, {}
        for row in range(N):
            group = max(g for g in range(6) if bounds[g] <= row)
            total += 1e4 * losses[by_group[group], row]
            by_day[days[row]] = total
        expected += [(path, day, value) for day, value in by_day.items()]

    paths = combinatorial_paths(
        lambda _, test: losses[next(number), test], DECISION, LABEL_END, n_groups=6, n_test_groups=2
    )

    assert paths.columns == ["path", "day_utc", "cumulative_loss_difference_bps"]
    assert paths.schema["day_utc"] == pl.Date
    assert paths.select("path", "day_utc").rows() == [(path, day) for path, day, _ in expected]
    np.testing.assert_allclose(paths["cumulative_loss_difference_bps"], [value for *_, value in expected], rtol=1e-9)


def test_no_fit_sees_a_label_that_meets_those_it_is_tested_on():
    seen = []

    def fit_and_score(train, test):
        seen.append((train, test))
        return np.zeros(test.size)

    combinatorial_paths(fit_and_score, DECISION, LABEL_END, n_groups=5, max_rows=400)

    assert len(seen) == 10
    assert np.unique(np.concatenate([test for _, test in seen])).tolist() == list(range(0, N, 4))  # thinned evenly
    for train, test in seen:
        # Rows that were thinned out are neither trained on nor tested.
        thinned_train, thinned_test = train // 4, test // 4
        check_no_overlap(DECISION[::4], LABEL_END[::4], thinned_train, thinned_test, "strict")
        assert (train % 4 == 0).all()


def test_a_signal_lifts_every_path_and_noise_lifts_none_by_much():
    """Planted: an R2 of a tenth against none at all; the penalty keeps the loss on noise small."""
    rng = np.random.default_rng(1)
    features, noise, scale = rng.normal(size=(N, 5)), rng.normal(size=N), np.full(N, 1e-3)
    planted = 1e-3 * (np.sqrt(0.1) * features[:, 0] + np.sqrt(0.9) * noise)

    with_signal = combinatorial_paths(ridge_crps_gain(features, planted, scale), DECISION, LABEL_END)
    without = combinatorial_paths(ridge_crps_gain(features, 1e-3 * noise, scale), DECISION, LABEL_END)

    assert ends(with_signal).size == 9
    assert (ends(with_signal) > 250.0).all()
    assert (np.abs(ends(without)) < 100.0).all()


def test_the_gain_of_a_ridge_is_that_of_scikit_learn_on_standardised_training_rows():
    rng = np.random.default_rng(2)
    features, scale = rng.normal(3.0, 2.0, (300, 4)), np.exp(rng.normal(-7, 0.2, 300))
    outcomes = scale * rng.normal(size=300)
    train, test = np.arange(0, 200), np.arange(210, 300)
    peer = make_pipeline(StandardScaler(), Ridge(alpha=5.0, fit_intercept=False))
    mean = scale[test] * peer.fit(features[train], outcomes[train] / scale[train]).predict(features[test])

    gain = ridge_crps_gain(features, outcomes, scale, 5.0)(train, test)

    zero = gaussian_crps(np.zeros(90), scale[test], outcomes[test])
    np.testing.assert_allclose(gain, zero - gaussian_crps(mean, scale[test], outcomes[test]), rtol=1e-9, atol=1e-18)


def test_the_gain_depends_on_no_other_row():
    """L3: what is neither trained on nor tested is never read, and test outcomes move no weight."""
    rng = np.random.default_rng(3)
    features, outcomes, scale = rng.normal(size=(300, 4)), 1e-3 * rng.normal(size=300), np.full(300, 1e-3)
    train, test = np.arange(100), np.arange(200, 220)
    spoilt_features, spoilt_outcomes = features.copy(), outcomes.copy()
    spoilt_features[100:200], spoilt_outcomes[100:200], spoilt_outcomes[219] = 1e6, 1e6, 1e6

    gain = ridge_crps_gain(features, outcomes, scale)(train, test)
    spoilt = ridge_crps_gain(spoilt_features, spoilt_outcomes, scale)(train, test)

    np.testing.assert_array_equal(gain[:-1], spoilt[:-1])


def test_columns_without_any_value_forecast_zero():
    features = np.full((N, 2), np.nan)

    paths = combinatorial_paths(ridge_crps_gain(features, np.full(N, 1e-3), np.ones(N)), DECISION, LABEL_END)

    assert (paths["cumulative_loss_difference_bps"] == 0.0).all()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: combinatorial_paths(lambda *_: np.zeros(3), DECISION, LABEL_END), None, r"was shape \(3,\) for"),
        (
            lambda: combinatorial_paths(lambda _, test: np.full(test.size, np.nan), DECISION, LABEL_END),
            None,
            "300 of them not finite",
        ),
        (lambda: combinatorial_paths(None, DECISION, LABEL_END, max_rows=9), None, "at least n_groups=10, was 9"),
        (lambda: combinatorial_paths(None, DECISION[:5], LABEL_END[:5]), NotEnoughHistory, "was 5 rows"),
        (lambda: combinatorial_paths(None, DECISION[:100], LABEL_END[:100]), NotEnoughHistory, "none beside test"),
        (lambda: ridge_crps_gain(np.zeros((4, 2)), np.zeros(3), np.ones(4)), None, "one row a decision"),
        (lambda: ridge_crps_gain(np.zeros((2, 2)), np.array([0, np.nan]), np.ones(2)), None, "was 1 outcomes and 0 sc"),
        (lambda: ridge_crps_gain(np.zeros((2, 2)), np.zeros(2), np.array([1, np.inf])), None, "scale and penalty pos"),
        (lambda: ridge_crps_gain(np.zeros((2, 2)), np.zeros(2), np.ones(2), 0.0), None, "penalty=0"),
    ],
    ids=range(9),
)
def test_what_cannot_be_scored_is_refused(make, error, message):
    with pytest.raises(error or InvalidConfiguration, match=message):
        make()
