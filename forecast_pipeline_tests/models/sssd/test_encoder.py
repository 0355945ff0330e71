"""Promise: a context is made of closed bars only, whatever is masked is as if it were not there, and age is seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from forecast_pipeline.models.s4.settings import S4Settings
from forecast_pipeline.models.sssd import attention
from forecast_pipeline.models.sssd.attention import CrossTimeframeAttention
from forecast_pipeline.models.sssd.encoder import MultiScaleEncoder
from forecast_pipeline.models.sssd.parameters import SSSDParameters
from forecast_pipeline.models.sssd.timeframe_encoder import TimeframeEncoder
from forecast_pipeline_tests.models.sssd.made_panels import SMALL

N_COLUMNS, WINDOW_BARS, N_FEATURES, N_SLOW = (3, 4), (12, 7), 5, 2


def encoder(seed=0, **settings):
    torch.manual_seed(seed)
    made = MultiScaleEncoder(SMALL.model_copy(update=settings), N_COLUMNS, WINDOW_BARS, N_FEATURES, N_SLOW).eval()
    with torch.no_grad():  # norms and gates start at places where biases cannot show
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def inputs(n_rows=3, seed=1):
    generator = torch.Generator().manual_seed(seed)
    bars = [torch.randn(n_rows, L, F, generator=generator) for L, F in zip(WINDOW_BARS, N_COLUMNS, strict=True)]
    known = [torch.ones(n_rows, L, dtype=torch.bool) for L in WINDOW_BARS]
    age = torch.tensor([[0.0, 30.0]]).repeat(n_rows, 1)
    return bars, known, age, torch.randn(n_rows, N_FEATURES, generator=generator), torch.zeros(n_rows, N_SLOW)


@pytest.mark.parametrize("kernel", ["s4d", "dplr"])
def test_unknown_bars_are_as_if_they_were_not_there(kernel):
    torch.manual_seed(0)
    stack = TimeframeEncoder(3, 8, 2, 6, S4Settings(kernel=kernel, state_size=4, kernel_length=12), 0.0).double().eval()
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    bars = torch.randn(2, 12, 3, dtype=torch.float64)
    known = torch.arange(12).expand(2, 12) >= 5

    with torch.no_grad():
        masked = stack(torch.where(known[..., None], bars, 7.0), known)
        shorter = stack(bars[:, 5:], known[:, 5:])

    np.testing.assert_allclose(masked, shorter, rtol=0, atol=1e-12)


def test_whole_windows_are_encoded_alike_beside_windows_that_begin_before_the_history():
    stack, bars, known = encoder().timeframes[0], torch.randn(2, 12, 3), torch.ones(2, 12, dtype=torch.bool)
    with torch.no_grad():
        whole = stack(bars, known)
        known[1, :4] = False

        mixed = stack(bars, known)

    np.testing.assert_allclose(mixed[0], whole[0], rtol=0, atol=1e-6)
    assert not torch.allclose(mixed[1], whole[1], atol=1e-3)


def test_a_timeframe_without_bars_says_nothing():
    model, (bars, known, *rest) = encoder(), inputs()
    known[1][:] = False

    with torch.no_grad():
        first = model(bars, known, *rest)
        second = model([bars[0], bars[1] + 5.0], known, *rest)

    assert torch.equal(first, second)


def test_the_output_at_a_bar_does_not_depend_on_later_bars():
    stack = encoder().timeframes[0]
    bars, known = torch.randn(1, 12, 3), torch.ones(1, 12, dtype=torch.bool)
    later = bars.clone()
    later[:, 8:] += 3.0

    with torch.no_grad():
        before, after = stack.outputs(bars, known), stack.outputs(later, known)

    np.testing.assert_allclose(before[:, :8], after[:, :8], rtol=0, atol=1e-5)
    assert not torch.allclose(before[:, 8:], after[:, 8:], atol=1e-2)


@pytest.mark.parametrize("what", ["fast bars", "slow bars", "age", "features"])
def test_a_context_depends_on_all_that_it_is_given(what):
    model, (bars, known, age, features, slow) = encoder(), inputs()
    with torch.no_grad():
        before = model(bars, known, age, features, slow)
        changed = {
            "fast bars": lambda: model([bars[0] + 1.0, bars[1]], known, age, features, slow),
            "slow bars": lambda: model([bars[0], bars[1] + 1.0], known, age, features, slow),
            "age": lambda: model(bars, known, age + 60.0, features, slow),
            "features": lambda: model(bars, known, age, features + 1.0, slow),
        }[what]()

    assert float((changed - before).abs().max()) > 1e-3


def test_without_sight_of_bars_their_values_do_not_matter():
    model, (bars, known, *rest) = encoder(), inputs()
    model.sees_bars = False

    with torch.no_grad():
        assert torch.equal(model(bars, known, *rest), model([each * -2.0 for each in bars], known, *rest))


def test_columns_are_dropped_from_whole_windows_in_training_only():
    stack = TimeframeEncoder(200, 8, 1, 6, S4Settings(state_size=4), 0.5)
    bars, known, seen = torch.ones(2, 7, 200), torch.ones(2, 7, dtype=torch.bool), []
    stack.entry.register_forward_pre_hook(lambda _, given: seen.append(given[0]))

    torch.manual_seed(0)
    stack(bars, known)
    stack.eval()(bars, known)

    assert torch.equal(seen[0], seen[0][:, :1].expand_as(bars))
    assert sorted(set(seen[0].flatten().tolist())) == [0.0, 2.0]
    assert not torch.equal(seen[0][0], seen[0][1])
    assert torch.equal(seen[1], bars)


def test_attention_looks_at_no_timeframe_that_is_not_there():
    torch.manual_seed(0)
    layer = CrossTimeframeAttention(8, 2, 0.0).eval()
    tokens, is_there = torch.randn(2, 3, 8), torch.tensor([[True, True, False]] * 2)
    other = tokens.clone()
    other[:, 2] += 1.0

    with torch.no_grad():
        before, after = layer(tokens, is_there), layer(other, is_there)

    assert torch.equal(before[:, :2], after[:, :2])
    assert torch.isfinite(after).all()


def test_attention_is_the_formula():
    """A slow oracle: softmax of scaled products, head by head."""
    torch.manual_seed(0)
    layer = CrossTimeframeAttention(8, 2, 0.0).double().eval()
    tokens = torch.randn(1, 3, 8, dtype=torch.float64)

    with torch.no_grad():
        query, key, value = layer.asked(layer.before(tokens)).chunk(3, dim=-1)
        heads = [slice(0, 4), slice(4, 8)]
        seen = [torch.softmax(query[..., h] @ key[..., h].mT / 2.0, dim=-1) @ value[..., h] for h in heads]
        middle = tokens + layer.answered(torch.cat(seen, dim=-1))
        expected = middle + layer.dense(middle)
        found = layer(tokens, torch.ones(1, 3, dtype=torch.bool))

    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("setting", ["use_flash_attention", "use_nvidia_opts"])
def test_flash_attention_is_asked_for_first_where_wanted_and_gives_the_same(monkeypatch, setting):
    asked = []
    honest = attention.sdpa_kernel

    def noted(backends, *, set_priority):
        asked.append((backends[0], set_priority))
        return honest(backends, set_priority=set_priority)

    monkeypatch.setattr(attention, "sdpa_kernel", noted)
    tokens, is_there = torch.randn(2, 3, 8), torch.tensor([[True, True, False]] * 2)
    outputs = []
    for wants in (False, True):
        torch.manual_seed(0)
        prefers = SSSDParameters(**{setting: wants}).prefers_flash
        with torch.no_grad():
            outputs.append(CrossTimeframeAttention(8, 2, 0.0, prefers_flash=prefers).eval()(tokens, is_there))
        assert len(asked) == wants

    assert asked == [(attention.SDPBackend.FLASH_ATTENTION, True)]
    torch.testing.assert_close(*outputs)
