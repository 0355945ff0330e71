"""Promise: a timeframe is one of seven names, and longer means longer."""

from __future__ import annotations

import random

import pytest

from forecast_pipeline.core.errors import UnknownTimeframe
from forecast_pipeline.core.timeframe import Timeframe

BY_LENGTH = ["1m", "5m", "15m", "30m", "1h", "4h", "1d"]


def test_names_and_lengths_belong_together():
    assert [t.value for t in Timeframe] == BY_LENGTH
    assert [t.minutes for t in Timeframe] == [1, 5, 15, 30, 60, 240, 1440]
    assert [t.microseconds for t in Timeframe] == [t.minutes * 60_000_000 for t in Timeframe]


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_text_and_minutes_are_round_trips(timeframe):
    assert Timeframe.parse(str(timeframe)) is timeframe
    assert Timeframe.of_minutes(timeframe.minutes) is timeframe


def test_every_comparison_is_by_length_and_not_by_spelling():
    shuffled = list(Timeframe)
    random.Random(1).shuffle(shuffled)  # noqa: S311 - no secret

    assert [t.value for t in sorted(shuffled)] == BY_LENGTH
    assert (min(shuffled), max(shuffled)) == (Timeframe.M1, Timeframe.D1)
    for a in Timeframe:
        for b in Timeframe:
            by_length = (a.minutes < b.minutes, a.minutes <= b.minutes, a.minutes > b.minutes, a.minutes >= b.minutes)
            assert (a < b, a <= b, a > b, a >= b) == by_length


@pytest.mark.parametrize("text", ["2m", "1H", "", "60", "1h ", "daily"])
def test_an_unknown_timeframe_is_refused_with_the_list(text):
    """Fault 12."""
    with pytest.raises(UnknownTimeframe, match="one of 1m 5m 15m 30m 1h 4h 1d"):
        Timeframe.parse(text)


def test_an_unknown_length_is_refused_with_the_list():
    """Fault 12."""
    with pytest.raises(UnknownTimeframe, match=r"one of \[1, 5, 15, 30, 60, 240, 1440\] minutes, was 7"):
        Timeframe.of_minutes(7)
