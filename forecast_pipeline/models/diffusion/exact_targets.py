"""Gaussian mixtures, whose denoiser, quantiles and scores are known exactly: what samplers are measured with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from forecast_pipeline.models.diffusion.schedule import NoiseSchedule

_GRID_POINTS = 20_001
_FARTHEST_DEVIATIONS = 12.0
_HALVINGS = 80  # of an interval of tens: more than doubles can tell apart


@dataclass(frozen=True, slots=True)
class GaussianMixture:
    """A target of independent coordinates, each the same mixture of normal laws.

    Attributes:
        weights: Share of each part, sum 1.
        means: Mean of each part.
        deviations: Standard deviation of each part, above 0.

    Example:
        >>> target = GaussianMixture((0.5, 0.5), (-0.6, 0.6), (0.8, 0.8))
        >>> round(target.mean, 6), round(target.deviation, 6), round(target.kurtosis, 4)  # 3 - 2 * 0.6**4
        (0.0, 1.0, 2.7408)
    """

    weights: tuple[float, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean of each coordinate."""
        return sum(w * m for w, m in zip(self.weights, self.means, strict=True))

    @property
    def deviation(self) -> float:
        """Standard deviation of each coordinate."""
        parts = zip(self.weights, self.means, self.deviations, strict=True)
        return math.sqrt(sum(w * (s * s + (m - self.mean) ** 2) for w, m, s in parts))

    @property
    def kurtosis(self) -> float:
        """Fourth central moment over the squared variance: 3 for a normal law."""
        fourth = 0.0
        for w, m, s in zip(self.weights, self.means, self.deviations, strict=True):
            away = m - self.mean
            fourth += w * (3.0 * s**4 + 6.0 * s * s * away**2 + away**4)
        return fourth / self.deviation**4

    def scaled(self, factor: float) -> GaussianMixture:
        """The law of ``factor`` times a draw."""
        return GaussianMixture(
            self.weights, tuple(factor * m for m in self.means), tuple(factor * s for s in self.deviations)
        )

    def cumulative(self, values: Tensor) -> Tensor:
        """Probability of at most each value, shape of ``values``."""
        weights, means, deviations = self._parts(values)
        below: Tensor = torch.special.ndtr((values[..., None] - means) / deviations)
        return (weights * below).sum(dim=-1)

    def quantile(self, level: float) -> float:
        """The value that is not exceeded with probability ``level``, by bisection."""
        reach = _FARTHEST_DEVIATIONS * max(self.deviations) + max(abs(m) for m in self.means)
        low, high = -reach, reach
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            if self.cumulative(torch.tensor(middle, dtype=torch.float64)).item() < level:
                low = middle
            else:
                high = middle
        return 0.5 * (low + high)

    def drawn(self, uniforms: Tensor, normals: Tensor) -> Tensor:
        """Draws of the mixture from uniforms in [0, 1) and standard normals of the same shape."""
        weights, means, deviations = self._parts(normals)
        part = torch.searchsorted(torch.cumsum(weights, dim=0), uniforms.to(normals.dtype), right=True)
        part = part.clamp(max=len(self.weights) - 1)
        return means[part] + deviations[part] * normals

    def denoiser(self, schedule: NoiseSchedule) -> Callable[[Tensor, Tensor], Tensor]:
        """What a perfectly trained network would predict, in the parameterization of the schedule.

        Given part k and the noisy value x, clean value and noise are normal with means ``m + a s^2 (x - a m) / V`` and
        ``d (x - a m) / V``, where ``V = a^2 s^2 + d^2``; the parts weigh as much as they explain x.

        Args:
            schedule: Levels of noise, and what is predicted.

        Returns:
            ``denoise(noisy, step)`` as `samplers.draw` takes it; also for one step a row.
        """

        def denoise(noisy: Tensor, step: Tensor) -> Tensor:
            weights, means, deviations = self._parts(noisy)
            share = schedule.alpha_bar[step].double()
            shape = step.shape + (1,) * (noisy.dim() + 1 - step.dim())
            signal = share.sqrt().reshape(shape).to(noisy.dtype)
            noise = (1.0 - share).sqrt().reshape(shape).to(noisy.dtype)
            variance = (signal * deviations).square() + noise.square()
            away = noisy[..., None] - signal * means
            chance = (weights.log() - 0.5 * variance.log() - 0.5 * away.square() / variance).softmax(dim=-1)
            if schedule.parameterization == "epsilon":
                return (chance * noise * away / variance).sum(dim=-1)
            # a E[noise] - d E[clean], put together so that a part of unit variance and mean 0 gives 0 exactly.
            velocity = signal * noise * (1.0 - deviations.square()) * away / variance - noise * means
            return (chance * velocity).sum(dim=-1)

        return denoise

    def excess_crps(self, draws: Tensor) -> float:
        """What scores worse by using the draws as forecast, as a share of the perfect forecast's CRPS.

        ``integral (F_draws - F)^2 dx / integral F (1 - F) dx``. Independent draws add ``1 / N`` by chance alone.

        Args:
            draws: Any shape, all taken as draws of one coordinate.
        """
        reach = _FARTHEST_DEVIATIONS * max(self.deviations) + max(abs(m) for m in self.means)
        grid = torch.linspace(-reach, reach, _GRID_POINTS, dtype=torch.float64)
        exact = self.cumulative(grid)
        ordered = draws.flatten().double().sort().values
        found = torch.searchsorted(ordered, grid, right=True).double() / ordered.numel()
        return ((found - exact).square().sum() / (exact * (1.0 - exact)).sum()).item()

    def _parts(self, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        made = [
            torch.tensor(each, dtype=like.dtype, device=like.device)
            for each in (self.weights, self.means, self.deviations)
        ]
        return made[0], made[1], made[2]


def random_volatility(kurtosis: float, n_parts: int = 9) -> GaussianMixture:
    """A normal law of unit variance whose log volatility is normal: the shape of standardised returns.

    With log volatility of variance g, the kurtosis is ``3 exp(4 g)``; the volatility is integrated by Gauss-Hermite
    quadrature, which makes a mixture of it.

    Args:
        kurtosis: Fourth moment wanted, at least 3.
        n_parts: Points of the quadrature.

    Raises:
        ValueError: If the kurtosis is below 3.

    Example:
        >>> target = random_volatility(9.6)
        >>> round(target.deviation, 6), round(target.kurtosis, 3), round(target.quantile(0.99), 2)
        (1.0, 9.6, 2.81)
    """
    if not kurtosis >= 3.0:  # noqa: PLR2004 - the normal law's
        raise ValueError(f"kurtosis must be at least 3, that of the normal law, was {kurtosis}")
    points, weights = np.polynomial.hermite_e.hermegauss(n_parts)
    weights = weights / weights.sum()
    volatility = np.exp(math.sqrt(math.log(kurtosis / 3.0) / 4.0) * points)
    volatility /= np.sqrt(np.sum(weights * volatility**2))
    return GaussianMixture(tuple(weights.tolist()), (0.0,) * n_parts, tuple(volatility.tolist()))


FAT_TAILED = random_volatility(9.6)
"""Unit variance and kurtosis 9.6: what the table of the samplers is measured with."""
