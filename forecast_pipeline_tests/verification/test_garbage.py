"""Guards invented futures: nothing before the cut moves, everything after it does, and prices stay prices."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from forecast_pipeline.splits.native import NativeSource
from forecast_pipeline.splits.native_panel import NativePanel
from forecast_pipeline.verification.garbage import FUTURES, relabelled
from forecast_pipeline.verification.native_futures import NATIVE_FUTURES, with_native_future
from forecast_pipeline.verification.simulated_matrix import HORIZONS, TIMEFRAME, simulated_matrix

CUT, SEED = 700, 3
PRICES = ("price", "bar_open", "bar_high", "bar_low")


@pytest.fixture(scope="module")
def source():
    return simulated_matrix(1)


@pytest.mark.parametrize("future", FUTURES)
def test_a_bar_of_another_future_is_a_bar_and_none_of_the_past_changes(source, future):
    made = FUTURES[future](source.frame, CUT, SEED)

    assert_frame_equal(made[:CUT], source.frame[:CUT])
    later = made[CUT:]
    for name in PRICES:
        assert (later[name] > 0).all()
        assert (later[name] != source.frame[name][CUT:]).all()
    top, bottom = (later.select(bound(*PRICES)).to_series() for bound in (pl.max_horizontal, pl.min_horizontal))
    assert (later["bar_high"] >= top * (1 - 1e-12)).all()
    assert (later["bar_low"] <= bottom * (1 + 1e-12)).all()


@pytest.mark.parametrize("future", FUTURES)
def test_extremes_are_computed_again_from_the_other_prices(source, future):
    honest = relabelled(source.frame, TIMEFRAME, HORIZONS)
    other = relabelled(FUTURES[future](source.frame, CUT, SEED), TIMEFRAME, HORIZONS)
    longest = HORIZONS[-1]

    for horizon in HORIZONS:
        for name in (f"outcome_{horizon}", f"highest_{horizon}", f"lowest_{horizon}"):
            assert honest[name][: CUT - longest].equals(other[name][: CUT - longest])
            reaching = slice(CUT, -longest)
            assert (honest[name][reaching] != other[name][reaching]).mean() > 0.9


def test_there_is_a_native_future_for_each():
    assert list(NATIVE_FUTURES) == list(FUTURES)


@pytest.mark.parametrize("future", NATIVE_FUTURES)
@pytest.mark.parametrize("minutes", [60, 240])
def test_native_values_are_replaced_from_the_first_bar_on_that_closes_after_the_cut(source, future, minutes):
    honest = source.native.panel(minutes)
    after_us, until_us = (int(source.close_us[row]) for row in (CUT - 1, -1))

    other = with_native_future(source.native, future, source.frame, CUT, SEED).panel(minutes)

    first, stop = np.searchsorted(honest.close_us, [after_us, until_us], side="right")
    assert (other.columns, other.close_us.tolist()) == (honest.columns, honest.close_us[:stop].tolist())
    np.testing.assert_array_equal(other.read(0, first), honest.read(0, first))
    assert np.shares_memory(other.values, honest.values), "an honest bar is not copied"
    changed = other.read(first, stop) != honest.read(first, stop)
    assert changed.any(axis=1).all()
    assert 0 < first < stop
    again = with_native_future(source.native, future, source.frame, CUT, SEED).panel(minutes)
    np.testing.assert_array_equal(again.read(0, stop), other.read(0, stop))


def test_an_echo_of_nothing_is_garbage(source):
    late = NativePanel(60, source.close_us[CUT:], np.ones((source.close_us.size - CUT, 1), np.float32), ("a",))

    made = with_native_future(NativeSource.of_panels([late]), "echo", source.frame, CUT, SEED).panel(60)

    assert (made.read(0, 50) != 1).all()


def test_rows_without_panels_stay_without(source):
    assert with_native_future(None, "wild", source.frame, CUT, SEED) is None
    assert with_native_future(source.native, "wild", source.frame, source.frame.height, SEED) is source.native
