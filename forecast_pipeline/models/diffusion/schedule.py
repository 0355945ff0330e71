"""How much signal and how much noise there is at each diffusion step, and what a network is asked to predict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from forecast_pipeline.core.errors import InvalidConfiguration

if TYPE_CHECKING:
    from torch import Tensor

Parameterization = Literal["v", "epsilon"]
PARAMETERIZATIONS: tuple[Parameterization, ...] = ("v", "epsilon")

_FEWEST_STEPS = 2
_LEAST_SIGNAL = 1.0 / 20.0
"""Signal over deviation from which a strided run starts with epsilon.

Epsilon tells of the clean value only after a division by the signal, which is 5e-5 at the last cosine step: an error of
one per mille of the network would become twenty standard deviations. Starting here costs 0.025 of the target's mean.
"""


def cosine_alphas(
    n_steps: int, *, offset: float = 0.008, max_beta: float = 0.999, zero_terminal_snr: bool = True
) -> Tensor:
    """Share of variance that is still signal after each step of the cosine schedule, ``alpha_bar``.

    ``prod_i (1 - beta_i)`` with ``beta_i = min(1 - f(i / T) / f((i - 1) / T), max_beta)`` and
    ``f(u) = cos((u + offset) / (1 + offset) * pi / 2) ** 2`` [1]_. Cut betas leave a signal of 5e-5 at the last of 1000
    steps, though sampling starts from pure noise. ``zero_terminal_snr`` moves ``sqrt(alpha_bar)`` so that the last one
    is exactly 0 and the first stays [2]_.

    Args:
        n_steps: Number of steps T, at least 2.
        offset: Keeps the first steps from adding almost nothing, at least 0.
        max_beta: Largest share of variance that one step may replace, above 0 and below 1.
        zero_terminal_snr: Whether nothing of the signal is left at the last step.

    Returns:
        Shape ``(T,)``, float64, falling; entry ``t - 1`` belongs to step t = 1..T.

    Raises:
        InvalidConfiguration: If an argument is out of its range.

    Example:
        >>> shares = cosine_alphas(4, offset=0.0, zero_terminal_snr=False)  # cos(22.5 degrees) squared, ...
        >>> [round(share, 3) for share in shares.tolist()]
        [0.854, 0.5, 0.146, 0.0]

    .. [1] A. Nichol, P. Dhariwal, *Improved denoising diffusion probabilistic models*, 2021, eq. 17.
    .. [2] S. Lin et al., *Common diffusion noise schedules and sample steps are flawed*, 2023, algorithm 1.
    """
    if n_steps < _FEWEST_STEPS:
        raise InvalidConfiguration(f"diffusion steps must be at least {_FEWEST_STEPS}", was=str(n_steps))
    if offset < 0.0 or not 0.0 < max_beta < 1.0:
        raise InvalidConfiguration(
            "offset must be at least 0 and max_beta between 0 and 1", was=f"offset {offset}, max_beta {max_beta}"
        )
    time = torch.arange(n_steps + 1, dtype=torch.float64) / n_steps
    shares = torch.cos((time + offset) / (1.0 + offset) * (math.pi / 2.0)).square()
    betas = (1.0 - shares[1:] / shares[:-1]).clamp(max=max_beta)
    alpha_bar = torch.cumprod(1.0 - betas, dim=0)
    if not zero_terminal_snr:
        return alpha_bar
    signal = alpha_bar.sqrt()
    first, last = signal[0].clone(), signal[-1].clone()
    return ((signal - last) * (first / (first - last))).square()


class NoiseSchedule(nn.Module):
    """Noise of a cosine schedule, and the identities between clean value, noise and prediction.

    With ``a = sqrt(alpha_bar)`` and ``s = sqrt(1 - alpha_bar)``: ``noisy = a clean + s noise``, and
    ``v = a noise - s clean`` (Salimans and Ho 2022, appendix D), which stays well posed where nothing of the signal is
    left. Epsilon, the noise itself, does not: there the betas stay cut, so that a little signal remains at the end.
    Steps are numbered 0..T-1, from little noise to all of it. A clean value should have unit variance: noise of a fixed
    size says nothing to a target of 0.05. NaN stays NaN.

    Attributes:
        n_steps: Number of steps T.
        parameterization: What a network predicts, ``v`` or ``epsilon``.
        n_strided: Steps from which a run that skips steps may start, at most T.
        alpha_bar: Buffer of shape ``(T,)``, float64; not in the state, because the arguments say it.

    Args:
        n_steps: Number of steps, at least 2.
        parameterization: What a network predicts.
        zero_terminal_snr: Whether the last step is pure noise; has no effect with epsilon.

    Raises:
        InvalidConfiguration: If an argument is unknown or out of its range.

    Example:
        >>> schedule = NoiseSchedule(1000)
        >>> clean, noise, step = torch.tensor([[2.0]]), torch.tensor([[-1.0]]), torch.tensor([400])
        >>> noisy, v = schedule.noised(clean, noise, step), schedule.target(clean, noise, step)
        >>> round(schedule.clean_from(v, noisy, step).item(), 4), round(schedule.noise_from(v, noisy, step).item(), 4)
        (2.0, -1.0)
    """

    alpha_bar: Tensor
    _signal: Tensor
    _deviation: Tensor

    def __init__(
        self, n_steps: int, parameterization: Parameterization = "v", *, zero_terminal_snr: bool = True
    ) -> None:
        super().__init__()
        if parameterization not in PARAMETERIZATIONS:
            raise InvalidConfiguration(
                f"parameterization must be one of {' '.join(PARAMETERIZATIONS)}", was=repr(parameterization)
            )
        alpha_bar = cosine_alphas(n_steps, zero_terminal_snr=zero_terminal_snr and parameterization == "v")
        self.n_steps = n_steps
        self.parameterization = parameterization
        # The deviation comes from doubles: 1 - alpha_bar keeps three digits in float32 where alpha_bar is 0.99996.
        self.register_buffer("alpha_bar", alpha_bar, persistent=False)
        self.register_buffer("_signal", alpha_bar.sqrt(), persistent=False)
        self.register_buffer("_deviation", (1.0 - alpha_bar).sqrt(), persistent=False)
        is_usable = self._signal >= _LEAST_SIGNAL * self._deviation
        self.n_strided = n_steps if parameterization == "v" else max(int(is_usable.sum()), 1)

    def noised(self, clean: Tensor, noise: Tensor, step: Tensor) -> Tensor:
        """Clean values with the noise of their steps: shapes ``(B, ...)``, steps of shape ``(B,)`` or a single one."""
        signal, deviation = self._coefficients(clean, step)
        return signal * clean + deviation * noise

    def target(self, clean: Tensor, noise: Tensor, step: Tensor) -> Tensor:
        """What the network should have predicted: v or the noise, shape of ``clean``."""
        if self.parameterization == "epsilon":
            return noise
        signal, deviation = self._coefficients(clean, step)
        return signal * noise - deviation * clean

    def clean_from(self, prediction: Tensor, noisy: Tensor, step: Tensor) -> Tensor:
        """The clean value that a prediction implies, shape of ``noisy``."""
        signal, deviation = self._coefficients(noisy, step)
        if self.parameterization == "epsilon":
            return (noisy - deviation * prediction) / signal
        return signal * noisy - deviation * prediction

    def noise_from(self, prediction: Tensor, noisy: Tensor, step: Tensor) -> Tensor:
        """The noise that a prediction implies, shape of ``noisy``."""
        return prediction if self.parameterization == "epsilon" else self.noise_of_v(prediction, noisy, step)

    def noise_of_v(self, v: Tensor, noisy: Tensor, step: Tensor) -> Tensor:
        """The noise that belongs to v, ``s noisy + a v``, whatever is predicted; shape of ``noisy``."""
        signal, deviation = self._coefficients(noisy, step)
        return deviation * noisy + signal * v

    def signal(self, step: Tensor) -> Tensor:
        """Factor of the clean value at each step, ``sqrt(alpha_bar)``, in the default precision."""
        return self._signal[step].to(torch.get_default_dtype())

    def deviation(self, step: Tensor) -> Tensor:
        """Factor of the noise at each step, ``sqrt(1 - alpha_bar)``, in the default precision."""
        return self._deviation[step].to(torch.get_default_dtype())

    def snr(self, step: Tensor) -> Tensor:
        """Variance of the signal over that of the noise, ``alpha_bar / (1 - alpha_bar)``; 0 where it is all noise."""
        return (self._signal[step] / self._deviation[step]).square().to(torch.get_default_dtype())

    def _coefficients(self, values: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
        """Factors of signal and noise at the steps, shaped to multiply the values."""
        shape = step.shape + (1,) * (values.dim() - step.dim())
        signal, deviation = self._signal[step], self._deviation[step]
        return signal.reshape(shape).to(values.dtype), deviation.reshape(shape).to(values.dtype)
