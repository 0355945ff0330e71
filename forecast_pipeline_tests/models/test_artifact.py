"""Promise: an artifact serves what was trained, or is refused; reading one never runs code."""

from __future__ import annotations

import functools
import json
import os
import pickle

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.core.errors import CorruptData, InvalidConfiguration, MissingData
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import bytes_writer, publish
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.models import artifact as artifact_module
from forecast_pipeline.models.artifact import artifacts_of, load_artifact, open_artifact, save_artifact
from forecast_pipeline.models.registry import FAMILIES
from forecast_pipeline.models.storage import dump_state, load_state
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.splits.target_scale import TargetScale
from forecast_pipeline_tests.models.made_rows import fitted, segments

H1 = Timeframe("1h")
TRAIN, VALIDATION, TEST = segments()
COLUMNS = ("rsi", "flat", "atr", "macd", "bb", "roc")
RAW = np.column_stack([TRAIN.inputs[:, :1] * 3 + 50, np.ones(600), TRAIN.inputs[:, 1:] * 0.1])
STANDARDISER = Standardiser.fit(RAW, COLUMNS, 0.9)
SCALE = TargetScale(60, (0.5, 1.5), 0.94, 1e-12, 1e-8)
FACTS = {"horizons_bars": [1, 3, 12], "val_r2": 0.001}


def save(home, name="ridge", **facts):
    forecaster = fitted(name, TRAIN, VALIDATION)
    return save_artifact(home, "EURUSD", H1, name, forecaster, STANDARDISER, SCALE, {**FACTS, **facts})


def load(home, name="ridge"):
    return load_artifact(home, "EURUSD", H1, name, 12)


@pytest.fixture(scope="module")
def content():
    """Bytes of a stored ridge."""
    return dump_state(fitted("ridge", TRAIN, VALIDATION).state())


@pytest.mark.parametrize("name", list(FAMILIES))
def test_what_is_loaded_forecasts_what_was_trained(home, name):
    published = save(home, name)

    loaded = load(home, name)

    assert loaded.stored == published
    np.testing.assert_array_equal(loaded.forecaster.sample(TEST, 40), fitted(name, TRAIN, VALIDATION).sample(TEST, 40))
    assert (loaded.model_name, loaded.horizons, loaded.timeframe) == (name, (1, 3, 12), H1)
    assert loaded.target_scale == SCALE


def test_inputs_are_scaled_with_the_stored_statistics_and_named_in_order(home):
    """Fault 35; V1 and V4: dropped columns are gone, the others keep their order."""
    card = save(home).card

    loaded = load(home)

    assert card["feature_columns"] == ["rsi", "atr", "macd", "bb", "roc"] == list(loaded.standardiser.kept_columns)
    assert card["dropped_columns"] == ["flat"]
    kept = np.delete(RAW, 1, axis=1)
    np.testing.assert_array_equal(loaded.standardiser.transform(kept), STANDARDISER.transform(RAW))


def test_the_name_is_the_specification_s_and_an_alias_finds_it(home):
    assert save(home, "forest").name == "EURUSD_1h_forest_h12"
    assert load(home, "rf").stored.name == "EURUSD_1h_forest_h12"
    with pytest.raises(InvalidConfiguration, match="model must be one of"):
        load(home, "forrest")


def test_saving_again_writes_the_same_bytes(home, tmp_path):
    """Fault 48."""
    folder = save(home).folder
    before = {p.name: p.read_bytes() for p in folder.iterdir()}

    save(home)
    save(Home(tmp_path / "other"))

    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    other = Home(tmp_path / "other").models("EURUSD", H1)
    assert {p.name: p.read_bytes() for p in other.iterdir()} == before


def test_artifacts_are_listed_in_the_order_of_the_registry(home):
    for name in ("lasso", "ewma", "ridge"):
        save(home, name)

    assert [card.card["model_name"] for card in artifacts_of(home, "EURUSD", H1)] == ["ewma", "ridge", "lasso"]
    assert artifacts_of(home, "GBPUSD", H1) == []


def test_a_model_that_was_not_trained_is_missing(home):
    with pytest.raises(
        MissingData, match=r"model EURUSD_1h_ridge_h12 must be built first. To do: forecast-pipeline build"
    ):
        load(home)


@given(position=st.integers(0, 1 << 20), mask=st.integers(1, 255))
@settings(max_examples=20)
def test_a_flipped_byte_of_the_weights_is_refused(tmp_path_factory, position, mask):
    """Fault 6."""
    home = Home(tmp_path_factory.mktemp("home"))
    path = save(home, "ewma_fhs").path(".skops")
    damaged = bytearray(path.read_bytes())
    damaged[position % len(damaged)] ^= mask
    path.write_bytes(damaged)

    with pytest.raises(CorruptData, match=r"ewma_fhs_h12-.*\.skops must have sha256"):
        load(home, "ewma_fhs")


@pytest.mark.parametrize("key", ["mu", "sigma", "feature_columns", "target_scale", "horizons_bars", "library_versions"])
def test_an_edited_card_is_refused(home, key):
    """Fault 6."""
    path = save(home).folder / "EURUSD_1h_ridge_h12.json"
    card = json.loads(path.read_text())
    card[key] = card["mu"][::-1] if key == "mu" else card["mu"]
    path.write_text(json.dumps(card))

    with pytest.raises(CorruptData, match="must be unchanged since it was published"):
        load(home)


