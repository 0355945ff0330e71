"""Tests of the PIT hold under overlap, see memory, and never pick the best phase."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from forecast_pipeline.scores.calibration import pit_uniformity
from forecast_pipeline.scores.pit import berkowitz, pit_bars, pit_by_phase, share_bars
from forecast_pipeline_tests.oracles import scores as oracle


def _overlapping_pit(rng, n_rows, overlap):
    total = rng.normal(size=n_rows + overlap).cumsum()
    return special.ndtr((total[overlap:] - total[:-overlap]) / np.sqrt(overlap))


def test_berkowitz_equals_a_numerical_search_of_the_likelihood():
    pit = np.random.default_rng(0).beta(1.2, 0.9, size=80)

    found = berkowitz(pit)

    np.testing.assert_allclose(found.statistic, oracle.berkowitz(pit), rtol=1e-6)
    np.testing.assert_allclose(found.p_value, stats.chi2.sf(found.statistic, 3), rtol=1e-9)


def test_berkowitz_keeps_its_size_and_sees_memory_that_kolmogorov_smirnov_cannot():
    rng = np.random.default_rng(1)
    rejected = sum(berkowitz(rng.random(200)).p_value < 0.05 for _ in range(500))
    memory = np.zeros(500)
    for row in range(1, 500):
        memory[row] = 0.3 * memory[row - 1] + np.sqrt(1 - 0.09) * rng.normal()

    assert 0.025 <= rejected / 500 <= 0.085
    assert pit_uniformity(special.ndtr(memory)).p_value > 0.01
    assert berkowitz(special.ndtr(memory)).p_value < 1e-4


def test_berkowitz_is_defined_at_the_edges():
    assert np.isnan(berkowitz(np.full(9, 0.5)).p_value)
    assert berkowitz(np.full(20, 0.5)).p_value == 0.0
    assert np.isfinite(berkowitz(np.tile([0.0, 1.0, 0.5, 0.2], 10)).statistic)


def test_phases_hold_every_row_once_and_each_is_tested_alone():
    pit = np.random.default_rng(2).random(101)

    found = pit_by_phase(pit, 4)

    assert found.p_values.tolist() == [pit_uniformity(pit[phase::4]).p_value for phase in range(4)]
    assert (found.first, found.low, found.high) == (found.p_values[0], found.p_values.min(), found.p_values.max())
    assert found.p_value == min(1.0, 2.0 * np.median(found.p_values))
    assert found.n_rows_per_phase == 25


@pytest.mark.parametrize("is_berkowitz", [False, True], ids=["Kolmogorov-Smirnov", "Berkowitz"])
def test_phases_keep_the_size_where_all_rows_together_are_rejected(is_berkowitz):
    rng = np.random.default_rng(3)
    n_repetitions, by_phase, by_first, best, all_rows = 60, 0, 0, 0, 0
    for _ in range(n_repetitions):
        pit = _overlapping_pit(rng, 1200, 12)
        found = pit_by_phase(pit, 12, is_berkowitz=is_berkowitz)
        by_phase += found.p_value < 0.05
        by_first += found.first < 0.05
        best += found.low < 0.05
        all_rows += (berkowitz(pit) if is_berkowitz else pit_uniformity(pit)).p_value < 0.05

    assert by_phase / n_repetitions <= 0.10
    assert by_first / n_repetitions <= 0.15
    assert all_rows / n_repetitions > 0.5  # the experiment has teeth
    assert best > by_first  # the least p-value of all phases is not a test


def test_phases_reject_a_forecaster_that_is_half_as_wide():
    pit = special.ndtr(2.0 * special.ndtri(_overlapping_pit(np.random.default_rng(4), 3000, 12)))

    assert pit_by_phase(pit, 12).p_value < 0.001


def test_phases_without_enough_rows_give_no_verdict():
    assert np.isnan(pit_by_phase(np.full(8, 0.5), 4).p_value)
    assert np.isnan(pit_by_phase(np.empty(0), 4).first)


def test_bars_are_the_histogram_and_their_intervals_hold_under_overlap():
    rng = np.random.default_rng(5)
    n_inside, n_bars, narrow = 0, 0, 0
    for repetition in range(40):
        pit = _overlapping_pit(rng, 3000, 30)
        bars = pit_bars(pit, 30, seed=repetition)
        as_if_independent = pit_bars(pit, 1, seed=repetition)
        np.testing.assert_allclose(bars.share, np.histogram(pit, 10, (0, 1))[0] / 3000)
        n_inside += np.sum((bars.low <= 0.1) & (bars.high >= 0.1))
        narrow += np.sum((as_if_independent.low <= 0.1) & (as_if_independent.high >= 0.1))
        n_bars += 10

    assert n_inside / n_bars >= 0.85
    assert n_inside > narrow


def test_bars_count_the_ends_and_leave_out_nan():
    assert pit_bars(np.array([0.0, 1.0, np.nan]), 1, seed=0, n_bins=2).share.tolist() == [0.5, 0.5]
    assert np.isnan(pit_bars(np.empty(0), 1, seed=0).share).all()


def test_equal_seeds_give_equal_bars():
    is_below = (np.random.default_rng(6).random((200, 3)) < [0.1, 0.5, 0.9]).astype(float)

    np.testing.assert_array_equal(share_bars(is_below, 5, seed=1), share_bars(is_below, 5, seed=1))
