"""Promise: a label is the return over open market time, known when it ends, and absent rather than stale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.splits.targets import forward_log_returns
from forecast_pipeline_tests.oracles import splits as oracle
from forecast_pipeline_tests.oracles.trading_clock import instant_us
from forecast_pipeline_tests.splits.closes import MINUTE, THURSDAYS, closes, without

M1, M5, M15, H1, D1 = (Timeframe(t) for t in ("1m", "5m", "15m", "1h", "1d"))
starts = st.sampled_from(list(THURSDAYS.values()))
seeds = st.integers(0, 2**32 - 1)


def prices(n, seed=0):
    return 1.1 * np.exp(np.random.default_rng(seed).normal(scale=1e-3, size=n).cumsum())


def test_three_hours_by_hand():
    close_us = closes(H1, 5, "2024-07-03T00:00")
    close = np.array([1.0, 2.0, 4.0, 8.0, 16.0])

    targets = forward_log_returns(close_us, close, H1, (1, 3))

    nan = np.nan
    np.testing.assert_allclose(targets.log_returns / np.log(2), [[1, 3], [1, 3], [1, nan], [1, nan], [nan, nan]])
    hours = (targets.label_end_us - close_us[:, None]) // (60 * MINUTE)
    assert hours.tolist() == [[1, 3]] * 5


@pytest.mark.parametrize("start", THURSDAYS.values(), ids=THURSDAYS.keys())
@pytest.mark.parametrize(("timeframe", "n"), [(M5, 700), (H1, 130)], ids=str)
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_labels_over_weekends_and_holes_are_what_a_slow_loop_finds(start, timeframe, n, share):
    """Faults 17 and 18."""
    close_us = without(closes(timeframe, n, start), 7, share)
    close, horizons = prices(close_us.size), (1, 3, 12)

    targets = forward_log_returns(close_us, close, timeframe, horizons)

    rows = range(0, close_us.size, 11)
    expected = [
        [oracle.forward_log_return(i, close_us.tolist(), close.tolist(), timeframe.minutes, h) for h in horizons]
        for i in rows
    ]
    ends = [[oracle.label_end(int(close_us[i]), h * timeframe.minutes) for h in horizons] for i in rows]
    np.testing.assert_allclose(targets.log_returns[rows], expected, rtol=1e-12)
    assert targets.label_end_us[rows].tolist() == ends
    assert 0 < np.isfinite(targets.log_returns).mean() < 1


def test_a_label_of_an_hour_before_the_weekend_ends_on_sunday():
    """Fault 68: the clock stands still while the market is closed."""
    friday, sunday = instant_us("2024-07-05T20:30"), instant_us("2024-07-07T21:30")

    targets = forward_log_returns(np.array([friday, sunday]), np.array([1.0, 2.0]), M15, (4,))

    assert targets.label_end_us[0, 0] == sunday
    assert targets.log_returns[0, 0] == np.log(2.0)


def test_a_label_that_ends_with_the_week_is_known_on_friday():
    friday = instant_us("2024-07-05T20:00")

    targets = forward_log_returns(np.array([friday, friday + 60 * MINUTE]), np.array([1.0, 2.0]), H1, (1,))

    assert targets.label_end_us[0, 0] == instant_us("2024-07-05T21:00")
    assert targets.log_returns[0, 0] == np.log(2.0)


@pytest.mark.parametrize(
    ("timeframe", "minutes_missing", "is_known"),
    [(M1, 5, True), (M1, 6, False), (M5, 5, True), (M5, 10, False), (H1, 60, True), (H1, 120, False)],
)
def test_a_price_older_than_five_minutes_and_a_slot_is_no_label(timeframe, minutes_missing, is_known):
    """Fault 18."""
    start, slot = instant_us("2024-07-03T00:00"), timeframe.minutes
    horizon = 10
    end = start + horizon * slot * MINUTE
    close_us = np.array([start, end - minutes_missing * MINUTE, end + slot * MINUTE])

    label = forward_log_returns(close_us, np.array([1.0, 2.0, 3.0]), timeframe, (horizon,)).log_returns[0, 0]

    assert label == (np.log(2.0) if is_known else pytest.approx(np.nan, nan_ok=True))


@given(starts, seeds, st.floats(0, 0.5), st.integers(2, 200))
def test_a_label_is_known_exactly_when_its_end_has_come(start, seed, share, cut):
    """Fault 21: later data gives labels to rows that had none, and changes no other."""
    close_us = without(closes(M15, 300, start), seed, share)
    close = prices(close_us.size, seed)
    cut = min(cut, close_us.size)

    whole = forward_log_returns(close_us, close, M15, (1, 4, 20))
    known = forward_log_returns(close_us[:cut], close[:cut], M15, (1, 4, 20))

    has_ended = whole.label_end_us[:cut] <= close_us[cut - 1]
    np.testing.assert_array_equal(known.log_returns, np.where(has_ended, whole.log_returns[:cut], np.nan))
    np.testing.assert_array_equal(known.label_end_us, whole.label_end_us[:cut])


@given(seeds, st.floats(0.01, 100))
def test_a_label_does_not_depend_on_the_scale_of_prices(seed, factor):
    close_us, close = closes(H1, 60), prices(60, seed)

    returns = forward_log_returns(close_us, close, H1, (2, 5)).log_returns

    np.testing.assert_allclose(
        forward_log_returns(close_us, factor * close, H1, (2, 5)).log_returns, returns, atol=1e-12
    )


def test_increments_add_up_over_horizons():
    close_us, close = closes(H1, 60), prices(60)

    returns = forward_log_returns(close_us, close, H1, (1, 2, 3)).log_returns

    np.testing.assert_allclose(returns[:-3, 2], returns[:-3, 0] + returns[1:-2, 0] + returns[2:-1, 0], atol=1e-12)


@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_row_has_no_label(n):
    targets = forward_log_returns(closes(H1, n), prices(n), H1, (1, 2))

    assert targets.log_returns.shape == targets.label_end_us.shape == (n, 2)
    assert np.isnan(targets.log_returns).all()
