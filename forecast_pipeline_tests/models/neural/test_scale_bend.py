"""Promise: forecast deviations are bent to what came, where that is beyond doubt, and never fall where others rise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.models.neural.scale_bend import ScaleBend

HORIZONS = (1, 3, 6, 12)


def said(seed, n=8000, spread=0.5):
    return np.exp(spread * np.random.default_rng(seed).standard_normal((n, len(HORIZONS))))


def student(seed, shape):
    return np.random.default_rng(seed).standard_t(5.0, shape) * np.sqrt(3 / 5)


def test_what_is_right_stays_nearly_as_it_is():
    deviation = said(1)

    bent = ScaleBend.fit(deviation, deviation * student(2, deviation.shape), HORIZONS).apply(deviation)

    np.testing.assert_allclose(np.log(bent / deviation)[:, 0], 0.0, atol=0.12)
    assert np.abs(np.log(bent / deviation)).mean() < 0.05


def test_a_ceiling_of_variance_is_found():
    """The regime-switching world: deviations go on rising where the market's stay at two."""
    deviation = said(3, n=20_000)
    truth = np.minimum(deviation, 1.4)

    outcome = truth * np.random.default_rng(4).standard_normal(truth.shape)
    bent = ScaleBend.fit(deviation, outcome, HORIZONS).apply(deviation)

    for k in range(2):
        before, after = (np.sqrt(np.mean(np.log(each / truth)[:, k] ** 2)) for each in (deviation, bent))
        assert after < 0.5 * before
        assert np.mean(bent[:, k] ** 2) == pytest.approx(np.mean(truth[:, k] ** 2), rel=0.03)


def test_few_independent_labels_bend_little():
    """Rows that overlap count as one: what two rows in three say alike is no evidence for a slope."""
    deviation = said(5, n=300)
    outcome = student(6, deviation.shape)  # no slope at all

    slopes = ScaleBend.fit(deviation, outcome, (1, 100, 200, 300)).coefficients[1]

    assert slopes[0] < -0.5
    assert (np.abs(slopes[1:]) < 0.2).all()


def test_one_surprise_bends_nothing():
    deviation = said(7)
    outcome = deviation * student(8, deviation.shape)
    surprised = outcome.copy()
    surprised[17] = 1e6

    calm, shaken = (ScaleBend.fit(deviation, each, HORIZONS).apply(deviation) for each in (outcome, surprised))

    np.testing.assert_allclose(shaken, calm, rtol=0.02)


@given(seed=st.integers(0, 40), slope=st.floats(-3.0, 3.0))
def test_a_bent_deviation_never_falls_where_the_other_rises(seed, slope):
    deviation = said(seed, n=400)
    outcome = deviation**slope * student(seed, deviation.shape)
    ladder = np.geomspace(0.01, 100.0, 50)[:, None] * np.ones(len(HORIZONS))

    bent = ScaleBend.fit(deviation, outcome, HORIZONS).apply(ladder)

    assert (np.diff(np.log(bent), axis=0) >= -1e-9).all()


@given(factor=st.floats(1e-5, 1e5))
def test_the_unit_of_returns_does_not_matter(factor):
    deviation = said(9, n=500)
    outcome = deviation * student(10, deviation.shape)

    ours = ScaleBend.fit(deviation, outcome, HORIZONS).apply(deviation)
    theirs = ScaleBend.fit(factor * deviation, factor * outcome, HORIZONS).apply(factor * deviation)

    np.testing.assert_allclose(theirs, factor * ours, rtol=1e-6)


@pytest.mark.parametrize("outcome", [0.0, 1.0], ids=["still", "as said"])
def test_a_price_that_never_moves_and_a_scale_that_never_changes_are_no_error(outcome):
    deviation = np.ones((200, 4))

    bent = ScaleBend.fit(deviation, outcome * deviation, HORIZONS).apply(deviation)

    np.testing.assert_allclose(bent, 1.0, rtol=1e-6)


def test_none_is_the_identity():
    deviation = said(11, n=50)

    np.testing.assert_array_equal(ScaleBend.none(4).apply(deviation), deviation)
