"""From noise to draws: ancestral, deterministic and second-order samplers over a few of the trained steps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch

from forecast_pipeline.core.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from forecast_pipeline.models.diffusion.schedule import NoiseSchedule

SAMPLERS = ("ddpm", "ddim", "dpm_solver", "dpm_solver_sde")
DEFAULT_SAMPLER = "dpm_solver"
DEFAULT_STEPS = 20

_STOCHASTIC = ("ddpm", "dpm_solver_sde")
_SECOND_ORDER = ("dpm_solver", "dpm_solver_sde")


def n_noises(sampler: str, n_steps: int) -> int:
    """How many step noises a run consumes: one between two steps, none for samplers that solve an ODE.

    Raises:
        InvalidConfiguration: If the sampler is unknown or there is no step.

    Example:
        >>> n_noises("ddpm", 50), n_noises("dpm_solver", 20)
        (49, 0)
    """
    if sampler not in SAMPLERS:
        raise InvalidConfiguration(f"sampler must be one of {' '.join(SAMPLERS)}", was=repr(sampler))
    if n_steps < 1:
        raise InvalidConfiguration("sampling steps must be at least 1", was=str(n_steps))
    return n_steps - 1 if sampler in _STOCHASTIC else 0


def spaced_steps(n_train: int, n_steps: int) -> list[int]:
    """Trained steps that a run visits, trailing spacing: from the last one downwards in equal strides.

    The last trained step, which is pure noise, has to be the first one visited, or the run starts from noise that
    the network never saw (Lin et al. 2023, section 3.3).

    Args:
        n_train: Number of trained steps T.
        n_steps: Number of steps to take, 1..T.

    Returns:
        ``n_steps`` falling numbers in 0..T-1, the first T-1.

    Raises:
        InvalidConfiguration: If there are more steps than were trained, or none.

    Example:
        >>> spaced_steps(1000, 5)
        [999, 799, 599, 399, 199]
    """
    if not 1 <= n_steps <= n_train:
        raise InvalidConfiguration(f"sampling steps must be between 1 and the {n_train} trained", was=str(n_steps))
    return [round(n_train - k * n_train / n_steps) - 1 for k in range(n_steps)]


class _Level(NamedTuple):
    """Factors of signal and noise; the log of their ratio is infinite at either end."""

    signal: float
    deviation: float

    @property
    def log_ratio(self) -> float:
        if self.signal == 0.0:
            return -math.inf
        return math.inf if self.deviation == 0.0 else math.log(self.signal / self.deviation)


_CLEAN = _Level(1.0, 0.0)


def draw(
    denoise: Callable[[Tensor, Tensor], Tensor],
    schedule: NoiseSchedule,
    initial: Tensor,
    step_noise: Tensor | None,
    *,
    sampler: str = DEFAULT_SAMPLER,
    n_steps: int = DEFAULT_STEPS,
) -> Tensor:
    """Draws of a trained model, one for each row of noise; the same noise gives the same draws.

    ``ddpm`` takes the Gaussian posterior of the step [1]_ with its smaller variance, ``ddim`` follows the ODE with
    eta = 0 [2]_, ``dpm_solver`` is DPM-Solver++(2M) [3]_ and ``dpm_solver_sde`` its SDE form, midpoint variant. The
    first and the last step are of first order. Nothing is clipped: a clip at one standard deviation cuts the tails to
    a third. Draws have the scale that was trained, which should be unit variance; multiply afterwards.

    Standard deviation and 99 % quantile over those of an exactly known target (unit variance, kurtosis 9.6, cosine,
    1000 trained steps), and excess CRPS in per cent; the stochastic columns have 0.2 % and 0.5 % of chance in them
    (``benchmarks/samplers.py``):

    ===== ==================== ==================== ==================== ====================
    steps ddpm                 ddim                 dpm_solver           dpm_solver_sde
    ===== ==================== ==================== ==================== ====================
     1000 0.995 0.999 0.001    0.998 0.999 0.000    1.000 1.000 0.000    0.999 1.003 0.000
      100 0.965 0.968 0.020    0.982 0.982 0.004    0.999 0.999 0.000    1.002 1.003 0.000
       50 0.933 0.938 0.071    0.964 0.964 0.015    0.997 0.997 0.000    1.005 1.008 0.001
       25 0.874 0.872 0.231    0.930 0.929 0.060    0.991 0.991 0.001    1.008 1.004 0.005
       20 0.849 0.848 0.333    0.914 0.913 0.093    0.986 0.987 0.002    1.009 1.007 0.007
       15 0.812 0.809 0.523    0.888 0.886 0.163    0.976 0.978 0.007    1.009 1.013 0.005
       10 0.746 0.737 0.962    0.838 0.834 0.358    0.948 0.956 0.041    0.988 0.999 0.004
        5 0.609 0.588 2.482    0.707 0.697 1.328    0.800 0.807 0.653    0.788 0.789 0.667
    ===== ==================== ==================== ==================== ====================

    Args:
        denoise: ``denoise(noisy, step)`` with the noisy values and a single step (0-dimensional, int64); returns what
            ``schedule.parameterization`` says, in the shape of the values.
        schedule: The schedule that was trained on.
        initial: Standard normal noise, shape ``(N, D)`` or any other; its precision is kept.
        step_noise: Standard normal noise, shape ``(n_noises, *initial.shape)``; None where none is used.
        sampler: One of ``SAMPLERS``.
        n_steps: Steps to take, at most the trained ones.

    Returns:
        Shape of ``initial``, without a gradient. NaN of a row's noise stays in that row.

    Raises:
        InvalidConfiguration: If the sampler is unknown, the steps are too many, or the step noise does not fit.

    Example:
        >>> from forecast_pipeline.models.diffusion.schedule import NoiseSchedule
        >>> schedule, noise = NoiseSchedule(100), torch.tensor([[-1.0], [2.0]])
        >>> draws = draw(lambda noisy, step: 0.0 * noisy, schedule, noise, None)  # v of a standard normal target is 0
        >>> bool((draws / noise > 0.97).all())
        True

    .. [1] J. Ho et al., *Denoising diffusion probabilistic models*, 2020, eq. 6-7.
    .. [2] J. Song et al., *Denoising diffusion implicit models*, 2021, eq. 12.
    .. [3] C. Lu et al., *DPM-Solver++*, 2022, algorithm 2 and appendix (SDE-DPM-Solver++(2M)).
    """
    n_wanted = n_noises(sampler, n_steps)
    found = (0,) if step_noise is None else tuple(step_noise.shape)
    if n_wanted and found != (n_wanted, *initial.shape):
        raise InvalidConfiguration(
            f"{sampler} in {n_steps} steps must get step noise of shape {(n_wanted, *initial.shape)}", was=str(found)
        )
    # Single steps divide by little more than the signal of the one before: only a run that skips steps starts later.
    n_train = schedule.n_strided if n_steps <= schedule.n_strided else schedule.n_steps
    steps = spaced_steps(n_train, n_steps)
    shares = schedule.alpha_bar[steps].double().tolist()
    levels = [*(_Level(math.sqrt(share), math.sqrt(1.0 - share)) for share in shares), _CLEAN]
    values, earlier, moved_before = initial, None, math.inf
    with torch.no_grad():
        for k, each in enumerate(steps):
            step = torch.tensor(each, device=initial.device)
            prediction = denoise(values, step)
            clean = schedule.clean_from(prediction, values, step)
            now, then = levels[k], levels[k + 1]
            moved = then.log_ratio - now.log_ratio
            estimate = clean
            if sampler in _SECOND_ORDER and earlier is not None and math.isfinite(moved):
                # An infinite stride before, from pure noise, leaves no slope to extrapolate: the factor is then 0.
                estimate = clean + (0.5 * moved / moved_before) * (clean - earlier)
            if sampler == "ddim":
                values = then.signal * clean + then.deviation * schedule.noise_from(prediction, values, step)
            elif sampler == "dpm_solver":
                kept = then.deviation / now.deviation
                values = kept * values + (then.signal - kept * now.signal) * estimate
            else:
                values = _ancestral(values, estimate, now, then)
                if step_noise is not None and k < n_wanted:
                    values = values + _scatter(now, then) * step_noise[k]
            earlier, moved_before = clean, moved
    return values


def _ancestral(values: Tensor, clean: Tensor, now: _Level, then: _Level) -> Tensor:
    """Mean of the step's posterior given the clean value; first-order SDE-DPM-Solver++ has the same one."""
    ratio = now.signal / then.signal
    kept = ratio * (then.deviation / now.deviation) ** 2
    return kept * values + (then.signal - kept * now.signal) * clean


def _scatter(now: _Level, then: _Level) -> float:
    """Deviation of the step's posterior given the clean value."""
    kept = now.signal * then.deviation / (then.signal * now.deviation)
    return then.deviation * math.sqrt(max(1.0 - kept * kept, 0.0))
