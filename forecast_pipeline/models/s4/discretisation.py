"""From continuous poles to one step of a sequence, in real arithmetic: zero-order hold and bilinear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import torch

from forecast_pipeline.core.errors import InvalidConfiguration

if TYPE_CHECKING:
    from torch import Tensor

    Pair = tuple[Tensor, Tensor]

Discretisation = Literal["zoh", "bilinear"]
DISCRETISATIONS: tuple[str, ...] = get_args(Discretisation)


@dataclass(frozen=True, slots=True)
class DiscretePoles:
    """Poles ``exp(log_modulus + i phase)`` of a recurrence ``x[l] = pole x[l-1] + gain u[l]``, float64.

    The logarithm is what is kept, because a power of a pole is then a product and not a chain of roundings.

    Attributes:
        log_modulus: Shape ``(H, n)``, negative for a stable pole.
        phase: Shape ``(H, n)``, radians a step.
        gain: Real and imaginary part of what a unit of ``B u`` adds, shapes ``(H, n)``.
    """

    log_modulus: Tensor
    phase: Tensor
    gain: Pair

    def pole(self) -> Pair:
        """Real and imaginary part of the poles, shapes ``(H, n)``."""
        modulus = torch.exp(self.log_modulus)
        return modulus * torch.cos(self.phase), modulus * torch.sin(self.phase)


def discretise(real: Tensor, imag: Tensor, dt: Tensor, rule: str) -> DiscretePoles:
    """Poles and gains of one step.

    Zero-order hold: ``pole = exp(dt A)``, ``gain = (pole - 1) / A``. Bilinear: ``pole = (1 + dt A / 2) / (1 - dt A /
    2)``, ``gain = dt / (1 - dt A / 2)``. There are few poles, so this is float64 whatever was given: their powers
    multiply every rounding by the length.

    Args:
        real: Shape ``(H, n)``, real parts of ``A``, negative.
        imag: Shape ``(H, n)``, imaginary parts of ``A``.
        dt: Shape ``(H,)``, step, positive.
        rule: ``zoh`` or ``bilinear``.

    Returns:
        Poles of shape ``(H, n)``.

    Raises:
        InvalidConfiguration: If the rule is neither.

    Example:
        >>> one = torch.ones(1, 1)
        >>> held = discretise(-one, 0 * one, torch.ones(1), "zoh")
        >>> round(float(held.log_modulus), 6), round(float(held.gain[0]), 6)
        (-1.0, 0.632121)
    """
    step = dt.double()[:, None]
    a, b = step * real.double(), step * imag.double()
    if rule == "zoh":
        return DiscretePoles(a, b, _held(a, b, step))
    if rule == "bilinear":
        return _bilinear(0.5 * a, 0.5 * b, step)
    raise InvalidConfiguration(
        f"discretisation must be one of {', '.join(DISCRETISATIONS)}", was=repr(rule), do="choose one of them"
    )


def _held(a: Tensor, b: Tensor, step: Tensor) -> Pair:
    """``(exp(a + ib) - 1) / (a + ib)`` times the step."""
    # exp - 1 loses all digits at a small step unless both of its parts are written as what is left.
    cosine_less_one = -2.0 * torch.sin(0.5 * b) ** 2
    real, imag = torch.expm1(a) * torch.cos(b) + cosine_less_one, torch.exp(a) * torch.sin(b)
    over = step / (a * a + b * b)
    return (real * a + imag * b) * over, (imag * a - real * b) * over


def _bilinear(a: Tensor, b: Tensor, step: Tensor) -> DiscretePoles:
    """Logarithm of ``(1 + a + ib) / (1 - a - ib)`` and ``step / (1 - a - ib)``."""
    below = (1.0 - a) ** 2 + b * b
    log_modulus = 0.5 * torch.log1p(4.0 * a / below)
    phase = torch.atan2(b, 1.0 + a) + torch.atan2(b, 1.0 - a)
    return DiscretePoles(log_modulus, phase, ((1.0 - a) * step / below, b * step / below))
