"""What the calibration layer remembers, how it is started, and its form as JSON values."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import Field

from forecast_pipeline.core.configuration import Configuration
from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.models.conformal.volatility import N_RATIOS, filter_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

RAW = -1
"""Mark of a pending label whose interval was issued without the score quantile."""
FORM = 2
"""Form in which a state is stored; 1 knew no volatility ratio and is refused."""


class ConformalParameters(Configuration):
    """How fast the layer learns, and how far it may go.

    Attributes:
        step: Step of the miss probability for each independent label that ends.
        prompt_rows: Delay up to which that step is safe; beyond it the step shrinks as ``prompt_rows / delay``.
        n_scores: Scores kept; the quantile is taken over them.
        n_scores_at_least: Scores needed before their quantile is taken; until then the volatility ratio works alone.
        scores_per_label: Scores kept for each independent label, where labels overlap.
        narrowest: Smallest width of an interval in units of the model's own times the volatility ratio.
        widest: Largest width of an interval in the same units; an alarm, because breaks are the ratio's business.
        break_rate: Probability at each label that the volatility ratio is drawn anew.
        largest_ratio: Largest volatility ratio, and the inverse of the smallest; 1 switches the filter off.
    """

    step: float = Field(default=0.02, gt=0, lt=1)
    prompt_rows: int = Field(default=12, ge=1)
    n_scores: int = Field(default=500, ge=20)
    n_scores_at_least: int = Field(default=40, ge=20)
    scores_per_label: int = Field(default=4, ge=1)
    narrowest: float = Field(default=0.25, gt=0, le=1)
    widest: float = Field(default=4.0, ge=1)
    break_rate: float = Field(default=0.0005, gt=0, lt=1)
    largest_ratio: float = Field(default=8.0, ge=1)

    def step_of(self, miss_probability: float, overlap_rows: int, delay_rows: int) -> float:
        """Step of one pair of levels for each label that ends.

        ``step min(1, prompt_rows / delay_rows, 1 / overlap_rows) min(1, miss_probability / 0.1)``. Gibbs and
        Candès (2021) assume that one error says nothing about the next. The errors of overlapping labels come
        in runs of ``overlap_rows``, so without the division a perfect forecaster's interval is widened by 46 %
        at an overlap of 12. The last factor keeps one miss from emptying a small miss probability.

        Example:
            >>> steps = [ConformalParameters().step_of(0.1, *pair) for pair in [(1, 1), (1, 240), (12, 12)]]
            >>> [round(step, 5) for step in steps]
            [0.02, 0.001, 0.00167]
        """
        share = min(1.0, self.prompt_rows / max(delay_rows, 1), 1.0 / max(overlap_rows, 1))
        return self.step * share * min(1.0, miss_probability / 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalState:
    """Everything the layer knows after its last decision. Pairs of levels are counted from the median outwards.

    Attributes:
        parameters: Settings.
        levels: Probabilities of the quantiles, symmetric about a half.
        overlap_rows: Rows over which labels share bars.
        delay_rows: Rows after which a label ends.
        alpha: Shape ``(P,)``, the miss probability in use for each pair.
        window: Shape ``(W, P)``, scores in the order in which their labels ended, in units of the ex-ante scale
            times the volatility ratio.
        pending_end_us: Shape ``(M,)``, ends of labels known to the caller but later than the last decision.
        pending_scores: Shape ``(M, P)``, their scores.
        pending_missed: Shape ``(M, P)``, 1 where the interval issued missed, 0 where not, `RAW` where it was issued
            without the score quantile.
        weights: Shape ``(G,)``, weights of the volatility ratios on the grid of `volatility.filter_of`.
        pending_moves: Shape ``(M,)``, distances of outcomes from the median in units of the forecast's own spread.
        pending_known_sum: Shape ``(M,)``, ``known_sum`` before each pending decision.
        pending_row: Shape ``(M,)``, ``n_decisions`` before each pending decision.
        known_ratio: Volatility ratio known from elsewhere at the last decision.
        known_sum: Sum of its squares over all decisions.
        n_decisions: Decisions so far.
        n_matured: Labels that have ended.
        n_alarms: Shape ``(P,)``, decisions at which the width was held at a limit.
        as_of_us: Last decision; None before the first.
    """

    parameters: ConformalParameters
    levels: tuple[float, ...]
    overlap_rows: int
    delay_rows: int
    alpha: Floats
    window: Floats
    pending_end_us: npt.NDArray[np.int64]
    pending_scores: Floats
    pending_missed: npt.NDArray[np.int8]
    weights: Floats
    pending_moves: Floats
    pending_known_sum: Floats
    pending_row: npt.NDArray[np.int64]
    known_ratio: float = 1.0
    known_sum: float = 0.0
    n_decisions: int = 0
    n_matured: int = 0
    n_alarms: npt.NDArray[np.int64]
    as_of_us: int | None = None

    @classmethod
    def start(
        cls,
        levels: Sequence[float],
        overlap_rows: int,
        delay_rows: int | None = None,
        parameters: ConformalParameters | None = None,
    ) -> Self:
        """The layer before its first decision.

        Args:
            levels: Increasing, symmetric about a half.
            overlap_rows: Rows over which labels share bars: the horizon, divided by the stride of the decisions.
            delay_rows: Rows after which a label ends; the overlap by default.
            parameters: Settings; the defaults if omitted.

        Raises:
            ValueError: If the levels are not symmetric or do not increase.

        Example:
            >>> ConformalState.start((0.05, 0.5, 0.95), overlap_rows=3).alpha.round(12).tolist()
            [0.1]
        """
        grid = np.asarray(levels, dtype=np.float64)
        is_symmetric = grid.size > 1 and np.allclose(grid + grid[::-1], 1.0, rtol=0.0, atol=1e-12)
        if not is_symmetric or np.any(np.diff(grid) <= 0.0):
            raise ValueError(f"levels must increase and be symmetric about a half, were {list(levels)}")
        n_pairs, given = grid.size // 2, parameters or ConformalParameters()
        return cls(
            parameters=given,
            levels=tuple(grid.tolist()),
            overlap_rows=overlap_rows,
            delay_rows=overlap_rows if delay_rows is None else delay_rows,
            alpha=2.0 * grid[:n_pairs][::-1],
            window=np.empty((0, n_pairs)),
            pending_end_us=np.empty(0, dtype=np.int64),
            pending_scores=np.empty((0, n_pairs)),
            pending_missed=np.empty((0, n_pairs), dtype=np.int8),
            weights=filter_of(given, overlap_rows).prior,
            pending_moves=np.empty(0),
            pending_known_sum=np.empty(0),
            pending_row=np.empty(0, dtype=np.int64),
            n_alarms=np.zeros(n_pairs, dtype=np.int64),
        )

    @property
    def n_pairs(self) -> int:
        """Number of symmetric pairs of levels."""
        return len(self.levels) // 2

    @property
    def nominal_alpha(self) -> Floats:
        """Stated miss probability of each pair, shape ``(P,)``."""
        return 2.0 * np.asarray(self.levels)[: self.n_pairs][::-1]


_ARRAYS = {
    "alpha": "<f8",
    "window": "<f8",
    "pending_end_us": "<i8",
    "pending_scores": "<f8",
    "pending_missed": "i1",
    "weights": "<f8",
    "pending_moves": "<f8",
    "pending_known_sum": "<f8",
    "pending_row": "<i8",
    "n_alarms": "<i8",
}


def encode(state: ConformalState) -> dict[str, Any]:
    """The state as JSON values; arrays as base64 of little-endian bytes, so that no digit is lost.

    Example:
        >>> state = ConformalState.start((0.05, 0.5, 0.95), overlap_rows=3)
        >>> decode(encode(state)).levels == state.levels
        True
    """
    arrays = {
        name: {
            "shape": list(getattr(state, name).shape),
            "base64": base64.b64encode(getattr(state, name).astype(kind).tobytes()).decode("ascii"),
        }
        for name, kind in _ARRAYS.items()
    }
    return {
        "form": FORM,
        "parameters": state.parameters.model_dump(mode="json"),
        "levels": list(state.levels),
        "overlap_rows": state.overlap_rows,
        "delay_rows": state.delay_rows,
        "known_ratio": state.known_ratio,
        "known_sum": state.known_sum,
        "n_decisions": state.n_decisions,
        "n_matured": state.n_matured,
        "as_of_us": state.as_of_us,
        **arrays,
    }


def decode(values: Mapping[str, Any]) -> ConformalState:
    """The state that `encode` described.

    Raises:
        CorruptData: If the values are not those of a state, or were stored in an older form.
    """
    if values.get("form") != FORM:
        raise CorruptData(
            f"a stored calibration must be of form {FORM}", was=values.get("form", "none"), do="build the report again"
        )
    try:
        arrays = {
            name: np.frombuffer(base64.b64decode(values[name]["base64"], validate=True), dtype=kind)
            .reshape(values[name]["shape"])
            .astype(np.dtype(kind).newbyteorder("="))
            for name, kind in _ARRAYS.items()
        }
        _check_weights(arrays["weights"])
        return ConformalState(
            parameters=ConformalParameters.parse(values["parameters"]),
            levels=tuple(float(level) for level in values["levels"]),
            overlap_rows=int(values["overlap_rows"]),
            delay_rows=int(values["delay_rows"]),
            known_ratio=float(values["known_ratio"]),
            known_sum=float(values["known_sum"]),
            n_decisions=int(values["n_decisions"]),
            n_matured=int(values["n_matured"]),
            as_of_us=None if values["as_of_us"] is None else int(values["as_of_us"]),
            **arrays,
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise CorruptData(
            "a stored calibration must be one that was encoded", was=repr(error), do="build the report again"
        ) from None


def _check_weights(weights: Floats) -> None:
    if weights.shape != (N_RATIOS,):
        raise ValueError(f"{N_RATIOS} weights of volatility ratios are needed, were of shape {weights.shape}")
