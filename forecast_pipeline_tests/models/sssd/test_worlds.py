"""Promise: in a world of two regimes SSSD draws the law, no wider where it is wide already (decision 30)."""

from __future__ import annotations

import numpy as np
import pytest

from forecast_pipeline.models.sssd.forecaster import SSSD
from forecast_pipeline.models.sssd.parameters import SSSDParameters
from forecast_pipeline_tests.models.neural.worlds import HORIZONS, crps, cut_into, regimes, regimes_oracle

pytestmark = pytest.mark.slow
STOPS = (8200, 9800, 12_200)


def test_the_law_of_two_regimes_is_drawn():
    """Before scales were bent and contexts had to earn their place, deviations were 1.07 to 1.10 of the law's."""
    returns, calm_after = regimes(STOPS[-1], 1)
    train, validation, test = cut_into(returns, *STOPS)
    forecaster = SSSD.from_parameters(SSSDParameters(epochs=12), 7)
    forecaster.fit(train, validation)
    rows = test.take(np.arange(0, len(test), HORIZONS[-1]))

    draws = np.cumsum(forecaster.sample(rows, 300), axis=-1)

    truth = np.cumsum(regimes_oracle(calm_after, rows.history.bar, 2000), axis=-1)
    assert (crps(draws, rows.outcomes) / crps(truth, rows.outcomes)).max() < 1.03
    deviation = np.sqrt(np.square(draws).mean(axis=(0, 1)) / np.square(truth).mean(axis=(0, 1)))
    np.testing.assert_allclose(deviation, 1.0, rtol=0, atol=0.06)
    low, high = np.quantile(draws, (0.05, 0.95), axis=0)
    np.testing.assert_allclose(((truth >= low) & (truth <= high)).mean(axis=(0, 1)), 0.9, rtol=0, atol=0.02)
