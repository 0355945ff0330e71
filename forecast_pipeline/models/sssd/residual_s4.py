"""The residual network of SSSD^S4: DiffWave's blocks with two S4 layers each, conditional on what is observed."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from forecast_pipeline.models.diffusion.embedding import SinusoidalEmbedding
from forecast_pipeline.models.s4.layer import S4Layer
from forecast_pipeline.models.s4.settings import S4Settings

PAPER_BLOCKS, PAPER_CHANNELS, PAPER_STATE = 36, 256, 64
SINUSOIDS = 128


class ResidualS4(nn.Module):
    """Predicts the noise of a sequence from its noisy values, its observed values and the mask of these.

    Noisy values go through a 1x1 convolution and ``n_blocks`` residual blocks, whose skips are summed. A block adds the
    embedding of the diffusion step, doubles its channels, passes an S4 layer, adds the condition (observed values and
    mask), passes another S4 layer, and is gated by tanh and sigmoid.

    Args:
        n_channels: Channels of a sequence ``C``.
        width: Residual and skip channels; 256 in the paper.
        n_blocks: Residual blocks; 36 in the paper.
        step_width: Length of the embedding of the diffusion step; 512 in the paper.
        settings: Of the S4 layers; the paper's are ``dplr``, of 64 states and bidirectional.
        dropout: Share dropped in S4 layers while training.

    Example:
        >>> network = ResidualS4(2, width=4, n_blocks=1, step_width=8, settings=S4Settings(state_size=4))
        >>> values = torch.zeros(3, 2, 9)
        >>> tuple(network(values, values, torch.ones(3, 2, 9), torch.tensor(5)).shape)
        (3, 2, 9)

    Alcaraz and Strodthoff 2022, *Diffusion-based time series imputation and forecasting with structured state space
    models*, section 3 and table 6; DiffWave: Kong et al. 2021, figure 2.
    """

    def __init__(
        self,
        n_channels: int,
        *,
        width: int = PAPER_CHANNELS,
        n_blocks: int = PAPER_BLOCKS,
        step_width: int = 512,
        settings: S4Settings | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        chosen = S4Settings(kernel="dplr", state_size=PAPER_STATE, bidirectional=True) if settings is None else settings
        self.entry = nn.Conv1d(n_channels, width, 1)
        self.step = nn.Sequential(
            SinusoidalEmbedding(SINUSOIDS),
            nn.Linear(SINUSOIDS, step_width),
            nn.SiLU(),
            nn.Linear(step_width, step_width),
            nn.SiLU(),
        )
        self.blocks = nn.ModuleList(_Block(n_channels, width, step_width, chosen, dropout) for _ in range(n_blocks))
        self.mixed = nn.Conv1d(width, width, 1)
        self.output = nn.Conv1d(width, n_channels, 1)
        for parameter in self.output.parameters():
            nn.init.zeros_(parameter)

    def forward(self, noisy: Tensor, observed: Tensor, mask: Tensor, step: Tensor) -> Tensor:
        """Noise of each value.

        Args:
            noisy: Shape ``(B, C, L)``.
            observed: Shape ``(B, C, L)`` or ``(1, C, L)``; what the mask does not mark is not read.
            mask: The same shape, 1 where observed, 0 where missing.
            step: Shape ``(B,)`` or a single diffusion step.

        Returns:
            Shape ``(B, C, L)``.
        """
        condition = torch.cat([observed * mask, mask], dim=1)  # (B, 2 C, L)
        embedded = self.step(step)
        hidden = functional.relu(self.entry(noisy))
        skipped = torch.zeros_like(hidden)
        for block in self.blocks:
            hidden, skip = block(hidden, condition, embedded)
            skipped = skipped + skip
        predicted: Tensor = self.output(functional.relu(self.mixed(skipped / math.sqrt(len(self.blocks)))))
        return predicted


class _Block(nn.Module):
    """Step added, channels doubled, S4, condition added, S4, gate; half to the next block and half skipped."""

    def __init__(self, n_channels: int, width: int, step_width: int, settings: S4Settings, dropout: float) -> None:
        super().__init__()
        self.step = nn.Linear(step_width, width)
        self.doubled = nn.Conv1d(width, 2 * width, 3, padding=1)
        self.first = _PostNormS4(2 * width, settings, dropout)
        self.condition = nn.Conv1d(2 * n_channels, 2 * width, 1)
        self.second = _PostNormS4(2 * width, settings, dropout)
        self.onward = nn.Conv1d(width, width, 1)
        self.skip = nn.Conv1d(width, width, 1)

    def forward(self, hidden: Tensor, condition: Tensor, embedded: Tensor) -> tuple[Tensor, Tensor]:
        inner = self.first(self.doubled(hidden + self.step(embedded)[..., None]))
        inner = self.second(inner + self.condition(condition))
        turned, gate = inner.chunk(2, dim=1)
        out = torch.tanh(turned) * torch.sigmoid(gate)
        return (hidden + self.onward(out)) * math.sqrt(0.5), self.skip(out)


class _PostNormS4(nn.Module):
    """``norm(u + dropout(S4(u)))``, as the authors' own layer."""

    def __init__(self, n_channels: int, settings: S4Settings, dropout: float) -> None:
        super().__init__()
        self.layer = S4Layer(n_channels, settings)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(n_channels)

    def forward(self, values: Tensor) -> Tensor:
        added = values + self.dropout(self.layer(values))
        normal: Tensor = self.norm(added.transpose(1, 2)).transpose(1, 2)
        return normal