def test_weights_of_another_run_are_refused(home, tmp_path):
    """Fault 39."""
    other = Home(tmp_path / "other")
    forecaster = fitted("ridge", TRAIN, VALIDATION, seed=99)
    stranger = save_artifact(other, "EURUSD", H1, "ridge", forecaster, STANDARDISER, SCALE, FACTS)
    save(home).path(".skops").write_bytes(stranger.read_bytes(".skops"))

    with pytest.raises(CorruptData, match="must have sha256"):
        load(home)


@pytest.mark.parametrize("library", ["scikit-learn", "skops"])
def test_a_model_of_another_version_of_its_library_is_refused(home, monkeypatch, library):
    """Fault 38."""
    save(home)
    present = artifact_module.library_versions()
    monkeypatch.setattr(artifact_module, "library_versions", lambda: {**present, library: "99.0"})

    with pytest.raises(CorruptData, match=f"was {library} {present[library]} then, 99.0 now. To do: train it again"):
        load(home)


@pytest.mark.parametrize("library", ["numpy", "polars", "TA-Lib"])
def test_another_version_of_a_library_that_stores_nothing_is_fine(home, monkeypatch, library):
    """Fault 38."""
    save(home)
    present = artifact_module.library_versions()
    monkeypatch.setattr(artifact_module, "library_versions", lambda: {**present, library: "99.0"})

    assert load(home).model_name == "ridge"


def test_a_card_of_another_schema_is_refused(home, monkeypatch):
    """Fault 38."""
    save(home)
    monkeypatch.setattr(artifact_module, "SCHEMA_VERSION", 9)

    with pytest.raises(
        CorruptData, match=r"EURUSD_1h_ridge_h12 must have card version 9, was 2. To do: train it again"
    ):
        load(home)


def test_statistics_that_do_not_fit_the_columns_are_refused(home, content):
    """Fault 35: a card may be whole and still not make sense."""
    card = {**save(home).card, "mu": [0.0]}
    facts = {key: value for key, value in card.items() if key not in ("files", "sha256")}
    forged = publish(home.models("EURUSD", H1), "EURUSD_1h_ridge_h12", {".skops": bytes_writer(content)}, facts)

    with pytest.raises(CorruptData, match="columns, mu and sigma must have one length"):
        open_artifact(forged)


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


ATTACKS = {
    "pickle": lambda canary: pickle.dumps(Evil(canary)),
    "function in skops": lambda _: skops.io.dumps({"estimator": os.system}),
    "call in skops": lambda canary: skops.io.dumps({"estimator": functools.partial(os.system, f"touch {canary}")}),
    "type in skops": lambda _: skops.io.dumps({"estimator": Evil}),
    "random bytes": lambda _: bytes(range(256)) * 10,
    "nothing": lambda _: b"",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_malicious_model_file_runs_no_code_even_under_a_good_hash(home, tmp_path, attack):
    """Fault 28."""
    canary = tmp_path / "canary"
    content = attack(canary)
    facts = {key: value for key, value in save(home).card.items() if key not in ("files", "sha256")}
    publish(home.models("EURUSD", H1), "EURUSD_1h_ridge_h12", {".skops": bytes_writer(content)}, facts)

    with pytest.raises(CorruptData, match="EURUSD_1h_ridge_h12 must be a model file with trusted types only"):
        load(home)
    assert not canary.exists()


def test_the_canary_would_sing(tmp_path):
    """Fault 28: the attack itself works."""
    pickle.loads(pickle.dumps(Evil(tmp_path / "canary")))  # noqa: S301

    assert (tmp_path / "canary").exists()


def test_a_file_that_holds_no_state_is_refused():
    """Fault 28."""
    with pytest.raises(CorruptData, match="x must hold a state, was list"):
        load_state(skops.io.dumps([1, 2]), "x")


@given(position=st.integers(0, 1 << 20), mask=st.integers(1, 255), keep=st.sampled_from([1.0, 1.0, 0.5]))
@settings(max_examples=100)
def test_damaged_model_bytes_are_a_typed_refusal_or_a_state(content, position, mask, keep):
    """Fault 6: the hash speaks first; this is what stands behind it."""
    damaged = bytearray(content)
    damaged[position % len(damaged)] ^= mask

    try:
        state = load_state(bytes(damaged[: int(keep * len(damaged))]), "x")
    except CorruptData:
        return
    assert isinstance(state, dict)


def test_states_are_stored_without_clock_or_address(content):
    """Fault 48."""
    states = [{"a": np.arange(3.0), "b": {"c": [1, 2.5, "x", None, True]}} for _ in range(2)]

    assert dump_state(states[0]) == dump_state(states[1])
    assert dump_state(fitted("ridge", TRAIN, VALIDATION).state()) == content
    restored = load_state(dump_state(states[0]), "x")
    assert restored["a"].tolist() == [0.0, 1.0, 2.0]
    assert restored["b"] == states[0]["b"]
