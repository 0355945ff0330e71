"""The long-memory task: say what the signal was 1,000 bars back, in noise that looks alike everywhere.

The signal is the mean of 51 bars of white noise, about the bar that stands 1,000 bars back; no bar is marked, and the
answer is due at every one of the last 256 bars. Neither content nor a fixed place helps, only the delay does.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from forecast_pipeline.models.s4.layer import S4DLayer
from forecast_pipeline.models.s4.parameter_groups import parameter_groups
from forecast_pipeline.models.s4.settings import S4Settings

DELAY_BARS = 1000
HALF_WIDTH_BARS = 25
N_ANSWERS = 256
LENGTH = DELAY_BARS + HALF_WIDTH_BARS + N_ANSWERS
N_ROWS = 8
LEARNING_RATE = 1e-2


def examples(n_rows, generator):
    """Inputs of shape ``(B, L)`` and answers of shape ``(B, n_answers)``, both of unit variance."""
    width = 2 * HALF_WIDTH_BARS + 1
    u = torch.randn(n_rows, LENGTH, generator=generator)
    centred = functional.avg_pool1d(u[:, None], width, stride=1)[:, 0] * width**0.5  # [t] is about bar t + half width
    return u, centred[:, :N_ANSWERS]


class StateSpace(nn.Module):
    """One S4D layer of 16 channels whose steps are of the order of the delay."""

    def __init__(self):
        super().__init__()
        self.into = nn.Conv1d(1, 16, 1)
        self.layer = S4DLayer(16, S4Settings(initialisation="lin", dt_min=1e-3, dt_max=2e-3))
        self.out = nn.Conv1d(16, 1, 1)

    def forward(self, u):
        return self.out(self.layer(self.into(u[:, None])))[:, 0]


class Gated(nn.Module):
    """One GRU."""

    def __init__(self):
        super().__init__()
        self.layer = nn.GRU(1, 28, batch_first=True)
        self.out = nn.Linear(28, 1)

    def forward(self, u):
        return self.out(self.layer(u[..., None])[0])[..., 0]


class Attention(nn.Module):
    """One causal Transformer layer with sinusoidal places."""

    def __init__(self):
        super().__init__()
        n_channels = 20
        self.into = nn.Linear(1, n_channels)
        self.layer = nn.TransformerEncoderLayer(
            n_channels, 2, n_channels, dropout=0.0, batch_first=True, norm_first=True
        )
        self.out = nn.Linear(n_channels, 1)
        angle = torch.arange(LENGTH)[:, None] / 10_000.0 ** (torch.arange(0, n_channels, 2) / n_channels)
        self.register_buffer("places", torch.cat([angle.sin(), angle.cos()], dim=1))
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(LENGTH))

    def forward(self, u):
        hidden = self.layer(self.into(u[..., None]) + self.places, src_mask=self.mask, is_causal=True)
        return self.out(hidden)[..., 0]


def explained_share(make, n_steps, seed=0):
    """Share of the variance of unseen answers that a model explains after training, and its number of parameters."""
    torch.manual_seed(seed)
    model, generator = make(), torch.Generator().manual_seed(seed + 1)
    optimiser = torch.optim.AdamW(parameter_groups(model, LEARNING_RATE, 0.0))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    for _ in range(n_steps):
        u, wanted = examples(N_ROWS, generator)
        loss = functional.mse_loss(model(u)[:, -N_ANSWERS:], wanted)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        u, wanted = examples(32, torch.Generator().manual_seed(seed + 2))
        error = functional.mse_loss(model(u)[:, -N_ANSWERS:], wanted)
    return 1.0 - float(error / wanted.var()), sum(parameter.numel() for parameter in model.parameters())
