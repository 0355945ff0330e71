"""What the card of an artifact records of the training of a neural family."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forecast_pipeline.models.neural.forecaster import NeuralForecaster

EPOCH = "epoch"
LATENT = "latent"
_DIGITS = 6


def training_facts(forecaster: NeuralForecaster) -> dict[str, Any]:
    """Curves, inputs, sampler and device of a fitted forecaster, as values of a card.

    No entry depends on the clock: the same training writes the same card.

    Args:
        forecaster: Fitted.

    Returns:
        ``training`` (a stage to its `curve`), ``channel_order`` and, where the family has them, ``patch_len``,
        ``latent`` (``active_fraction``, and ``kl`` in nats of each dimension) and ``ablations``; ``sampler``,
        ``sampling_steps``, ``device``, ``is_warm``; ``scale_trust`` of each increment and ``generator_trust``, the
        shares of the context that validation rows let the scale head and the generator heed.
    """
    settings = forecaster.parameters
    curves = {stage: entries for stage, entries in forecaster.curves.items() if entries and EPOCH in entries[0]}
    facts: dict[str, Any] = {
        "training": {stage: curve(entries) for stage, entries in curves.items()},
        "channel_order": list(cast("Any", forecaster.conditioner).channels),
        "sampler": settings.sampler,
        "sampling_steps": settings.sampling_steps,
        "device": _device(settings.accelerator),
        "is_warm": forecaster.is_warm,
        "scale_trust": forecaster.module.head.trust.tolist(),
        "generator_trust": forecaster.context_trust,
    }
    if hasattr(settings, "patch_len"):
        facts["patch_len"] = settings.patch_len
    if LATENT in forecaster.curves:
        first, *others = forecaster.curves[LATENT]
        facts[LATENT] = {"active_fraction": first["active_fraction"], "kl": [each["kl"] for each in others]}
    ablations = getattr(forecaster, "ablations", None)
    return facts | ({"ablations": ablations} if ablations else {})


def curve(entries: Sequence[Mapping[str, float]]) -> dict[str, list[float | None]]:
    """Losses by name over the epochs, six significant digits; None where an epoch has none, or none that is finite.

    Example:
        >>> curve([{"epoch": 1.0, "train/loss": 0.12345678}, {"epoch": 2.0, "train/loss": float("nan")}])
        {'epoch': [1.0, 2.0], 'train/loss': [0.123457, None]}
    """
    names = dict.fromkeys(name for entry in entries for name in entry)
    return {name: [_rounded(entry.get(name, math.nan)) for entry in entries] for name in names}


def _rounded(value: float) -> float | None:
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None


def _device(accelerator: str) -> str:
    if accelerator == "cpu" or not torch.cuda.is_available():
        return "cpu"
    return str(torch.cuda.get_device_name(0))
