"""A module of two small networks that trains in a blink: the least that a family has to be."""

from __future__ import annotations

import torch

from forecast_pipeline.models.neural.batches import ArrayDataset, batches
from forecast_pipeline.models.neural.parameters import NeuralParameters
from forecast_pipeline.models.neural.stage_module import StageModule

SMALL = NeuralParameters(epochs=4, batch_size=16, learning_rate=0.05, patience=4, dropout=0.3, ema_decay=0.9)
N_ROWS = 80


class TwoLines(StageModule):
    """``first`` and ``second`` regress the same outcome; noise and dropout make steps random."""

    def __init__(self, settings=SMALL, seed=3):
        super().__init__(settings, seed)
        torch.manual_seed(seed)
        self.first, self.second = (
            torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(settings.dropout), torch.nn.Linear(4, 1))
            for _ in range(2)
        )

    def trained(self):
        return (getattr(self, self.stage),)

    def losses(self, batch, generator):
        noise = 0.1 * torch.randn(batch["x"].shape, generator=generator)
        squared = (getattr(self, self.stage)(batch["x"] + noise) - batch["y"]).square().mean()
        return {"loss": squared, "squared": squared}


def loaders(settings=SMALL, seed=3):
    """Training and validation batches of a planted line."""
    generator = torch.Generator().manual_seed(11)
    x = torch.randn(N_ROWS, 3, generator=generator)
    y = x @ torch.tensor([[1.0], [-0.5], [0.2]]) + 0.1 * torch.randn(N_ROWS, 1, generator=generator)
    made = [ArrayDataset(x=x[part], y=y[part]) for part in (slice(0, 64), slice(64, N_ROWS))]
    return batches(made[0], settings.batch_size, seed), batches(made[1], 64, None)
