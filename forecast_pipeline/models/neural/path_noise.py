"""Mirror images of paths, as tensors."""

from __future__ import annotations

import torch
from torch import Tensor


def mirrored_tensor(scores: Tensor, flips: Tensor) -> Tensor:
    """Paths of shape ``(B, C, K)``, those marked in ``flips (B,)`` mirrored: other signs, above and below exchanged.

    Example:
        >>> mirrored_tensor(torch.tensor([[[1.0], [2.0], [3.0]]]), torch.tensor([True]))[0, :, 0].tolist()
        [-1.0, 3.0, 2.0]
    """
    increments = -scores[:, :1]
    parts = [increments, scores[:, 2:3], scores[:, 1:2]] if scores.shape[1] > 1 else [increments]
    return torch.where(flips[:, None, None], torch.cat(parts, dim=1), scores)
