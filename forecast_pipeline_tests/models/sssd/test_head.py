"""Promise: joint horizons cannot contradict each other, single ones are caught when they do, and weights count."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from forecast_pipeline.models.neural.stage_module import DIFFUSION
from forecast_pipeline.models.sssd.head import DiffusionHead, consistency_loss, cumulative_shares, weights_of
from forecast_pipeline.models.sssd.lit import SSSDLit
from forecast_pipeline_tests.models.sssd.made_panels import SMALL

HORIZONS = (1, 3, 6, 12)


def head(mode="joint", n_channels=1, **settings):
    torch.manual_seed(0)
    return DiffusionHead(SMALL.model_copy(update={"head_mode": mode, **settings}), n_channels, HORIZONS)


def lit(**settings):
    torch.manual_seed(0)
    return SSSDLit(
        SMALL.model_copy(update=settings),
        7,
        n_columns=[3],
        window_bars=[5],
        n_features=4,
        n_slow=0,
        horizons=HORIZONS,
        weights=np.ones((3, 4)),
        path_channels=1,
    )


def batch(n_rows=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        "scores": torch.randn(n_rows, 1, 4, generator=generator),
        "context": torch.randn(n_rows, SMALL.context_dim, generator=generator),
    }


@pytest.mark.parametrize("mode", ["joint", "per_horizon"])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_scores_come_back(mode, n_channels):
    scores, made = torch.randn(5, n_channels, 4), head(mode, n_channels)

    values = made.values(scores)

    assert values.shape == made.noise_shape(5)
    assert torch.equal(made.scores(values), scores)
    assert made.conditioned(torch.randn(5, SMALL.context_dim))(values, torch.tensor(3)).shape == values.shape
    assert made.conditioned(torch.randn(1, SMALL.context_dim))(values, torch.full((5,), 3)).shape == values.shape


def test_cumulative_returns_of_independent_scores_have_unit_variance():
    shares = cumulative_shares(HORIZONS)

    np.testing.assert_allclose(shares.square().sum(dim=0), 1.0, rtol=1e-6)


def test_cumulative_scores_are_the_sums_of_increments_of_their_size():
    increments = torch.randn(2, 4)
    expected = [
        [sum((HORIZONS[j] - (0, *HORIZONS)[j]) ** 0.5 * float(row[j]) for j in range(k + 1)) / HORIZONS[k] ** 0.5
         for k in range(4)]
        for row in increments
    ]  # fmt: skip

    np.testing.assert_allclose(increments @ cumulative_shares(HORIZONS), expected, rtol=1e-5)


def test_what_adds_up_does_not_contradict():
    increments, shares = torch.randn(9, 4), cumulative_shares(HORIZONS)

    assert float(consistency_loss(increments, increments @ shares, shares)) == 0.0
    assert float(consistency_loss(increments, increments @ shares + 0.1, shares)) == pytest.approx(0.01, rel=1e-4)


def test_contradictions_are_none_in_joint_mode_and_some_with_single_horizons():
    for mode, has_some in (("joint", False), ("per_horizon", True)):
        module = lit(head_mode=mode)
        module.begin(DIFFUSION, 10)
        with torch.no_grad():
            for parameter in module.diffusion.denoiser.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
            told = module.losses(batch(), torch.Generator().manual_seed(1))

        assert (float(told["consistency"]) > 0.0) == has_some


def test_the_consistency_weight_counts():
    plain, weighted = lit(head_mode="per_horizon"), lit(head_mode="per_horizon", consistency_weight=2.0)
    for module in (plain, weighted):
        module.begin(DIFFUSION, 10)
    first, second = (m.losses(batch(), torch.Generator().manual_seed(1)) for m in (plain, weighted))

    assert second["loss"].item() == pytest.approx((first["loss"] + 2.0 * first["consistency"]).item(), rel=1e-5)


@pytest.mark.parametrize("mode", ["joint", "per_horizon"])
def test_a_horizon_without_weight_has_no_gradient(mode):
    module = lit(head_mode=mode, horizon_weights=(1.0, 1.0, 1.0, 0.0))
    module.begin(DIFFUSION, 10)
    module.eval()  # no mirror images
    data = batch()
    data["scores"].requires_grad_(requires_grad=True)

    def target_gradient(weights):
        module.horizon_weights = weights_of(weights, 4)
        return module.losses(data, torch.Generator().manual_seed(1))["loss"]

    with_last, without = target_gradient((1.0, 1.0, 1.0, 1.0)), target_gradient((1.0, 1.0, 1.0, 0.0))

    # The untrained network predicts 0, so that each horizon's loss depends on its own score only.
    gradient = torch.autograd.grad(without, data["scores"])[0]
    assert float(gradient[..., 3].abs().max()) < 1e-7
    assert float(gradient[..., 0].abs().max()) > 1e-7
    assert with_last.item() != without.item()


def test_poles_and_steps_learn_slowly_and_do_not_decay():
    module = lit(learning_rate=0.01)
    module.begin("direct", 10)

    groups = {group["name"]: group for group in module.parameter_groups()}

    assert (groups["dynamics"]["lr"], groups["dynamics"]["weight_decay"]) == (1e-3, 0.0)
    assert (groups["weights"]["lr"], groups["single"]["weight_decay"]) == (0.01, 0.0)
    assert module.learning_rate == 0.01
    counted = sum(len(group["params"]) for group in groups.values())
    assert counted == sum(1 for each in module.parameters() if each.requires_grad)


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
def test_losses_are_single_precision_under_mixed_precision(precision):
    module = lit()
    module.begin("direct", 10)
    data = {
        "states": torch.ones(4, 3), "features": torch.randn(4, 4), "slow": torch.zeros(4, 0), "age": torch.zeros(4, 1),
        "bars_0": torch.randn(4, 5, 3), "is_known_0": torch.ones(4, 5, dtype=torch.bool), "target": torch.randn(4, 4),
    }  # fmt: skip

    with torch.autocast("cpu", dtype=precision):
        told = module.losses(data, torch.Generator().manual_seed(0))

    assert all(each.dtype == torch.float32 and torch.isfinite(each) for each in told.values())
