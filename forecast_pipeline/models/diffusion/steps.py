"""Which diffusion steps a training batch visits, and how much the error at each of them counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch

from forecast_pipeline.core.errors import InvalidConfiguration

if TYPE_CHECKING:
    from torch import Tensor

    from forecast_pipeline.models.diffusion.schedule import NoiseSchedule

LossWeight = Literal["plain", "min_snr", "log_snr"]
LOSS_WEIGHTS: tuple[LossWeight, ...] = ("plain", "min_snr", "log_snr")


def stratified_steps(batch: int, n_steps: int, uniforms: Tensor) -> Tensor:
    """One diffusion step for each row, one row for each of ``batch`` equal parts of all steps.

    ``floor((i + u_i) T / B)``: each row's step alone is not uniform, the batch's is, with much less scatter of the loss
    from batch to batch (Kingma et al. 2021, appendix I.1). Rows have to be shuffled, or the first ones never see noise.

    Args:
        batch: Number of rows B, at least 1.
        n_steps: Number of steps T.
        uniforms: Shape ``(B,)``, in [0, 1).

    Returns:
        Shape ``(B,)``, int64, in 0..T-1, not falling.

    Raises:
        InvalidConfiguration: If there is not one uniform for each row.

    Example:
        >>> stratified_steps(4, 1000, torch.tensor([0.5, 0.0, 0.0, 0.99])).tolist()
        [125, 250, 500, 997]
    """
    if batch < 1 or uniforms.shape != (batch,):
        raise InvalidConfiguration(
            f"there must be a uniform number for each of {batch} rows, and a row", was=str(tuple(uniforms.shape))
        )
    part = torch.arange(batch, device=uniforms.device, dtype=torch.float64)
    step = ((part + uniforms.to(torch.float64)) * (n_steps / batch)).long()
    return step.clamp(max=n_steps - 1)  # the product may round up to T


def loss_weight(schedule: NoiseSchedule, step: Tensor, kind: LossWeight, gamma: float = 5.0) -> Tensor:
    """How much the squared error of the prediction counts at each step.

    ``plain`` is 1. ``min_snr`` is ``min(SNR, gamma) / (SNR + 1)`` for v and ``min(SNR, gamma) / SNR`` for epsilon
    [1]_, so that the error of the clean value counts with its SNR, but not above gamma. It is 0 where v meets pure
    noise: that step has only the mean to learn, and takes it from its neighbours. ``log_snr`` weights steps by how far
    they move the log-SNR, mean 1 over all steps: uniform steps then count as if they had been uniform in log-SNR.

    Args:
        schedule: The schedule that is trained on.
        step: Shape ``(B,)``, int64, in 0..T-1.
        kind: Which weight.
        gamma: Largest SNR that counts, above 0.

    Returns:
        Shape ``(B,)``, in the default precision, finite.

    Raises:
        InvalidConfiguration: If the kind is unknown or gamma is not above 0.

    Example:
        >>> from forecast_pipeline.models.diffusion.schedule import NoiseSchedule
        >>> loss_weight(NoiseSchedule(1000), torch.tensor([999]), "plain").tolist()
        [1.0]

    .. [1] T. Hang et al., *Efficient diffusion training via min-SNR weighting strategy*, 2023, section 3.4.
    """
    if kind not in LOSS_WEIGHTS:
        raise InvalidConfiguration(f"loss weight must be one of {' '.join(LOSS_WEIGHTS)}", was=repr(kind))
    if not gamma > 0.0:
        raise InvalidConfiguration("gamma must be above 0", was=str(gamma))
    snr = schedule.snr(step)
    if kind == "plain":
        return torch.ones_like(snr)
    if kind == "min_snr":
        # With epsilon some signal is left at every step, so nothing is divided by 0.
        return snr.clamp(max=gamma) / (snr + 1.0 if schedule.parameterization == "v" else snr)
    return _log_snr_moved(schedule)[step].to(snr.dtype)


def _log_snr_moved(schedule: NoiseSchedule) -> Tensor:
    """Distance in log-SNR that each step stands for, mean 1."""
    log_snr = torch.log(schedule.alpha_bar) - torch.log1p(-schedule.alpha_bar)
    # Where nothing of the signal is left, the log-SNR is minus infinity: the last distance is taken as the one before.
    distance = -torch.diff(log_snr[:-1])
    distance = torch.cat([distance[:1], distance, distance[-1:]])
    moved = 0.5 * (distance[1:] + distance[:-1])
    moved = torch.cat([moved, distance[-1:]])
    return moved / moved.mean()
