"""Promise: a settings file says what is trained, and whatever is wrong with it is said before training."""

from __future__ import annotations

import pytest

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.sssd.config_file import load_sssd_config
from forecast_pipeline.models.sssd.parameters import SSSDParameters

SMALL = "horizons: {minutes: [60, 240]}\n"


def written(tmp_path, text):
    path = tmp_path / "sssd.yaml"
    path.write_text(text)
    return path


def test_the_packaged_file_has_the_sizes_of_the_specification():
    config = load_sssd_config()

    own = config.parameters
    assert (own.s4_state_dim, own.s4_layers, own.T, own.sampling_steps) == (64, 4, 1000, 50)
    assert own.timeframes == ("5m", "15m", "1h", "4h", "1d")
    assert config.horizons_bars(1) == (1, 5, 15, 30, 60, 120, 240, 480, 720, 1440)
    assert len(own.horizon_weights) == 10
    assert own.parameterization == "epsilon"


def test_what_is_left_out_keeps_its_default(tmp_path):
    assert load_sssd_config(written(tmp_path, SMALL)).parameters == SSSDParameters()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SMALL + "model: {s4_state_dimm: 64}", "did you mean 's4_state_dim'"),
        (SMALL + "optimizer: {}", "optimizer is not a setting"),
        (SMALL + "model: {s4_layers: many}", "model.s4_layers"),
        (SMALL + "model: {s4_state_dim: 5}", "s4_state_dim"),
        (SMALL + "timeframes: {7m: {window_bars: 5}}", "timeframes must be among"),
        (SMALL + "timeframes: {5m: {window_bars: 0}}", "window_bars"),
        (SMALL + "model: {consistency_weight: 1.0}", "head_mode joint"),
        (SMALL + "model: {s4_kernel: dplr, s4_initialisation: lin}", "dplr"),
        (SMALL + "model: {context_dim: 30}", "attention_heads must divide"),
        ("horizons: {minutes: [60, 240], weights: [1]}", "horizons.weights"),
        ("horizons: {minutes: [240, 60]}", "increasing"),
        ("horizons: {minutes: [60, 240], weights: [1, -1]}", "negative"),
        ("model: {}", "horizons"),
        ("horizons: {minutes: [60]}\nhorizons: {minutes: [60]}", "given once"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(tmp_path, text, told):
    with pytest.raises(InvalidConfiguration, match=told):
        load_sssd_config(written(tmp_path, text))


def test_horizons_must_be_whole_bars():
    with pytest.raises(InvalidConfiguration, match="1 minutes"):
        load_sssd_config().horizons_bars(5)


def test_the_names_of_the_specification_are_other_names():
    own = SSSDParameters(diffusion_steps_train=500, diffusion_steps_inference=30)

    assert (own.T, own.sampling_steps) == (500, 30)
    assert SSSDParameters.parse(own.model_dump()) == own
    with pytest.raises(InvalidConfiguration, match="diffusion_steps_train is another name of T"):
        SSSDParameters.parse({"T": 100, "diffusion_steps_train": 1000})
    with pytest.raises(InvalidConfiguration, match="sampling_steps must be at most"):
        SSSDParameters.parse({"diffusion_steps_train": 10, "diffusion_steps_inference": 50})
