"""Other symbols beside the simulated bars: walks that share currencies with EURUSD, some bars missing."""

from __future__ import annotations

import numpy as np

SYMBOL = "EURUSD"
NAMES = ("GBPUSD", "USDJPY", "EURGBP", "EURJPY", "AUDUSD")


def simulated_peers(n_bars: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Closes on the rows of ``n_bars`` bars; 2 % of them are NaN."""
    rng = np.random.default_rng(seed + 77)
    peers = {}
    for name in NAMES:
        closes = 1.3 * np.exp(rng.normal(scale=1e-4, size=n_bars).cumsum())
        closes[rng.random(n_bars) < 0.02] = np.nan
        peers[name] = closes
    return peers


def cut_peers(peers: dict[str, np.ndarray], start: int, stop: int) -> dict[str, np.ndarray]:
    """The same closes on a stretch of the rows."""
    return {name: closes[start:stop] for name, closes in peers.items()}
