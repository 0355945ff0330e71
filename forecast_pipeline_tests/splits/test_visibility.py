"""Guards the second look at every join: open bars, stale bars and values kept too long are refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.core.errors import LeakDetected
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.splits.visibility import check_visibility, sampled_rows

MINUTE = 60_000_000
# A Tuesday, 10:00 New York: open time.
START = np.datetime64("2024-03-12T14:00", "us").astype(np.int64)
NOW = START + MINUTE * 15 * np.arange(1, 97)
CLOSES = START + MINUTE * 60 * np.arange(1, 25)
VALUES = np.arange(24.0)


def shown(offset: int = 0, limit_bars: int | None = None) -> np.ndarray:
    """What a row shows: the hour that has closed, or one that is ``offset`` hours away from it."""
    last = np.searchsorted(CLOSES, NOW, side="right") - 1
    place = np.clip(last + offset, 0, VALUES.size - 1)
    out = np.where(last >= 0, VALUES[place], np.nan)
    if limit_bars is not None:
        out[NOW - CLOSES[np.maximum(last, 0)] >= limit_bars * 60 * MINUTE] = np.nan
    return out


def table(closes_us: np.ndarray, values: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"close_ts_utc": pl.Series(closes_us).cast(INSTANT), "x": values})


def check(joined: np.ndarray, values: np.ndarray = VALUES, limit: int = 60) -> int:
    return check_visibility(table(NOW, joined), table(CLOSES, values), ["x"], limit, "join of 1h onto 15m")


def test_an_honest_join_passes_and_says_how_many_rows_were_looked_at():
    assert check(shown()) > NOW.size / 2


@pytest.mark.parametrize("offset", [1, -1], ids=["an open bar", "a stale bar"])
def test_the_wrong_hour_is_refused(offset):
    with pytest.raises(LeakDetected, match="join of 1h onto 15m: x must be that of the last closed bar"):
        check(shown(offset))


def test_a_single_wrong_row_next_to_a_boundary_is_found():
    joined = shown()
    joined[47] += 1.0

    with pytest.raises(LeakDetected, match="in row 47"):
        check(joined)


def test_a_value_kept_beyond_its_limit_is_refused():
    hole = np.isin(np.arange(24), [10, 11, 12])
    kept = VALUES.copy()
    last = np.searchsorted(CLOSES[~hole], NOW, side="right") - 1
    for_ever = np.where(last >= 0, kept[~hole][np.maximum(last, 0)], np.nan)

    with pytest.raises(LeakDetected, match="instead of nan"):
        check_visibility(table(NOW, for_ever), table(CLOSES[~hole], kept[~hole]), ["x"], 60, "join")


def test_an_undefined_value_stays_undefined():
    values = np.where(np.arange(24) < 5, np.nan, VALUES)
    joined = np.where(shown() < 5, np.nan, shown())

    assert check(joined, values) > 0
    with pytest.raises(LeakDetected, match="instead of nan"):
        check(shown(), values)


def test_rows_next_to_boundaries_are_always_among_those_looked_at():
    now = np.arange(1, 100_001) * 15 * MINUTE
    closes = np.array([5000, 70_000]) * 15 * MINUTE

    rows = sampled_rows(now, closes)

    assert {4998, 4999, 5000, 69_998, 69_999, 70_000} <= set(rows.tolist())
    assert rows.size < 400


def test_no_rows_are_no_findings():
    nothing = np.array([], np.int64)

    empty = table(nothing, VALUES[:0])
    assert check_visibility(empty, empty, ["x"], 60, "join") == 0
