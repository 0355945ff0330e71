"""Promise: a patch ends at the bar of its decision, knows nothing after it, and has the shape the encoder takes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.models.latent_diffusion.context_encoder import ContextEncoder
from forecast_pipeline.models.latent_diffusion.patches import CandlePatchDataset
from forecast_pipeline.models.neural.batches import batches
from forecast_pipeline.models.neural.conditioning import Conditions

N_BARS, N_CHANNELS = 40, 3
CHANNELS = np.arange(1.0, N_BARS * N_CHANNELS + 1).reshape(N_BARS, N_CHANNELS).astype(np.float32)


def made_dataset(bar, patch_len, channels=CHANNELS, has_target=True):
    bar = np.asarray(bar)
    n = bar.size
    states, features, slow = (np.full((n, width), bar[:, None], np.float32) for width in (5, 4, 2))
    conditions = Conditions(states, features, slow, np.ones((n, 2)))
    target = np.tile(bar[:, None].astype(float), (1, 2)) if has_target else None
    return CandlePatchDataset(channels, bar, conditions, target, patch_len)


@given(bar=st.lists(st.integers(0, N_BARS - 1), min_size=1, max_size=6), patch_len=st.integers(2, 60))
def test_a_patch_is_the_run_of_bars_that_ends_at_the_decision(bar, patch_len):
    batch = made_dataset(bar, patch_len)[list(range(len(bar)))]

    assert tuple(batch["patch"].shape) == (len(bar), N_CHANNELS, patch_len)
    for row, last in enumerate(bar):
        for back in range(patch_len):
            expected = CHANNELS[last - back] if last >= back else np.zeros(N_CHANNELS)
            np.testing.assert_array_equal(batch["patch"][row, :, patch_len - 1 - back], expected)


def test_rows_keep_together():
    batch = made_dataset([9, 4, 30], 8)[[2, 0]]

    assert [batch[name][:, 0].tolist() for name in ("features", "slow", "states", "target")] == [[30.0, 9.0]] * 4
    assert {name: tuple(value.shape) for name, value in batch.items()} == {
        "patch": (2, N_CHANNELS, 8),
        "features": (2, 4),
        "slow": (2, 2),
        "states": (2, 5),
        "target": (2, 2),
    }
    assert all(value.dtype == torch.float32 for value in batch.values())


def test_one_decision_has_no_axis_of_a_batch():
    one = made_dataset([9, 4, 30], 8)[1]

    assert tuple(one["patch"].shape) == (N_CHANNELS, 8)
    assert one["features"].tolist() == [4.0] * 4


def test_what_is_not_known_is_not_there():
    assert "target" not in made_dataset([9], 8, has_target=False)[[0]]


@given(cut=st.integers(0, N_BARS - 2))
def test_a_patch_does_not_change_when_its_future_does(cut):
    """Fault 21."""
    changed = CHANNELS.copy()
    changed[cut + 1 :] = -1.0
    bar = np.arange(cut + 1)

    ours, theirs = (made_dataset(bar, 16, channels)[list(bar)]["patch"] for channels in (CHANNELS, changed))

    assert torch.equal(ours, theirs)


def test_cutting_patches_leaves_the_bars_alone():
    channels = CHANNELS.copy()

    made_dataset([2, 3], 16, channels)[[0, 1]]

    np.testing.assert_array_equal(channels, CHANNELS)


def test_a_loader_gives_every_decision_once():
    dataset = made_dataset(np.arange(N_BARS), 4)

    seen = torch.cat([batch["target"][:, 0] for batch in batches(dataset, 16, None)])

    assert seen.tolist() == list(range(N_BARS))


@pytest.mark.parametrize(("patch_len", "n_down"), [(64, 6), (64, 4), (12, 2), (13, 3), (2, 1)])
@pytest.mark.parametrize("n_slow", [0, 5])
def test_a_context_has_its_length_whatever_goes_in(patch_len, n_down, n_slow):
    encoder = ContextEncoder(
        N_CHANNELS, patch_len, 7, n_slow, hidden=8, n_down=n_down, n_context=16, dropout=0.3
    ).eval()
    inputs = (torch.randn(4, N_CHANNELS, patch_len), torch.randn(4, 7), torch.randn(4, n_slow))

    context = encoder(*inputs)

    assert tuple(context.shape) == (4, 16)
    for place, given_input in enumerate(inputs):
        if given_input.numel():  # every input says something
            moved = [each.clone() for each in inputs]
            moved[place][0] += 1.0
            other = encoder(*moved)
            assert not torch.allclose(other[0], context[0])
            torch.testing.assert_close(other[1:], context[1:])


def test_indicators_are_dropped_in_training_only():
    encoder = ContextEncoder(N_CHANNELS, 8, 2, 30, hidden=8, n_down=2, n_context=16, dropout=0.5)
    inputs = (torch.zeros(1, N_CHANNELS, 8), torch.zeros(1, 2), torch.ones(1, 30))

    assert not torch.equal(encoder(*inputs), encoder(*inputs))
    encoder.eval()
    assert torch.equal(encoder(*inputs), encoder(*inputs))


def test_conditions_are_taken_by_position():
    conditions = Conditions(*(np.arange(8.0).reshape(4, 2) for _ in range(4)))

    taken = conditions.take(np.array([3, 0]))

    assert all(each.tolist() == [[6.0, 7.0], [0.0, 1.0]] for each in taken)
    assert dataclasses.is_dataclass(conditions) is False  # a tuple, cheap to make for every decision
