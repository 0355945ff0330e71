"""Attention between the tokens of timeframes."""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

WIDENING = 2
FLASH_FIRST = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]


class CrossTimeframeAttention(nn.Module):
    """A pre-norm layer: every timeframe's token looks at those of all timeframes that have a bar, and at itself.

    Vaswani et al. 2017, section 3.2; normalised before (Xiong et al. 2020).

    Args:
        width: Length of a token.
        n_heads: Heads; they divide the width.
        dropout: Share dropped within the layer while training.
        prefers_flash: Ask for flash attention first, then for memory-efficient, then for plain.

    Example:
        >>> layer = CrossTimeframeAttention(8, 2, 0.0)
        >>> tuple(layer(torch.zeros(3, 5, 8), torch.ones(3, 5, dtype=torch.bool)).shape)
        (3, 5, 8)
    """

    def __init__(self, width: int, n_heads: int, dropout: float, *, prefers_flash: bool = False) -> None:
        super().__init__()
        self.n_heads, self.prefers_flash = n_heads, prefers_flash
        self.before = nn.LayerNorm(width)
        self.asked = nn.Linear(width, 3 * width)
        self.answered = nn.Linear(width, width)
        self.dense = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, WIDENING * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(WIDENING * width, width),
        )

    def forward(self, tokens: Tensor, is_there: Tensor) -> Tensor:
        """Tokens after looking at each other.

        Args:
            tokens: Shape ``(B, P, width)``.
            is_there: Shape ``(B, P)``, whether a timeframe has a bar; one without is looked at by itself only.

        Returns:
            Shape ``(B, P, width)``.
        """
        n_rows, n_panels, width = tokens.shape
        split = (n_rows, n_panels, 3, self.n_heads, width // self.n_heads)
        query, key, value = self.asked(self.before(tokens)).view(split).permute(2, 0, 3, 1, 4)  # (B, heads, P, d) each
        itself = torch.eye(n_panels, dtype=torch.bool, device=tokens.device)
        visible = is_there[:, None, None, :] | itself
        with sdpa_kernel(FLASH_FIRST, set_priority=True) if self.prefers_flash else nullcontext():
            seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=visible)
        tokens = tokens + self.answered(seen.transpose(1, 2).reshape(n_rows, n_panels, width))
        mixed: Tensor = tokens + self.dense(tokens)
        return mixed
