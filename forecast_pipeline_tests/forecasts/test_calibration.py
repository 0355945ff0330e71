"""Serving applies the stored calibration, and only that: raw without one, equal to the batch with one."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.backtests import recalibration
from forecast_pipeline.backtests.schema import QUANTILE_LEVELS
from forecast_pipeline.core.publication import publish, text_writer
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes
from forecast_pipeline.forecasts.calibration import CALIBRATION, calibrate_draws, read_calibration
from forecast_pipeline.forecasts.inference import calibration_note
from forecast_pipeline.models.conformal.layer import calibrate
from forecast_pipeline.models.conformal.state import ConformalParameters, ConformalState
from forecast_pipeline.splits.arrays import Rows

HORIZONS = (1, 4)
MINUTES = 60
QUICK = ConformalParameters(n_scores=100, n_scores_at_least=20)


def made(n_rows=200, n_samples=800, seed=0, width=0.5):
    """Hourly decisions over weekends, draws half as wide as the outcomes, a scale that varies."""
    rng = np.random.default_rng(seed)
    issued = instants_of_trading_minutes(28_000_000 // 1440 * 1440 + MINUTES * np.arange(1, n_rows + 1))
    scale = 1e-3 * np.exp(0.3 * rng.standard_normal((n_rows, 1))) * np.array([[1.0, np.sqrt(3.0)]])
    increments = scale * rng.standard_normal((n_rows, 2))
    draws = np.cumsum(width * scale * rng.standard_normal((n_samples, n_rows, 2)), axis=2)
    return Rows(np.zeros((n_rows, 0)), increments, scale, issued), draws


def batch(rows, draws, k, known):
    """The layer over all rows; only the outcomes of the first ``known`` are known."""
    raw = np.quantile(draws[:, :, k], QUANTILE_LEVELS, axis=0).T
    ends = instants_of_trading_minutes(trading_minutes(rows.issued_at_us) + HORIZONS[k] * MINUTES)
    outcome = np.where(np.arange(len(rows)) < known, np.cumsum(rows.increments, axis=1)[:, k], np.nan)
    scale = np.sqrt(np.cumsum(rows.scale**2, axis=1))[:, k]
    start = ConformalState.start(QUANTILE_LEVELS, HORIZONS[k], parameters=QUICK)
    return calibrate(start, rows.issued_at_us, ends, raw, scale, outcome), raw


def test_a_live_forecast_equals_the_same_row_calibrated_in_the_batch():
    rows, draws = made()
    known = 190
    states = {}
    for k, horizon in enumerate(HORIZONS):
        past = rows.take(np.arange(known))
        states[horizon] = batch(past, draws[:, :known], k, known)[0].state

    live, is_calibrated = calibrate_draws(draws[:, known:], rows.take(np.arange(known, 200)), HORIZONS, MINUTES, states)

    assert is_calibrated.all()
    for k in range(2):
        expected, raw = batch(rows, draws, k, known)
        found = np.quantile(live[:, :, k], QUANTILE_LEVELS, axis=0).T
        # A quantile of mapped draws lies between the images of two draws next to each other.
        np.testing.assert_allclose(found, expected.quantiles[known:], rtol=0, atol=2e-5)
        assert np.mean(found[:, -1] - found[:, 0]) > 1.5 * np.mean(raw[known:, -1] - raw[known:, 0])


def test_ranks_of_draws_stay_so_that_paths_keep_their_dependence():
    rows, draws = made()
    states = {h: batch(rows, draws, k, 150)[0].state for k, h in enumerate(HORIZONS)}
    later, more = made(3, seed=1)
    later = Rows(
        later.inputs,
        later.increments,
        later.scale,
        rows.issued_at_us[-1] + later.issued_at_us - later.issued_at_us[0] + 60_000_000,
    )

    live, is_calibrated = calibrate_draws(more, later, HORIZONS, MINUTES, states)

    assert is_calibrated.all()
    in_order = np.take_along_axis(live, np.argsort(more, axis=0), axis=0)
    assert (np.diff(in_order, axis=0) >= 0).all()
    assert not np.array_equal(live, more)


def test_without_a_state_or_before_its_last_decision_a_forecast_stays_raw_to_the_bit():
    rows, draws = made()
    state = batch(rows, draws, 0, 150)[0].state
    young = ConformalState.start(QUANTILE_LEVELS, 1, parameters=QUICK)

    for states in ({}, {1: state}, {99: state}):
        live, is_calibrated = calibrate_draws(draws, rows, HORIZONS, MINUTES, states)
        assert np.array_equal(live, draws)
        assert not is_calibrated.any()
    live, is_calibrated = calibrate_draws(draws, rows, HORIZONS, MINUTES, {1: young})
    assert not is_calibrated.any()
    np.testing.assert_allclose(live, draws, rtol=0, atol=1e-15)


def test_states_are_read_from_the_report_by_model(tmp_path):
    rows, draws = made(50)
    state = batch(rows, draws, 0, 40)[0].state
    stored = recalibration.encode({("ridge", 1): state, ("ridge", 4): state, ("ewma", 1): state})
    report = publish(tmp_path, "report", {CALIBRATION: text_writer(json.dumps(stored))}, {})

    assert set(read_calibration(report, "ridge")) == {1, 4}
    assert read_calibration(report, "forest") == {}
    assert read_calibration(publish(tmp_path, "old", {}, {}), "ridge") == {}


@pytest.mark.parametrize(
    ("is_calibrated", "expected"),
    [
        ([True, True], "calibrated at 1, 4 bars"),
        ([False, True], "calibrated at 4 bars, raw at 1 bars"),
        ([False, False], "raw: the report recorded no calibration"),
    ],
)
def test_the_card_says_what_is_raw(is_calibrated, expected):
    live = pl.DataFrame({"is_champion": [True, True], "horizon_bars": [1, 4], "is_calibrated": is_calibrated})

    assert calibration_note(live).startswith(expected)
