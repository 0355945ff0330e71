"""How far a context is heeded, by the scale head and by the generator, decided on validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.neural.records import DirectArrays, Known
    from forecast_pipeline.models.neural.scale_head import ScaleHead
    from forecast_pipeline.models.neural.stage_module import StageModule

TRUSTS = (0.0, 0.25, 0.5, 0.75, 1.0)
GENERATOR_TRUSTS = (0.5, 1.0)
BEYOND_CHANCE = 2.0
"""Standard errors by which the context of a generator has to be better than none."""
MIN_BLOCK_ROWS = 64
N_NOISES = 4


def settle_trust(head: ScaleHead, validation: Known, output: DirectArrays, horizons: tuple[int, ...]) -> None:
    """Set `ScaleHead.trust` to the share with the smallest validation loss, or to 0 where that is not beyond chance.

    The plain mixture is the simpler model: it stands unless the context is better by more than one standard error of
    the paired difference (the one-standard-error rule of Breiman et al. 1984), labels that overlap counted as one.

    Args:
        head: Fitted; its trust is replaced.
        validation: Rows that it was not fitted to.
        output: Its context on those rows.
        horizons: Ends of the increments in slots.
    """
    states = torch.from_numpy(validation.conditions.states)
    target = torch.from_numpy(validation.target.astype(np.float32))
    losses = np.empty((len(TRUSTS), *validation.target.shape))
    with torch.no_grad():
        for place, trust in enumerate(TRUSTS):
            head.trust.fill_(trust)
            losses[place] = head.nll(head(states, output.context), target).double().numpy()
        best = losses.mean(axis=1).argmin(axis=0)
        gained = losses[0] - np.take_along_axis(losses, best[None, None], axis=0)[0]
        n_independent = np.maximum(gained.shape[0] / np.diff([0, *horizons]), 1.0)
        is_beyond = gained.mean(axis=0) > gained.std(axis=0) / np.sqrt(n_independent)
        head.trust.copy_(torch.from_numpy(np.where(is_beyond, np.array(TRUSTS)[best], 0.0)))


def generator_trust(
    module: StageModule, validation: dict[str, torch.Tensor], centre: torch.Tensor, horizons: tuple[int, ...]
) -> float:
    """Share of a context's distance from the centre that the generator is given, 0 unless that is beyond chance.

    The scale is settled before: what a context still says of the law of normal scores is little, and a generator that
    takes noise for it makes paths wider where they are wide already. Losses with and without are compared on the same
    noise, in blocks of neighbouring rows, whose labels overlap. Bad luck costs more than luck gains, so that two
    standard errors are asked for.

    Args:
        module: Fitted, in the last stage it was trained in.
        validation: ``scores`` and ``context`` of rows that it was not fitted to, in their order.
        centre: Shape ``(1, n_context)``, mean context of training rows.
        horizons: Ends of the increments in slots.
    """
    contexts, scores = validation["context"], validation["scores"]
    size = max(MIN_BLOCK_ROWS, 2 * horizons[-1])
    blocks = [slice(first, first + size) for first in range(0, len(contexts) - size + 1, size)]
    if len(blocks) < 2:  # noqa: PLR2004 - a standard error needs two
        return 0.0

    def losses(trust: float) -> npt.NDArray[np.float64]:
        made = np.empty((len(blocks), N_NOISES))
        for place, block in enumerate(blocks):
            batch = {"scores": scores[block], "context": centre + trust * (contexts[block] - centre)}
            for number in range(N_NOISES):
                generator = torch.Generator().manual_seed(N_NOISES * place + number)
                made[place, number] = float(module.losses(batch, generator)["loss"])
        return np.asarray(made.mean(axis=1))

    with torch.inference_mode():
        without = losses(0.0)
        gains = {trust: without - losses(trust) for trust in GENERATOR_TRUSTS}
    best = max(gains, key=lambda trust: gains[trust].mean())
    error = gains[best].std(ddof=1) / np.sqrt(len(blocks))
    return best if gains[best].mean() > BEYOND_CHANCE * error else 0.0
