"""Adaptive conformal intervals whose labels arrive late: quantiles in, calibrated quantiles out."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast_pipeline.models.conformal.state import RAW

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.conformal.state import ConformalState

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]


class Calibrated(NamedTuple):
    """Quantiles of shape ``(B, Q)``, miss probabilities in use of shape ``(B, P)``, and the state afterwards."""

    quantiles: Floats
    alpha: Floats
    state: ConformalState


class Settings(NamedTuple):
    """Numbers that do not change along the way: see `state.ConformalParameters`."""

    target: float
    step: float
    stride: int
    fewest_scores: int
    most_scores: int
    inwards: float
    outwards: float


class Labels(NamedTuple):
    """All labels that will end, pending ones first.

    Attributes:
        order: npt.NDArray[np.int64] by end.
        n_ended: Shape ``(B,)``, how many of them have ended at each decision.
        n_pending: Labels of decisions before these.
    """

    order: npt.NDArray[np.int64]
    n_ended: npt.NDArray[np.int64]
    n_pending: int


class _Pair(NamedTuple):
    """What one pair of levels went through."""

    lower: Floats
    upper: Floats
    alpha: Floats
    missed: npt.NDArray[np.int8]
    window: Floats
    last_alpha: float
    n_alarms: int


def calibrate(
    state: ConformalState,
    issued_at_us: Instants,
    label_end_us: Instants,
    raw: Floats,
    scale: Floats,
    outcome: Floats,
) -> Calibrated:
    """Calibrate the quantiles of decisions in order of time, each from labels that have ended by then.

    Conformalised quantile regression (Romano, Patterson and Candès 2019) with the adaptive
    miss probability of Gibbs and Candès (2021), fed as labels end. For the pair of levels
    ``a / 2`` and ``1 - a / 2`` the score of a row is ``max(lower - y, y - upper) / scale``.
    At a decision the interval is moved out on both sides by ``scale`` times the
    ``ceil((1 - alpha)(n + 1))``-th smallest of the last ``n`` scores whose labels have
    ended, infinitely for a rank above ``n``; then its width is held to the limits, and it
    is made to hold the intervals of the pairs inside it. When the label ends,
    ``alpha += step (a - missed)``, where ``missed`` is about the interval as issued.
    With too few scores the interval stays raw, and teaches ``alpha`` nothing.

    Args:
        state: What is known before the first of these decisions.
        issued_at_us: Shape ``(B,)``, decisions, strictly increasing and after those of the state.
        label_end_us: Shape ``(B,)``, the instant from which the outcome may be used.
        raw: Shape ``(B, Q)``, quantiles at the levels of the state; crossing ones are sorted.
        scale: Shape ``(B,)``, standard deviation of the outcome as expected at the decision.
        outcome: Shape ``(B,)``; NaN where it is not known. Such a row never teaches anything.

    Returns:
        Non-decreasing quantiles. A row with a NaN in ``raw``, or without a positive scale, comes back as it was.

    Raises:
        ValueError: If shapes or the order of time do not fit.

    Example:
        >>> from forecast_pipeline.models.conformal.state import ConformalState
        >>> start, rows = ConformalState.start((0.05, 0.95), overlap_rows=1), np.arange(150)
        >>> raw = np.tile([-1.0, 1.0], (150, 1))  # always too wide by 0.5 on each side
        >>> done = calibrate(start, rows, rows + 1, raw, np.ones(150), np.tile([-0.5, 0.5], 75))
        >>> done.quantiles[[0, 149]].tolist()
        [[-1.0, 1.0], [-0.5, 0.5]]
    """
    _check(state, issued_at_us, label_end_us, raw, scale, outcome)
    n_pairs, n_levels = state.n_pairs, len(state.levels)
    quantiles = np.sort(raw, axis=1) if raw.size else raw.astype(np.float64)
    is_usable = np.isfinite(quantiles).all(axis=1) & (scale > 0.0) & np.isfinite(scale)
    middle = quantiles[:, n_pairs : n_levels - n_pairs]
    # Without a median the innermost interval has nothing to hold.
    inner_lower, inner_upper = (
        (middle[:, 0], middle[:, 0])
        if middle.shape[1]
        else (np.full(len(quantiles), math.inf), np.full(len(quantiles), -math.inf))
    )
    labels = _labels_in_order(state, issued_at_us, label_end_us, is_usable & np.isfinite(outcome))
    columns = [(n_pairs - 1 - p, n_levels - n_pairs + p) for p in range(n_pairs)]
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.column_stack(
            [np.maximum(quantiles[:, low] - outcome, outcome - quantiles[:, high]) / scale for low, high in columns]
        )
    calibrated, alphas, pairs = raw.astype(np.float64), np.empty((len(raw), n_pairs)), []
    shared = (is_usable, scale.astype(np.float64), outcome.astype(np.float64))
    for p, (low, high) in enumerate(columns):
        pair = _follow_pair(
            state,
            p,
            labels,
            shared,
            (quantiles[:, low], quantiles[:, high]),
            (inner_lower, inner_upper),
            scores[:, p],
        )
        calibrated[is_usable, low] = pair.lower[is_usable]
        calibrated[is_usable, high] = pair.upper[is_usable]
        alphas[:, p] = pair.alpha
        inner_lower, inner_upper = pair.lower, pair.upper
        pairs.append(pair)
    calibrated[is_usable, n_pairs : n_levels - n_pairs] = middle[is_usable]
    return Calibrated(calibrated, alphas, _next_state(state, issued_at_us, label_end_us, labels, scores, pairs))


def _labels_in_order(
    state: ConformalState, issued_at_us: Instants, label_end_us: Instants, is_known: npt.NDArray[np.bool_]
) -> Labels:
    n_pending = state.pending_end_us.size
    ends = np.concatenate([state.pending_end_us, label_end_us])
    candidates = np.concatenate([np.arange(n_pending), n_pending + np.flatnonzero(is_known)])
    order = candidates[np.argsort(ends[candidates], kind="stable")]
    n_ended = np.searchsorted(ends[order], issued_at_us, side="right")
    return Labels(order.astype(np.int64), n_ended.astype(np.int64), n_pending)


def _follow_pair(
    state: ConformalState,
    p: int,
    labels: Labels,
    shared: tuple[npt.NDArray[np.bool_], Floats, Floats],
    raw: tuple[Floats, Floats],
    inner: tuple[Floats, Floats],
    new_scores: Floats,
) -> _Pair:
    from forecast_pipeline.models.conformal.kernel import follow_pair

    given, target = state.parameters, float(state.nominal_alpha[p])
    settings = Settings(
        target=target,
        step=given.step_of(target, state.overlap_rows, state.delay_rows),
        stride=max(state.overlap_rows // given.scores_per_label, 1),
        fewest_scores=given.n_scores_at_least,
        most_scores=given.n_scores,
        inwards=0.5 * (given.narrowest - 1.0),
        outwards=0.5 * (given.widest - 1.0),
    )
    scores = np.concatenate([state.pending_scores[:, p], new_scores])
    missed = np.concatenate([state.pending_missed[:, p], np.full(new_scores.size, RAW)]).astype(np.int8)
    columns = tuple(np.ascontiguousarray(each, dtype=np.float64) for each in (*raw, *inner))
    window, alpha = np.ascontiguousarray(state.window[:, p]), float(state.alpha[p])
    lower, upper, alphas, kept, last, n_alarms = follow_pair(
        settings, labels, *shared, *columns, scores, missed, window, alpha, state.n_matured
    )
    return _Pair(lower, upper, alphas, missed, kept, last, n_alarms)


def _next_state(
    state: ConformalState,
    issued_at_us: Instants,
    label_end_us: Instants,
    labels: Labels,
    scores: Floats,
    pairs: list[_Pair],
) -> ConformalState:
    if issued_at_us.size == 0:
        return state
    waiting = np.sort(labels.order[labels.n_ended[-1] :])
    missed = np.column_stack([pair.missed for pair in pairs])
    return dataclasses.replace(
        state,
        alpha=np.asarray([pair.last_alpha for pair in pairs]),
        window=np.column_stack([pair.window for pair in pairs]),
        pending_end_us=np.concatenate([state.pending_end_us, label_end_us])[waiting],
        pending_scores=np.concatenate([state.pending_scores, scores])[waiting],
        pending_missed=missed[waiting],
        n_matured=state.n_matured + int(labels.n_ended[-1]),
        n_alarms=state.n_alarms + np.asarray([pair.n_alarms for pair in pairs]),
        as_of_us=int(issued_at_us[-1]),
    )


def _check(
    state: ConformalState, issued_at_us: Instants, label_end_us: Instants, raw: Floats, scale: Floats, outcome: Floats
) -> None:
    shapes = [issued_at_us.shape, label_end_us.shape, scale.shape, outcome.shape]
    expected = (issued_at_us.size, len(state.levels))
    if set(shapes) != {(issued_at_us.size,)} or raw.shape != expected:
        raise ValueError(f"raw must be {expected} and the others {expected[:1]}, were {raw.shape} and {shapes}")
    known_us = issued_at_us if state.as_of_us is None else np.append(state.as_of_us, issued_at_us)
    if np.any(np.diff(known_us) <= 0) or np.any(label_end_us <= issued_at_us):
        raise ValueError(
            f"decisions must increase strictly, come after the last one of the state ({state.as_of_us}), "
            "and every label must end after its decision"
        )
