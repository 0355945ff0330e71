"""Adaptive conformal intervals whose labels arrive late: quantiles in, calibrated quantiles out."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast_pipeline.models.conformal import volatility
from forecast_pipeline.models.conformal.state import RAW

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.conformal.state import ConformalState

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]


class Calibrated(NamedTuple):
    """What the layer issued.

    Attributes:
        quantiles: Shape ``(B, Q)``.
        alpha: Shape ``(B, P)``, miss probabilities in use.
        volatility_ratio: Shape ``(B,)``, by which quantiles were stretched about their median.
        is_raw: Shape ``(B,)``, whether a row came back as it was: because of a NaN, or because no label had ended.
        state: What is known afterwards.
    """

    quantiles: Floats
    alpha: Floats
    volatility_ratio: Floats
    is_raw: npt.NDArray[np.bool_]
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
    known_ratio: Floats | None = None,
) -> Calibrated:
    """Calibrate the quantiles of decisions in order of time, each from labels that have ended by then.

    First the quantiles are stretched about their median by the volatility ratio of
    `volatility.follow`, which finds a break in a handful of labels. What is left is the
    conformalised quantile regression of Romano, Patterson and Candès (2019) with the
    adaptive miss probability of Gibbs and Candès (2021), fed as labels end. For the pair of
    levels ``a / 2`` and ``1 - a / 2`` the score of a row is ``max(lower - y, y - upper)``
    over ``scale`` times the ratio, both as they were at its decision. The interval is moved
    out on both sides by the ``ceil((1 - alpha)(n + 1))``-th smallest of the last ``n``
    scores whose labels have ended, in the same units: by the largest one for a rank above
    ``n``, infinitely for ``alpha <= 0``. Then its width is held to the limits, and it is made
    to hold the intervals of the pairs inside it. When the label ends,
    ``alpha += step (a - missed)``, where ``missed`` is about the interval as issued.
    With too few scores the interval is only stretched, and teaches ``alpha`` nothing.

    Args:
        state: What is known before the first of these decisions.
        issued_at_us: Shape ``(B,)``, decisions, strictly increasing and after those of the state.
        label_end_us: Shape ``(B,)``, the instant from which the outcome may be used.
        raw: Shape ``(B, Q)``, quantiles at the levels of the state; crossing ones are sorted.
        scale: Shape ``(B,)``, standard deviation of the outcome as expected at the decision.
        outcome: Shape ``(B,)``; NaN where it is not known. Such a row never teaches anything.
        known_ratio: Shape ``(B,)``, positive, volatility ratio known at the decision from elsewhere: from the labels
            of a shorter horizon, which end sooner. The last one of the state if omitted, one at the start.

    Returns:
        Non-decreasing quantiles. A row with a NaN in ``raw``, or without a positive scale, comes back as it was.

    Raises:
        ValueError: If shapes, the order of time or a known ratio do not fit.

    Example:
        >>> from forecast_pipeline.models.conformal.state import ConformalState
        >>> start, rows = ConformalState.start((0.05, 0.95), overlap_rows=1), np.arange(150)
        >>> raw = np.tile([-1.0, 1.0], (150, 1))  # always too wide by 0.5 on each side
        >>> done = calibrate(start, rows, rows + 1, raw, np.ones(150), np.tile([-0.5, 0.5], 75))
        >>> done.quantiles[[0, 149]].round(1).tolist()
        [[-1.0, 1.0], [-0.5, 0.5]]
    """
    known = np.full(issued_at_us.size, state.known_ratio) if known_ratio is None else known_ratio.astype(np.float64)
    _check(state, issued_at_us, label_end_us, raw, scale, outcome, known)
    quantiles = np.sort(raw, axis=1) if raw.size else raw.astype(np.float64)
    is_usable = np.isfinite(quantiles).all(axis=1) & (scale > 0.0) & np.isfinite(scale)
    labels = _labels_in_order(state, issued_at_us, label_end_us, is_usable & np.isfinite(outcome))
    # The mean of the two innermost levels where there is no median.
    centre = quantiles[:, [(len(state.levels) - 1) // 2, len(state.levels) // 2]].mean(axis=1)
    moves = volatility.moves_of(state, quantiles, centre, scale, outcome, known)
    ratio, weights = volatility.follow(state, labels, moves, issued_at_us, label_end_us, known)
    stretched = centre[:, None] + ratio[:, None] * (quantiles - centre[:, None])
    # A ratio of one changes no digit.
    quantiles = np.where(ratio[:, None] == 1.0, quantiles, stretched)
    calibrated, scores, pairs = _follow_pairs(state, labels, is_usable, scale * ratio, outcome, quantiles)
    alphas = np.column_stack([pair.alpha for pair in pairs])
    # Before the first label the ratio is one unless it is known from elsewhere, and there are no scores.
    is_raw = ~is_usable | ((state.n_matured + labels.n_ended == 0) & (known == 1.0))
    issued = np.where(is_usable[:, None], calibrated, raw)
    following = _next_state(state, issued_at_us, label_end_us, labels, scores, pairs)
    if issued_at_us.size:
        following = _with_volatility(following, state, labels, moves, weights, known)
    return Calibrated(issued, alphas, ratio, is_raw, following)


def _follow_pairs(
    state: ConformalState,
    labels: Labels,
    is_usable: npt.NDArray[np.bool_],
    scale: Floats,
    outcome: Floats,
    quantiles: Floats,
) -> tuple[Floats, Floats, list[_Pair]]:
    """Quantiles of shape ``(B, Q)``, scores of shape ``(B, P)``, and what the pairs went through, inner ones first."""
    n_pairs, n_levels = state.n_pairs, len(state.levels)
    middle = quantiles[:, n_pairs : n_levels - n_pairs]
    # Without a median the innermost interval has nothing to hold.
    inner_lower, inner_upper = (
        (middle[:, 0], middle[:, 0])
        if middle.shape[1]
        else (np.full(len(quantiles), math.inf), np.full(len(quantiles), -math.inf))
    )
    columns = [(n_pairs - 1 - p, n_levels - n_pairs + p) for p in range(n_pairs)]
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.column_stack(
            [np.maximum(quantiles[:, low] - outcome, outcome - quantiles[:, high]) / scale for low, high in columns]
        )
    calibrated, pairs = quantiles.astype(np.float64), []
    shared = (is_usable, scale.astype(np.float64), outcome.astype(np.float64))
    for p, (low, high) in enumerate(columns):
        raw, inner = (quantiles[:, low], quantiles[:, high]), (inner_lower, inner_upper)
        pair = _follow_pair(state, p, labels, shared, raw, inner, scores[:, p])
        calibrated[:, low], calibrated[:, high] = pair.lower, pair.upper
        inner_lower, inner_upper = pair.lower, pair.upper
        pairs.append(pair)
    return calibrated, scores, pairs


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


def _with_volatility(
    following: ConformalState,
    state: ConformalState,
    labels: Labels,
    moves: volatility.Moves,
    weights: Floats,
    known_ratio: Floats,
) -> ConformalState:
    waiting = np.sort(labels.order[labels.n_ended[-1] :])
    return dataclasses.replace(
        following,
        weights=weights,
        pending_moves=moves.size[waiting],
        pending_known_sum=moves.known_sum[waiting],
        pending_row=moves.row[waiting],
        known_ratio=float(known_ratio[-1]),
        known_sum=float(volatility.known_sums(state, known_ratio)[-1]),
        n_decisions=state.n_decisions + known_ratio.size,
    )


def _check(
    state: ConformalState,
    issued_at_us: Instants,
    label_end_us: Instants,
    raw: Floats,
    scale: Floats,
    outcome: Floats,
    known_ratio: Floats,
) -> None:
    shapes = [issued_at_us.shape, label_end_us.shape, scale.shape, outcome.shape, known_ratio.shape]
    expected = (issued_at_us.size, len(state.levels))
    if set(shapes) != {(issued_at_us.size,)} or raw.shape != expected:
        raise ValueError(f"raw must be {expected} and the others {expected[:1]}, were {raw.shape} and {shapes}")
    known_us = issued_at_us if state.as_of_us is None else np.append(state.as_of_us, issued_at_us)
    if np.any(np.diff(known_us) <= 0) or np.any(label_end_us <= issued_at_us):
        raise ValueError(
            f"decisions must increase strictly, come after the last one of the state ({state.as_of_us}), "
            "and every label must end after its decision"
        )
    if not (np.isfinite(known_ratio) & (known_ratio > 0.0)).all():
        raise ValueError("a known volatility ratio must be positive and finite: pass 1.0 where nothing is known")
