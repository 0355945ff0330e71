"""The stack of state spaces that makes one token of the closed bars of one timeframe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from forecast_pipeline.models.s4.block import S4Block

if TYPE_CHECKING:
    from forecast_pipeline.models.s4.settings import S4Settings


class TimeframeEncoder(nn.Module):
    """Bars to channels, S4 blocks, and the last output beside the mean of outputs to a token.

    Bars that are not known add nothing to states, outputs or the mean, so that a window that begins before the history
    is encoded like the shorter one.

    Args:
        n_columns: Values of a bar ``F``.
        n_channels: Channels of the state spaces ``H``.
        n_layers: Blocks.
        n_token: Length of the token.
        settings: Of the state spaces.
        dropout: Share of columns that are dropped from whole windows while training: a bar has more of them than
            windows are independent of each other. It is also cheaper than dropping single numbers within blocks.

    Example:
        >>> from forecast_pipeline.models.s4.settings import S4Settings
        >>> encoder = TimeframeEncoder(3, 4, 1, 6, S4Settings(state_size=4), 0.0)
        >>> tuple(encoder(torch.zeros(2, 5, 3), torch.ones(2, 5, dtype=torch.bool)).shape)
        (2, 6)
    """

    def __init__(
        self, n_columns: int, n_channels: int, n_layers: int, n_token: int, settings: S4Settings, dropout: float
    ) -> None:
        super().__init__()
        self.entry = nn.Linear(n_columns, n_channels)
        self.columns = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(S4Block(n_channels, settings) for _ in range(n_layers))
        self.norm = nn.LayerNorm(n_channels)
        self.token = nn.Linear(2 * n_channels, n_token)

    def forward(self, bars: Tensor, is_known: Tensor) -> Tensor:
        """Token of each row.

        Args:
            bars: Shape ``(B, L, F)``, oldest first.
            is_known: Shape ``(B, L)``; unknown bars come before all others.

        Returns:
            Shape ``(B, n_token)``.
        """
        outputs = self.outputs(bars, is_known)
        n_known = is_known.sum(dim=1, keepdim=True).clamp_min(1)
        return self.token_of(outputs[:, -1], outputs.sum(dim=1) / n_known)

    def outputs(self, bars: Tensor, is_known: Tensor) -> Tensor:
        """Normalised output at each bar, shape ``(B, L, H)``; 0 where the bar is not known."""
        if self.training:
            bars = bars * self.columns(torch.ones_like(bars[:, :1]))
        hidden = self.entry(bars).transpose(1, 2)  # (B, H, L)
        outputs: Tensor
        if bool(is_known.all()):  # nearly always; products with ones give the same and cost a fifth of the time
            for block in self.blocks:
                hidden = block(hidden)
            outputs = self.norm(hidden.transpose(1, 2))
            return outputs
        known = is_known[:, None, :].to(hidden.dtype)  # (B, 1, L)
        for block in self.blocks:
            hidden = hidden + _added(block, hidden, known)
        outputs = self.norm(hidden.transpose(1, 2)) * known.transpose(1, 2)
        return outputs

    def token_of(self, last: Tensor, mean: Tensor) -> Tensor:
        """Token of the last output and the mean of outputs, both of shape ``(B, H)``."""
        token: Tensor = self.token(torch.cat([last, mean], dim=1))
        return token


def _added(block: nn.Module, hidden: Tensor, known: Tensor) -> Tensor:
    """What a block adds to its inputs, with unknown bars masked behind the norm, which gives its bias for nothing."""
    if not isinstance(block, S4Block):
        raise TypeError(f"a block must be an S4Block, was {type(block).__name__}")
    normal = block.norm(hidden.transpose(1, 2)).transpose(1, 2) * known
    added: Tensor = block.dropout(block.layer(normal)) * known
    return added
