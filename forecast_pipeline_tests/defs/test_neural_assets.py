"""Assets of networks: epochs in the event log while they train, pictures in the event, nothing unless it is asked."""

from __future__ import annotations

import base64
import re

import dagster as dg
import pytest

from forecast_pipeline.core.home import Home
from forecast_pipeline.defs import sensors
from forecast_pipeline.defs.assets import models
from forecast_pipeline.defs.assets.models import model_key
from forecast_pipeline.defs.chain import _model_steps
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.models.registry import MODELS, NEURAL, TABULAR
from forecast_pipeline.models.train import train_model
from forecast_pipeline.verification.small_settings import small_parameters
from forecast_pipeline_tests.laid_split import H1, laid

__all__ = ["laid"]

STAGES = {
    "latent_diffusion": ["direct", "vae", "diffusion"],
    "sssd": ["direct", "diffusion"],
    "sssd_s4": ["direct", "diffusion"],
}
MOST_BYTES = 100_000
neural = pytest.mark.parametrize("name", NEURAL)


def asset_of(name):
    return models.assets[MODELS.index(name)]


def materialise(home, instance, name, **config):
    return dg.materialize(
        [asset_of(name)],
        instance=instance,
        resources={"home": HomeResource(path=str(home.root))},
        partition_key="EURUSD|1h",
        run_config={
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            "ops": {f"models__{name}": {"config": config}},
        },
        raise_on_error=False,
    )


def small_run(name, **changed):
    """What a run sets, in the plain types of a run configuration."""
    defaults = small_parameters(name).model_dump(mode="json", exclude_unset=True)
    stages = [each for each in defaults if each.endswith("epochs")]
    return defaults | dict.fromkeys(stages, 2) | changed


def lines(instance, result, pattern):
    """Log lines of a run that Dagster keeps, by a pattern."""
    entries = instance.all_logs(result.run_id)
    return [entry.user_message for entry in entries if re.search(pattern, entry.user_message or "")]


@pytest.fixture(scope="module")
def trained(laid):
    """Events of each family, trained once."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("symbols", ["EURUSD"])
        found = {}
        for name in NEURAL:
            result = materialise(laid, instance, name, **small_run(name))
            assert result.success
            (event,) = result.asset_materializations_for_node(f"models__{name}")
            found[name] = event.metadata, lines(instance, result, "epoch")
        return found


@pytest.mark.slow
@neural
def test_every_epoch_is_a_line_of_the_event_log_once(trained, name):
    _, told = trained[name]

    training = [line for line in told if line.startswith(f"{name}, ")][: 2 * len(STAGES[name])]
    expected = [f"{name}, {stage}: epoch {epoch} of at most 2" for stage in STAGES[name] for epoch in (1, 2)]
    assert [line.rsplit(":", 1)[0] for line in training] == expected


@pytest.mark.slow
def test_an_instance_that_captures_our_logger_itself_does_not_show_a_line_twice(laid, tmp_path):
    from forecast_pipeline.defs.instance import open_instance

    with open_instance(Home(tmp_path)) as instance:
        instance.add_dynamic_partitions("symbols", ["EURUSD"])
        result = materialise(laid, instance, NEURAL[0], **small_run(NEURAL[0], learning_rate=3e-3))
        told = lines(instance, result, "epoch")
        (event,) = result.asset_materializations_for_node(f"models__{NEURAL[0]}")

    training = told[: 2 * len(STAGES[NEURAL[0]])]  # what comes after are the refits of the cut-off check
    assert result.success
    assert len(training) == len(set(training))
    assert len(lines(instance, result, f"cut-off check of {NEURAL[0]}")) == 1
    assert event.metadata["training seconds"].value > 0


@pytest.mark.slow
@neural
@pytest.mark.parametrize("picture", ["loss curves", "fan chart"])
def test_an_event_shows_small_pictures(trained, name, picture):
    metadata, _ = trained[name]

    png = base64.b64decode(re.search(r"base64,([^)]+)\)", metadata[picture].value).group(1))

    assert png.startswith(b"\x89PNG")
    assert len(png) < MOST_BYTES


@pytest.mark.slow
@neural
def test_an_event_says_how_long_each_stage_took(trained, name):
    metadata, _ = trained[name]

    rows = re.findall(r"\| (\w+) \| 2 epochs, ([\d.]+) s \|", metadata["stages"].value)
    assert [stage for stage, _ in rows] == STAGES[name]
    assert metadata["training seconds"].value > 0


@pytest.mark.slow
def test_an_event_says_what_the_latent_carries(trained):
    metadata, _ = trained["latent_diffusion"]

    assert 0 <= metadata["active latent dimensions"].value <= 1
    assert "relative_close" in metadata["channels"].value


@neural
def test_a_setting_that_a_network_does_not_read_is_refused_before_it_trains(laid, instance, name):
    result = materialise(laid, instance, name, population_size=3)

    assert not result.success
    told = str(result.failure_data_for_node(f"models__{name}").error.to_string())
    assert f"{name} must be given only parameters that it reads" in told
    assert "population_size: read by the search stage" in told


def test_a_setting_of_a_network_given_to_another_family_names_its_readers(laid, instance):
    result = materialise(laid, instance, "ridge", patch_len=32, use_amp=True)

    told = str(result.failure_data_for_node("models__ridge").error.to_string())
    assert "patch_len: read by latent_diffusion" in told
    assert f"use_amp: read by {', '.join(NEURAL)}" in told


@neural
def test_a_training_that_fails_says_so_in_one_line(laid, instance, name):
    result = materialise(laid, instance, name, **small_run(name, learning_rate=1e6, gradient_clip=1e9, epochs=3))

    assert not result.success
    assert "To do: lower learning_rate" in str(result.failure_data_for_node(f"models__{name}").error.to_string())


@neural
def test_the_asset_says_what_it_is_made_with(name):
    spec = asset_of(name).specs_by_key[model_key(name)]

    assert spec.kinds == {"pytorch", "lightning"}


def test_networks_are_trained_only_when_they_are_named():
    (models_by_default, models_named) = (
        next(step for step in _model_steps("EURUSD", H1, chosen) if step.title.startswith("models"))
        for chosen in (TABULAR, ("ridge", "latent_diffusion"))
    )

    keys = [{key for asset in step.assets for key in asset.keys} for step in (models_by_default, models_named)]
    assert keys[0] == {models.BASELINES_KEY, *(model_key(name) for name in TABULAR)}
    assert keys[1] == {models.BASELINES_KEY, model_key("ridge"), model_key("latent_diffusion")}


@pytest.mark.slow
def test_a_network_is_retrained_where_it_was_trained_before(laid, tmp_path):
    import shutil

    home = Home(shutil.copytree(laid.root, tmp_path / "own"))
    train_model(home, "EURUSD", H1, "ridge")
    for name in NEURAL:
        for path in home.models("EURUSD", H1).glob(f"*_{name}_*"):
            path.unlink()
    left_out = set(sensors.TRAINED) - set(sensors._retrained(home, "EURUSD", H1))
    train_model(home, "EURUSD", H1, "latent_diffusion", small_parameters("latent_diffusion"))
    still_left_out = set(sensors.TRAINED) - set(sensors._retrained(home, "EURUSD", H1))

    assert left_out == {model_key(name) for name in NEURAL}
    assert still_left_out == left_out - {model_key("latent_diffusion")}
