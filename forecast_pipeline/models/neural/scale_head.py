"""The direct head: a Student t per increment whose variance is a gated mixture of past variances."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from forecast_pipeline.models.diffusion.losses import fair_crps

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LEAST_WEIGHT = 3e-3
GATE_LIMIT = 1.0
CORRECTION_LIMIT = 0.4
MEAN_LIMIT = 0.3
MIN_DEGREES = 2.1
N_DRAWS = 8


class Direct(NamedTuple):
    """Predictive law of each increment in conditional units.

    Attributes:
        log_scale: Shape ``(B, K)``, log deviation.
        mean: Shape ``(B, K)``, mean in deviations.
    """

    log_scale: Tensor
    mean: Tensor


class ScaleHead(nn.Module):
    """``sigma_k^2 = sum_i w_ki(c) v_i * exp(2 g_k(c))`` with ``w = exp(a + gate)``, mean and degrees of freedom.

    Without a context it is a mixture of exponential means, which holds GARCH(1,1) and HAR; the context moves the
    weights by a factor of e at most, the deviation by half and the mean by a third of a deviation. All that starts
    at zero, so that training begins at the least-squares mixture it is given.

    Attributes:
        trust: Shape ``(K,)``, share in [0, 1] of what the context says of the deviation that is heeded.

    Args:
        weights: Shape ``(V, K)``, not negative, of the starting mixture.
        n_context: Length of the context.
    """

    def __init__(self, weights: npt.NDArray[np.float64], n_context: int) -> None:
        super().__init__()
        start = torch.as_tensor(weights.T.copy(), dtype=torch.float32).clamp_min(LEAST_WEIGHT)
        self.n_states, self.n_horizons = weights.shape
        self.log_weight = nn.Parameter(start.log())
        self.log_degrees = nn.Parameter(torch.full((self.n_horizons,), math.log(4.0)))
        self.steering = nn.Linear(n_context, self.n_horizons * (self.n_states + 2))
        nn.init.zeros_(self.steering.weight)
        nn.init.zeros_(self.steering.bias)
        self.trust: Tensor
        self.register_buffer("trust", torch.ones(self.n_horizons))

    def forward(self, states: Tensor, context: Tensor) -> Direct:
        """Law of each increment.

        Args:
            states: Shape ``(B, V)``, relative variances.
            context: Shape ``(B, n_context)``.
        """
        steering = self.steering(context).view(-1, self.n_horizons, self.n_states + 2)
        gates = self.trust[:, None] * _limited(steering[..., 2:], GATE_LIMIT)
        variance = torch.einsum("bkv,bv->bk", torch.exp(self.log_weight + gates), states)
        log_scale = 0.5 * torch.log(variance) + self.trust * _limited(steering[..., 0], CORRECTION_LIMIT)
        return Direct(log_scale, _limited(steering[..., 1], MEAN_LIMIT))

    @property
    def degrees(self) -> Tensor:
        """Degrees of freedom of each increment, shape ``(K,)``, above 2."""
        return MIN_DEGREES + self.log_degrees.exp()

    def nll(self, direct: Direct, outcome: Tensor) -> Tensor:
        """Negative log likelihood of outcomes in units, shape ``(B, K)``, less the part that is constant."""
        nu = self.degrees
        squared = (outcome * torch.exp(-direct.log_scale) - direct.mean).square()
        constant = torch.lgamma(nu / 2) - torch.lgamma((nu + 1) / 2) + 0.5 * torch.log(nu - 2)
        return direct.log_scale + constant + 0.5 * (nu + 1) * torch.log1p(squared / (nu - 2))

    def crps(self, direct: Direct, outcome: Tensor, normals: Tensor) -> Tensor:
        """Fair CRPS of draws in units, shape ``(B, K)``.

        Args:
            direct: Predictive law.
            outcome: Shape ``(B, K)``.
            normals: Shape ``(2, m, B, K)``, standard normals.
        """
        nu = self.degrees.detach()
        # A Student t as a normal over the root of a chi-squared, this by Wilson and Hilferty's cube (1931).
        chi = nu * (1.0 - 2.0 / (9.0 * nu) + normals[1] * torch.sqrt(2.0 / (9.0 * nu))).clamp_min(0.05) ** 3
        draws = normals[0] * torch.sqrt((nu - 2.0) / chi)
        return fair_crps((direct.mean + draws) * torch.exp(direct.log_scale), outcome)


def _limited(values: Tensor, limit: float) -> Tensor:
    return limit * torch.tanh(values / limit)
