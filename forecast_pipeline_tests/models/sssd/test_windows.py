"""Promise: windows hold closed bars only, in the order of time, and a copy in another process holds the same."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest
import torch

from forecast_pipeline.models.neural.conditioning import Conditioner
from forecast_pipeline.models.sssd.data_module import SSSDDataModule
from forecast_pipeline.models.sssd.windows import HistoryWindows, WindowDataset, history_channels, scales_of
from forecast_pipeline.splits.native import NativeSource, NativeStatistics, NativeWindows
from forecast_pipeline.splits.native_panel import NativePanel
from forecast_pipeline_tests.models.made_rows import SLOT_US, START_US, made_rows
from forecast_pipeline_tests.models.sssd.made_panels import panels, with_panels

ROWS = made_rows(200)


def channels_of(rows, scales=(1, 3)):
    variance = Conditioner.fit(rows).variance
    return history_channels(rows.history, variance, variance.measure(rows.history), scales)


def dataset_of(rows, lengths=(5, 4, 3)):
    conditions = Conditioner.fit(rows).conditions(rows)
    return WindowDataset(rows.native, lengths, conditions, rows.increments)


def test_an_aggregate_is_the_sum_of_its_bars_over_the_volatility_before_it():
    """A slow oracle of one bar and one scale."""
    variance = Conditioner.fit(ROWS).variance
    states, returns = variance.measure(ROWS.history), variance.returns(ROWS.history)
    bar, scale = 150, 3
    nearest = int(np.argmin(np.abs(np.array(variance.memories) - 36.0)))
    expected = returns[bar - 2 : bar + 1].sum() / np.sqrt(states[bar - 3, nearest] * variance.level * 3)

    found = channels_of(ROWS)[scale][bar]

    np.testing.assert_allclose(found[:2], [expected, np.sqrt(abs(expected))], rtol=1e-5)


def test_history_windows_count_backwards_from_the_decision():
    channels = {1: np.arange(10.0, dtype=np.float32)[:, None], 4: 10.0 + np.arange(10.0, dtype=np.float32)[:, None]}
    windows = HistoryWindows(channels, np.array([9, 6]))

    values, is_known = windows.windows(1, np.array([0, 1]), length=3)

    assert values[..., 0].tolist() == [[0.0, 15.0, 19.0], [0.0, 0.0, 16.0]]
    assert is_known.tolist() == [[False, True, True], [False, False, True]]


def test_channels_of_a_bar_do_not_change_when_later_bars_do():
    later = ROWS.history.returns.copy()
    later[121:] *= -5.0
    variance = Conditioner.fit(ROWS).variance
    before = history_channels(ROWS.history, variance, variance.measure(ROWS.history), (1, 12))

    other = dataclasses.replace(ROWS.history, returns=later)
    after = history_channels(other, variance, variance.measure(other), (1, 12))

    for scale in (1, 12):
        np.testing.assert_array_equal(before[scale][:121], after[scale][:121])
        assert not np.array_equal(before[scale][121:], after[scale][121:])


def test_days_are_aggregated_to_weeks_and_months():
    daily = dataclasses.replace(ROWS.history, slot_minutes=1440)

    assert (scales_of(ROWS.history), scales_of(daily)) == ((1, 3, 12, 48), (1, 5, 22))


@pytest.mark.parametrize(("shift_us", "expected"), [(-1, 9), (0, 10), (1, 10)], ids=["before", "at", "after"])
def test_a_window_ends_with_the_newest_bar_that_has_closed(shift_us, expected):
    held = panels()
    issued = np.array([START_US + 40 * SLOT_US + shift_us])  # bar 10 of an hour closes there
    windows = NativeWindows(NativeStatistics(NativeSource.of_panels(held), until_us=START_US + 10**12), issued)
    statistics = held[1].standardiser(START_US + 10**12, 0.0)

    newest = windows.windows(1, np.array([0]), length=2).values[0, -1]

    np.testing.assert_allclose(newest, (held[1].values[expected] - statistics.mean) / statistics.std, rtol=1e-5)


def test_batches_do_not_change_when_values_after_the_decision_do():
    held = panels()
    cut = 120
    later = []
    for panel in held:
        values = panel.values.copy()
        values[panel.close_us > START_US + cut * SLOT_US] = 99.0
        later.append(NativePanel(panel.timeframe_minutes, panel.close_us, values, panel.columns))
    before, after = (dataset_of(with_panels(ROWS, each, 100)) for each in (held, later))

    for rows in ([cut], [cut - 1, 3, cut]):
        for name, value in before[rows].items():
            assert torch.equal(value, after[rows][name]), name
    assert not torch.equal(before[[cut + 1]]["bars_0"], after[[cut + 1]]["bars_0"])


def mapped(tmp_path, panel):
    path = tmp_path / f"{panel.timeframe_minutes}.npy"
    np.save(path, panel.values)
    values = np.load(path, mmap_mode="r")
    return NativePanel(panel.timeframe_minutes, panel.close_us, values, panel.columns)


def test_a_copy_maps_the_same_file_and_gives_the_same_windows(tmp_path):
    original = dataset_of(with_panels(ROWS, [mapped(tmp_path, each) for each in panels()], 100))
    content = pickle.dumps(original)

    again = pickle.loads(content)  # noqa: S301 - our own bytes

    assert len(content) < len(pickle.dumps(dataset_of(with_panels(ROWS, panels(), 100))))
    for name, value in original[[0, 7, 199]].items():
        assert torch.equal(value, again[[0, 7, 199]][name]), name


def test_a_part_of_a_mapped_panel_is_copied_by_value(tmp_path):
    whole = mapped(tmp_path, panels()[0])
    part = dataclasses.replace(whole, close_us=whole.close_us[5:], values=whole.values[5:])

    np.testing.assert_array_equal(copy.deepcopy(part).read(0, 4), whole.values[5:9])


@pytest.mark.slow
def test_worker_processes_give_the_same_batches(tmp_path):
    data = dataset_of(with_panels(ROWS, [mapped(tmp_path, each) for each in panels()], 100))
    here, there = (SSSDDataModule(data, data, batch_size=32, seed=3, num_workers=n) for n in (0, 2))

    for one, other in zip(here.train_dataloader(), there.train_dataloader(), strict=True):
        for name, value in one.items():
            assert torch.equal(value, other[name]), name
