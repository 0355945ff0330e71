"""Promise: draws of a generator get the norms of the data's paths and normal marginals, and nothing else is touched."""

from __future__ import annotations

import numpy as np
from scipy import stats

from forecast_pipeline.models.neural.recalibration import Recalibration
from forecast_pipeline.models.storage import dump_state, load_state

N = 30_000


def paths(seed, shock, n_channels=1):
    """Scores of paths that share a shock of volatility, shape ``(N, C, 4)``, each marginal normal."""
    rng = np.random.default_rng(seed)
    raw = np.exp(shock * rng.standard_normal((N, 1, 1))) * rng.standard_normal((N, n_channels, 4))
    ranks = stats.rankdata(raw, axis=0)
    return stats.norm.ppf(ranks / (N + 1))


def kurtosis_of_sums(scores):
    return stats.kurtosis(scores[:, 0].sum(axis=1))


def test_a_shock_that_the_generator_did_not_find_is_put_back():
    data, drawn = paths(1, shock=0.4), paths(2, shock=0.2)

    made = Recalibration.fit(drawn, data, is_symmetric=True).apply(drawn)

    wanted = kurtosis_of_sums(data)
    assert kurtosis_of_sums(drawn) < 0.5 * wanted
    assert abs(kurtosis_of_sums(made) - wanted) < 0.25 * wanted


def test_marginals_are_normal_afterwards():
    drawn = 1.3 * paths(3, shock=0.3, n_channels=3) + 0.1

    made = Recalibration.fit(drawn, paths(4, shock=0.3, n_channels=3), is_symmetric=False).apply(drawn)

    levels = np.linspace(0.02, 0.98, 25)
    np.testing.assert_allclose(
        np.quantile(made, levels, axis=0), stats.norm.ppf(levels)[:, None, None] * np.ones((1, 3, 4)), atol=0.03
    )


def test_draws_like_the_data_stay_as_they_are():
    data, drawn = paths(5, shock=0.3), paths(6, shock=0.3)

    made = Recalibration.fit(drawn, data, is_symmetric=True).apply(drawn)

    assert np.abs(made - drawn).mean() < 0.02


def test_before_it_is_fitted_it_is_the_identity():
    drawn = paths(7, shock=0.0)[:50]

    np.testing.assert_array_equal(Recalibration().apply(drawn), drawn)


def test_storage_gives_back_the_same_maps():
    drawn = paths(8, shock=0.4, n_channels=3)
    made = Recalibration.fit(drawn, paths(9, shock=0.2, n_channels=3), is_symmetric=True)

    again = Recalibration.from_state(load_state(dump_state({"made": made.state()}), "test")["made"])

    np.testing.assert_array_equal(again.apply(drawn), made.apply(drawn))
