"""Monotone maps of scores along straight lines between matched quantiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

KNOTS = (0.0, 0.15, 0.35, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.4, 2.7, 3.0)
"""Half-normal scores at which quantiles are matched, as far as the data reach."""
MIN_BEYOND = 25
"""Observations that must lie beyond the outermost knot."""
_LEAST_STEP = 1e-6


@dataclass(frozen=True, slots=True)
class KnotMap:
    """Straight lines through ``start -> end``, with slope one beyond the outermost knots.

    Attributes:
        start: Shape ``(J,)``, strictly increasing; empty for the identity.
        end: Shape ``(J,)``, strictly increasing.
        is_symmetric: Whether the knots are about absolute values, and the map is odd.
    """

    start: Floats
    end: Floats
    is_symmetric: bool

    @classmethod
    def to_normal(cls, values: Floats, *, is_symmetric: bool) -> KnotMap:
        """The map that gives values, shape ``(n,)``, the quantiles of the standard normal.

        Example:
            >>> values = np.random.default_rng(0).standard_normal(9000)
            >>> found = KnotMap.to_normal(2.0 * values, is_symmetric=True)
            >>> found.apply(np.array([-2.0, 0.0, 2.0])).round(1).tolist()
            [-1.0, 0.0, 1.0]
        """
        knots, levels = _knots(values.size, is_symmetric=is_symmetric)
        if knots.size < 2:  # noqa: PLR2004 - one knot makes no line
            return cls(np.zeros(0), np.zeros(0), is_symmetric)
        start = np.quantile(np.abs(values) if is_symmetric else values, levels)
        if is_symmetric:
            start[0] = 0.0
        # Equal values, as of an unchanged price, make a step that a line cannot pass.
        start = np.maximum.accumulate(start) + _LEAST_STEP * np.arange(start.size)
        return cls(start, knots, is_symmetric)

    @classmethod
    def between(cls, values: Floats, others: Floats) -> KnotMap:
        """The map that gives values, shape ``(n,)``, the quantiles of others, shape ``(m,)``.

        Example:
            >>> values = np.random.default_rng(0).standard_normal(9000) + 4.0
            >>> KnotMap.between(values, values + 1.0).apply(np.array([4.0])).round(6).tolist()
            [5.0]
        """
        knots, levels = _knots(min(values.size, others.size), is_symmetric=False)
        if knots.size < 2:  # noqa: PLR2004 - one knot makes no line
            return cls(np.zeros(0), np.zeros(0), is_symmetric=False)
        steps = _LEAST_STEP * np.arange(knots.size)
        start, end = (np.maximum.accumulate(np.quantile(each, levels)) + steps for each in (values, others))
        return cls(start, end, is_symmetric=False)

    @property
    def inverse(self) -> KnotMap:
        """The map backwards."""
        return KnotMap(self.end, self.start, self.is_symmetric)

    @property
    def atom(self) -> float:
        """Half width of the scores that the value zero holds; 0 unless many values are zero."""
        flat = np.flatnonzero(self.start <= _LEAST_STEP * self.start.size)
        return float(self.end[flat[-1]]) if self.is_symmetric and flat.size else 0.0

    def state(self) -> dict[str, object]:
        """Its attributes, to be stored."""
        return {"start": self.start, "end": self.end, "is_symmetric": self.is_symmetric}

    def apply(self, values: Floats) -> Floats:
        """Values along the lines, any shape."""
        if self.start.size == 0:
            return values
        if self.is_symmetric:
            size = np.abs(values)
            return np.asarray(np.sign(values) * self._along(size))
        return self._along(values)

    def _along(self, values: Floats) -> Floats:
        beyond = np.maximum(values - self.start[-1], 0.0) + np.minimum(values - self.start[0], 0.0)
        return np.asarray(np.interp(values, self.start, self.end) + beyond)


NO_MAP = KnotMap(np.zeros(0), np.zeros(0), is_symmetric=False)
"""The identity."""


def maps_to_normal(draws: Floats, *, is_symmetric: bool) -> tuple[tuple[KnotMap, ...], ...]:
    """Maps of draws of shape ``(n, C, K)``, a row a channel; only the first channel, the increments, may be odd."""
    return tuple(
        tuple(
            KnotMap.to_normal(draws[:, channel, k], is_symmetric=is_symmetric and channel == 0)
            for k in range(draws.shape[2])
        )
        for channel in range(draws.shape[1])
    )


def _knots(n: int, *, is_symmetric: bool) -> tuple[Floats, Floats]:
    """Scores of the knots and their levels among absolute or signed values."""
    from scipy.special import ndtr

    half = np.array(KNOTS)
    beyond = ndtr(-half) * (2.0 if is_symmetric else 1.0) * n
    half = half[beyond >= MIN_BEYOND]
    if is_symmetric:
        return half, np.asarray(2.0 * ndtr(half) - 1.0)
    scores = np.concatenate([-half[:0:-1], half])
    return scores, np.asarray(ndtr(scores))
