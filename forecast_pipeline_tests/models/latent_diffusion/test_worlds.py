"""Promise: in worlds whose law is known, latent diffusion draws that law, and finds a mean only where there is one."""

from __future__ import annotations

import types

import numpy as np
import pytest
from scipy.special import ndtr

from forecast_pipeline.models.latent_diffusion.forecaster import LatentDiffusion
from forecast_pipeline.models.latent_diffusion.parameters import LatentDiffusionParameters
from forecast_pipeline_tests.models.neural.worlds import (
    HORIZONS,
    UNIT,
    brownian_bars,
    crps,
    cut_into,
    extremes_of,
    garch_oracle,
    garch_t,
    regimes,
    regimes_oracle,
    rows_of,
)

pytestmark = pytest.mark.slow
N_SAMPLES, N_ORACLE = 400, 2000
STOPS = (8200, 9800, 12_200)
"""Where training, validation and test end: 8000 training rows."""


def fitted(train, validation, *, kind=LatentDiffusion, seed=7, **settings):
    forecaster = kind.from_parameters(LatentDiffusionParameters(**settings), seed)
    forecaster.fit(train, validation)
    return forecaster


class DirectHead(LatentDiffusion):
    """Encoder and head only: what decides on the mean."""

    settles_context = False

    def fit_generator(self, train, validation):
        """Nothing."""

    def _recalibrate(self, contexts, scores):
        """Nothing."""


@pytest.fixture(
    scope="module", params=[(garch_t, garch_oracle, 3), (regimes, regimes_oracle, 1)], ids=["garch", "regimes"]
)
def world(request):
    """A forecaster of default size, and cumulative draws of it and of the oracle at every twelfth test row."""
    simulate, oracle, seed = request.param
    returns, known = simulate(STOPS[-1], seed)
    train, validation, test = cut_into(returns, *STOPS)
    forecaster = fitted(train, validation, epochs=14, patience=4)
    rows = test.take(np.arange(0, len(test), HORIZONS[-1]))
    return types.SimpleNamespace(
        name=simulate.__name__,
        forecaster=forecaster,
        validation=validation,
        rows=rows,
        draws=np.cumsum(forecaster.sample(rows, N_SAMPLES), axis=-1),
        truth=np.cumsum(oracle(known, rows.history.bar, N_ORACLE), axis=-1),
    )


def test_crps_is_near_that_of_the_law_itself(world):
    """M5, at every horizon; two hundred decisions, whose paired differences have a standard error of about 0.8 %."""
    excess = crps(world.draws, world.rows.outcomes) / crps(world.truth, world.rows.outcomes) - 1.0

    assert excess.max() < 0.03


def test_widths_and_tails_are_those_of_the_law(world):
    """8000 overlapping rows know the deviation of twelve bars to 4 % (660 independent ones of kurtosis 6)."""
    deviation = np.sqrt(np.square(world.draws).mean(axis=(0, 1)) / np.square(world.truth).mean(axis=(0, 1)))
    tail = [np.quantile(np.abs(each), 0.98, axis=0).mean(axis=0) for each in (world.draws, world.truth)]

    np.testing.assert_allclose(deviation, 1.0, rtol=0, atol=0.07)
    np.testing.assert_allclose(tail[0] / tail[1], 1.0, rtol=0, atol=0.07)


def test_ninety_per_cent_intervals_hold_ninety_per_cent_of_the_law(world):
    """Of draws of the oracle, where outcomes would be too few to tell 88 from 92."""
    low, high = np.quantile(world.draws, (0.05, 0.95), axis=0)

    covered = ((world.truth >= low) & (world.truth <= high)).mean(axis=(0, 1))

    np.testing.assert_allclose(covered, 0.9, rtol=0, atol=0.02)


def test_the_widths_of_single_decisions_follow_the_law(world):
    ours, theirs = (np.log(each.std(axis=0)) for each in (world.draws, world.truth))

    agreement = [np.corrcoef(ours[:, k], theirs[:, k])[0, 1] for k in range(len(HORIZONS))]
    assert min(agreement) > (0.9 if world.name == "garch_t" else 0.8)


def test_the_past_of_another_decision_makes_a_forecast_worse(world):
    """M7."""
    order = np.random.default_rng(0).permutation(len(world.rows))

    ratio = crps(world.draws[:, order], world.rows.outcomes) / crps(world.draws, world.rows.outcomes)

    assert ratio.min() > 1.02


def test_a_martingale_has_no_mean_skill(world):
    """M6."""
    mean, outcome = world.forecaster.mean(world.rows), world.rows.increments

    explained = 1.0 - np.square(outcome - mean).sum(axis=0) / np.square(outcome).sum(axis=0)

    assert explained.min() > -0.01
    assert np.sqrt(np.mean(np.square(mean)) / np.mean(np.square(outcome))) < 0.06


