"""Promise: what is kept of a forecast is what numpy and the score functions say of its draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.backtests import figures as figures_module
from forecast_pipeline.backtests.figures import (
    FURTHEST_PAIR,
    Figures,
    beyond,
    figures_of,
    path_energy,
    sorted_quantiles,
)
from forecast_pipeline.backtests.schema import QUANTILE_LEVELS, TAIL_SCALES
from forecast_pipeline.scores.calibration import randomised_pit
from forecast_pipeline.scores.crps import crps_from_draws, tail_crps
from forecast_pipeline.scores.energy import energy_score
from forecast_pipeline.splits.arrays import Rows


class Drawn:
    """A forecaster whose draws and means are known: a column of its table for each row."""

    def __init__(self, increments, mean):
        self.increments, self.means = increments, mean

    def sample(self, rows, n_samples):
        return self.increments[:n_samples, rows.issued_at_us]

    def mean(self, rows):
        return self.means[rows.issued_at_us]


def made(seed: int, n_rows: int, n_horizons: int, n_draws: int, *, ties: bool = False):
    """A forecaster, its rows and uniforms; with ties draws and outcomes are whole numbers."""
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.uniform(-5, 1) * np.exp(rng.standard_normal((n_rows, n_horizons)))
    outcome = 1.3 * rng.standard_t(3, (n_rows, n_horizons)) * scale
    draws = rng.standard_t(3, (n_draws, n_rows, n_horizons)) * scale + 0.1 * scale
    if ties:
        outcome, draws = np.rint(outcome / scale), np.rint(draws / scale)
    rows = Rows(np.zeros((n_rows, 0)), outcome, scale, np.arange(n_rows))
    return Drawn(draws, 0.1 * scale), rows, rng.random((n_rows, n_horizons))


def by_the_scores(forecaster, rows, uniforms, n_draws) -> Figures:
    """The same with the functions that the report uses."""
    outcome, draws = rows.outcomes, np.cumsum(forecaster.sample(rows, n_draws), axis=-1)
    scale = np.sqrt(np.cumsum(np.square(rows.scale), axis=1))
    each = range(outcome.shape[1])
    return Figures(
        outcome=outcome,
        scale=scale,
        mean=np.cumsum(forecaster.mean(rows), axis=1),
        quantiles=np.moveaxis(np.quantile(draws, QUANTILE_LEVELS, axis=0), 0, -1),
        crps=np.column_stack([crps_from_draws(draws[:, :, k], outcome[:, k]) for k in each]),
        pit=np.column_stack([randomised_pit(draws[:, :, k], outcome[:, k], uniforms[:, k]) for k in each]),
        sd=np.std(draws, axis=0, ddof=1) if n_draws > 1 else np.zeros_like(outcome),
        crps_tails=np.column_stack([tail_crps(draws[:, :, k], outcome[:, k], TAIL_SCALES * scale[:, k]) for k in each]),
        energy=energy_score(draws, outcome, pairs="consecutive", furthest=FURTHEST_PAIR),
    )


@given(
    seed=st.integers(0, 2**32 - 1),
    n_rows=st.integers(1, 6),
    n_horizons=st.integers(1, 4),
    n_draws=st.integers(1, 60),
    ties=st.booleans(),
)
def test_figures_are_those_of_the_score_functions(seed, n_rows, n_horizons, n_draws, ties):
    forecaster, rows, uniforms = made(seed, n_rows, n_horizons, n_draws, ties=ties)

    found = figures_of(forecaster, rows, uniforms, n_draws)

    expected = by_the_scores(forecaster, rows, uniforms, n_draws)
    unit = float(np.abs(expected.quantiles).max() + np.abs(expected.outcome).max())
    for name in Figures._fields:
        value, wanted = getattr(found, name), getattr(expected, name)
        assert value.shape == wanted.shape, name
        np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-12 * unit, err_msg=name)


@pytest.mark.parametrize("at_once", [1, 700, 10_000])
def test_the_figures_of_a_row_do_not_depend_on_its_block(monkeypatch, at_once):
    forecaster, rows, uniforms = made(3, 37, 3, 100)
    expected = figures_of(forecaster, rows, uniforms, 100)

    monkeypatch.setattr(figures_module, "DRAWS_AT_ONCE", at_once)
    found = figures_of(forecaster, rows, uniforms, 100)

    for name in Figures._fields:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-10, err_msg=name)


def test_draws_of_a_forecaster_are_not_written_to():
    forecaster, rows, uniforms = made(4, 5, 2, 50)
    before = forecaster.increments.copy()

    figures_of(forecaster, rows, uniforms, 50)

    np.testing.assert_array_equal(forecaster.increments, before)


def test_a_quantile_is_that_of_numpy_at_every_number_of_draws():
    for n_draws in (1, 2, 19, 100):
        draws = np.sort(np.random.default_rng(n_draws).standard_normal((3, n_draws)), axis=-1)

        expected = np.moveaxis(np.quantile(draws, QUANTILE_LEVELS, axis=-1), 0, -1)
        np.testing.assert_allclose(sorted_quantiles(draws, QUANTILE_LEVELS), expected, rtol=1e-12, atol=1e-15)


def test_the_energy_of_paths_is_unbiased_and_near_that_of_all_pairs():
    """Over many decisions with draws of their own, pairs of neighbours say what all pairs say."""
    rng = np.random.default_rng(6)
    draws, outcome = rng.standard_normal((200, 400, 3)), rng.standard_normal((400, 3))

    found = path_energy(np.ascontiguousarray((draws - outcome).transpose(2, 1, 0)))

    expected = energy_score(draws, outcome)
    assert np.mean(found - expected) == pytest.approx(0.0, abs=4 * np.std(found - expected) / 20)
    assert np.std(found - expected) < 0.1 * np.std(expected)


def test_only_what_lies_in_the_tails_is_left():
    draws = np.linspace(-3.0, 3.0, 13)
    outcome, threshold = np.array([1.75]), np.array([1.5])

    found = beyond(draws - outcome, outcome, threshold)

    in_tails = np.where(np.abs(draws) > 1.5, draws - 1.5 * np.sign(draws), 0.0)
    np.testing.assert_allclose(found, in_tails - 0.25, atol=1e-15)
    assert (np.diff(found) >= 0).all()
