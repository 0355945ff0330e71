"""Imputation by diffusion: what was observed is held fixed, noise and its loss are where values are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.diffusion.samplers import draw, n_noises
from forecast_pipeline.models.diffusion.steps import stratified_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from forecast_pipeline.models.diffusion.schedule import NoiseSchedule
    from forecast_pipeline.models.sssd.residual_s4 import ResidualS4


class ImputationModel(NamedTuple):
    """A network and the schedule that it is trained on.

    Attributes:
        network: Predicts noise given what is observed.
        schedule: Levels of noise, of epsilon.
        gives_v: Whether the network gives v, from which epsilon is made: what the noisy value itself says of the noise
            is then passed around the network, without which short training leaves draws far too wide.
    """

    network: ResidualS4
    schedule: NoiseSchedule
    gives_v: bool = False

    def noise(self, noisy: Tensor, observed: Tensor, mask: Tensor, step: Tensor) -> Tensor:
        """Predicted noise, single precision, shape of ``noisy``; arguments as of the network."""
        given: Tensor = self.network(noisy, observed, mask, step).float()
        return self.schedule.noise_of_v(given, noisy, step) if self.gives_v else given


def imputation_loss(model: ImputationModel, values: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """Squared error of the noise at each missing value, 0 where values are observed.

    Observed values are not noised: the network sees them as they are ("D1" of the paper, which trains on the missing
    part only).

    Args:
        model: Network and schedule.
        values: Shape ``(B, C, L)``, of about unit variance.
        mask: The same shape, 1 where observed, 0 where missing.
        generator: Of steps and noise.

    Returns:
        Shape ``(B, C, L)``; to be divided by the number of missing values.

    Alcaraz and Strodthoff 2022, section 3.1.
    """
    n_rows = values.shape[0]
    uniforms = torch.rand(n_rows, generator=generator)
    step = stratified_steps(n_rows, model.schedule.n_steps, uniforms).to(values.device)
    noise = torch.randn(values.shape, generator=generator).to(values)
    noisy = torch.where(mask > 0, values, model.schedule.noised(values, noise, step))
    predicted = model.noise(noisy, values, mask, step)
    return torch.where(mask > 0, torch.zeros_like(noise), (predicted - noise).square())


def conditioned(model: ImputationModel, values: Tensor, mask: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """``denoise(noisy, step)`` as `samplers.draw` takes it, with observed values put in at every step.

    Args:
        model: Network and schedule.
        values: Shape ``(B, C, L)`` or ``(1, C, L)``; missing values are not read.
        mask: The same shape, 1 where observed, 0 where missing.
    """
    observed = torch.where(mask > 0, values, torch.zeros_like(values))

    def denoise(noisy: Tensor, step: Tensor) -> Tensor:
        return model.noise(torch.where(mask > 0, observed, noisy), observed, mask, step)

    return denoise


def impute(
    model: ImputationModel,
    values: Tensor,
    mask: Tensor,
    *,
    n_samples: int = 100,
    sampler: str = "ddpm",
    n_steps: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draws of what is missing, given what is observed.

    Args:
        model: Trained network, in ``eval()``, and its schedule.
        values: Shape ``(B, C, L)``, standardised as in training; missing values are not read and may be NaN.
        mask: The same shape, 1 where observed, 0 where missing.
        n_samples: Draws of a row ``S``.
        sampler: How noise is taken away; the paper's is ``ddpm`` with all steps.
        n_steps: Diffusion steps; all trained ones if None.
        generator: Of the noise; torch's own if None.

    Returns:
        Shape ``(S, B, C, L)``; observed values are returned as they were.

    Raises:
        InvalidConfiguration: If values and mask are not of one shape ``(B, C, L)``.
    """
    if values.ndim != 3 or values.shape != mask.shape:  # noqa: PLR2004 - rows, channels, steps
        raise InvalidConfiguration(
            "values and mask must have one shape (rows, channels, steps)",
            was=f"{tuple(values.shape)} and {tuple(mask.shape)}",
        )
    steps = model.schedule.n_steps if n_steps is None else n_steps
    rows = [each.repeat_interleave(n_samples, dim=0) for each in (values, mask)]  # (B S, C, L)
    shape = rows[0].shape
    initial = torch.randn(shape, generator=generator).to(values)
    n_extra = n_noises(sampler, steps)
    extra = torch.randn((n_extra, *shape), generator=generator).to(values) if n_extra else None
    drawn = draw(conditioned(model, *rows), model.schedule, initial, extra, sampler=sampler, n_steps=steps)
    whole = torch.where(rows[1] > 0, rows[0], drawn)
    return whole.view(values.shape[0], n_samples, *values.shape[1:]).transpose(0, 1)
