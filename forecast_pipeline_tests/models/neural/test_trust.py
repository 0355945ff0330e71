"""A context is heeded, by scale head and generator, where validation rows say so beyond chance, and nowhere else."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

from forecast_pipeline.models.neural.scale_head import ScaleHead
from forecast_pipeline.models.neural.stage_module import StageModule
from forecast_pipeline.models.neural.trust import generator_trust, settle_trust

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


class SquaredError(StageModule):
    """A generator whose context says by how much scores lie above zero; ``leans`` times too much of it."""

    def __init__(self, leans: float) -> None:
        super().__init__(SimpleNamespace(), 0)
        self.leans = leans

    def losses(self, batch, generator):
        noise = 0.5 * torch.randn(batch["scores"].shape, generator=generator)
        return {"loss": (batch["scores"] + noise - self.leans * batch["context"][:, :, None]).square().mean()}


def given_to_the_generator(says: float, leans: float, seed: int, n_rows: int = N_ROWS) -> float:
    """Trust where scores move by ``says`` with the context around a centre of 3."""
    rng = torch.Generator().manual_seed(seed)
    context = torch.randn((n_rows, 1), generator=rng)
    scores = torch.randn((n_rows, 1, 2), generator=rng) + says * context[:, :, None]
    centre = torch.full((1, 1), 3.0)
    module = SquaredError(leans)
    module.losses = lambda batch, noise: SquaredError.losses(  # what the generator learned is centred too
        module, {"scores": batch["scores"], "context": batch["context"] - centre}, noise
    )
    return generator_trust(module, {"scores": scores, "context": context + centre}, centre, (1, 2))


def test_a_generator_is_given_a_context_that_says_something():
    assert given_to_the_generator(says=0.3, leans=0.3, seed=1) == 1.0
    assert given_to_the_generator(says=0.3, leans=0.7, seed=2) == 0.5


def test_a_generator_that_leans_on_noise_is_not_given_it():
    assert [given_to_the_generator(says=0.0, leans=0.1, seed=seed) for seed in range(20)] == [0.0] * 20


def test_too_few_rows_to_judge_are_no_reason_for_trust():
    assert given_to_the_generator(says=1.0, leans=1.0, seed=3, n_rows=100) == 0.0
