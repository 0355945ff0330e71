"""From closed bars of several timeframes, variance features and indicators to one context vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from forecast_pipeline.models.s4.settings import S4Settings
from forecast_pipeline.models.sssd.attention import CrossTimeframeAttention
from forecast_pipeline.models.sssd.timeframe_encoder import TimeframeEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast_pipeline.models.sssd.parameters import SSSDParameters

_LOG_MINUTES_PER_DAY = 7.3


class MultiScaleEncoder(nn.Module):
    """One stack of state spaces for each timeframe, attention between their tokens, and what the past says of variance.

    A token carries its timeframe's embedding and the age of its newest bar: without the age a daily bar would look
    equally fresh all day. Variance and clock features, and the indicators after dropout, are joined to the tokens.

    Attributes:
        sees_bars: Whether tokens of bars are used; else zeros stand in their place, which shows what they are worth.

    Args:
        settings: Sizes.
        n_columns: Values of a bar of each timeframe, fastest first.
        window_bars: Bars of the window of each timeframe.
        n_features: Variance and clock features.
        n_slow: Indicators; 0 where there are none.
    """

    def __init__(
        self,
        settings: SSSDParameters,
        n_columns: Sequence[int],
        window_bars: Sequence[int],
        n_features: int,
        n_slow: int,
    ) -> None:
        super().__init__()
        self.sees_bars = True
        width, n_panels = settings.context_dim, len(n_columns)
        self.timeframes = nn.ModuleList(
            TimeframeEncoder(
                columns,
                settings.hidden_width,
                settings.s4_layers,
                width,
                state_space(settings, length),
                settings.column_dropout,
            )
            for columns, length in zip(n_columns, window_bars, strict=True)
        )
        self.timeframe = nn.Parameter(torch.randn(n_panels, width) * width**-0.5)
        self.age = nn.Linear(2, width)
        self.attention = nn.ModuleList(
            CrossTimeframeAttention(
                width, settings.attention_heads, settings.dropout, prefers_flash=settings.prefers_flash
            )
            for _ in range(settings.attention_layers)
        )
        self.bars = nn.Sequential(nn.LayerNorm(width), nn.Flatten(), nn.Linear(n_panels * width, width), nn.SiLU())
        self.features = nn.Linear(n_features, width)
        half = width // 2
        self.slow = nn.Sequential(nn.Dropout(settings.dropout), nn.Linear(n_slow, half), nn.SiLU()) if n_slow else None
        joined = 2 * width + (half if n_slow else 0)
        self.joined = nn.Sequential(
            nn.LayerNorm(joined),
            nn.Dropout(settings.dropout),
            nn.Linear(joined, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
        )

    def forward(
        self, bars: Sequence[Tensor], is_known: Sequence[Tensor], age: Tensor, features: Tensor, slow: Tensor
    ) -> Tensor:
        """Context of each row.

        Args:
            bars: For each timeframe the newest closed bars, shape ``(B, L, F)``, oldest first.
            is_known: For each timeframe which of them exist, shape ``(B, L)``.
            age: Shape ``(B, P)``, trading minutes since the newest bar of each timeframe closed.
            features: Shape ``(B, n_features)``, variance and clock features.
            slow: Shape ``(B, n_slow)``, indicators.

        Returns:
            Shape ``(B, context_dim)``.
        """
        tokens = [encode(*each) for encode, *each in zip(self.timeframes, bars, is_known, strict=True)]
        is_there = torch.stack([each[:, -1] for each in is_known], dim=1)
        return self.context(torch.stack(tokens, dim=1), is_there, age, features, slow)

    def context(self, tokens: Tensor, is_there: Tensor, age: Tensor, features: Tensor, slow: Tensor) -> Tensor:
        """Context from the tokens of all timeframes, shape ``(B, P, context_dim)``; the rest as in `forward`."""
        there = is_there[..., None].to(tokens.dtype)
        tokens = tokens if self.sees_bars else torch.zeros_like(tokens)
        freshness = torch.log1p(age.clamp_min(0.0))[..., None] / _LOG_MINUTES_PER_DAY
        tokens = tokens + self.timeframe + self.age(torch.cat([freshness * there, there], dim=-1).to(age.dtype))
        for layer in self.attention:
            tokens = layer(tokens, is_there)
        parts = [self.bars(tokens), self.features(features)]
        if self.slow is not None:
            parts.append(self.slow(slow))
        context: Tensor = self.joined(torch.cat(parts, dim=1))
        return context


def state_space(settings: SSSDParameters, window_bars: int) -> S4Settings:
    """Settings of the state spaces of a timeframe.

    Args:
        settings: Of the family.
        window_bars: Bars of the timeframe's window.
    """
    return S4Settings(
        kernel=settings.s4_kernel,
        state_size=settings.s4_state_dim,
        initialisation=settings.s4_initialisation,
        discretisation=None if settings.s4_discretisation == "auto" else settings.s4_discretisation,
        kernel_length=window_bars,
    )
