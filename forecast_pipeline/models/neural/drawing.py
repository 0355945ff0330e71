"""Draws of a denoiser from the noise of a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from forecast_pipeline.models.diffusion.samplers import draw, n_noises

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor

    from forecast_pipeline.models.diffusion.schedule import NoiseSchedule
    from forecast_pipeline.models.neural.parameters import NeuralParameters


def normals(noise: np.random.Generator, *shape: int) -> Tensor:
    """Standard normals in single precision."""
    return torch.from_numpy(noise.standard_normal(shape, "float32"))


def denoised(
    denoise: Callable[[Tensor, Tensor], Tensor],
    schedule: NoiseSchedule,
    noise: np.random.Generator,
    shape: tuple[int, ...],
    settings: NeuralParameters,
) -> Tensor:
    """Draws of that shape with the sampler and steps of the settings (`samplers.draw`).

    Args:
        denoise: The network with its context worked in.
        schedule: That it was trained on.
        noise: Of the decision; the first noise is taken from it, then that of the steps.
        shape: Samples first.
        settings: With ``sampler`` and ``sampling_steps``.
    """
    initial = normals(noise, *shape)
    n_extra = n_noises(settings.sampler, settings.sampling_steps)
    extra = normals(noise, n_extra, *shape) if n_extra else None
    return draw(denoise, schedule, initial, extra, sampler=settings.sampler, n_steps=settings.sampling_steps)
