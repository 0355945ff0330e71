"""Noise of a decision: a function of the model's seed and the decision's instant, and of nothing else."""

from __future__ import annotations

import numpy as np


def decision_noise(seed: int, issued_at_us: int, stream: int = 0) -> np.random.Generator:
    """A generator for one decision (Philox, Salmon et al. 2011: a counter under a key).

    Args:
        seed: Seed of the model or of the request.
        issued_at_us: Decision instant in UTC microseconds.
        stream: Number of the purpose, so that two purposes share no noise.

    Example:
        >>> first, again = (decision_noise(7, 1_700_000_000_000_000).normal() for _ in range(2))
        >>> first == again, first == decision_noise(7, 1_700_000_060_000_000).normal()
        (True, False)
    """
    words = np.random.SeedSequence([seed, issued_at_us & (2**64 - 1), stream]).generate_state(2, np.uint64)
    return np.random.Generator(np.random.Philox(key=words))
