"""Pictures of a training: small, the same bytes for the same numbers, and drawn whatever is missing."""

from __future__ import annotations

import numpy as np
import pytest

from forecast_pipeline.backtests.training_plots import fan_png, loss_curves_png

MOST_BYTES = 100_000
LONG = {
    stage: {
        "epoch": [float(k) for k in range(1, 301)],
        "train/loss": [None, *np.random.default_rng(1).normal(size=299).tolist()],
        "validation/loss": np.random.default_rng(2).normal(size=300).tolist(),
    }
    for stage in ("direct", "vae", "diffusion")
}


def draws(n_horizons):
    return 1e-3 * np.random.default_rng(0).standard_normal((1000, n_horizons))


@pytest.mark.parametrize(
    "training",
    [LONG, {"direct": LONG["direct"]}, {"direct": {"epoch": [1.0], "validation/loss": [None]}}, {}],
    ids=["long", "one stage", "nothing finite", "no stage"],
)
def test_curves_are_a_small_picture(training):
    png = loss_curves_png(training)

    assert png.startswith(b"\x89PNG")
    assert len(png) < MOST_BYTES
    assert loss_curves_png(training) == png


@pytest.mark.parametrize("n_horizons", [1, 4, 30])
def test_a_fan_is_a_small_picture(n_horizons):
    horizons = range(1, n_horizons + 1)

    png = fan_png(draws(n_horizons), horizons, "EURUSD 1h, $a$ network with a name that is very long " * 4)

    assert png.startswith(b"\x89PNG")
    assert len(png) < MOST_BYTES
    assert fan_png(draws(n_horizons), horizons, "EURUSD 1h, $a$ network with a name that is very long " * 4) == png


def test_other_draws_are_another_picture():
    assert fan_png(draws(4), (1, 3, 6, 12), "x") != fan_png(2 * draws(4), (1, 3, 6, 12), "x")
