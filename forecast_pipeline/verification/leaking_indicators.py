"""Indicators that look ahead or forget to warm up, planted on purpose to see the checks catch them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.features.catalogue.indicator import Indicator, Output
from forecast_pipeline.features.compute import Planned

if TYPE_CHECKING:
    from collections.abc import Callable

    from forecast_pipeline.features.bar_arrays import BarArrays, FloatArray

_FEW_BARS = 64
_STAY_PROBABILITY = 0.95


def log_returns(bars: BarArrays) -> FloatArray:
    """Log return of each bar, 0 in the first row."""
    return np.diff(np.log(bars.close), prepend=np.log(bars.close[:1]))


def centred_mean(bars: BarArrays) -> FloatArray:
    """F4: rolling mean of nine closes with the row in their middle."""
    padded = np.pad(bars.close, 4, mode="edge")
    return np.asarray(np.mean([padded[k : k + bars.close.size] for k in range(9)], axis=0) / bars.close)


def full_sample_score(bars: BarArrays) -> FloatArray:
    """F5: standardised with mean and deviation of all rows."""
    returns = log_returns(bars)
    return np.asarray((returns - returns.mean()) / max(returns.std(), 1e-12))


def backfilled(bars: BarArrays) -> FloatArray:
    """F6: the return across a hole is unknown and filled with the next one."""
    returns = log_returns(bars)
    known = np.append(True, bars.opens_us[1:] == bars.closes_us[:-1])
    following = np.minimum.accumulate(np.where(known, np.arange(returns.size), returns.size - 1)[::-1])[::-1]
    return returns[following]


def next_return(bars: BarArrays) -> FloatArray:
    """F7: the return that is to be forecast."""
    return np.append(log_returns(bars)[1:], 0.0)


def principal_component(bars: BarArrays) -> FloatArray:
    """F8: first principal component of five lagged returns, fitted on all rows."""
    returns = log_returns(bars)
    lagged = np.stack([np.concatenate([np.zeros(lag), returns[: returns.size - lag]]) for lag in range(5)], axis=1)
    if len(bars) < lagged.shape[1]:
        return np.zeros(len(bars))
    _, _, axes = np.linalg.svd(lagged - lagged.mean(axis=0), full_matrices=False)
    return np.asarray(lagged @ axes[0] * np.sign(axes[0][np.argmax(np.abs(axes[0]))]))


def smoothed_state(bars: BarArrays) -> FloatArray:
    """F9: probability of the volatile one of two states, smoothed from both sides."""
    scaled = np.abs(log_returns(bars)) / 1e-4
    likelihood = np.stack([np.exp(-scaled), np.exp(-scaled / 3.0) / 3.0], axis=1) + 1e-12
    moves = np.array([[_STAY_PROBABILITY, 1 - _STAY_PROBABILITY], [1 - _STAY_PROBABILITY, _STAY_PROBABILITY]])
    forward, backward = np.full_like(likelihood, 0.5), np.ones_like(likelihood)
    for row in range(1, len(bars)):
        forward[row] = likelihood[row] * (forward[row - 1] @ moves)
        forward[row] /= forward[row].sum()
    for row in range(len(bars) - 2, -1, -1):
        backward[row] = moves @ (likelihood[row + 1] * backward[row + 1])
        backward[row] /= backward[row].sum()
    both = forward * backward
    return np.asarray(both[:, 1] / both.sum(axis=1))


def regime_of_all_rows(bars: BarArrays) -> FloatArray:
    """F10: rank of the bar's range among all rows."""
    return np.asarray((bars.high - bars.low).argsort().argsort() / max(len(bars), 1))


def cold_average(bars: BarArrays) -> FloatArray:
    """F11: exponential average of 200 bars that counts from the first rows on."""
    from scipy.signal import lfilter

    weight = 2.0 / 201.0
    start = bars.close[:1] * (1.0 - weight)
    average, _ = lfilter([weight], [1.0, weight - 1.0], bars.close, zi=start) if len(bars) else (bars.close, None)
    return np.log(bars.close / average)


def volume_from_origin(bars: BarArrays) -> FloatArray:
    """F12: on-balance volume summed from wherever the history begins."""
    traded = np.where(np.isnan(bars.volume), 1.0, bars.volume)
    return np.cumsum(np.sign(log_returns(bars)) * traded)


def normalised_with_target(bars: BarArrays) -> FloatArray:
    """F16: the window's normalisation includes the twelve bars that are to be forecast."""
    logs = np.pad(np.log(bars.close), (52, 12), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(logs, 65)
    return np.asarray((np.log(bars.close) - windows.mean(axis=1)) / np.maximum(windows.std(axis=1), 1e-12))


def _planted(name: str, compute: Callable[[BarArrays], FloatArray], required_bars: int) -> Planned:
    indicator = Indicator(
        name=name,
        group="planted",
        summary="a leak planted on purpose",
        reference="none",
        inputs=("close",),
        outputs=(Output("", "any", "nothing that may be used"),),
        required_bars=lambda *_: required_bars,
        compute=lambda bars, _: (compute(bars),),
    )
    return Planned(indicator, {}, required_bars, (name,))


LEAKING_INDICATORS = (
    ("F4", "rolling mean centred on the row", _planted("planted_centred", centred_mean, 9)),
    ("F5", "standardised with statistics of all rows", _planted("planted_score", full_sample_score, 2)),
    ("F6", "unknown return filled backwards over a hole", _planted("planted_backfill", backfilled, 2)),
    ("F7", "the next return as a feature", _planted("planted_next", next_return, 2)),
    ("F8", "principal component fitted on all rows", _planted("planted_component", principal_component, 6)),
    ("F9", "state probability smoothed from both sides", _planted("planted_state", smoothed_state, _FEW_BARS)),
    ("F10", "regime by a quantile of all rows", _planted("planted_regime", regime_of_all_rows, 1)),
    ("F11", "average of 200 bars without its warm-up", _planted("planted_average", cold_average, _FEW_BARS)),
    ("F12", "on-balance volume from the origin of the history", _planted("planted_volume", volume_from_origin, 97)),
    ("F16", "window normalised together with its target", _planted("planted_window", normalised_with_target, 53)),
)
"""Code, text and the indicator ready to be computed."""
