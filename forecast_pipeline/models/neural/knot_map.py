"""Monotone maps of scores along straight lines between matched quantiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

KNOTS = (0.0, 0.15, 0.35, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.4, 2.7, 3.0)
"""Half-normal scores at which quantiles are matched, as far as the data reach."""
MIN_BEYOND = 25
"""Observations that must lie beyond the outermost knot; so many weigh as much as the prior of slope one there."""
_LEAST_STEP = 1e-6
_SLOPES = (0.2, 5.0)


@dataclass(frozen=True, slots=True)
class KnotMap:
    """Straight lines through ``start -> end``, and beyond the outermost knots.

    Attributes:
        start: Shape ``(J,)``, strictly increasing; empty for the identity.
        end: Shape ``(J,)``, strictly increasing.
        is_symmetric: Whether the knots are about absolute values, and the map is odd.
        beyond: Slopes below the first and above the last knot.
    """

    start: Floats
    end: Floats
    is_symmetric: bool
    beyond: tuple[float, float] = (1.0, 1.0)

    @classmethod
    def to_normal(cls, values: Floats, *, is_symmetric: bool, fits_tails: bool = False) -> Self:
        """The map that gives values, shape ``(n,)``, the quantiles of the standard normal.

        Args:
            values: Finite.
            is_symmetric: Whether the map is to be odd.
            fits_tails: Whether tails get the mean excess of the normal law too, not slope one.

        Example:
            >>> values = np.random.default_rng(0).standard_normal(9000)
            >>> found = KnotMap.to_normal(2.0 * values, is_symmetric=True)
            >>> found.apply(np.array([-2.0, 0.0, 2.0])).round(1).tolist()
            [-1.0, 0.0, 1.0]
        """
        from scipy.special import ndtr

        knots, levels = _knots(values.size, is_symmetric=is_symmetric)
        if knots.size < 2:  # noqa: PLR2004 - one knot makes no line
            return cls(np.zeros(0), np.zeros(0), is_symmetric)
        start = np.quantile(np.abs(values) if is_symmetric else values, levels)
        if is_symmetric:
            start[0] = 0.0
        # Equal values, as of an unchanged price, make a step that a line cannot pass.
        start = np.maximum.accumulate(start) + _LEAST_STEP * np.arange(start.size)
        if not fits_tails:
            return cls(start, knots, is_symmetric)
        normal = float(np.exp(-0.5 * knots[-1] ** 2) / np.sqrt(2.0 * np.pi) / ndtr(-knots[-1]) - knots[-1])
        tails = [np.abs(values)] * 2 if is_symmetric else [-values, values]
        edges = [start[-1]] * 2 if is_symmetric else [-start[0], start[-1]]
        below, above = (_slope(_excess(*each), normal) for each in zip(tails, edges, strict=True))
        return cls(start, knots, is_symmetric, (below, above))

    @classmethod
    def between(cls, values: Floats, others: Floats) -> Self:
        """The map that gives values, shape ``(n,)``, the quantiles and mean excesses of others, shape ``(m,)``.

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
        below = _slope(_excess(-values, -start[0]), _excess(-others, -end[0])[0])
        above = _slope(_excess(values, start[-1]), _excess(others, end[-1])[0])
        return cls(start, end, is_symmetric=False, beyond=(below, above))

    @property
    def inverse(self) -> KnotMap:
        """The map backwards."""
        below, above = self.beyond
        return KnotMap(self.end, self.start, self.is_symmetric, (1.0 / below, 1.0 / above))

    @property
    def atom(self) -> float:
        """Half width of the scores that the value zero holds; 0 unless many values are zero."""
        flat = np.flatnonzero(self.start <= _LEAST_STEP * self.start.size)
        return float(self.end[flat[-1]]) if self.is_symmetric and flat.size else 0.0

    def state(self) -> dict[str, object]:
        """Its attributes, to be stored."""
        below, above = self.beyond
        return {"start": self.start, "end": self.end, "is_symmetric": self.is_symmetric, "beyond": [below, above]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The map that `state` described."""
        below, above = state["beyond"]
        return cls(state["start"], state["end"], state["is_symmetric"], (below, above))

    def apply(self, values: Floats) -> Floats:
        """Values along the lines, any shape."""
        if self.start.size == 0:
            return values
        if self.is_symmetric:
            size = np.abs(values)
            return np.asarray(np.sign(values) * self._along(size))
        return self._along(values)

    def _along(self, values: Floats) -> Floats:
        below, above = self.beyond
        beyond = above * np.maximum(values - self.start[-1], 0.0) + below * np.minimum(values - self.start[0], 0.0)
        return np.asarray(np.interp(values, self.start, self.end) + beyond)


NO_MAP = KnotMap(np.zeros(0), np.zeros(0), is_symmetric=False)
"""The identity."""


def maps_to_normal(draws: Floats, *, is_symmetric: bool) -> tuple[tuple[KnotMap, ...], ...]:
    """Maps of draws of shape ``(n, C, K)``, a row a channel; only the first channel, the increments, may be odd."""
    return tuple(
        tuple(
            KnotMap.to_normal(draws[:, channel, k], is_symmetric=is_symmetric and channel == 0, fits_tails=True)
            for k in range(draws.shape[2])
        )
        for channel in range(draws.shape[1])
    )


def _excess(values: Floats, edge: float) -> tuple[float, int]:
    """Mean of what values exceed an edge by, and how many do."""
    beyond = values[values > edge] - edge
    return (float(beyond.mean()) if beyond.size else 0.0), beyond.size


def _slope(found: tuple[float, int], wanted: float) -> float:
    """Slope that gives excesses the mean that is wanted, drawn towards one where few were found."""
    excess, n = found
    if excess <= 0.0 or wanted <= 0.0:
        return 1.0
    return float(np.clip((wanted / excess) ** (n / (n + MIN_BEYOND)), *_SLOPES))


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
