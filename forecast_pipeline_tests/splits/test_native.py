"""Promise: a window holds the newest bars that had closed at the decision, in training statistics, and no other."""

from __future__ import annotations

import bisect
import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.errors import InvalidConfiguration, MissingData
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.models.storage import dump_state, load_state
from forecast_pipeline.splits.native import NativeSource, NativeStatistics, NativeWindows
from forecast_pipeline.splits.native_panel import NativePanel
from forecast_pipeline.splits.standardise import CLIP_STD, Standardiser
from forecast_pipeline_tests.oracles.trading_clock import open_minutes_between
from forecast_pipeline_tests.splits.closes import closes, without

M15, H1, H4 = Timeframe("15m"), Timeframe("1h"), Timeframe("4h")
START = "2024-07-04T00:00"  # a Thursday: three days hold a weekend
BASE_US = closes(M15, 240, START)
UNTIL_US = int(BASE_US[150])


def panel_of(timeframe, n, seed):
    rng = np.random.default_rng(seed)
    close_us = without(closes(timeframe, n, START), seed, 0.1)
    values = rng.standard_t(2, (close_us.size, 3)).astype(np.float32)
    values[rng.random(values.shape) < 0.1] = np.nan
    values[3, 0] = np.inf
    return NativePanel(timeframe.minutes, close_us, values, ("a", "b", "c"))


PANELS = [panel_of(H1, 70, 1), panel_of(H4, 18, 2)]


def windows_of(panels=PANELS, issued_at_us=BASE_US):
    return NativeWindows(NativeStatistics(NativeSource.of_panels(panels), UNTIL_US, 0.1), issued_at_us)


def slow_window(panel, issued_us, length):
    """One bar after the other, standardised by the statistics of the bars closed by the last training decision."""
    known = panel.close_us <= UNTIL_US
    fitted = Standardiser.fit(panel.values[known].astype(np.float64), panel.columns, 0.1)
    values, is_known = [], []
    last = bisect.bisect_right(panel.close_us.tolist(), issued_us) - 1
    for place in range(last - length + 1, last + 1):
        is_known.append(place >= 0)
        row = panel.values[place : place + 1].astype(np.float64)
        values.append(fitted.transform(row)[0] if place >= 0 else np.zeros(fitted.is_kept.sum()))
    return values, is_known


