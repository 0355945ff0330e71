"""Promise: the extremes of an increment are those of its own bars, hold its ends, and end where its label does."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.splits import extremes as extremes_module
from forecast_pipeline.splits.build import with_labels
from forecast_pipeline.splits.extremes import path_extremes, range_maximum
from forecast_pipeline.splits.targets import forward_log_returns
from forecast_pipeline_tests.oracles import splits as oracle
from forecast_pipeline_tests.splits.closes import THURSDAYS, closes, without

M5, H1 = Timeframe("5m"), Timeframe("1h")
HORIZONS = (1, 3, 12)
starts = st.sampled_from(list(THURSDAYS.values()))
seeds = st.integers(0, 2**32 - 1)


def bars(n, seed):
    """Close, high and low of a random walk."""
    rng = np.random.default_rng(seed)
    close = 1.1 * np.exp(rng.normal(scale=1e-3, size=n).cumsum())
    reach = np.exp(np.abs(rng.normal(scale=1e-3, size=(2, n))))
    return close, close * reach[0], close / reach[1]


def extremes_of(close_us, prices, timeframe=M5, horizons=HORIZONS):
    return path_extremes(forward_log_returns(close_us, prices[0], timeframe, horizons), *prices)


def slow_extremes(row, close_us, prices, minutes, horizons):
    """By the definition, one increment at a time, bar by bar."""
    close, high, low = prices
    found, start, start_known = [], row, True
    for horizon in horizons:
        outcome = oracle.forward_log_return(row, close_us, close, minutes, horizon)
        end_us = oracle.label_end(close_us[row], horizon * minutes)
        if math.isnan(outcome):
            found.append((math.nan, math.nan))
            start_known = False
            continue
        end = max(k for k, each in enumerate(close_us) if each <= end_us)
        if start_known:
            highest, lowest = max(close[start], close[end]), min(close[start], close[end])
            for bar in range(start + 1, end + 1):
                highest, lowest = max(highest, high[bar]), min(lowest, low[bar])
            found.append((math.log(highest / close[start]), math.log(lowest / close[start])))
        else:
            found.append((math.nan, math.nan))
        start, start_known = end, True
    return found


@pytest.mark.parametrize("start", THURSDAYS.values(), ids=THURSDAYS.keys())
@pytest.mark.parametrize(("timeframe", "n"), [(M5, 700), (H1, 130)], ids=str)
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_extremes_over_weekends_and_holes_are_what_a_slow_loop_finds(start, timeframe, n, share):
    close_us = without(closes(timeframe, n, start), 7, share)
    prices = bars(close_us.size, 1)

    found = extremes_of(close_us, prices, timeframe)

    rows = range(0, close_us.size, 11)
    listed = [each.tolist() for each in prices]
    expected = [slow_extremes(i, close_us.tolist(), listed, timeframe.minutes, HORIZONS) for i in rows]
    np.testing.assert_allclose(found[rows], expected, rtol=1e-10, atol=1e-14)
    assert 0 < np.isfinite(found).mean() < 1


def test_rows_are_cut_into_chunks_without_a_seam(monkeypatch):
    close_us = without(closes(M5, 900, "2024-07-04T00:00"), 3, 0.1)
    prices = bars(close_us.size, 2)
    whole = extremes_of(close_us, prices)

    monkeypatch.setattr(extremes_module, "CHUNK_ROWS", 37)

    np.testing.assert_array_equal(extremes_of(close_us, prices), whole)


@given(start=starts, seed=seeds, share=st.sampled_from([0.0, 0.2, 0.6]))
def test_extremes_hold_both_ends_and_are_known_where_the_increment_is(start, seed, share):
    close_us = without(closes(M5, 200, start), seed, share)
    prices = bars(close_us.size, seed)
    targets = forward_log_returns(close_us, prices[0], M5, HORIZONS)
    increments = np.diff(targets.log_returns, axis=1, prepend=0.0)

    found = path_extremes(targets, *prices)

    known = np.isfinite(increments)
    np.testing.assert_array_equal(np.isfinite(found), np.stack([known, known], axis=-1))
    tolerance = 1e-12
    assert (found[known, 0] >= np.maximum(increments[known], 0.0) - tolerance).all()
    assert (found[known, 1] <= np.minimum(increments[known], 0.0) + tolerance).all()


@given(start=starts, seed=seeds, row=st.integers(0, 150))
def test_nothing_after_a_label_end_is_read(start, seed, row):
    """Faults 17 and 21: another future after the end of a label leaves its extremes to the last bit."""
    close_us = without(closes(M5, 200, start), seed, 0.1)
    prices = bars(close_us.size, seed)
    targets = forward_log_returns(close_us, prices[0], M5, HORIZONS)
    row = min(row, close_us.size - 1)

    for k in range(len(HORIZONS)):
        is_later = close_us > targets.label_end_us[row, k]
        other = [np.where(is_later, factor * price, price) for factor, price in zip((7, 9, 0.1), prices, strict=True)]
        np.testing.assert_array_equal(
            extremes_of(close_us, other)[row, : k + 1], path_extremes(targets, *prices)[row, : k + 1]
        )


def test_the_bar_of_the_decision_is_past_and_the_bar_of_the_label_end_is_not():
    close_us = closes(H1, 4, "2024-07-03T00:00")
    close, high, low = np.ones(4), np.array([9.0, 2.0, 4.0, 8.0]), np.array([0.1, 0.5, 1.0, 1.0])

    found = extremes_of(close_us, (close, high, low), H1, (1, 2))

    np.testing.assert_allclose(found[0] / np.log(2.0), [[1.0, -1.0], [2.0, 0.0]])


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=40), seeds)
def test_a_range_maximum_is_the_maximum_of_the_range(values, seed):
    rng = np.random.default_rng(seed)
    array = np.array(values)
    first = rng.integers(0, array.size, 30)
    last = np.minimum(first + rng.integers(-1, array.size, 30), array.size - 1)

    expected = [max(values[a : b + 1], default=-math.inf) for a, b in zip(first, last, strict=True)]
    assert range_maximum(array, first, last).tolist() == expected


@pytest.mark.parametrize("n", [0, 1])
def test_a_history_without_a_future_has_no_extremes(n):
    found = extremes_of(closes(H1, n, "2024-07-03T00:00"), bars(n, 0), H1, (1, 2))

    assert found.shape == (n, 2, 2)
    assert np.isnan(found).all()


def test_extremes_are_labels_only_where_the_bars_have_highs_and_lows():
    close_us = closes(H1, 3, "2024-07-03T00:00")
    close, high, low = bars(3, 0)
    targets = forward_log_returns(close_us, close, H1, (1,))
    frame = pl.DataFrame({"price": close, "bar_open": close, "bar_high": high, "bar_low": low})

    labelled = with_labels(frame, targets, (1,))

    assert labelled.columns[4:] == ["outcome_1", "highest_1", "lowest_1"]
    assert labelled["highest_1"].to_list()[2] is None
    np.testing.assert_allclose(
        labelled["highest_1"][:2], np.log(np.maximum(high[1:], close[:2]) / close[:2]), rtol=1e-6
    )
    assert with_labels(frame.select("price"), targets, (1,)).columns == ["price", "outcome_1"]
