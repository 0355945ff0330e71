"""The denoiser: nothing at first, blind to other rows, the same by its fast path, not bounded far out."""

from __future__ import annotations

import math

import pytest
import torch

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.diffusion.denoiser import DiffusionModel
from forecast_pipeline.models.diffusion.embedding import SinusoidalEmbedding, TimeEmbedding
from forecast_pipeline.models.diffusion.samplers import draw
from forecast_pipeline.models.diffusion.schedule import NoiseSchedule


def trained_in_appearance(n_dims=4, n_context=3, **sizes):
    """A network none of whose weights is 0, as after training."""
    torch.manual_seed(1)
    model = DiffusionModel(n_dims, n_context, **{"width": 32, "n_blocks": 2, "time_width": 16, **sizes})
    with torch.no_grad():
        for each in model.parameters():
            each.add_(0.1 * torch.randn_like(each))
    return model.eval()


def inputs(n_rows=6, n_dims=4, n_context=3):
    generator = torch.Generator().manual_seed(2)
    noisy = torch.randn(n_rows, n_dims, generator=generator)
    step = torch.randint(0, 1000, (n_rows,), generator=generator)
    return noisy, step, torch.randn(n_rows, n_context, generator=generator)


def test_embedded_steps_are_cosines_and_sines_by_the_definition():
    embedded = SinusoidalEmbedding(8)(torch.tensor([0, 3, 999])).tolist()

    for step, row in zip((0, 3, 999), embedded, strict=True):
        angles = [step * 10_000 ** (-k / 4) for k in range(4)]
        assert row == pytest.approx([*map(math.cos, angles), *map(math.sin, angles)], abs=1e-4)


def test_an_untrained_network_predicts_nothing_and_its_blocks_change_nothing():
    model = DiffusionModel(4, 3, width=32, n_blocks=2, time_width=16)
    hidden, condition = torch.randn(5, 32), torch.randn(5, 16)

    assert bool((model(*inputs()) == 0.0).all())
    assert all(torch.equal(block(hidden, condition), hidden) for block in model.blocks)


def test_an_untrained_network_learns_in_every_part_after_the_first_steps():
    model = DiffusionModel(4, 3, width=32, n_blocks=2, time_width=16)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(3):
        optimiser.zero_grad()
        (model(*inputs()) - 1.0).square().mean().backward()
        optimiser.step()

    assert all(each.grad is not None and bool(each.grad.abs().sum() > 0) for each in model.parameters())


def test_a_row_depends_on_its_own_noise_step_and_context_only():
    model, (noisy, step, context) = trained_in_appearance(), inputs()
    whole = model(noisy, step, context)
    changed = [noisy.clone(), step.clone(), context.clone()]
    for each in changed:
        each[2] += 5

    torch.testing.assert_close(model(noisy[1:2], step[1:2], context[1:2]), whole[1:2])
    for k, each in enumerate(changed):
        arguments = [noisy, step, context]
        arguments[k] = each
        differs = (model(*arguments) != whole).any(dim=1)
        assert differs.tolist() == [row == 2 for row in range(6)]


def test_the_context_worked_in_once_predicts_what_forward_does():
    model, (noisy, _, context) = trained_in_appearance(), inputs()
    denoise = model.conditioned(context[:1])

    for each in (0, 17, 999):
        expected = model(noisy, torch.full((6,), each), context[:1].expand(6, -1))
        torch.testing.assert_close(denoise(noisy, torch.tensor(each)), expected, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(denoise(noisy, torch.full((6,), each)), expected, rtol=1e-5, atol=1e-6)


def test_samples_of_several_rows_share_their_contexts_by_broadcasting():
    model, (_, _, context) = trained_in_appearance(), inputs()
    noisy = torch.randn(7, 6, 4, generator=torch.Generator().manual_seed(5))
    together = model.conditioned(context)(noisy, torch.tensor(300))

    for k in range(7):
        expected = model(noisy[k], torch.full((6,), 300), context)
        torch.testing.assert_close(together[k], expected, rtol=1e-5, atol=1e-6)


def test_the_context_is_embedded_once_a_run():
    model, (noisy, _, context) = trained_in_appearance(), inputs()
    seen = {"context": 0, "time": []}
    model.context.register_forward_hook(lambda *_: seen.update(context=seen["context"] + 1))
    model.time.register_forward_hook(lambda _module, arguments, _out: seen["time"].append(arguments[0].numel()))

    draw(model.conditioned(context[:1]), NoiseSchedule(1000), noisy, None, n_steps=20)

    assert seen == {"context": 1, "time": [1] * 20}


def test_far_out_the_prediction_grows_with_the_noisy_value():
    """A normalised output would be bounded, and the tails of the draws with it."""
    model, (noisy, step, context) = trained_in_appearance(), inputs()
    far, farther = (model(factor * noisy, step, context) for factor in (1e3, 2e3))

    torch.testing.assert_close(farther, 2.0 * far, rtol=0.05, atol=1.0)


def test_an_error_of_epsilon_is_no_error_of_the_clean_value_where_no_signal_is_left():
    schedule = NoiseSchedule(1000, "epsilon")
    model, (noisy, _, context) = trained_in_appearance(schedule=schedule), inputs()
    bare = trained_in_appearance()
    step = torch.full((6,), 999)
    bound = bare(noisy, step, context).abs().max() + noisy.abs().max()

    around, raw = (schedule.clean_from(each(noisy, step, context), noisy, step) for each in (model, bare))

    assert around.abs().max() < 1.1 * bound
    assert raw.abs().max() > 1000.0 * bound


def test_a_schedule_that_asks_for_v_changes_nothing():
    arguments = inputs()

    with_schedule = trained_in_appearance(schedule=NoiseSchedule(1000))(*arguments)

    assert torch.equal(with_schedule, trained_in_appearance()(*arguments))


def test_dropout_acts_in_training_only():
    model, arguments = trained_in_appearance(dropout=0.5), inputs()

    assert torch.equal(model(*arguments), model(*arguments))
    model.train()
    assert not torch.equal(model(*arguments), model(*arguments))


def test_a_narrow_autocast_still_returns_the_precision_of_the_noise():
    model = trained_in_appearance()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert model(*inputs()).dtype == torch.float32


@pytest.mark.parametrize(
    "refused",
    [
        lambda: DiffusionModel(0, 3),
        lambda: DiffusionModel(4, 0),
        lambda: DiffusionModel(4, 3, n_blocks=0),
        lambda: DiffusionModel(4, 3, dropout=1.0),
        lambda: TimeEmbedding(7),
    ],
)
def test_impossible_sizes_are_refused(refused):
    with pytest.raises(InvalidConfiguration):
        refused()
