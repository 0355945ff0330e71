"""Barrier probabilities of joint paths: touch of a level, and which of two levels is reached first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import polars as pl

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.symbol import pip_size
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes
from forecast_pipeline.forecasts.inference import decision_rows
from forecast_pipeline.models.paths import fine_path_draws

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.artifact import Artifact
    from forecast_pipeline.models.paths import PathDraws
    from forecast_pipeline.splits.assemble import Matrix

    Floats = npt.NDArray[np.float64]

DEFAULT_N_PATHS = 4000
_REACH = 6.0
"""Ways longer than so many deviations weigh nothing."""
_MAX_VISITS = 200
_LEAST_DEVIATION = 1e-3


class FirstTouch(NamedTuple):
    """Which of two levels is touched first by each of ``K`` interval ends, each of shape ``(K,)``.

    Attributes:
        upper: Probability that the upper one is.
        lower: Probability that the lower one is.
        neither: Probability that none is touched.
        tied: Part of the first two in which both are touched inside one interval, so that a rule says which is first.
        upper_least: Probability of the upper one if every tie went to the lower one.
        upper_most: Probability of the upper one if every tie went to it.
    """

    upper: Floats
    lower: Floats
    neither: Floats
    tied: Floats
    upper_least: Floats
    upper_most: Floats


def beyond_at_end(increments: Floats, level: float) -> Floats:
    """Probability to be at or beyond a level at each interval end, shape ``(K,)``: it forgets what was touched before.

    Args:
        increments: Shape ``(S, K)``, log returns.
        level: Log return from the start; above 0 it is an upper level, below 0 a lower one.

    Raises:
        InvalidConfiguration: If the level is 0 or not finite.

    Example:
        >>> beyond_at_end(np.array([[2.0, -2.0], [0.0, 3.0]]), 1.0).tolist()
        [0.5, 0.5]
    """
    side = _side(level)
    return np.asarray((side * np.cumsum(increments, axis=1) >= side * level).mean(axis=0))


def touched_at_ends(increments: Floats, level: float) -> Floats:
    """Probability that a level was reached at one of the interval ends so far, shape ``(K,)``: as many looks.

    Args and errors as for `beyond_at_end`.

    Example:
        >>> touched_at_ends(np.array([[2.0, -2.0], [0.0, 3.0]]), 1.0).tolist()
        [0.5, 1.0]
    """
    side = _side(level)
    reached = np.maximum.accumulate(side * np.cumsum(increments, axis=1), axis=1)
    return np.asarray((reached >= side * level).mean(axis=0))


def touched(paths: PathDraws, level: float) -> Floats:
    """Probability that a level was touched at any time so far, shape ``(K,)``, from extremes inside the intervals.

    For Brownian motion it is twice the probability to end beyond the level (reflection principle). See `models.paths`
    for where extremes come from.

    Args:
        paths: Arrays of shape ``(S, K)``.
        level: As for `beyond_at_end`.

    Raises:
        InvalidConfiguration: If the level is 0 or not finite.

    Example:
        >>> from forecast_pipeline.models.paths import PathDraws
        >>> paths = PathDraws(np.array([[0.5, 0.0]]), np.array([[0.75, 0.5]]), np.array([[0.0, 0.0]]))
        >>> touched(paths, 0.9).tolist(), touched(paths, -0.1).tolist()
        ([0.0, 1.0], [0.0, 0.0])
    """
    return np.asarray(np.logical_or.accumulate(_touches(paths, level), axis=1).mean(axis=0))


def first_touch(paths: PathDraws, upper: float, lower: float) -> FirstTouch:
    """Which of two levels is touched first, by each interval end.

    The first interval in which a path touches a level decides. Where it touches both there, the path counts for either
    with the probability that Brownian motion of that interval's mean square gives the order, between the same two ends
    and given that both are touched (`upper_first_given_both`). ``upper_least`` and ``upper_most`` bound any other rule.

    Args:
        paths: Arrays of shape ``(S, K)``.
        upper: Log return of the upper level, positive.
        lower: Log return of the lower level, negative.

    Raises:
        InvalidConfiguration: If levels are not on their sides of 0.

    Example:
        >>> from forecast_pipeline.models.paths import PathDraws
        >>> paths = PathDraws(np.array([[0.5, 0.0]]), np.array([[1.5, 0.0]]), np.array([[0.0, -2.0]]))
        >>> found = first_touch(paths, 1.0, -1.0)
        >>> found.upper.tolist(), found.lower.tolist(), found.tied.tolist()
        ([1.0, 1.0], [0.0, 0.0], [0.0, 0.0])
    """
    if not (upper > 0.0 > lower and np.isfinite(upper - lower)):
        raise InvalidConfiguration("the upper level must be above 0 and the lower one below", was=f"{upper}, {lower}")
    up, down = _touches(paths, upper), _touches(paths, lower)
    undecided = ~np.logical_or.accumulate(up | down, axis=1)
    is_first = (up | down) & np.concatenate([np.ones((len(up), 1), bool), undecided[:, :-1]], axis=1)
    is_tied = is_first & up & down
    end = np.cumsum(paths.increments, axis=1)
    deviation = np.sqrt(np.mean(np.square(paths.increments), axis=0))
    share = np.zeros(up.shape)
    row, k = np.nonzero(is_tied)
    start = end[row, k] - paths.increments[row, k]
    share[row, k] = upper_first_given_both(start, end[row, k], upper, lower, deviation[k])
    tied = _so_far(is_tied)
    least = _so_far(is_first & up & ~down)
    first_up = least + _so_far(share)
    neither = undecided.mean(axis=0)
    return FirstTouch(first_up, 1.0 - neither - first_up, neither, tied, least, least + tied)


def upper_first_given_both(start: Floats, end: Floats, upper: float, lower: float, deviation: Floats) -> Floats:
    """Probability that Brownian motion touches the upper level first, given both ends and that it touches both levels.

    The paths that visit levels in an order have, by reflection at each of them, the weight ``exp(-L^2 / (2 s^2))`` of
    a straight path of the length ``L`` of the shortest way that does; inclusion and exclusion of longer orders (up
    down, less down up down, and so on) leaves those that touch a level *first* (Anderson 1960, *A modification of the
    sequential probability ratio test to reduce the sample size*). At equal ends it is one half.

    Args:
        start: Value at the begin of the interval, between the levels.
        end: Value at its end.
        upper: Upper level.
        lower: Lower level.
        deviation: Deviation ``s`` of the motion over the interval, below 30 times the distance of the levels.

    Example:
        >>> at = np.array([0.0, 0.0]), np.array([0.0, 0.25])
        >>> upper_first_given_both(*at, 1.0, -1.0, np.array([1.0, 1.0])).round(2).tolist()
        [0.5, 0.12]
    """
    scale = 2.0 * np.square(np.maximum(deviation, _LEAST_DEVIATION * (upper - lower)))
    n_most = min(3 + int(_REACH * np.sqrt(scale.max(initial=0.0) / 2.0) / (upper - lower)), _MAX_VISITS)
    lengths = {(first, n): _way(start, end, (upper, lower), first, n) for first in (0, 1) for n in range(2, n_most + 1)}
    shortest = np.minimum(lengths[0, 2], lengths[1, 2])
    weights = np.zeros((2, *np.shape(shortest)))
    for (first, n_visits), length in lengths.items():
        weight = np.exp((np.square(shortest) - np.square(length)) / scale)  # relative to the likeliest way
        is_odd = n_visits % 2
        weights[(first + is_odd) % 2] += -weight if is_odd else weight
    weights = np.maximum(weights, 0.0)
    total = weights.sum(axis=0)
    return np.where(total > 0.0, weights[0] / np.where(total > 0.0, total, 1.0), 0.5)


def barrier_table(
    matrix: Matrix,
    artifact: Artifact,
    symbol: str,
    *,
    stop_pips: float,
    target_pips: float,
    side: Literal["long", "short"] = "long",
    n_paths: int = DEFAULT_N_PATHS,
) -> pl.DataFrame:
    """Stop and target probabilities from the newest closed bar, one row a horizon.

    Paths are the model's own, not calibrated; prices are of the side that the bars are of, and no spread is paid.

    Args:
        matrix: The newest matrix with the model's features (`inference.matrix_of`).
        artifact: Any family.
        symbol: Pair, for its pip.
        stop_pips: Distance of the stop from the price, against the position.
        target_pips: Distance of the target, with it.
        side: Of the position.
        n_paths: Paths drawn; the standard error of a probability is below ``0.5 / sqrt(n_paths)``.

    Returns:
        ``horizon_bars target_ts_utc stop_price target_price touch_stop touch_target target_first stop_first neither
        tied target_first_least target_first_most``: touch is of each level by itself, whatever happened to the other.

    Raises:
        InvalidConfiguration: If distances are not positive, or the price is nearer to 0 than the lower level.
        NotEnoughHistory: If an input of the model is still in its warm-up.
    """
    if not (0.0 < stop_pips < np.inf and 0.0 < target_pips < np.inf):
        raise InvalidConfiguration("stop and target must be positive pips", was=f"{stop_pips:g} and {target_pips:g}")
    if side not in ("long", "short"):
        raise InvalidConfiguration("side must be long or short", was=repr(side))
    if n_paths < 1:
        raise InvalidConfiguration("paths must be at least 1", was=str(n_paths))
    rows, prices = decision_rows(matrix, artifact, [-1])
    price, sign = float(prices[0]), 1.0 if side == "long" else -1.0
    stop, target = (price + sign * each * pip_size(symbol) for each in (-stop_pips, target_pips))
    if min(stop, target) <= 0.0:
        raise InvalidConfiguration(f"levels must be prices above 0 at {price:g}", was=f"{min(stop, target):g}")
    fine, n_pieces = fine_path_draws(artifact.forecaster, rows, n_paths)
    paths = fine.of_row(0)
    at_stop, at_target = float(np.log(stop / price)), float(np.log(target / price))
    first = first_touch(paths, max(at_stop, at_target), min(at_stop, at_target))
    target_first, stop_first = (first.upper, first.lower) if side == "long" else (first.lower, first.upper)
    least, most = first.upper_least, first.upper_most
    if side == "short":
        least, most = 1.0 - first.neither - most, 1.0 - first.neither - least
    columns = {
        "touch_stop": touched(paths, at_stop),
        "touch_target": touched(paths, at_target),
        "target_first": target_first,
        "stop_first": stop_first,
        "neither": first.neither,
        "tied": first.tied,
        "target_first_least": least,
        "target_first_most": most,
    }
    clock = trading_minutes(rows.issued_at_us) + np.array(artifact.horizons) * artifact.timeframe.minutes
    n_horizons = len(artifact.horizons)
    return pl.DataFrame(
        {
            "horizon_bars": pl.Series(artifact.horizons, dtype=pl.Int32),
            "target_ts_utc": pl.Series(instants_of_trading_minutes(clock)).cast(INSTANT),
            "stop_price": [stop] * n_horizons,
            "target_price": [target] * n_horizons,
            **{name: values[n_pieces - 1 :: n_pieces] for name, values in columns.items()},
        }
    )


def _side(level: float) -> float:
    if level == 0.0 or not np.isfinite(level):
        raise InvalidConfiguration("a level must lie above or below the start", was=str(level))
    return 1.0 if level > 0.0 else -1.0


def _touches(paths: PathDraws, level: float) -> npt.NDArray[np.bool_]:
    """Whether each interval touches the level, shape ``(S, K)``."""
    start = np.cumsum(paths.increments, axis=1) - paths.increments
    return start + paths.highest >= level if _side(level) > 0.0 else start + paths.lowest <= level


def _so_far(values: npt.NDArray[np.floating] | npt.NDArray[np.bool_]) -> Floats:
    """Mean over paths of what has come up to each interval end, shape ``(K,)``."""
    return np.asarray(np.cumsum(values.mean(axis=0)))


def _way(start: Floats, end: Floats, levels: tuple[float, float], first: int, n_visits: int) -> Floats:
    """Length of the shortest way that visits both levels in turn, ``n_visits`` times in all."""
    begins, ends = levels[first], levels[(first + n_visits - 1) % 2]
    return np.asarray(np.abs(begins - start) + (n_visits - 1) * (levels[0] - levels[1]) + np.abs(end - ends))
