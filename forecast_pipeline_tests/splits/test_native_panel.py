"""Promise: statistics of a panel are those of the bars closed by an instant, and of no bar after it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.splits import native_panel as module
from forecast_pipeline.splits.native_panel import NativePanel
from forecast_pipeline.splits.standardise import Standardiser

NAMES = ("offset", "holes", "constant", "empty", "infinite")


def made_panel(n=500, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n, len(NAMES))).astype(np.float32)
    values[:, 0] += 1000.0
    values[rng.random(n) < 0.4, 1] = np.nan
    values[:, 2] = 0.1
    values[:, 3] = np.nan
    values[::7, 4] = np.inf
    return NativePanel(60, 10 * np.arange(1, n + 1), values, NAMES)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_ROWS", 64)


@pytest.mark.parametrize("n_bars", [1, 63, 64, 65, 300, 500])
def test_statistics_from_blocks_are_those_of_all_rows_at_once(n_bars):
    panel = made_panel()
    due = Standardiser.fit(panel.values[:n_bars].astype(np.float64), NAMES, 0.15)

    for _ in range(2):  # the second time from the sums that were kept
        found = panel.standardiser(10 * n_bars, 0.15)
        np.testing.assert_allclose(found.mean, due.mean, rtol=1e-12)
        np.testing.assert_allclose(found.std, due.std, rtol=1e-9)
        np.testing.assert_array_equal(found.coverage_fraction, due.coverage_fraction)
        np.testing.assert_array_equal(found.is_kept, due.is_kept)


def test_columns_that_are_constant_or_too_empty_go():
    assert made_panel().standardiser(5000, 0.15).kept_columns == ("offset", "holes", "infinite")
    assert made_panel().standardiser(5000, 0.7).kept_columns == ("offset", "infinite")


@pytest.mark.parametrize("until_us", [0, 9, 10, 2000, 2005, 2009])
def test_a_bar_that_closes_after_the_instant_changes_no_bit(until_us):
    panel = made_panel()
    garbage = np.where((panel.close_us > until_us)[:, None], np.float32(-7.0), panel.values)
    other = dataclasses.replace(panel, values=garbage)

    ours, theirs = (each.standardiser(until_us, 0.1) for each in (panel, other))

    for name in ("mean", "std", "coverage_fraction", "is_kept"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_another_future_is_read_as_if_it_stood_in_one_array():
    panel = made_panel()
    split = dataclasses.replace(panel, values=panel.values[:130], later=panel.values[130:])
    places = np.array([[0, 129, 130], [499, 131, 5]])

    np.testing.assert_array_equal(split.gather(places), panel.gather(places))
    for start, stop in ((0, 500), (100, 140), (130, 140), (0, 130), (129, 130), (200, 200)):
        np.testing.assert_array_equal(split.read(start, stop), panel.values[start:stop])
    np.testing.assert_array_equal(split.standardiser(3000, 0.1).mean, panel.standardiser(3000, 0.1).mean)


def test_a_panel_whose_parts_do_not_fit_is_refused():
    with pytest.raises(InvalidConfiguration, match="a panel of 2 bars must have 1 values on each, was 3 rows of 1"):
        NativePanel(60, np.arange(2), np.zeros((3, 1), np.float32), ("rsi",))
