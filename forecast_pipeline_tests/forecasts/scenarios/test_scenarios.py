"""Scenarios: bars on the trading clock, volatility that clusters as the model says, bytes that a seed decides."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory, TrainingFailed
from forecast_pipeline.core.trading_clock import is_open, trading_minutes
from forecast_pipeline.forecasts.scenarios.scenarios import simulate_scenarios, write_scenarios
from forecast_pipeline.forecasts.scenarios.steps import InstantSteps
from forecast_pipeline.forecasts.scenarios.walk import Generator, walk
from forecast_pipeline.splits.build import rows_of
from forecast_pipeline_tests.forecasts.scenarios.made_market import continued, fitted_artifact, history_of, market

N_PATHS, N_BARS = 6, 150


@pytest.fixture(scope="module")
def frame():
    return market()


@pytest.fixture(scope="module")
def garch(frame):
    return fitted_artifact("garch_t", frame)


@pytest.fixture(scope="module")
def simulated(frame, garch):
    return simulate_scenarios(frame, "EURUSD", garch, n_paths=N_PATHS, n_bars=N_BARS, seed=1)


def test_bars_follow_the_trading_clock_from_the_start_on_and_skip_weekends(frame, simulated):
    start_us = frame["close_ts_utc"].to_physical().to_numpy()[simulated.paths.start]
    minutes = trading_minutes(np.concatenate([start_us[:, None], simulated.paths.close_us], axis=1).ravel())

    assert (np.diff(minutes.reshape(N_PATHS, -1), axis=1) == 60).all()
    for path in range(N_PATHS):
        opened = simulated.candles(path)["ts_utc"].to_physical().to_numpy()
        assert is_open(opened).all()
        assert np.diff(opened).max() > 48 * 3_600_000_000


def test_candles_are_whole(frame, simulated):
    for path in range(N_PATHS):
        candles = simulated.candles(path)
        begin, high, low, close = (candles[name].to_numpy() for name in ("open", "high", "low", "close"))

        assert candles.columns == ["ts_utc", "open", "high", "low", "close"]
        assert (high >= np.maximum(begin, close)).all()
        assert (low <= np.minimum(begin, close)).all()
        assert np.allclose(begin[1:], close[:-1])
        assert begin[0] == pytest.approx(frame["price"][int(simulated.paths.start[path])])


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_paths(frame, garch, tmp_path):
    options = {"n_paths": 3, "n_bars": 120}
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_scenarios(tmp_path / folder, simulate_scenarios(frame, "EURUSD", garch, seed=seed, **options))
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    content = {f: [(tmp_path / f / name).read_bytes() for name in names] for f in "abc"}

    assert names == [*(f"EURUSD_1h_garch_t_000{n}_simulated.parquet" for n in (1, 2, 3)), "facts.json"]
    assert content["a"] == content["b"]
    assert all(one != other for one, other in zip(content["a"], content["c"], strict=True))
    assert len(set(content["a"])) == 4


def test_files_say_that_they_are_simulated(simulated, tmp_path):
    *candles, facts = write_scenarios(tmp_path, simulated)

    marks = pl.read_parquet_metadata(candles[0])
    card = json.loads(facts.read_text())
    assert (marks["is_simulated"], marks["model"], marks["seed"]) == ("true", "garch_t", "1")
    assert card["is_simulated"]
    assert [fact["name"] for fact in card["facts"]][:2] == ["fat tails", "tail index"]
    assert "training mean" in card["inputs"]


@pytest.mark.parametrize("origin", ["now", "random"])
def test_paths_begin_where_they_are_asked_to(frame, garch, origin):
    found = simulate_scenarios(frame, "EURUSD", garch, n_paths=9, n_bars=5, seed=4, origin=origin)

    starts = set(found.paths.start.tolist())
    assert starts == {frame.height - 1} if origin == "now" else len(starts) == 9
    assert len({tuple(path) for path in found.paths.returns.tolist()}) == 9
    assert found.facts == []


@pytest.mark.parametrize("name", ["garch_t", "har", "ewma_fhs", "climatology"])
def test_a_step_is_the_familys_own_forecast_after_the_bars_of_its_path(frame, name, monkeypatch):
    """What a path draws at a bar has the scale that the family says of real bars and simulated ones put together."""
    artifact = fitted_artifact(name, frame)
    seen = []
    original = InstantSteps.draw

    def recorded(self, rows, noise):
        seen.append((rows.scale, self.forecaster.sample(rows, 200)))
        return original(self, rows, noise)

    monkeypatch.setattr(InstantSteps, "draw", recorded)
    scenarios = simulate_scenarios(frame, "EURUSD", artifact, n_paths=3, n_bars=40, seed=2)

    for path, bar in itertools.product(range(3), (0, 1, 39)):
        whole = continued(frame, scenarios, path)[: int(scenarios.paths.start[path]) + 1 + bar]
        last = whole.height - 1
        row = rows_of(whole, last, last + 1, artifact.standardiser, artifact.target_scale, artifact.horizons)
        scale, draws = seen[bar]
        np.testing.assert_allclose(scale[path], row.scale[0], rtol=1e-6)
        np.testing.assert_allclose(draws[:, path], artifact.forecaster.sample(row, 200)[:, 0], rtol=2e-5, atol=1e-12)


def test_paths_do_not_depend_on_the_other_paths(frame, garch):
    history = history_of(frame, garch)
    generator = Generator(garch.forecaster, garch.target_scale, 2)
    one, other = (walk(generator, history, np.array([2000, second]), 50, seed=5) for second in (500, 3000))

    np.testing.assert_allclose(one.returns[0], other.returns[0], rtol=1e-6)
    assert not np.allclose(one.returns[1], other.returns[1])


def test_an_increment_of_several_bars_is_cut_into_bars_with_the_variance_of_the_clock(frame):
    artifact = fitted_artifact("garch_t", frame, grid=(4, 8))

    found = simulate_scenarios(frame, "EURUSD", artifact, n_paths=80, n_bars=242, seed=3)

    hour = (trading_minutes(found.paths.close_us.ravel()) - 60) // 60 % 24
    squared = np.bincount(hour, np.square(found.paths.returns).ravel()) / np.bincount(hour)
    assert found.paths.returns.shape == (80, 242)
    assert np.std(np.log(squared / np.array(artifact.target_scale.profile))) < 0.1
    assert found.paths.returns.std() == pytest.approx(frame["bar_return"].std(), rel=0.15)
    assert (found.paths.highest >= np.maximum(found.paths.returns, 0) - 1e-15).all()


def test_garch_paths_cluster_and_those_of_a_random_walk_do_not(frame, garch):
    walked = fitted_artifact("random_walk", frame)
    verdicts = {}
    for artifact in (garch, walked):
        found = simulate_scenarios(frame, "EURUSD", artifact, n_paths=40, n_bars=600, seed=6)
        verdicts[artifact.model_name] = {(fact.name, fact.statistic[-14:]): fact.verdict for fact in found.facts}
        names = [fact.name for fact in found.facts]

    assert names.count("volatility clustering") == 2
    for (name, _), verdict in verdicts["garch_t"].items():
        assert verdict in (("reported",) if name == "leverage" else ("pass",)), name
    failed = {name for (name, _), verdict in verdicts["random_walk"].items() if verdict == "fail"}
    assert failed == {"volatility clustering", "intraday clock"}


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"n_paths": 0}, InvalidConfiguration, "paths and bars must be at least 1"),
        ({"n_bars": 0}, InvalidConfiguration, "paths and bars must be at least 1"),
        ({"origin": "then"}, InvalidConfiguration, "now or random"),
    ],
)
def test_what_cannot_be_simulated_is_refused(frame, garch, changes, error, text):
    options = {"n_paths": 2, "n_bars": 5, "seed": 1} | changes
    with pytest.raises(error, match=text):
        simulate_scenarios(frame, "EURUSD", garch, **options)


def test_too_short_a_past_is_refused(frame, garch):
    with pytest.raises(NotEnoughHistory, match="more than 100 bars"):
        simulate_scenarios(frame[:100], "EURUSD", garch, n_paths=2, n_bars=5, seed=1)
    with pytest.raises(NotEnoughHistory, match="begin after 100 bars"):
        walk(Generator(garch.forecaster, garch.target_scale, 2), history_of(frame, garch), np.array([50]), 5, seed=1)


def test_draws_that_are_not_finite_stop_the_walk(frame, garch):
    broken = dataclasses.replace(garch.target_scale, start=np.nan)
    history = history_of(frame, garch)

    class Broken:
        seed = 1

        def sample(self, rows, n_samples):
            return np.full((n_samples, len(rows), 3), np.nan)

    with pytest.raises(TrainingFailed, match="must be finite"):
        walk(Generator(Broken(), broken, 2), history, np.array([500]), 5, seed=1)