def test_increments_of_a_martingale_are_uncorrelated_and_share_no_more_than_the_law(world):
    """Their sizes go together, as the law has it, or less; never against it."""
    increments = np.diff(world.draws, axis=-1, prepend=0.0)
    theirs = np.diff(world.truth, axis=-1, prepend=0.0)

    def dependence(paths):
        found = [np.corrcoef(paths[:, row].T)[np.triu_indices(4, 1)] for row in range(paths.shape[1])]
        return np.mean(found, axis=0)

    np.testing.assert_allclose(dependence(increments), 0.0, rtol=0, atol=0.04)
    shared = dependence(np.abs(increments))
    assert shared.min() > -0.02
    assert (shared < dependence(np.abs(theirs)) + 0.02).all()


def test_most_of_the_latent_is_active(world):
    """M11."""
    first, *each = world.forecaster.curves["latent"]

    assert first["active_fraction"] >= 0.1
    assert len(each) == 4


@pytest.mark.parametrize("seed", [0, 3, 4])
def test_no_mean_is_invented(seed):
    """M6: other martingales."""
    train, validation, test = cut_into(garch_t(5000, seed)[0], 3000, 3800, 5000)

    mean = fitted(train, validation, kind=DirectHead, seed=seed, epochs=15, patience=5).mean(test)

    explained = 1.0 - np.square(test.increments - mean).sum() / np.square(test.increments).sum()
    assert explained > -0.003
    assert np.sqrt(np.mean(np.square(mean)) / np.mean(np.square(test.increments))) < 0.05


def test_a_planted_mean_is_found():
    """An indicator with a memory of ten bars has a correlation of 0.15 with the next bar."""
    n, ic, rng = 5000, 0.15, np.random.default_rng(1)
    returns, after = garch_t(n, 1)
    signal = rng.standard_normal((n, 3))
    for t in range(1, n):
        signal[t] = 0.9 * signal[t - 1] + np.sqrt(1.0 - 0.9**2) * signal[t]
    returns[1:] += ic * UNIT * np.sqrt(after[:-1]) * signal[:-1, 0]
    train, validation, test = cut_into(returns, 3000, 3800, n, inputs=signal)

    forecaster = fitted(train, validation, kind=DirectHead, seed=1)
    mean = forecaster.mean(test)

    explained = 1.0 - np.square(test.increments - mean).sum(axis=0) / np.square(test.increments).sum(axis=0)
    assert forecaster.slope > 0.1
    assert (explained > 0.003).all()
    assert np.corrcoef(mean[:, 0], test.inputs[:, 0])[0, 1] > 0.6


N_TICKS = 240


@pytest.fixture(scope="module")
def brownian():
    """A random walk of ticks with highs and lows, and paths drawn at forty decisions."""
    stops, n = (3200, 3900, 4500), 4500
    returns, candles, highs, lows = brownian_bars(n, 2, N_TICKS)
    made, first = [], 200
    for stop in stops:
        bar = np.arange(first, stop - HORIZONS[-1])
        extremes = extremes_of(returns, highs, lows, bar)
        made.append(rows_of(returns, first, stop - HORIZONS[-1], candles=candles, extremes=extremes).labelled())
        first = stop
    forecaster = fitted(*made[:2], epochs=15, patience=4)
    rows = made[2].take(np.arange(0, len(made[2]), 15))
    return forecaster.sample_paths(rows, 1000)


def test_a_touch_of_one_deviation_is_as_likely_as_it_is(brownian):
    """M10: 0.317 for a price that is always seen; ticks see 0.5826 of a tick less (Broadie and others 1997).

    Both sides together, so that a trend of the training rows counts for nothing.
    """
    start = np.cumsum(brownian.increments, axis=-1) - brownian.increments
    highest = np.maximum.accumulate(start + brownian.highest, axis=-1)
    lowest = np.minimum.accumulate(start + brownian.lowest, axis=-1)
    level = UNIT * np.sqrt(np.array(HORIZONS))

    touched = 0.5 * ((highest >= level).mean(axis=(0, 1)) + (lowest <= -level).mean(axis=(0, 1)))

    expected = 2.0 * ndtr(-1.0 - 0.5826 / np.sqrt(N_TICKS * np.array(HORIZONS)))
    np.testing.assert_allclose(touched, expected, rtol=0, atol=0.02)
    at_end = (np.abs(np.cumsum(brownian.increments, axis=-1)) >= level).mean(axis=(0, 1))
    np.testing.assert_allclose(at_end, 2.0 * ndtr(-1.0), rtol=0, atol=0.02)


def test_variance_of_a_martingale_grows_with_the_horizon(brownian):
    """M9: in proportion, and never falls."""
    variance = np.cumsum(brownian.increments, axis=-1).var(axis=(0, 1)) / UNIT**2

    np.testing.assert_allclose(variance / np.array(HORIZONS), 1.0, rtol=0, atol=0.08)
    assert (np.diff(variance) > 0).all()
