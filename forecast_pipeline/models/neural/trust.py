"""How far the context of a fitted scale head is heeded, decided on validation rows for each increment by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from forecast_pipeline.models.neural.records import DirectArrays, Known
    from forecast_pipeline.models.neural.scale_head import ScaleHead

TRUSTS = (0.0, 0.25, 0.5, 0.75, 1.0)


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
