"""From a patch of past bars, variance features and indicators to one context vector."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ContextEncoder(nn.Module):
    """Convolutional stem and stride-2 blocks over the patch, flattened beside features and indicators.

    ``(B, C, L)`` becomes ``(B, hidden, L / 2^n_down)``; it is joined by the variance and clock features, and by the
    indicators after dropout, for single indicators of a slow timeframe invite memorising, and mapped to a context.

    Args:
        n_channels: Channels of the patch ``C``.
        patch_len: Bars of the patch ``L``, at least ``2^n_down``.
        n_features: Variance and clock features.
        n_slow: Indicators; 0 where there are none.
        hidden: Channels of the convolutions.
        n_down: Stride-2 blocks.
        n_context: Length of the context.
        dropout: Share of indicators and context units dropped while training.
    """

    def __init__(
        self,
        n_channels: int,
        patch_len: int,
        n_features: int,
        n_slow: int,
        *,
        hidden: int,
        n_down: int,
        n_context: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.stem = nn.Conv1d(n_channels, hidden, kernel_size=3, padding=1)
        self.down = nn.ModuleList(_Down(hidden) for _ in range(n_down))
        length = patch_len
        for _ in range(n_down):
            length = (length + 1) // 2
        self.patch = nn.Sequential(nn.Flatten(), nn.Linear(hidden * length, n_context), nn.SiLU())
        self.features = nn.Linear(n_features, n_context)
        self.slow = nn.Sequential(nn.Dropout(dropout), nn.Linear(n_slow, n_context // 2), nn.SiLU()) if n_slow else None
        joined = 2 * n_context + (n_context // 2 if n_slow else 0)
        self.joined = nn.Sequential(
            nn.LayerNorm(joined),
            nn.Dropout(dropout),
            nn.Linear(joined, n_context),
            nn.SiLU(),
            nn.Linear(n_context, n_context),
            nn.SiLU(),
        )

    def forward(self, patch: Tensor, features: Tensor, slow: Tensor) -> Tensor:
        """Context of each row, shape ``(B, n_context)``."""
        hidden = self.stem(patch)
        for block in self.down:
            hidden = block(hidden)
        parts = [self.patch(hidden), self.features(features)]
        if self.slow is not None:
            parts.append(self.slow(slow))
        context: Tensor = self.joined(torch.cat(parts, dim=1))
        return context


class _Down(nn.Module):
    """Normalise, activate and halve; the shortcut averages pairs."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, hidden)
        self.conv = nn.Conv1d(hidden, hidden, kernel_size=3, stride=2, padding=1)

    def forward(self, values: Tensor) -> Tensor:
        first, second = values[..., 0::2], values[..., 1::2]
        if second.shape[-1] < first.shape[-1]:
            second = torch.cat([second, first[..., -1:]], dim=-1)
        halved: Tensor = 0.5 * (first + second) + self.conv(nn.functional.silu(self.norm(values)))
        return halved
