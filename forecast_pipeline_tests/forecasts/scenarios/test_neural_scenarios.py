"""A neural family rolled forward: its states move as if they were measured again, and its artifact stays as it was."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecast_pipeline.forecasts.barriers import touched
from forecast_pipeline.forecasts.scenarios.mean_panels import MeanPanels
from forecast_pipeline.forecasts.scenarios.scenarios import simulate_scenarios
from forecast_pipeline.models.neural.conditioning import Conditioner
from forecast_pipeline.models.neural.rolling_conditions import RollingConditioner
from forecast_pipeline.models.paths import path_draws
from forecast_pipeline.splits.build import fit_target_scale, rows_of, with_labels
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.splits.targets import forward_log_returns
from forecast_pipeline_tests.forecasts.scenarios.made_market import (
    COLUMNS,
    GRID,
    H1,
    continued,
    fitted_artifact,
    market,
)

N_WINDOW, N_ROLLED = 20, 30


@pytest.fixture(scope="module")
def frame():
    return market(1500)


@pytest.fixture(scope="module")
def rows_until(frame):
    """Function that gives the row at a bar, with the history up to it."""
    close_us = frame["close_ts_utc"].to_physical().to_numpy()
    labelled = with_labels(frame, forward_log_returns(close_us, frame["price"].to_numpy(), H1, GRID), GRID)
    scale = fit_target_scale(labelled[:1000], H1)
    standardiser = Standardiser.fit(labelled[:1000].select(COLUMNS).to_numpy().astype(float), COLUMNS, 0.5)
    return lambda start, stop: rows_of(labelled, start, stop, standardiser, scale, GRID)


def stacked(rows, windows):
    """A row of each path with the last bars of each, one path after the other."""
    histories = [row.history for row in rows]
    joined = {
        name: np.concatenate([getattr(each, name)[-windows:] for each in histories])
        for name in ("returns", "candles", "close_us")
        if getattr(histories[0], name) is not None
    }
    bar = (np.arange(len(rows)) + 1) * windows - 1
    n_slots = np.concatenate([each.n_slots for each in histories])
    history = dataclasses.replace(histories[0], bar=bar, n_slots=n_slots, **joined)
    parts = {
        name: np.concatenate([getattr(row, name) for row in rows])
        for name in ("standardised", "increments", "scale", "issued_at_us")
    }
    return dataclasses.replace(rows[0], history=history, extremes=None, **parts)


@pytest.mark.parametrize("has_candles", [True, False], ids=["candles", "closes"])
def test_rolled_conditions_are_those_measured_on_the_whole_history(rows_until, has_candles):
    """Three paths that begin at different bars take in the real bars that follow, one by one."""

    def at(first, stop):
        rows = rows_until(first, stop)
        bars = rows.history if has_candles else dataclasses.replace(rows.history, candles=None)
        return dataclasses.replace(rows, history=bars)

    fitted = Conditioner.fit(at(100, 1000))
    starts = np.array([10, 600, 1100])
    whole = at(0, 1500).history
    rolling = RollingConditioner(fitted, whole, starts, N_WINDOW)

    for step in range(N_ROLLED + 1):
        bars = starts + step
        rows = [at(bar, bar + 1) for bar in bars.tolist()]
        if step:
            shapes = None if whole.candles is None else whole.candles[bars]
            rolling.advance(whole.returns[bars], shapes, whole.close_us[bars])
        if step in (0, 1, N_ROLLED):
            found = rolling.conditions(stacked(rows, min(N_WINDOW, 11)))
            for name in ("states", "features", "slow", "unit"):
                expected = np.concatenate([getattr(fitted.conditions(row), name) for row in rows])
                np.testing.assert_allclose(getattr(found, name), expected, rtol=2e-5, atol=2e-6, err_msg=name)
            patches = rolling.bar_channels(whole).reshape(3, N_WINDOW, -1)
            for path, bar in enumerate(bars.tolist()):
                known = fitted.bar_channels(at(bar, bar + 1).history)[-N_WINDOW:]
                np.testing.assert_allclose(patches[path, -len(known) :], known, rtol=2e-5, atol=2e-6)
                assert not patches[path, : -len(known) or None][: N_WINDOW - len(known)].any()


def test_an_unknown_return_leaves_rolled_states_as_they_were(rows_until):
    rows = rows_until(0, 1000)
    fitted = Conditioner.fit(rows)
    rolling = RollingConditioner(fitted, rows.history, np.array([500, 600]), N_WINDOW)
    before = rolling.conditions(stacked([rows_until(b, b + 1) for b in (500, 600)], N_WINDOW)).states

    unknown = np.full(2, np.nan)
    rolling.advance(unknown, np.full((2, 3), np.nan), rows.history.close_us[[501, 601]])

    after = rolling.conditions(stacked([rows_until(b, b + 1) for b in (501, 601)], N_WINDOW)).states
    np.testing.assert_array_equal(before, after)


@pytest.fixture(scope="module")
def diffusion(frame):
    return fitted_artifact("latent_diffusion", frame)


@pytest.mark.slow
def test_a_neural_path_is_forecast_from_its_own_bars(frame, diffusion):
    """The context after forty rolled bars is that of the real and the rolled bars read as one history."""
    forecaster = diffusion.forecaster
    seen = []
    original = type(forecaster).sample_each

    def recorded(self, rows, noise):
        seen.append(self.conditioner.conditions(rows))
        return original(self, rows, noise)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(forecaster), "sample_each", recorded)
        scenarios = simulate_scenarios(frame, "EURUSD", diffusion, n_paths=4, n_bars=41, seed=2)

    for path in range(4):
        whole = continued(frame, scenarios, path)[: int(scenarios.paths.start[path]) + 41]
        last = whole.height - 1
        row = rows_of(whole, last, last + 1, diffusion.standardiser, diffusion.target_scale, GRID)
        expected = forecaster.conditioner.conditions(row)
        np.testing.assert_allclose(seen[40].states[path], expected.states[0], rtol=1e-4)
        np.testing.assert_allclose(seen[40].features[path], expected.features[0], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(seen[40].unit[path], expected.unit[0], rtol=1e-4)
        assert not seen[40].slow.any()


@pytest.mark.slow
def test_neural_paths_depend_on_the_seed_only_and_leave_the_artifact_as_it_was(frame, diffusion):
    newest = rows_of(frame, 1499, 1500, diffusion.standardiser, diffusion.target_scale, GRID)
    before = diffusion.forecaster.sample(newest, 20)
    first, again, other = (
        simulate_scenarios(frame, "EURUSD", diffusion, n_paths=5, n_bars=30, seed=seed).paths for seed in (1, 1, 2)
    )

    assert first.returns.tolist() == again.returns.tolist()
    assert first.highest.tolist() == again.highest.tolist()
    assert first.returns.tolist() != other.returns.tolist()
    assert (first.highest >= np.maximum(first.returns, 0.0)).all()
    assert (first.lowest <= np.minimum(first.returns, 0.0)).all()
    assert diffusion.forecaster.sample(newest, 20).tolist() == before.tolist()


@pytest.mark.slow
def test_neural_extremes_reach_the_barrier_functions(frame, diffusion):
    newest = rows_of(frame, 1499, 1500, diffusion.standardiser, diffusion.target_scale, GRID)

    paths = path_draws(diffusion.forecaster, newest, 200).of_row(0)

    assert paths.has_strays
    assert (np.diff(touched(paths, float(paths.increments[:, 0].std()))) >= 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sssd", "sssd_s4"])
def test_every_neural_family_can_be_rolled_forward(frame, name):
    artifact = fitted_artifact(name, frame)

    first, again = (
        simulate_scenarios(frame, "EURUSD", artifact, n_paths=2, n_bars=4, seed=1).paths.returns for _ in range(2)
    )

    assert np.isfinite(first).all()
    assert first.tolist() == again.tolist()
    assert 0.2 < first.std() / frame["bar_return"].std() < 5.0


def test_panels_of_simulated_bars_stand_at_the_mean_and_have_the_age_of_their_clock(frame):
    close_us = frame["close_ts_utc"].to_physical().to_numpy()[[0, 1, 5]]
    statistics = {"240": {"columns": ("a", "b", "c")}, "60": {"columns": ("a",)}}

    panels = MeanPanels(close_us, {}).with_statistics(statistics)

    assert panels.minutes == (60, 240)
    assert panels.age_minutes.tolist() == [[0, 60], [0, 120], [0, 120]]
    values, is_known = panels.windows(1, np.array([0, 2]), 4)
    assert values.shape == (2, 4, 3)
    assert not values.any()
    assert is_known.all()
