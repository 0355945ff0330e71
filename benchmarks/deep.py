"""Neural families: windows and paths a second, their arithmetic against the GEMM peak, and peers of the same width."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from side_by_side import Ratio, compare
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from forecast_pipeline.models.diffusion.losses import gaussian_nll
from forecast_pipeline.models.latent_diffusion.forecaster import LatentDiffusion
from forecast_pipeline.models.sssd.forecaster import SSSD
from forecast_pipeline.splits.arrays import BarHistory, Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from forecast_pipeline.models.neural.forecaster import NeuralForecaster

FAMILIES = {
    "latent_diffusion": (LatentDiffusion, ("direct", "vae", "diffusion")),
    "sssd": (SSSD, ("direct", "diffusion")),
}
HORIZONS = (1, 3, 6, 12, 24, 48)
N_BARS = 4000
N_INPUTS = 40
N_PATHS = 1000
GEMM_SIZE = 1024
N_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work, timed.

    Attributes:
        name: What was done.
        n_items: Windows or paths of one call.
        flops: Multiplications and additions of one call, as torch counts them: products of matrices, convolutions and
            attention. What it does not count (transforms, activations, the optimiser) costs time all the same.
        seconds: Best of several calls.
    """

    name: str
    n_items: int
    flops: int
    seconds: float


def made_rows(seed: int = 0) -> Rows:
    """Decisions on a random walk of hourly candles with indicators."""
    rng = np.random.default_rng(seed)
    returns = 1e-4 * rng.standard_t(5, N_BARS)
    above, below = 1e-4 * np.abs(rng.standard_normal((2, N_BARS)))
    candles = np.stack([-returns, np.maximum(-returns, 0.0) + above, np.minimum(-returns, 0.0) - below], axis=1)
    bar = np.arange(200, N_BARS - HORIZONS[-1])
    close = np.cumsum(returns)
    increments = np.diff(close[bar[:, None] + np.array([0, *HORIZONS])], axis=1)
    reach = 1e-4 * np.abs(rng.standard_normal((bar.size, len(HORIZONS), 2))) * (1.0, -1.0)
    ends = np.stack([np.maximum(increments, 0.0), np.minimum(increments, 0.0)], axis=-1)
    n_slots = np.tile(np.diff([0.0, *HORIZONS]), (bar.size, 1))
    close_us = 1_700_000_000_000_000 + 3_600_000_000 * np.arange(N_BARS)
    history = BarHistory(returns, bar, n_slots, HORIZONS, 60, candles, close_us, np.ones(1))
    inputs = rng.standard_normal((bar.size, N_INPUTS))
    return Rows(inputs, increments, 1e-4 * np.sqrt(n_slots), close_us[bar], history, extremes=ends + reach)


def fitted(family: str, rows: Rows) -> NeuralForecaster:
    """A forecaster of default size after one epoch: what it has learned does not matter here."""
    kind, _ = FAMILIES[family]
    known = kind.parameters_class().model_fields
    short = {name: 1 for name in ("epochs", "encoder_epochs") if name in known}
    forecaster = kind.from_parameters(kind.parameters_class().parse(short), 7)
    forecaster.fit(rows.take(np.arange(2400)), rows.take(np.arange(2500, 3000)))
    return forecaster


def batch_of(forecaster: NeuralForecaster, rows: Rows, stage: str) -> dict[str, Any]:
    """A training batch of a stage: decisions for the first, contexts and normal scores of paths for the others."""
    settings = forecaster.parameters
    part = rows.take(np.arange(settings.batch_size))
    conditions = forecaster.conditioner.conditions(part)
    inputs = forecaster.batch_of(part, conditions)[list(range(len(part)))]
    if stage == "direct":
        return inputs | {"target": torch.from_numpy(part.increments / conditions.unit).float()}
    scores = torch.randn(len(part), forecaster.targets.n_channels, len(HORIZONS))
    return {"scores": scores, "context": torch.randn(len(part), settings.context_dim)}


def training_step(forecaster: NeuralForecaster, batch: dict[str, Any], stage: str) -> Callable[[], None]:
    """Losses, gradients and a step of the optimiser, as Lightning calls them."""
    module = forecaster.module
    module.begin(stage, 1000)
    optimiser = module.configure_optimizers()["optimizer"]
    generator = torch.Generator().manual_seed(1)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        module.losses(batch, generator)["loss"].backward()
        optimiser.step()

    return step


def drawing(forecaster: NeuralForecaster, row: Rows, **settings: object) -> Callable[[], object]:
    """All paths of one decision."""
    forecaster.module.eval()
    chosen = forecaster.parameters.model_copy(update=settings)

    def draw() -> object:
        forecaster.parameters = chosen
        return forecaster.sample_paths(row, N_PATHS)

    return draw


class Recurrent(nn.Module):
    """GRU over the same bars."""

    def __init__(self, n_channels: int, width: int) -> None:
        super().__init__()
        self.encoder, self.output = nn.GRU(n_channels, width, batch_first=True), nn.Linear(width, 2 * len(HORIZONS))

    def forward(self, bars: torch.Tensor) -> torch.Tensor:
        """Mean and log scale of each increment."""
        return self.output(self.encoder(bars)[0][:, -1])


