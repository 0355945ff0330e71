"""The proof that goes with every publication: each indicator, at cuts of every kind, on the very bars.

Three questions are put to each indicator around a cut: does a value before the cut change when the bars after it
are taken away, or replaced by invented ones, and does it change when the history begins only its warm-up earlier?
The first two must leave every bit as it was. For the third a recursive indicator may differ by what its tolerance
allows; a hundredth of the column's recent range is far above that and far below what a missing warm-up does.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.features.bar_arrays import PRICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from forecast_pipeline.features.bar_arrays import BarArrays, FloatArray
    from forecast_pipeline.features.compute import FeaturePlan, Planned

TRUNCATION = "changes with the future"
PERTURBATION = "changes when the future is made up"
WARM_UP = "depends on what lies before its warm-up"
_LOOKED_AT_BARS = 32
_AHEAD_BARS = 512
_EVERY = 3
"""The last two questions say little that the first has not said at the next cut; every third cut hears them."""
_WARM_UP_RANGE_FRACTION = 0.01
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class CausalityFinding:
    """One column that failed one of the three questions.

    Attributes:
        column: Name of the column.
        kind: `TRUNCATION`, `PERTURBATION` or `WARM_UP`.
        cut: Number of bars kept.
        row: First row that differs.
        size: Largest difference; infinite where one of the values is undefined.
    """

    column: str
    kind: str
    cut: int
    row: int
    size: float

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"{self.column} {self.kind}: row {self.row} by {self.size:.2g} at cut {self.cut}"


def causality_findings(
    bars: BarArrays, plan: FeaturePlan, cuts: Sequence[int], seed: int = 0
) -> Iterator[CausalityFinding]:
    """Put the three questions to every indicator of a plan at every cut.

    Every cut hears the first question and every third all of them. Each is asked on the bars around the cut only,
    its own warm-up before it and a few hundred bars after it, so the cost does not grow with the history.

    Args:
        bars: All bars.
        plan: What is computed from them.
        cuts: Numbers of bars kept, each from 1 to the number of bars.
        seed: Seed of the invented bars.
    """
    for number, cut in enumerate(cuts):
        rng = np.random.default_rng([seed, cut])
        is_asked_all = number % _EVERY == 0
        for each in plan.planned:
            first = max(0, cut - each.required_bars - _LOOKED_AT_BARS)
            stop = min(len(bars), cut + _AHEAD_BARS)
            around = bars.rows(first, stop)
            whole = _values(each, around, cut - first)
            cut_off = _values(each, bars.rows(first, cut), cut - first)
            yield from _differing(each, whole, cut_off, TRUNCATION, first, cut)
            if is_asked_all and stop > cut:
                invented = _values(each, _with_invented_future(around, cut - first, rng), cut - first)
                yield from _differing(each, whole, invented, PERTURBATION, first, cut)
            if is_asked_all:
                yield from _warm_up_findings(each, bars, cut)


def _values(planned: Planned, bars: BarArrays, n_kept: int) -> tuple[FloatArray, ...]:
    return tuple(column[:n_kept] for column in planned.indicator.compute(bars, planned.values))


def _with_invented_future(bars: BarArrays, cut: int, rng: np.random.Generator) -> BarArrays:
    """The same bars up to the cut, other prices and volumes after it."""
    n_after = len(bars) - cut
    factor = np.concatenate([np.ones(cut), np.exp(rng.normal(0.0, 0.05, n_after).cumsum() + 0.1)])
    changed: dict[str, Any] = {name: getattr(bars, name) * factor for name in (*PRICES, "volume")}
    peers = {name: closes / factor for name, closes in bars.peers.items()}
    return dataclasses.replace(bars, **changed, peers=peers)


def _differing(
    planned: Planned,
    expected: Sequence[FloatArray],
    found: Sequence[FloatArray],
    kind: str,
    first: int,
    cut: int,
) -> Iterator[CausalityFinding]:
    for name, one, other in zip(planned.columns, expected, found, strict=True):
        if one.shape != other.shape:
            yield CausalityFinding(name, kind, cut, first, float("inf"))
            continue
        differs = (one != other) & ~(np.isnan(one) & np.isnan(other))
        if differs.any():
            yield CausalityFinding(name, kind, cut, first + int(np.argmax(differs)), _largest(one - other, differs))


def _warm_up_findings(planned: Planned, bars: BarArrays, cut: int) -> Iterator[CausalityFinding]:
    """Compare the newest value before the cut with the one from a history that begins its warm-up earlier."""
    required = planned.required_bars
    first = cut - 3 * required - _LOOKED_AT_BARS
    if first < 0:
        return
    long = _values(planned, bars.rows(first, cut), cut - first)
    short = _values(planned, bars.rows(cut - required, cut), required)
    for name, known, served in zip(planned.columns, long, short, strict=True):
        recent = known[required - 1 :]
        size = abs(float(known[-1] - served[-1]))
        if np.isnan(known[-1]) and np.isnan(served[-1]):
            continue
        allowed = _WARM_UP_RANGE_FRACTION * (np.nanmax(recent) - np.nanmin(recent)) + _ROUNDING
        if not size <= allowed:
            yield CausalityFinding(name, WARM_UP, cut, cut - 1, size if np.isfinite(size) else float("inf"))


def _largest(difference: FloatArray, differs: npt.NDArray[np.bool_]) -> float:
    sizes = np.abs(difference[differs])
    return float("inf") if np.isnan(sizes).any() else float(sizes.max())
