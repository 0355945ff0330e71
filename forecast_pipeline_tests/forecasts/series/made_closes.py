"""Closes made by hand: random walks with a volatility that is known."""

from __future__ import annotations

import numpy as np


def walk(n_bars: int, *, std: float = 0.006, seed: int = 0) -> np.ndarray:
    """Closes with independent normal log returns."""
    return 1.1 * np.exp(std * np.random.default_rng(seed).standard_normal(n_bars).cumsum())


def garch_walk(n_bars: int, *, seed: int = 0) -> np.ndarray:
    """Closes of a GARCH(1,1) world with t innovations, persistence 0.97 and about 0.6 % a bar."""
    rng = np.random.default_rng(seed)
    shocks, variance, returns = rng.standard_t(6.0, n_bars) * np.sqrt(4 / 6), 3.6e-5, []
    for shock in shocks:
        returns.append(np.sqrt(variance) * shock)
        variance = 1.08e-6 + 0.07 * returns[-1] ** 2 + 0.9 * variance
    return 1.1 * np.exp(np.cumsum(returns))


def related_walks(n_bars: int, correlation: float, *, seed: int = 0) -> np.ndarray:
    """Two columns of closes whose returns have that correlation."""
    rng = np.random.default_rng(seed)
    shocks = rng.standard_normal((n_bars, 2))
    shocks[:, 1] = correlation * shocks[:, 0] + np.sqrt(1 - correlation**2) * shocks[:, 1]
    return np.array([1.1, 150.0]) * np.exp(0.006 * shocks.cumsum(axis=0))
