"""What can be chosen about a structured state space layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.s4.discretisation import DISCRETISATIONS, Discretisation
from forecast_pipeline.models.s4.initialisation import INITIALISATIONS, Initialisation

KernelKind = Literal["s4d", "dplr"]
KERNEL_KINDS: tuple[str, ...] = get_args(KernelKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class S4Settings:
    """Settings of one layer, checked when made.

    Attributes:
        kernel: ``s4d``, diagonal, or ``dplr``, diagonal plus rank one.
        state_size: ``N``, even; half of it are stored.
        initialisation: Of the poles of ``s4d``; ``dplr`` starts at ``legs``.
        discretisation: Nothing is ``zoh`` for ``s4d`` and ``bilinear`` for ``dplr``, which has no other.
        dt_min: Shortest step at the start; steps are log-uniform. Memory is about ``1 / dt`` steps of the sequence.
        dt_max: Longest step at the start.
        trainable_drive: Learn ``B`` of ``s4d`` beside ``C``. Only their product matters, so that it is one otherwise.
        bidirectional: Also let the future in, by a second kernel. Such a layer cannot stream.
        kernel_length: Length for which ``dplr`` stores its coefficients; sequences may be shorter or longer, at the
            price of two more powers of a matrix where they are longer.

    Raises:
        InvalidConfiguration: If a value is unknown, out of range or contradicts another one.

    Example:
        >>> S4Settings(kernel="dplr").rule
        'bilinear'
    """

    kernel: KernelKind = "s4d"
    state_size: int = 64
    initialisation: Initialisation = "legs"
    discretisation: Discretisation | None = None
    dt_min: float = 1e-3
    dt_max: float = 1e-1
    trainable_drive: bool = False
    bidirectional: bool = False
    kernel_length: int = 1024

    def __post_init__(self) -> None:
        _choose("kernel", self.kernel, KERNEL_KINDS)
        _choose("initialisation", self.initialisation, INITIALISATIONS)
        if self.discretisation is not None:
            _choose("discretisation", self.discretisation, DISCRETISATIONS)
        if self.state_size < 2 or self.state_size % 2:  # noqa: PLR2004 - a pair
            raise InvalidConfiguration(
                "state_size must be even and positive",
                was=str(self.state_size),
                why="states come in conjugate pairs",
                do="give an even state_size",
            )
        if not 0.0 < self.dt_min <= self.dt_max:
            raise InvalidConfiguration(
                "steps must hold 0 < dt_min <= dt_max",
                was=f"dt_min={self.dt_min}, dt_max={self.dt_max}",
                do="memory is about 1 / dt steps; give both accordingly",
            )
        if self.kernel_length < 1:
            raise InvalidConfiguration("kernel_length must be at least 1", was=str(self.kernel_length), do="raise it")
        if self.kernel == "dplr" and (self.rule, self.initialisation) != ("bilinear", "legs"):
            raise InvalidConfiguration(
                "kernel dplr has discretisation bilinear and initialisation legs only",
                was=f"{self.rule}, {self.initialisation}",
                do="leave both out, or choose kernel s4d",
            )

    @property
    def rule(self) -> Discretisation:
        """The discretisation that holds."""
        if self.discretisation is not None:
            return self.discretisation
        return "zoh" if self.kernel == "s4d" else "bilinear"

    @property
    def n_kernels(self) -> int:
        """``D``: two in a bidirectional layer, else one."""
        return 2 if self.bidirectional else 1


def _choose(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidConfiguration(f"{name} must be one of {', '.join(choices)}", was=repr(value), do="choose one")
