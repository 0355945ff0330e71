"""State space layers against attention, complex kernels and re-encoding, on one thread of torch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from side_by_side import Ratio, compare
from torch import nn

from forecast_pipeline.models.s4.block import S4Block
from forecast_pipeline.models.s4.diagonal_module import S4DKernel
from forecast_pipeline.models.s4.settings import S4Settings
from forecast_pipeline.models.sssd.streaming import TimeframeStream
from forecast_pipeline.models.sssd.timeframe_encoder import TimeframeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable

N_ROWS = 16
N_CHANNELS = 128
N_HEADS = 4
STATE_SIZE = 64
LENGTHS = (256, 1024)
N_COLUMNS = 16
N_LAYERS = 4
N_STREAMED = 500


def complex_kernel(module: S4DKernel, length: int) -> torch.Tensor:
    """The kernel as papers and their public code write it: one complex exponential for each pole and step."""
    dt = torch.exp(module.log_dt)[:, None]
    turning = -torch.exp(module.log_decay) + 1j * module.frequency
    weight = torch.view_as_complex(module.read) * (torch.exp(dt * turning) - 1.0) / turning
    powers = torch.exp((dt * turning)[..., None] * torch.arange(length))
    return 2.0 * torch.einsum("dhn,hnl->dhl", weight, powers).real


def learn(forward: Callable[[], torch.Tensor]) -> None:
    """Forward and backward."""
    forward().square().sum().backward()


def kernels() -> list[Ratio]:
    """Real against complex arithmetic, alone and with gradients."""
    module, ratios = S4DKernel(N_CHANNELS, S4Settings(state_size=STATE_SIZE)), []
    for length in LENGTHS:
        task = f"S4D kernel, N = {STATE_SIZE}, L = {length}"
        ours, theirs = partial(module, length), partial(complex_kernel, module, length)
        module.train()
        with torch.no_grad():  # in training mode nothing is remembered
            ratios.append(compare(task, "complex", ours, theirs))
        ratios.append(compare(f"{task}, with gradients", "complex", partial(learn, ours), partial(learn, theirs)))
    return ratios


def blocks() -> list[Ratio]:
    """Forward and backward of a block against a Transformer layer of the same width; without dropout it is fastest."""
    length, ratios = LENGTHS[-1], []
    u = torch.randn(N_ROWS, N_CHANNELS, length, requires_grad=True)
    tokens = torch.randn(N_ROWS, length, N_CHANNELS, requires_grad=True)
    for kind in ("s4d", "dplr"):
        block = S4Block(N_CHANNELS, S4Settings(kernel=kind, state_size=STATE_SIZE, kernel_length=length))
        for width in (2 * N_CHANNELS, 4 * N_CHANNELS):
            peer = nn.TransformerEncoderLayer(N_CHANNELS, N_HEADS, width, dropout=0.0, batch_first=True)
            ratios.append(
                compare(
                    f"{kind} block, with gradients, L = {length}",
                    f"Transformer layer, feed-forward {width}",
                    partial(learn, partial(block, u)),
                    partial(learn, partial(peer, tokens)),
                    n_rounds=3,
                )
            )
    return ratios


def streams() -> list[Ratio]:
    """One step of a stream against encoding the window again, its kernel remembered as it is at evaluation."""
    length, ratios = LENGTHS[-1], []
    for kind in ("s4d", "dplr"):
        block = S4Block(N_CHANNELS, S4Settings(kernel=kind, state_size=STATE_SIZE, kernel_length=length)).eval()
        for n_rows in (1, N_ROWS):
            u, state = torch.randn(n_rows, N_CHANNELS, length), block.initial_state(n_rows)
            block(u), block.step(u[..., 0], state)

            def stream(block: S4Block = block, u: torch.Tensor = u, state: torch.Tensor = state) -> None:
                for place in range(N_STREAMED):
                    _, state = block.step(u[..., place], state)

            task, peer = f"{kind} stream, {n_rows} rows, a step", f"encode {length} steps again"
            both = compare(task, peer, stream, partial(block, u))
            ratios.append(Ratio(task, peer, both.ours_seconds / N_STREAMED, both.peer_seconds))
    return ratios


def timeframes() -> list[Ratio]:
    """One closed bar through the whole stack of a timeframe against encoding its window again."""
    length, ratios = LENGTHS[-1], []
    bars, known = torch.randn(1, length, N_COLUMNS), torch.ones(1, length, dtype=torch.bool)
    for kind in ("s4d", "dplr"):
        settings = S4Settings(kernel=kind, state_size=STATE_SIZE, kernel_length=length)
        encoder = TimeframeEncoder(N_COLUMNS, N_CHANNELS, N_LAYERS, N_CHANNELS, settings, 0.0).eval()
        running = TimeframeStream(encoder)
        running.push(bars[:, 0])

        def stream(running: TimeframeStream = running) -> None:
            for place in range(N_STREAMED):
                running.push(bars[:, place])

        task, peer = f"{kind} timeframe of {N_LAYERS} layers, a bar", f"encode {length} bars again"
        both = compare(task, peer, stream, partial(encoder, bars, known))
        ratios.append(Ratio(task, peer, both.ours_seconds / N_STREAMED, both.peer_seconds))
    return ratios


def run() -> list[Ratio]:
    """All ratios on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            streamed = [*streams(), *timeframes()]
        return [*kernels(), *blocks(), *streamed]
    finally:
        torch.set_num_threads(before)
