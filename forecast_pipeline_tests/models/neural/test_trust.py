"""The context of a scale head is heeded where validation rows say so beyond chance, and nowhere else."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

from forecast_pipeline.models.neural.scale_head import ScaleHead
from forecast_pipeline.models.neural.trust import settle_trust

N_ROWS = 2000


def settled(truth: float, said: float, seed: int) -> list[float]:
    """Trust where the log deviation moves by ``truth`` with a context, and the head says ``said``."""
    rng = np.random.default_rng(seed)
    context = rng.choice([-1.0, 1.0], (N_ROWS, 1))
    target = rng.standard_t(6.0, (N_ROWS, 2)) * np.sqrt(4 / 6) * np.exp([truth, 0.0] * context)
    head = ScaleHead(np.array([[1.0, 1.0]]), 1)
    with torch.no_grad():
        head.steering.weight.zero_()
        head.steering.weight.view(2, 3, 1)[:, 0, 0] = said
    states = np.ones((N_ROWS, 1), np.float32)
    known = SimpleNamespace(conditions=SimpleNamespace(states=states), target=target)
    output = SimpleNamespace(context=torch.from_numpy(context.astype(np.float32)))
    settle_trust(head, known, output, (1, 2))
    return head.trust.tolist()


def test_a_context_that_is_right_for_one_increment_is_heeded_for_that_one_only():
    assert settled(truth=0.2, said=0.2, seed=1) == [1.0, 0.0]


def test_a_context_that_says_twice_too_much_is_heeded_by_half():
    assert settled(truth=0.15, said=0.3, seed=2)[0] in (0.25, 0.5, 0.75)


def test_a_context_that_knows_nothing_is_not_heeded():
    assert [settled(truth=0.0, said=0.1, seed=seed) for seed in range(5)] == [[0.0, 0.0]] * 5
