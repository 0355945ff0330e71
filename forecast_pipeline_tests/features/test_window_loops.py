"""Guards the loops over lags: values do not depend on blocks, tables are what they are named after."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forecast_pipeline.features.catalogue.statistics import STATISTICS
from forecast_pipeline.features.catalogue.volatility import VOLATILITY
from forecast_pipeline.features.indicators import entropy, window_loops, window_ranks
from forecast_pipeline_tests.features.against_loops import bars_of_seed, defaults


def test_no_value_depends_on_the_blocks_of_the_loops(monkeypatch):
    bars = bars_of_seed(3)
    entries = (*VOLATILITY, *STATISTICS)
    whole = {each.name: each.compute(bars, defaults(each)) for each in entries}

    monkeypatch.setattr(window_loops, "BLOCK_BARS", 37)
    monkeypatch.setattr(window_ranks, "_SORTED_BLOCK_BARS", 37)

    for each in entries:
        for found, expected in zip(each.compute(bars, defaults(each)), whole[each.name], strict=True):
            np.testing.assert_array_equal(found, expected, err_msg=each.name)


def test_a_second_pass_finds_the_spread_that_sums_of_squares_lose():
    values = 1e6 + np.array([0.0, 1e-3] * 50)

    mean, square = window_loops.mean_and_square(values, n_rows=1, lookback_bars=100)

    assert mean[0] == pytest.approx(1e6 + 5e-4)
    assert square[0] == pytest.approx(2.5e-7, rel=1e-6)


def test_the_table_of_entropy_is_shannons():
    counts = [np.array([3.0, np.nan]), np.array([1.0, np.nan])]

    found = entropy.entropy(counts, 4, 2)

    assert found[0] == pytest.approx(-(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25)))
    assert np.isnan(found[1])
