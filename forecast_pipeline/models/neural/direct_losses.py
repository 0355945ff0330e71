"""Losses of the direct stage: likelihood and fair CRPS of a scale head, weighted by horizon, in single precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from forecast_pipeline.models.neural.scale_head import N_DRAWS

if TYPE_CHECKING:
    from torch import Tensor

    from forecast_pipeline.models.neural.batches import Batch
    from forecast_pipeline.models.neural.scale_head import ScaleHead


def direct_losses(
    head: ScaleHead,
    batch: Batch,
    context: Tensor,
    generator: torch.Generator,
    *,
    lambda_crps: float,
    horizon_weights: Tensor | float = 1.0,
) -> dict[str, Tensor]:
    """Losses of a batch by name; in evaluation ``loss`` is the likelihood alone, which has no noise in it.

    Args:
        head: In training or evaluation.
        batch: With ``states`` and ``target``.
        context: Shape ``(B, n_context)``, in any precision.
        generator: Of the draws that the CRPS is estimated with.
        lambda_crps: Weight of the CRPS.
        horizon_weights: Shape ``(K,)``, mean 1; all alike if left out.
    """
    target = batch["target"]
    with torch.autocast(context.device.type, enabled=False):
        direct = head(batch["states"], context.float())
        nll = (head.nll(direct, target) * horizon_weights).mean()
        if lambda_crps == 0.0:
            return {"loss": nll, "nll": nll}
        normals = torch.randn((2, N_DRAWS, *target.shape), generator=generator).to(target)
        crps = (head.crps(direct, target, normals) * horizon_weights).mean()
        loss = nll + lambda_crps * crps if head.training else nll
    return {"loss": loss, "nll": nll, "crps": crps}
