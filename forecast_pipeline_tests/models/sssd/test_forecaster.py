"""Promise: an SSSD fits, draws each decision by itself, survives storage, and says what its parts are worth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecast_pipeline.core.errors import InvalidConfiguration, MissingData, NotEnoughHistory
from forecast_pipeline.models.sssd.ablations import _moved
from forecast_pipeline.models.sssd.forecaster import SSSD
from forecast_pipeline.models.sssd.lit import SSSDLit
from forecast_pipeline.models.storage import dump_state, load_state
from forecast_pipeline.splits.native import NativeSource, NativeStatistics, NativeWindows
from forecast_pipeline.splits.native_panel import NativePanel
from forecast_pipeline_tests.models.made_rows import START_US, made_rows, segments
from forecast_pipeline_tests.models.sssd.made_panels import SMALL, panel_segments, panels, with_panels

pytestmark = pytest.mark.slow
TRAIN, VALIDATION, TEST = panel_segments()
N_SAMPLES = 30


def fitted(train=TRAIN, validation=VALIDATION, *, seed=7, run_folder=None, **settings):
    forecaster = SSSD.from_parameters(SMALL.model_copy(update=settings), seed)
    forecaster.run_folder = run_folder
    forecaster.fit(train, validation)
    return forecaster


def reloaded(forecaster):
    return SSSD.from_state(load_state(dump_state(forecaster.state()), "test"))


@pytest.fixture(scope="module")
def forecaster():
    return fitted()


@pytest.fixture(scope="module")
def without_panels():
    return fitted(*segments()[:2])


@pytest.fixture(scope="module")
def single_horizons():
    return fitted(head_mode="per_horizon", consistency_weight=0.1, epochs=1, encoder_epochs=1)


def test_draws_have_the_shape_of_their_rows(forecaster):
    drawn = forecaster.sample(TEST, N_SAMPLES)

    assert drawn.shape == (N_SAMPLES, len(TEST), 3)
    assert np.isfinite(drawn).all()
    assert forecaster.mean(TEST).shape == (len(TEST), 3)


@pytest.mark.parametrize("which", ["forecaster", "single_horizons"])
def test_one_draw_of_every_row_at_once(which, request):
    drawn = request.getfixturevalue(which).sample_each(TEST, np.random.default_rng(0))

    assert drawn.increments.shape == (1, len(TEST), 3)
    assert np.isfinite(drawn.increments).all()


def test_draws_of_a_decision_do_not_depend_on_the_batch(forecaster):
    drawn, order = forecaster.sample(TEST, N_SAMPLES), np.random.default_rng(0).permutation(len(TEST))

    alone = [forecaster.sample(TEST.take(np.array([k])), N_SAMPLES) for k in range(5)]

    np.testing.assert_array_equal(np.concatenate(alone, axis=1), drawn[:, :5])
    np.testing.assert_array_equal(forecaster.sample(TEST.take(order), N_SAMPLES), drawn[:, order])


@pytest.mark.parametrize("which", ["forecaster", "without_panels"])
def test_storage_gives_back_the_same_draws(which, request):
    made = request.getfixturevalue(which)
    rows = TEST if which == "forecaster" else segments()[2]

    restored = reloaded(made)

    np.testing.assert_array_equal(restored.sample(rows, N_SAMPLES), made.sample(rows, N_SAMPLES))
    np.testing.assert_array_equal(restored.mean(rows), made.mean(rows))
    assert restored.ablations == made.ablations


def test_two_fits_are_stored_in_the_same_bytes(forecaster):
    assert dump_state(fitted().state()) == dump_state(forecaster.state())


def test_a_stored_model_brings_its_own_statistics(forecaster):
    """Rows that are served have none; and those of other rows must not be taken."""
    fold = NativeStatistics(NativeSource.of_panels(panels()), until_us=START_US + 10**9)
    others = dataclasses.replace(TEST, native=NativeWindows(fold, TEST.issued_at_us))

    np.testing.assert_array_equal(reloaded(forecaster).sample(others, N_SAMPLES), forecaster.sample(TEST, N_SAMPLES))


def test_rows_without_the_panels_of_training_are_refused(forecaster):
    with pytest.raises(MissingData, match="panels"):
        forecaster.sample(dataclasses.replace(TEST, native=None), 2)


def test_draws_do_not_read_outcomes(forecaster):
    blind = dataclasses.replace(TEST, increments=np.full_like(TEST.increments, np.nan))

    np.testing.assert_array_equal(forecaster.sample(blind, 9), forecaster.sample(TEST, 9))


@pytest.mark.parametrize("shift", [0, 1], ids=["later bars", "one bar of the decision"])
def test_draws_do_not_change_when_the_future_of_the_panels_does(forecaster, shift):
    """And they do when the bar that closes at the decision changes."""
    cut_us = int(TEST.issued_at_us[7]) - shift
    changed = []
    for panel in panels():
        values = panel.values.copy()
        values[panel.close_us > cut_us] = -3.0
        changed.append(NativePanel(panel.timeframe_minutes, panel.close_us, values, panel.columns))
    later = with_panels(dataclasses.replace(TEST, native=None), changed, 599)

    before, after = forecaster.sample(TEST, 9), forecaster.sample(later, 9)

    np.testing.assert_array_equal(before[:, :7], after[:, :7])
    assert np.array_equal(before[:, 7], after[:, 7]) == (shift == 0)


@pytest.mark.parametrize("which", ["forecaster", "without_panels"])
def test_another_context_is_worse(which, request):
    ablations = request.getfixturevalue(which).ablations

    assert set(ablations) == {"none", "context_shuffle", "no_s4_encoder"}
    assert ablations["context_shuffle"] > ablations["none"]


def test_no_row_keeps_its_place_in_a_shuffle():
    order = _moved(40, 3)

    assert sorted(order.tolist()) == list(range(40))
    assert not (order == np.arange(40)).any()


def test_the_asked_timeframes_are_taken():
    made = fitted(
        timeframes=("5m", "1h", "4h"), epochs=1, encoder_epochs=1
    )  # bars of 5 minutes are faster than the rows: not there

    assert sorted(map(int, made.statistics)) == [60, 240]
    with pytest.raises(MissingData, match="1440"):
        fitted(timeframes=("1h", "1d"))


def test_single_horizons_fit_and_draw(single_horizons):
    made = single_horizons

    assert made.sample(TEST, 5).shape == (5, len(TEST), 3)
    assert made.curves["diffusion"][-1]["validation/consistency"] > 0.0
    np.testing.assert_array_equal(reloaded(made).sample(TEST, 5), made.sample(TEST, 5))


def test_too_little_is_refused():
    with pytest.raises(InvalidConfiguration, match="horizon_weights"):
        fitted(horizon_weights=(1.0, 2.0))
    with pytest.raises(NotEnoughHistory, match="validation"):
        fitted(validation=VALIDATION.take(np.arange(5)))


class Killed(Exception):
    """What a machine that is switched off would do."""


def validation_losses(made):
    return [epoch["validation/loss"] for stage in ("direct", "diffusion") for epoch in made.curves[stage]]


@pytest.mark.parametrize("stage", ["direct", "diffusion"])
def test_a_training_that_was_cut_off_ends_where_it_would_have(stage, tmp_path, monkeypatch, forecaster):
    losses, seen = SSSDLit.losses, []

    def dying(self, batch, generator):
        seen.append(self.stage)
        if self.training and self.stage == stage and seen.count(stage) > 8:
            raise Killed
        return losses(self, batch, generator)

    monkeypatch.setattr(SSSDLit, "losses", dying)
    with pytest.raises(Killed):
        fitted(run_folder=tmp_path)
    monkeypatch.setattr(SSSDLit, "losses", losses)

    resumed = fitted(run_folder=tmp_path)

    np.testing.assert_array_equal(resumed.sample(TEST, 9), forecaster.sample(TEST, 9))
    assert validation_losses(resumed) == validation_losses(forecaster)


def test_planted_correlations_of_increments_are_recovered():
    correlation = np.array([[1.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 1.0]])
    normals = np.random.default_rng(3).multivariate_normal(np.zeros(3), correlation, 6000)
    rows = made_rows(6000)
    rows = dataclasses.replace(rows, scale=np.full_like(rows.scale, 1e-4), increments=1e-4 * normals)
    made = fitted(
        rows.take(np.arange(5000)),
        rows.take(np.arange(5000, 6000)),
        denoiser_width=64,
        denoiser_blocks=2,
        epochs=25,
        patience=6,
        sampling_steps=20,
    )

    drawn = made.sample(rows.take(np.arange(5000, 5050)), 500)
    found = np.mean([np.corrcoef(drawn[:, row].T) for row in range(50)], axis=0)

    np.testing.assert_allclose(found, correlation, rtol=0, atol=0.05)