@pytest.mark.parametrize("length", [1, 4, 100])
@pytest.mark.parametrize("position", [0, 1])
def test_windows_are_what_a_slow_loop_finds(position, length):
    rows = np.arange(0, BASE_US.size, 7)[::-1]

    found = windows_of().windows(position, rows, length)

    due = [slow_window(PANELS[position], int(BASE_US[row]), length) for row in rows]
    assert found.values.dtype == np.float32
    assert found.values.shape == (rows.size, length, 3)
    np.testing.assert_allclose(found.values, [values for values, _ in due], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(found.is_known, [is_known for _, is_known in due])
    assert np.abs(found.values).max() <= CLIP_STD


@pytest.mark.parametrize(("offset_us", "expected"), [(-1, 4), (0, 5), (1, 5)])
def test_a_slow_bar_is_seen_from_its_close_on(offset_us, expected):
    """L8, L9: one microsecond before, at, and one after."""
    close_us = int(PANELS[1].close_us[5])

    assert windows_of(issued_at_us=np.array([close_us + offset_us])).last[0, 1] == expected


def test_before_the_first_close_there_is_nothing():
    early = windows_of(issued_at_us=PANELS[0].close_us[:1] - 1)
    found = early.windows(0, np.array([0]), 3)

    assert early.last.tolist() == [[-1, -1]]
    assert early.age_minutes.tolist() == [[-1, -1]]
    assert not found.is_known.any()
    assert not found.values.any()


def test_the_age_is_counted_in_open_minutes():
    windows = windows_of()
    rows = range(0, BASE_US.size, 13)

    for position, panel in enumerate(PANELS):
        due = [
            open_minutes_between(int(panel.close_us[windows.last[row, position]]), int(BASE_US[row]))
            if windows.last[row, position] >= 0
            else -1
            for row in rows
        ]
        assert windows.age_minutes[rows, position].tolist() == due
    assert windows.age_minutes.max() >= 60


@given(row=st.integers(0, BASE_US.size - 1), seed=st.integers(0, 1000))
def test_nothing_after_a_decision_reaches_its_window(row, seed):
    """Fault 21: later bars replaced, or taken away, leave every window up to the decision to the last bit."""
    row = max(row, 151)  # the statistics end at row 150
    issued_us = int(BASE_US[row])
    rng = np.random.default_rng(seed)

    replaced, truncated = [], []
    for panel in PANELS:
        later = (panel.close_us > issued_us)[:, None]
        noise = rng.standard_normal(panel.values.shape).astype(np.float32)
        replaced.append(dataclasses.replace(panel, values=np.where(later, 1e4 * noise, panel.values)))
        n = int((~later).sum())
        truncated.append(dataclasses.replace(panel, close_us=panel.close_us[:n], values=panel.values[:n]))

    honest, rows = windows_of(), np.array([0, row // 2, row])
    for panels in (replaced, truncated):
        changed = windows_of(panels)
        np.testing.assert_array_equal(changed.last[: row + 1], honest.last[: row + 1])
        for position in range(2):
            for ours, theirs in zip(honest.windows(position, rows, 8), changed.windows(position, rows, 8), strict=True):
                np.testing.assert_array_equal(ours, theirs)


def test_rows_taken_have_the_windows_that_they_had():
    windows = windows_of()
    positions = np.array([200, 3, 77])
    before, _ = windows.take(positions), windows.age_minutes
    after = windows.take(positions)

    for taken in (before, after):
        assert len(taken) == 3
        np.testing.assert_array_equal(taken.last, windows.last[positions])
        np.testing.assert_array_equal(taken.age_minutes, windows.age_minutes[positions])
        np.testing.assert_array_equal(taken.windows(1, np.arange(3), 4).values, windows.windows(1, positions, 4).values)


def test_statistics_survive_storage_and_serve_without_a_training_window():
    trained = windows_of()
    stored = load_state(dump_state({"native": trained.statistics()}), "a model")["native"]
    # A panel with its columns in another order and one that is new, as after a rebuild with more indicators.
    panels = [
        NativePanel(
            each.timeframe_minutes,
            each.close_us,
            np.column_stack([each.values[:, 2], each.values[:, 0], each.values[:, 0], each.values[:, 1]]),
            ("c", "new", "a", "b"),
        )
        for each in PANELS
    ]
    served = NativeWindows(NativeStatistics(NativeSource.of_panels(panels)), BASE_US)

    again = served.with_statistics(stored)

    assert again.minutes == trained.minutes == (60, 240)
    assert again.columns(0) == ("a", "b", "c")
    for position in range(2):
        np.testing.assert_array_equal(
            again.windows(position, np.arange(BASE_US.size), 5).values,
            trained.windows(position, np.arange(BASE_US.size), 5).values,
        )
    assert str(again.statistics()) == str(trained.statistics())


def test_served_rows_without_statistics_and_models_of_other_columns_are_refused():
    served = NativeWindows(NativeStatistics(NativeSource.of_panels(PANELS)), BASE_US)
    statistics = windows_of().statistics()
    renamed = [dataclasses.replace(each, columns=("a", "b", "other")) for each in PANELS]
    other = NativeWindows(NativeStatistics(NativeSource.of_panels(renamed)), BASE_US)
    fewer = NativeWindows(NativeStatistics(NativeSource.of_panels(PANELS[:1])), BASE_US)

    assert served.last.shape == (BASE_US.size, 2)
    with pytest.raises(InvalidConfiguration, match="must have statistics of training bars"):
        served.windows(0, np.array([3]), 2)
    with pytest.raises(InvalidConfiguration, match="must hold the 3 columns of the model, was no c"):
        other.with_statistics(statistics)
    with pytest.raises(MissingData, match="features of bars of 240 minutes must be built, was features of 60 minutes"):
        fewer.with_statistics(statistics)
    with pytest.raises(InvalidConfiguration, match="statistics of a panel must be a table"):
        served.with_statistics({"60": 1})


def test_a_panel_is_opened_when_it_is_asked_for_and_once():
    opened = []

    def opener(panel):
        return lambda: opened.append(panel.timeframe_minutes) or panel

    source = NativeSource(lambda: {each.timeframe_minutes: opener(each) for each in reversed(PANELS)}, default=[240])
    windows = NativeWindows(NativeStatistics(source, UNTIL_US, 0.1), BASE_US)

    assert (len(windows.take(np.arange(3))), opened) == (3, [])
    assert windows.minutes == (240,)
    windows.windows(0, np.array([100]), 2)
    windows.of_minutes([240]).windows(0, np.array([100]), 2)
    assert opened == [240]
    faster = windows.of_minutes([240, 60])
    assert (faster.minutes, opened) == ((60, 240), [240, 60])
    np.testing.assert_array_equal(faster.last, windows_of().last)


def test_a_panel_without_bars_gives_empty_windows():
    empty = NativePanel(60, np.empty(0, np.int64), np.empty((0, 1), np.float32), ("a",))

    found = windows_of([empty]).windows(0, np.arange(4), 3)

    assert found.values.shape == (4, 3, 0)
    assert not found.is_known.any()
