"""The linear noise schedule of DiffWave and SSSD^S4, beside the cosine one that our own models use."""

from __future__ import annotations

import torch
from torch import Tensor

from forecast_pipeline.models.diffusion.schedule import NoiseSchedule

FIRST_BETA, LAST_BETA = 1e-4, 0.02


def linear_alphas(n_steps: int, first: float = FIRST_BETA, last: float = LAST_BETA) -> Tensor:
    """Share of variance that is still signal after each step, ``prod (1 - beta_i)`` with betas on a line.

    Args:
        n_steps: Number of steps T.
        first: First beta.
        last: Last beta.

    Returns:
        Shape ``(T,)``, float64, falling.

    Example:
        >>> round(float(linear_alphas(200)[-1]), 3)  # of 200 steps a third of the amplitude is left
        0.132

    Ho et al. 2020, section 4; Alcaraz and Strodthoff 2022, table 6.
    """
    betas = torch.linspace(first, last, n_steps, dtype=torch.float64)
    return torch.cumprod(1.0 - betas, dim=0)


class LinearNoiseSchedule(NoiseSchedule):
    """`NoiseSchedule` for epsilon with betas on a line from 1e-4 to 0.02.

    Its last step keeps 13 % of the variance of 200 steps, though draws start from noise alone: what is not centred and
    of unit variance is biased. Normal scores are both.

    Args:
        n_steps: Number of steps T.
    """

    def __init__(self, n_steps: int) -> None:
        super().__init__(n_steps, "epsilon")
        alpha_bar = linear_alphas(n_steps)
        self.alpha_bar.copy_(alpha_bar)
        self._signal.copy_(alpha_bar.sqrt())
        self._deviation.copy_((1.0 - alpha_bar).sqrt())
        self.n_strided = n_steps
