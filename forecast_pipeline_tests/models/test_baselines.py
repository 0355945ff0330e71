"""Promise: a baseline is exactly the reference its name says, joint over horizons and calibrated where it can be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.models.innovation import InnovationPool
from forecast_pipeline.models.registry import BASELINES
from forecast_pipeline_tests.models.made_rows import SLOT_US, START_US, fitted, made_rows, segments

GAUSSIAN_POOL = 4096


def both(*rows):
    return np.concatenate([each.increments for each in rows])


@pytest.mark.parametrize("name", list(BASELINES))
def test_baselines_have_no_drift(name):
    train, validation, test = segments()

    assert fitted(name, train, validation).mean(test).tolist() == np.zeros((100, 3)).tolist()


def test_the_random_walk_has_the_variance_of_the_past_at_every_row():
    train, validation, test = segments()

    samples = fitted("random_walk", train, validation).sample(test, GAUSSIAN_POOL)

    expected = np.mean(np.square(both(train, validation)), axis=0)
    np.testing.assert_allclose(np.mean(np.square(samples), axis=0), np.tile(expected, (100, 1)), rtol=1e-9)


def test_ewma_has_the_scale_of_the_row():
    train, validation, test = segments()

    samples = fitted("ewma", train, validation).sample(test, GAUSSIAN_POOL)

    np.testing.assert_allclose(np.sqrt(np.mean(np.square(samples), axis=0)), test.scale, rtol=1e-9)
    standard = samples / test.scale
    assert np.mean(np.abs(standard) < 1.6449) == pytest.approx(0.9, abs=0.01)


def test_historical_simulation_draws_past_rows_whole():
    train, validation, test = segments()
    past = both(train, validation)

    samples = fitted("historical", train, validation).sample(test, past.shape[0])

    centred = past - past.mean(axis=0)
    for row in (0, 50, 99):
        np.testing.assert_allclose(
            samples[np.lexsort(samples[:, row].T), row], centred[np.lexsort(centred.T)], atol=1e-18
        )


def test_filtered_simulation_draws_past_rows_in_units_of_their_scale():
    train, validation, test = segments()
    scaled = np.concatenate([train.scaled_increments, validation.scaled_increments])

    samples = fitted("ewma_fhs", train, validation).sample(test, scaled.shape[0]) / test.scale

    centred = scaled - scaled.mean(axis=0)
    for row in (0, 50, 99):
        np.testing.assert_allclose(
            samples[np.lexsort(samples[:, row].T), row], centred[np.lexsort(centred.T)], atol=1e-12
        )


def test_increments_that_move_together_in_the_past_do_so_in_the_samples():
    """Joint over horizons: a path is drawn, not a set of unrelated steps."""
    rng = np.random.default_rng(0)
    train, validation, test = segments(n_train=4000)
    for rows in (train, validation):
        shared = rng.standard_normal((len(rows), 1))
        rows.increments[:] = rows.scale * (0.8 * shared + 0.6 * rng.standard_normal(rows.increments.shape))

    for name, correlation in (("ewma_fhs", 0.64), ("historical", 0.64), ("ewma", 0.0), ("random_walk", 0.0)):
        standard = fitted(name, train, validation).sample(test, 4000)[:, 0] / test.scale[0]
        assert np.corrcoef(standard.T)[0, 2] == pytest.approx(correlation, abs=0.06), name


def test_on_independent_returns_the_variance_of_k_steps_is_k_times_that_of_one():
    train, validation, test = segments(n_train=20_000, n_validation=2000, n_test=50, ic=0.0, n_horizons=4)
    for rows in (train, validation, test):
        rows.scale[:] = 1e-4
        rows.increments[:] = 1e-4 * np.random.default_rng(rows.issued_at_us[0] % 997).standard_normal(
            rows.increments.shape
        )

    for name in ("ewma_fhs", "historical", "random_walk", "ewma"):
        paths = np.cumsum(fitted(name, train, validation).sample(test, 22_000), axis=-1)
        ratio = paths.var(axis=0).mean(axis=0) / 1e-8 / np.arange(1, 5)
        np.testing.assert_allclose(ratio, 1.0, atol=0.05, err_msg=name)


@pytest.mark.parametrize(
    ("name", "degrees_of_freedom"),
    [("ewma", None), ("ewma_fhs", None), ("ewma_fhs", 4.0), ("ridge", 4.0), ("lasso", 4.0), ("forest", 4.0)],
)
def test_an_interval_of_90_percent_holds_90_percent(name, degrees_of_freedom):
    """Width from the present, tails from the past; also for the models, whose residuals are out of sample."""
    train, validation, test = segments(3000, 1500, 3000, degrees_of_freedom=degrees_of_freedom)

    low, high = np.quantile(fitted(name, train, validation).sample(test, 1000), [0.05, 0.95], axis=0)

    covered = (low <= test.increments) & (test.increments <= high)
    np.testing.assert_allclose(covered.mean(axis=0), 0.9, atol=0.025)  # 4.5 standard errors of 3000 rows


def test_a_baseline_that_ignores_volatility_is_wide_when_it_is_calm():
    train, validation, test = segments(3000, 1500, 3000)
    low, high = np.quantile(fitted("random_walk", train, validation).sample(test, 1000), [0.05, 0.95], axis=0)
    covered = ((low <= test.increments) & (test.increments <= high))[:, 0]
    is_calm = test.scale[:, 0] < np.median(test.scale[:, 0])

    assert covered[is_calm].mean() > 0.97
    assert covered[~is_calm].mean() < 0.90


@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(1, 4), st.integers(1, 700))
def test_a_pool_is_used_evenly_from_any_start(seed, size, n_horizons, n_samples):
    pool = InnovationPool.from_residuals(np.random.default_rng(seed).normal(size=(size, n_horizons)), seed)
    tagged = InnovationPool(np.arange(size, dtype=float)[:, None])

    drawn = tagged.draw(START_US + np.arange(20) * SLOT_US, n_samples)[:, :, 0].astype(int)

    counts = np.stack([np.bincount(drawn[:, k], minlength=size) for k in range(20)])
    assert counts.max() - counts.min() <= 1
    np.testing.assert_allclose(pool.rows.mean(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize("slot_minutes", [1, 5, 15, 60, 240])
def test_neighbouring_decisions_do_not_share_their_first_samples(slot_minutes):
    decisions = START_US + np.arange(1000) * slot_minutes * 60_000_000

    start = InnovationPool(np.arange(4096.0)[:, None]).draw(decisions, 1)[0, :, 0]
    first = InnovationPool.gaussian(1, seed=3).draw(decisions, 1)[0, :, 0]

    apart = np.abs(np.diff(start))
    assert np.median(np.minimum(apart, 4096 - apart)) == pytest.approx(1024, rel=0.2)  # as unrelated starts would be
    assert np.unique(start).size > 700
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.12


def test_a_gaussian_pool_is_symmetric_with_unit_variance():
    rows = InnovationPool.gaussian(3, seed=5).rows

    assert rows.shape == (GAUSSIAN_POOL, 3)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(np.mean(np.square(rows), axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(np.corrcoef(rows.T), np.eye(3), atol=0.06)


def test_residuals_that_are_not_finite_are_left_out_of_the_pool():
    residuals = np.array([[1.0, 2.0], [np.nan, 1.0], [3.0, np.inf], [3.0, 4.0]])

    pool = InnovationPool.from_residuals(residuals, 0)

    assert sorted(pool.rows.tolist()) == [[-1.0, -1.0], [1.0, 1.0]]
    with pytest.raises(TrainingFailed, match="at least one calibration row must have a known outcome"):
        InnovationPool.from_residuals(residuals[1:3], 0)


def test_made_rows_with_fat_tails_have_unit_variance():
    rows = made_rows(100_000, degrees_of_freedom=6.0, ic=0.0)

    assert np.var(rows.scaled_increments) == pytest.approx(1.0, abs=0.03)
