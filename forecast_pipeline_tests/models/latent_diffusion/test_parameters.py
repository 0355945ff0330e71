"""Promise: settings that can not work are refused before anything is trained, with what they must be."""

from __future__ import annotations

import pytest
import yaml

from forecast_pipeline.core.configuration import read_yaml
from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.latent_diffusion.parameters import LatentDiffusionParameters
from forecast_pipeline.models.neural.parameters import NeuralParameters


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ({"patch_len": 32, "n_down": 6}, r"2\*\*n_down must be at most patch_len=32, was 64"),
        ({"sampling_steps": 50, "T": 20}, "sampling_steps must be at most T=20, was 50"),
        ({"z_dim": 0}, "z_dim"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"ema_decay": 1.0}, "ema_decay"),
        ({"dropout": 1.0}, "dropout"),
        ({"lambda_kl": -0.1}, "lambda_kl"),
        ({"free_bits": -1}, "free_bits"),
        ({"kl_warmup": 1.5}, "kl_warmup"),
        ({"epochs": 0}, "epochs"),
        ({"gradient_accumulation_steps": 0}, "gradient_accumulation_steps"),
        ({"sampler": "euler"}, "'ddpm', 'ddim', 'dpm_solver' or 'dpm_solver_sde', was 'euler'"),
        ({"parameterization": "x0"}, "'v' or 'epsilon'"),
        ({"training_mode": "three_stage"}, "'two_stage' or 'joint'"),
        ({"precision": "fp8"}, "'fp16', 'bf16' or 'fp32'"),
        ({"latent_dim": 4}, "latent_dim is not a setting"),
        ({"patchlen": 4}, "did you mean 'patch_len'"),
    ],
    ids=str,
)
def test_settings_that_can_not_work_are_refused(settings, refusal, tmp_path):
    """Fault 70; from a file as from code."""
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(settings))

    with pytest.raises(InvalidConfiguration, match=refusal):
        LatentDiffusionParameters.parse(read_yaml(path))


@pytest.mark.parametrize(
    "settings", [{"patch_len": 64, "n_down": 6}, {"T": 50, "sampling_steps": 50}, {"free_bits": 0}]
)
def test_settings_at_their_limits_are_taken(settings):
    assert LatentDiffusionParameters.parse(settings).model_dump() | settings == (
        LatentDiffusionParameters(**settings).model_dump()
    )


def test_one_switch_turns_all_accelerations_on():
    plain, fast = NeuralParameters(), NeuralParameters(use_nvidia_opts=True)

    assert (plain.mixes_precision, plain.compiles, plain.fuses) == (False, False, False)
    assert (fast.mixes_precision, fast.compiles, fast.fuses) == (True, True, True)
    assert (NeuralParameters(use_amp=True).mixes_precision, NeuralParameters(use_amp=True).fuses) == (True, False)
