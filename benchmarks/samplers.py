"""Samplers: what each loses of an exactly known target, as a table, and what the default one saves, as ratios."""

from __future__ import annotations

import torch
from side_by_side import Ratio, compare

from forecast_pipeline.models.diffusion.denoiser import DiffusionModel
from forecast_pipeline.models.diffusion.exact_targets import FAT_TAILED
from forecast_pipeline.models.diffusion.samplers import DEFAULT_SAMPLER, DEFAULT_STEPS, SAMPLERS, draw, n_noises
from forecast_pipeline.models.diffusion.schedule import NoiseSchedule

N_TRAINED = 1000
N_QUANTILES = 40_001
N_DRAWS = 400_000
N_DRAWS_OF_LONG_RUN = 100_000
STEPS = (1000, 100, 50, 25, 20, 15, 10, 5)
LONG_RUN = 1000


def loss_of_tails(sampler: str, n_steps: int, seed: int = 1) -> tuple[float, float, float]:
    """Deviation and 99 % quantile over those of the target, and excess CRPS in per cent.

    A sampler that solves an ODE maps quantiles to quantiles in one dimension, so it gets those of the normal law and
    nothing is left to chance. The others get random noise.
    """
    schedule = NoiseSchedule(N_TRAINED)
    count = n_noises(sampler, n_steps)
    if count:
        generator = torch.Generator().manual_seed(seed)
        n_draws = N_DRAWS if n_steps < LONG_RUN else N_DRAWS_OF_LONG_RUN
        initial = torch.randn(n_draws, generator=generator)
        step_noise = torch.randn(count, n_draws, generator=generator)
    else:
        level = (torch.arange(N_QUANTILES, dtype=torch.float64) + 0.5) / N_QUANTILES
        initial, step_noise = torch.special.ndtri(level), None
    found = draw(FAT_TAILED.denoiser(schedule), schedule, initial, step_noise, sampler=sampler, n_steps=n_steps)
    # The target is symmetric: both tails tell of the quantile.
    tail = torch.sort(found.abs()).values[round(0.98 * found.numel())].item() / FAT_TAILED.quantile(0.99)
    return found.std().item(), tail, 100.0 * FAT_TAILED.excess_crps(found)


def run() -> list[Ratio]:
    """A thousand draws of one row: the default sampler, and the context worked in once."""
    torch.set_num_threads(1)
    model, schedule = DiffusionModel(10, 128).eval(), NoiseSchedule(N_TRAINED)
    generator = torch.Generator().manual_seed(1)
    initial, context = torch.randn(1000, 10, generator=generator), torch.randn(1, 128, generator=generator)
    step_noise = torch.randn(n_noises("ddpm", 50), 1000, 10, generator=generator)
    repeated = context.expand(1000, -1).contiguous()

    def for_every_row(noisy: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        return model(noisy, step.expand(1000), repeated)

    with torch.no_grad():
        worked_in = model.conditioned(context)
        return [
            compare(
                f"1,000 draws: {DEFAULT_SAMPLER}, {DEFAULT_STEPS} steps",
                "ddpm, 50 steps, which loses 7 % of the tail",
                lambda: draw(worked_in, schedule, initial, None),
                lambda: draw(worked_in, schedule, initial, step_noise, sampler="ddpm", n_steps=50),
                n_rounds=3,
            ),
            compare(
                "1,000 draws: context worked in once",
                "step and context embedded for every row",
                lambda: draw(worked_in, schedule, initial, None),
                lambda: draw(for_every_row, schedule, initial, None),
                n_rounds=3,
            ),
        ]


def print_table() -> None:
    """Print sd / 99 % quantile, 1 is the truth, and excess CRPS in per cent."""
    torch.set_num_threads(1)
    print(f"{'steps':>5} " + " ".join(f"{sampler:>18}" for sampler in SAMPLERS))
    for n_steps in STEPS:
        found = (loss_of_tails(sampler, n_steps) for sampler in SAMPLERS)
        cells = (f"{deviation:.3f} {tail:.3f} {excess:.3f}" for deviation, tail, excess in found)
        print(f"{n_steps:>5} " + " ".join(f"{cell:>18}" for cell in cells), flush=True)


if __name__ == "__main__":
    print_table()
