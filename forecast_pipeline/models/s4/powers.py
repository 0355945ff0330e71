"""Powers of poles as two small tables, so that a kernel of L terms takes sines at about 2 sqrt(L) points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from forecast_pipeline.models.s4.discretisation import DiscretePoles

    Pair = tuple[Tensor, Tensor]

TURN = 2.0 * math.pi


def product(left: Pair, right: Pair) -> Pair:
    """Product of two complex numbers in pairs of real tensors.

    Args:
        left: Real and imaginary part.
        right: Real and imaginary part, of shapes that broadcast with those of ``left``.

    Returns:
        Real and imaginary part.

    Example:
        >>> one, zero = torch.ones(1), torch.zeros(1)
        >>> [part.item() for part in product((zero, one), (zero, one))]
        [-1.0, 0.0]
    """
    return left[0] * right[0] - left[1] * right[1], left[0] * right[1] + left[1] * right[0]


def contract(left: Tensor, right: Tensor) -> Tensor:
    """Product of batches of matrices that keeps all digits of float32, also where torch may round its inputs.

    ``torch.set_float32_matmul_precision("high")``, which trainers advise, lets the device multiply with the ten bits of
    TF32; a kernel of a thousand terms does not survive that.

    Args:
        left: Shape ``(H, p, q)``.
        right: Shape ``(H, q, r)``.

    Returns:
        Shape ``(H, p, r)``.

    Example:
        >>> contract(torch.ones(1, 1, 2), torch.ones(1, 2, 1)).item()
        2.0
    """
    if left.dtype == torch.float32 and torch.get_float32_matmul_precision() != "highest":
        return torch.bmm(left.double(), right.double()).float()
    return torch.bmm(left, right)


def powers(poles: DiscretePoles, exponents: Tensor, dtype: torch.dtype) -> Pair:
    """Poles to the given powers, angles reduced to half a turn before they are rounded.

    In float32 an angle of a thousand radians is known to 3e-5 only, and so would its sine be.

    Args:
        poles: Shape ``(H, n)``.
        exponents: Shape ``(m,)``, not negative.
        dtype: Of what is returned.

    Returns:
        Real and imaginary part, shapes ``(H, n, m)``.

    Example:
        >>> from forecast_pipeline.models.s4.discretisation import discretise
        >>> half = discretise(torch.full((1, 1), -math.log(2.0)), torch.zeros(1, 1), torch.ones(1), "zoh")
        >>> powers(half, torch.arange(3), torch.float32)[0].flatten().tolist()
        [1.0, 0.5, 0.25]
    """
    exponent = exponents.to(poles.phase)
    angle = poles.phase[..., None] * exponent  # (H, n, m)
    angle = (angle - TURN * torch.round(angle.detach() / TURN)).to(dtype)
    modulus = torch.exp((poles.log_modulus[..., None] * exponent).to(dtype))
    return modulus * torch.cos(angle), modulus * torch.sin(angle)


@dataclass(frozen=True, slots=True)
class PowerTables:
    """``pole^(a m + b)`` as a product of ``coarse[a] = pole^(a m)`` and ``fine[b] = pole^b``.

    Attributes:
        fine: Shapes ``(H, n, m)``.
        coarse: Shapes ``(H, n, ceil(L / m))``.
    """

    fine: Pair
    coarse: Pair

    @classmethod
    def of(cls, poles: DiscretePoles, length: int, dtype: torch.dtype) -> PowerTables:
        """Tables for powers ``0 .. length - 1``.

        Args:
            poles: Shape ``(H, n)``.
            length: ``L``.
            dtype: Of the tables.
        """
        n_fine = math.isqrt(length - 1) + 1
        fine = torch.arange(n_fine, device=poles.phase.device)
        coarse = torch.arange(0, length, n_fine, device=poles.phase.device)
        return cls(powers(poles, fine, dtype), powers(poles, coarse, dtype))