class Attentive(nn.Module):
    """One Transformer layer over the same bars, without dropout: its fastest form."""

    def __init__(self, n_channels: int, width: int) -> None:
        super().__init__()
        self.entry, self.output = nn.Linear(n_channels, width), nn.Linear(width, 2 * len(HORIZONS))
        self.encoder = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True)

    def forward(self, bars: torch.Tensor) -> torch.Tensor:
        """Mean and log scale of each increment."""
        return self.output(self.encoder(self.entry(bars))[:, -1])


def peer_step(kind: type[nn.Module], bars: list[torch.Tensor], target: torch.Tensor, width: int) -> Callable[[], None]:
    """A training step of forecasters of one kind, one for each timeframe."""
    peers = [kind(each.shape[2], width) for each in bars]
    optimiser = torch.optim.AdamW([each for peer in peers for each in peer.parameters()])

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        total = torch.stack([peer(each) for peer, each in zip(peers, bars, strict=True)]).mean(dim=0)
        mean, log_scale = total.chunk(2, dim=1)
        gaussian_nll(target - mean, log_scale).mean().backward()
        optimiser.step()

    return step


def best_seconds(work: Callable[[], object]) -> float:
    """Best of several calls after one that warms up."""
    work()
    best = float("inf")
    for _ in range(N_ROUNDS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def measured(name: str, n_items: int, work: Callable[[], object]) -> Work:
    """Count the arithmetic of a call, and time calls without the counter."""
    with FlopCounterMode(display=False) as counter:
        work()
    return Work(name, n_items, counter.get_total_flops(), best_seconds(work))


def gemm_peak() -> float:
    """Most operations a second that a product of two square matrices reaches in single precision."""
    left, right, out = (torch.randn(GEMM_SIZE, GEMM_SIZE) for _ in range(3))
    return 2.0 * GEMM_SIZE**3 / best_seconds(partial(torch.mm, left, right, out=out))


def works(forecasters: dict[str, NeuralForecaster], rows: Rows) -> list[Work]:
    """Every stage of every family, and its draws."""
    made = []
    for family, forecaster in forecasters.items():
        n_rows = forecaster.parameters.batch_size
        for stage in FAMILIES[family][1]:
            step = training_step(forecaster, batch_of(forecaster, rows, stage), stage)
            made.append(measured(f"{family}, {stage}", n_rows, step))
        made.append(measured(f"{family}, draws", N_PATHS, drawing(forecaster, rows.take(np.array([3500])))))
    return made


def ratios(forecasters: dict[str, NeuralForecaster], rows: Rows) -> list[Ratio]:
    """The encoder's training step against other encoders of the same bars, and draws against those of DDPM."""
    made = []
    for family, forecaster in forecasters.items():
        batch, width = batch_of(forecaster, rows, "direct"), forecaster.parameters.context_dim
        bars = [value for name, value in batch.items() if name.startswith("bars_")] or [batch["patch"].mT.contiguous()]
        lengths = "+".join(str(each.shape[1]) for each in bars)
        step = training_step(forecaster, batch, "direct")
        for kind, peer in ((Recurrent, "GRU"), (Attentive, "Transformer layer")):
            task, other = f"{family}: encoder step, {lengths} bars", f"{peer} of width {width}"
            made.append(compare(task, other, step, peer_step(kind, bars, batch["target"], width)))
        row = rows.take(np.array([3500]))
        default, ddpm = drawing(forecaster, row), drawing(forecaster, row, sampler="ddpm", sampling_steps=50)
        made.append(compare(f"{family}: 1,000 paths of a decision", "ddpm, 50 steps", default, ddpm, n_rounds=3))
        default()  # leaves its settings
    return made


def prepared() -> tuple[dict[str, NeuralForecaster], Rows]:
    """Both families, fitted on one thread."""
    torch.set_num_threads(1)
    logging.getLogger("forecast_pipeline").setLevel(logging.WARNING)
    rows = made_rows()
    return {family: fitted(family, rows) for family in FAMILIES}, rows


def run() -> list[Ratio]:
    """All ratios, and each piece of work against the time that its arithmetic takes as products of large matrices."""
    before = torch.get_num_threads()
    try:
        forecasters, rows = prepared()
        peak = gemm_peak()
        at_peak = [
            Ratio(f"{each.name}: {each.n_items / each.seconds:,.0f} a second", "its FLOPs at the GEMM peak", *times)
            for each in works(forecasters, rows)
            for times in [(each.seconds, each.flops / peak)]
        ]
        return [*ratios(forecasters, rows), *at_peak]
    finally:
        torch.set_num_threads(before)


def print_table() -> None:
    """Print windows or paths a second, operations a second and their share of the GEMM peak, on one thread."""
    forecasters, rows = prepared()
    peak = gemm_peak()
    print(f"GEMM peak {peak / 1e9:.1f} GFLOP/s in single precision, one thread")
    print(f"{'work':<28} {'items':>6} {'s':>8} {'items/s':>9} {'GFLOP':>8} {'GFLOP/s':>8} {'of peak':>8}")
    for each in works(forecasters, rows):
        rate = each.flops / each.seconds
        print(
            f"{each.name:<28} {each.n_items:>6} {each.seconds:8.4f} {each.n_items / each.seconds:9,.0f}"
            f" {each.flops / 1e9:8.3f} {rate / 1e9:8.1f} {rate / peak:8.1%}",
            flush=True,
        )


if __name__ == "__main__":
    print_table()
