"""Stylised facts of returns: what simulated paths have to share with the history that they are to stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Hours = npt.NDArray[np.int64]

N_HOURS = 24
CLUSTERING_LAGS = 20
MEMORY_LAGS = 5
AGGREGATED_BARS = 16
TAIL_FRACTION = 0.025
N_RESAMPLES = 200
BAND = (0.025, 0.975)
BLOCKS_PER_PATH = 4
"""Blocks of history in a resample as long as a path: volatility clusters within them as it did."""
MIN_STANDARD_ERRORS = 3.0
MIN_BARS = 100
_VALUES_AT_ONCE = 2_000_000


class ReturnPanel(NamedTuple):
    """Returns of ``P`` paths of ``T`` bars each; a history is one path.

    Attributes:
        returns: Shape ``(P, T)``, log returns.
        deseasonalised: Shape ``(P, T)``, the same over the root of their hour's share of the variance, so that the
            clock of the day is not taken for clustering or for tails.
        hour: Shape ``(P, T)``, hour of the day, 0 to 23, in which each bar lies; all 0 where bars are days.
    """

    returns: Floats
    deseasonalised: Floats
    hour: Hours


class Fact(NamedTuple):
    """One stylised fact of simulated paths beside the history's own.

    Attributes:
        name: Which fact.
        statistic: What is measured.
        simulated: Median over paths.
        history: The history's, over its whole length.
        low: Lower end of the band in which stretches of the history as long as a path lie.
        high: Upper end of it.
        verdict: ``pass``; ``weaker`` or ``stronger`` where the fact is there and outside the band; ``fail`` where it is
            not there although the history has it and would show it; ``reported`` where nothing is asked.
    """

    name: str
    statistic: str
    simulated: float
    history: float
    low: float
    high: float
    verdict: str


@dataclass(frozen=True, slots=True)
class _Check:
    """How a fact is measured, and when it is there.

    Attributes:
        name: Of the fact.
        statistic: What is measured.
        measure: Statistic of each path.
        history: Bars that the statistic is resampled from.
        null_error: Its deviation for independent normal returns, given the bars; None where it need not differ from 0.
        is_judged: Whether there is a verdict.
        has_ceiling: Whether there may be too much of it.
    """

    name: str
    statistic: str
    measure: Callable[[ReturnPanel], Floats]
    history: ReturnPanel
    null_error: Callable[[int], float] | None = None
    is_judged: bool = True
    has_ceiling: bool = True


def stylised_facts(simulated: ReturnPanel, history: ReturnPanel, *, seed: int) -> list[Fact]:
    """Fat tails, no linear memory, volatility clustering, leverage, aggregational Gaussianity and the intraday clock.

    The facts are Cont's [1]_. Each statistic is taken of every path; the median over paths is held against the band of
    the same statistic over resamples of the history *as long as a path* (circular blocks, `BLOCKS_PER_PATH` a path):
    finite length moves kurtosis and autocorrelations, and moves them alike on both sides. Facts that are differences
    from independent normal returns also have to be there, by `MIN_STANDARD_ERRORS` standard errors over all paths, if
    so many paths of the history would show them.
    In exchange rates leverage is weak and of either sign: it is reported and not judged.

    Args:
        simulated: ``P`` paths.
        history: One path, for example the training bars. NaN is left out of it.
        seed: Equal seeds give equal bands.

    Raises:
        ValueError: If paths are shorter than 100 bars, or the history is.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> normal, fat = rng.standard_normal((4, 1000)), rng.standard_t(3, (1, 9000))
        >>> panels = [ReturnPanel(each, each, np.zeros(each.shape, np.int64)) for each in (normal, fat)]
        >>> stylised_facts(*panels, seed=1)[0].verdict
        'fail'

    .. [1] R. Cont, *Empirical properties of asset returns: stylized facts and statistical issues*, Quantitative
       Finance 1, 2001, section 2.
    """
    history = _known(history)
    n_paths, n_bars = simulated.returns.shape
    if min(n_bars, history.returns.shape[1]) < MIN_BARS:
        lengths = f"{n_bars} and {history.returns.shape[1]}"
        raise ValueError(f"paths and history must have at least {MIN_BARS} bars, had {lengths}")
    found = []
    for check in _checks(history):
        own = check.measure(simulated)
        whole = float(check.measure(check.history)[0])
        resampled = _resampled(check, n_bars, seed)
        low, high = np.quantile(resampled, BAND).tolist()
        median = float(np.median(own))
        verdict = "weaker" if median < low else "stronger" if median > high and check.has_ceiling else "pass"
        if not check.is_judged:
            verdict = "reported"
        elif check.null_error is not None:
            is_there = own.mean() > MIN_STANDARD_ERRORS * check.null_error(n_bars) / np.sqrt(n_paths)
            was_there = whole > MIN_STANDARD_ERRORS * check.null_error(check.history.returns.shape[1])
            would_show = resampled.mean() > own.mean() + MIN_STANDARD_ERRORS * resampled.std() / np.sqrt(n_paths)
            is_missed = would_show or verdict == "weaker"
            verdict = "fail" if was_there and is_missed and not is_there else verdict
        found.append(Fact(check.name, check.statistic, median, whole, low, high, verdict))
    return found


def excess_kurtosis(values: Floats) -> Floats:
    """Fourth moment over the squared second, less 3, along the last axis; 0 for normal values.

    Example:
        >>> excess_kurtosis(np.array([-1.0, 1.0, -1.0, 1.0])).item()
        -2.0
    """
    centred = np.square(values - values.mean(axis=-1, keepdims=True))
    variance = np.maximum(centred.mean(axis=-1), np.finfo(float).tiny)
    return np.asarray(np.square(centred).mean(axis=-1) / np.square(variance) - 3.0)


def tail_index(values: Floats, fraction: float = TAIL_FRACTION) -> Floats:
    """Hill's estimate of the exponent of the tails of sizes, along the last axis: 3 to 5 for most returns.

    Args:
        values: Shape ``(..., T)``.
        fraction: Share of the largest sizes that it is taken of.

    Example:
        >>> pareto = np.random.default_rng(0).pareto(3.0, 200_000) + 1.0
        >>> round(float(tail_index(pareto)), 1)
        3.0
    """
    n_tail = max(int(fraction * values.shape[-1]), 2)
    sizes = np.sort(np.abs(values), axis=-1)[..., -n_tail - 1 :]
    logs = np.log(np.maximum(sizes, np.finfo(float).tiny))
    return np.asarray(1.0 / np.maximum((logs[..., 1:] - logs[..., :1]).mean(axis=-1), np.finfo(float).eps))


def mean_autocorrelation(values: Floats, n_lags: int, later: Floats | None = None) -> Floats:
    """Mean correlation of values with those ``1 .. n_lags`` bars later, or with other ``later`` values.

    Example:
        >>> mean_autocorrelation(np.array([1.0, -1.0] * 50), 1).round(2).item()
        -0.99
    """
    first = values - values.mean(axis=-1, keepdims=True)
    second = first if later is None else later - later.mean(axis=-1, keepdims=True)
    size = np.sqrt(np.square(first).mean(axis=-1) * np.square(second).mean(axis=-1))
    n_bars = values.shape[-1]
    total = sum((first[..., : n_bars - lag] * second[..., lag:]).sum(axis=-1) for lag in range(1, n_lags + 1))
    return np.asarray(total / (n_lags * n_bars * np.maximum(size, np.finfo(float).tiny)))


def kurtosis_fall(values: Floats, n_bars: int = AGGREGATED_BARS) -> Floats:
    """Excess kurtosis of returns less that of sums over ``n_bars`` of them: positive if sums are nearer to normal."""
    n_whole = values.shape[-1] // n_bars * n_bars
    sums = values[..., :n_whole].reshape(*values.shape[:-1], -1, n_bars).sum(axis=-1)
    return excess_kurtosis(values) - excess_kurtosis(sums)


def hourly_deviation(returns: Floats, hour: Hours) -> Floats:
    """Deviation about zero of the returns of each hour, shape ``(P, 24)``; the path's own where it has none.

    Args:
        returns: Shape ``(P, T)``.
        hour: Shape ``(P, T)``.
    """
    n_paths = returns.shape[0]
    cell = (hour + N_HOURS * np.arange(n_paths)[:, None]).ravel()
    squared = np.square(returns)
    total = np.bincount(cell, squared.ravel(), minlength=n_paths * N_HOURS).reshape(n_paths, N_HOURS)
    count = np.bincount(cell, minlength=n_paths * N_HOURS).reshape(n_paths, N_HOURS)
    mean = np.broadcast_to(squared.mean(axis=1, keepdims=True), total.shape)
    return np.sqrt(np.where(count > 0, total / np.maximum(count, 1), mean))


def _checks(history: ReturnPanel) -> list[_Check]:
    tails = _Check(
        "fat tails", "excess kurtosis", lambda p: excess_kurtosis(p.deseasonalised), history, lambda n: (24 / n) ** 0.5
    )
    index = _Check("tail index", f"Hill, largest {TAIL_FRACTION:.1%}", lambda p: tail_index(p.deseasonalised), history)
    memory = _Check(
        "no linear memory",
        f"mean autocorrelation of r, lags 1-{MEMORY_LAGS}",
        lambda p: mean_autocorrelation(p.deseasonalised, MEMORY_LAGS),
        history,
    )
    clusters = [
        _Check(
            "volatility clustering",
            f"mean autocorrelation of {name}, lags 1-{CLUSTERING_LAGS}",
            lambda p, size=size: mean_autocorrelation(size(p.deseasonalised), CLUSTERING_LAGS),  # type: ignore[misc]
            history,
            lambda n: 1.0 / np.sqrt(n * CLUSTERING_LAGS),
        )
        for name, size in (("|r|", np.abs), ("r^2", np.square))
    ]
    leverage = _Check(
        "leverage",
        f"mean correlation of r with later r^2, lags 1-{CLUSTERING_LAGS}",
        lambda p: mean_autocorrelation(p.deseasonalised, CLUSTERING_LAGS, np.square(p.deseasonalised)),
        history,
        is_judged=False,
    )
    sums = _Check(
        "aggregational Gaussianity",
        f"fall of excess kurtosis from 1 to {AGGREGATED_BARS} bars",
        lambda p: kurtosis_fall(p.deseasonalised),
        history,
        lambda n: np.sqrt(24 / n * (1 + AGGREGATED_BARS)),
    )
    has_clock = np.ptp(history.hour) > 0
    return [tails, index, memory, *clusters, leverage, sums, *([_clock_check(history)] if has_clock else [])]


def _clock_check(history: ReturnPanel) -> _Check:
    """Paths and resamples of every other day are held against the profile of the days between.

    Held against their own profile, resamples would share its errors of measurement, which no path can.
    """
    begins_day = np.diff(history.hour[0], prepend=N_HOURS) < 0
    is_odd = np.cumsum(begins_day) % 2 == 1
    between, others = (_bars_at(history, np.flatnonzero(each)[None]) for each in (is_odd, ~is_odd))
    profile = hourly_deviation(between.returns, between.hour)
    return _Check(
        "intraday clock",
        "correlation of hourly deviations with the history's",
        lambda p: _correlation(hourly_deviation(p.returns, p.hour), profile),
        others,
        lambda _: 1.0 / np.sqrt(N_HOURS - 1),
        has_ceiling=False,  # a model may know the clock better than half of the days do
    )


def _resampled(check: _Check, n_bars: int, seed: int) -> Floats:
    """The statistic over resamples of the history, shape ``(N_RESAMPLES,)``."""
    rng, n_history = np.random.default_rng(seed), check.history.returns.shape[1]
    length = max(n_bars // BLOCKS_PER_PATH, 1)
    start = rng.integers(0, n_history, (N_RESAMPLES, -(-n_bars // length), 1))
    places = ((start + np.arange(length)) % n_history).reshape(N_RESAMPLES, -1)[:, :n_bars]
    n_parts = max(N_RESAMPLES * n_bars // _VALUES_AT_ONCE, 1)
    parts = [check.measure(_bars_at(check.history, part)) for part in np.array_split(places, n_parts)]
    return np.concatenate(parts)


def _correlation(rows: Floats, other: Floats) -> Floats:
    first, second = (each - each.mean(axis=1, keepdims=True) for each in (rows, other))
    size = np.sqrt(np.square(first).sum(axis=1) * np.square(second).sum(axis=1))
    return np.asarray((first * second).sum(axis=1) / np.maximum(size, np.finfo(float).tiny))


def _known(history: ReturnPanel) -> ReturnPanel:
    known = np.isfinite(history.returns[0]) & np.isfinite(history.deseasonalised[0])
    return _bars_at(history, np.flatnonzero(known)[None])


def _bars_at(history: ReturnPanel, places: npt.NDArray[np.intp]) -> ReturnPanel:
    """Bars of the one path of a history, one path a row of ``places``."""
    return ReturnPanel(history.returns[0][places], history.deseasonalised[0][places], history.hour[0][places])
