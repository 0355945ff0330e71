"""Promise: a block trained on sequences streams the same numbers, sees no future, and remembers only true kernels."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.s4.block import S4Block
from forecast_pipeline.models.s4.dplr_module import DPLRKernel
from forecast_pipeline.models.s4.hippo import nplr_legs
from forecast_pipeline.models.s4.initialisation import diagonal_init
from forecast_pipeline.models.s4.layer import S4DLayer, S4Layer
from forecast_pipeline.models.s4.parameter_groups import parameter_groups
from forecast_pipeline.models.s4.settings import S4Settings

VARIANTS = {
    "s4d": {},
    "bilinear": {"discretisation": "bilinear", "initialisation": "lin"},
    "own drive": {"trainable_drive": True, "initialisation": "inv"},
    "dplr": {"kernel": "dplr", "kernel_length": 16},
}
variants = pytest.mark.parametrize("variant", VARIANTS)


def block(variant, n_channels=3, state_size=8, seed=0, **settings):
    torch.manual_seed(seed)
    return S4Block(n_channels, S4Settings(state_size=state_size, **VARIANTS[variant], **settings)).eval()


def streamed(model, u, state):
    outputs = []
    for step in u.unbind(-1):
        y, state = model.step(step, state)
        outputs.append(y)
    return torch.stack(outputs, -1), state


@variants
@given(
    n_rows=st.integers(1, 3),
    n_channels=st.integers(1, 5),
    n_pairs=st.integers(1, 5),
    length=st.integers(1, 40),
    cut=st.integers(0, 40),
    seed=st.integers(0, 2**16),
)
def test_stream_is_convolution(variant, n_rows, n_channels, n_pairs, length, cut, seed):
    model = block(variant, n_channels, 2 * n_pairs, seed).double()
    u = torch.randn(n_rows, n_channels, length, dtype=torch.float64)
    with torch.no_grad():
        whole = model(u)
        by_step, state = streamed(model, u, model.initial_state(n_rows))
        head, tail = u[..., :cut], u[..., cut:]
        parts, carried = [], model.initial_state(n_rows)
        for part in (head, tail):
            if part.shape[-1]:
                y, carried = model.advance(part, carried)
                parts.append(y)

    torch.testing.assert_close(by_step, whole, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(torch.cat(parts, -1), whole, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(carried, state, rtol=1e-9, atol=1e-9)


@variants
def test_a_long_stream_in_single_precision_is_its_convolution(variant):
    model = block(variant, 4, 64)
    u = torch.randn(2, 4, 600)
    with torch.no_grad():
        actual, _ = streamed(model, u, model.initial_state(2))

        torch.testing.assert_close(actual, model(u), rtol=2e-5, atol=2e-5)


@variants
@pytest.mark.parametrize("place", [0, 1, 16, 31])
def test_nothing_before_a_change_moves(variant, place):
    model = block(variant)
    u = torch.randn(2, 3, 32)
    changed = u.clone()
    changed[..., place:] = torch.randn(2, 3, 32 - place)
    with torch.no_grad():
        convolved, other = (model(each) for each in (u, changed))
        by_step, other_by_step = (streamed(model, each, model.initial_state(2))[0] for each in (u, changed))

    torch.testing.assert_close(other[..., :place], convolved[..., :place], rtol=0.0, atol=1e-6)
    assert torch.equal(other_by_step[..., :place], by_step[..., :place])
    assert (other[..., place] != convolved[..., place]).any()


def test_a_bidirectional_layer_sees_the_future_and_refuses_to_stream():
    model = block("s4d", bidirectional=True)
    u = torch.randn(2, 3, 32)
    changed = u.clone()
    changed[..., 20:] = 0.0
    with torch.no_grad():
        assert (model(u) != model(changed))[..., :20].any()
        with pytest.raises(InvalidConfiguration, match="must be causal, was bidirectional"):
            model.step(u[..., 0], model.initial_state(2))
        with pytest.raises(InvalidConfiguration, match="must be causal"):
            model.advance(u, model.initial_state(2))


@variants
def test_kernels_are_float32_under_autocast_and_in_half_precision(variant):
    model = block(variant)
    exact = model.layer.kernel(24)
    u = torch.randn(2, 3, 24)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(model.layer.kernel(24), exact)
        with torch.no_grad():
            assert torch.equal(model.layer.kernel(24), exact)
            rounded = model(u)
            by_step, _ = streamed(model, u, model.initial_state(2))

    assert model.layer.kernel.bfloat16()(24).dtype == torch.float32
    torch.testing.assert_close(rounded.float(), model.float()(u).detach(), rtol=0.0, atol=0.1)
    torch.testing.assert_close(by_step.float(), rounded.float(), rtol=0.0, atol=0.1)


@variants
def test_a_remembered_kernel_is_a_fresh_one(variant):
    kernel = block(variant).layer.kernel
    fresh = kernel(12).detach()
    with torch.no_grad():
        assert torch.equal(kernel(12), fresh)
        assert kernel(12) is kernel(12)
        assert kernel(11).shape[-1] == 11
        assert torch.equal(kernel(12), fresh)


CHANGES = {
    "in place": lambda kernel: kernel.log_dt.add_(0.5),
    "behind the back of autograd": lambda kernel: kernel.log_dt.data.add_(0.5),
    "other storage": lambda kernel: setattr(kernel.log_dt, "data", kernel.log_dt.data + 0.5),
    "another parameter": lambda kernel: setattr(kernel, "log_dt", torch.nn.Parameter(kernel.log_dt + 0.5)),
    "loaded": lambda kernel: kernel.load_state_dict(
        {name: value + 0.5 * (name == "log_dt") for name, value in kernel.state_dict().items()}
    ),
}


@variants
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_parameter_changes_kernel_and_stream(variant, change):
    kernel = block(variant).layer.kernel
    u = torch.randn(2, 3, 9)
    with torch.no_grad():
        kernel(9), streamed(kernel, u, kernel.initial_state(2))
        CHANGES[change](kernel)
        other = block(variant).layer.kernel
        other.log_dt.add_(0.5)

        # The stream first: a kernel that is asked for notices by itself.
        actual, expected = (streamed(each, u, each.initial_state(2))[0] for each in (kernel, other))
        assert torch.equal(actual, expected)
        assert torch.equal(kernel(9), other(9))


def test_training_and_gradients_never_meet_a_remembered_kernel():
    model = block("s4d")
    with torch.inference_mode():
        model(torch.randn(2, 3, 9))
    model(torch.randn(2, 3, 9)).sum().backward()
    model.train()

    assert model.layer.kernel._remembered == {}
    assert all(parameter.grad is not None for parameter in model.parameters())
    with torch.no_grad():
        assert model.layer.kernel(9) is not model.layer.kernel(9)


def test_a_step_with_gradients_is_not_kept_for_those_without():
    model = block("s4d")
    y, _ = model.step(torch.randn(2, 3), model.initial_state(2))
    with torch.no_grad():
        streamed(model, torch.randn(2, 3, 4), model.initial_state(2))

        assert not model.layer.kernel._stream[1].pole.requires_grad
    assert y.requires_grad


def test_a_running_stream_notices_training_and_gradients():
    kernel = block("s4d").layer.kernel
    u, state = torch.ones(2, 3), block("s4d").initial_state(2)
    with torch.no_grad():
        before, _ = kernel.step(u, state)
        kernel.read.mul_(2.0)
        after, _ = kernel.step(u, state)
    with_gradients, _ = kernel.step(u, state)

    torch.testing.assert_close(after, 2.0 * before)
    assert torch.equal(with_gradients, after)
    assert with_gradients.requires_grad


def test_what_is_remembered_is_not_stored_or_moved():
    model = block("s4d")
    with torch.inference_mode():
        model(torch.randn(2, 3, 9))
        model.step(torch.randn(2, 3), model.initial_state(2))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):  # noqa: S301 - our own bytes
        assert twin.layer.kernel._remembered == {}
        assert twin.layer.kernel._stream is None
        assert twin._compiled is None
    model.double()

    assert model.layer.kernel._remembered == {}
    assert set(model.state_dict()) == {name for name, _ in model.named_parameters()}


@variants
def test_every_parameter_takes_a_gradient(variant):
    model = block(variant, bidirectional=True).train()
    model(torch.randn(2, 3, 24)).square().sum().backward()

    assert [name for name, each in model.named_parameters() if each.grad is None or not each.grad.abs().sum()] == []


def test_parameters_are_in_two_groups():
    model = torch.nn.Sequential(torch.nn.Conv1d(2, 3, 1), block("s4d"), block("own drive"), block("dplr"))
    rest, dynamics = parameter_groups(model, 1e-2, 0.1)
    names = {id(each): name.rpartition(".")[2] for name, each in model.named_parameters()}

    assert sorted(names[id(each)] for each in dynamics["params"]) == sorted(
        ["log_dt", "log_decay", "frequency"] * 3 + ["rank_one", "drive"]
    )
    assert (dynamics["lr"], dynamics["weight_decay"]) == (1e-3, 0.0)
    assert (rest["lr"], rest["weight_decay"]) == (1e-2, 0.1)
    assert {id(each) for each in rest["params"]} == set(names) - {id(each) for each in dynamics["params"]}
    assert parameter_groups(model, 1e-4, 0.1)[1]["lr"] == 1e-4
    assert len(parameter_groups(torch.nn.Linear(2, 2), 1e-2, 0.1)) == 1
    torch.optim.AdamW(parameter_groups(model, 1e-2, 0.1))


def test_frozen_parameters_are_left_out():
    model = block("s4d")
    model.layer.kernel.frequency.requires_grad_(requires_grad=False)

    assert len(parameter_groups(model, 1e-2, 0.1)[1]["params"]) == 2


def test_steps_start_log_uniform_between_their_ends():
    torch.manual_seed(0)
    log_dt = S4DLayer(4000, S4Settings(state_size=2, dt_min=1e-3, dt_max=1e-1)).kernel.log_dt.detach()
    low, high = torch.log(torch.tensor([1e-3, 1e-1]))
    share = (log_dt - low) / (high - low)

    assert (float(share.min()) >= -1e-6, float(share.max()) <= 1.0 + 1e-6) == (True, True)
    assert [round(float(share.quantile(level)), 1) for level in (0.1, 0.5, 0.9)] == [0.1, 0.5, 0.9]


def test_rank_one_starts_at_hippo():
    kernel = DPLRKernel(2, S4Settings(kernel="dplr", state_size=16))
    form = nplr_legs(16)

    torch.testing.assert_close(-torch.exp(kernel.log_decay[1]).double(), torch.from_numpy(form.eigenvalues.real))
    torch.testing.assert_close(
        torch.view_as_complex(kernel.rank_one.detach())[0], torch.from_numpy(form.rank_one).to(torch.complex64)
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: S4Settings(kernel="s5"), "kernel must be one of s4d, dplr, was 's5'"),
        (lambda: S4Settings(state_size=7), "state_size must be even and positive, was 7"),
        (lambda: S4Settings(state_size=0), "state_size must be even and positive, was 0"),
        (lambda: S4Settings(dt_min=0.0), "0 < dt_min <= dt_max, was dt_min=0.0"),
        (lambda: S4Settings(dt_min=0.2, dt_max=0.1), "0 < dt_min <= dt_max"),
        (lambda: S4Settings(discretisation="euler"), "discretisation must be one of zoh, bilinear"),
        (lambda: S4Settings(initialisation="zero"), "initialisation must be one of lin, inv, legs, real, quad"),
        (lambda: S4Settings(kernel="dplr", discretisation="zoh"), "bilinear and initialisation legs only, was zoh"),
        (lambda: S4Settings(kernel="dplr", initialisation="lin"), "legs only, was bilinear, lin"),
        (lambda: S4Settings(kernel_length=0), "kernel_length must be at least 1"),
        (lambda: S4DLayer(2, S4Settings(kernel="dplr")), "must have kernel s4d, was dplr"),
        (lambda: S4Layer(2)(torch.zeros(1, 5, 2)), r"channels=2, steps\), was \(1, 5, 2\)"),
        (lambda: S4Layer(2)(torch.zeros(2, 5)), r"channels=2, steps\), was \(2, 5\)"),
        (lambda: S4Layer(2)(torch.zeros(1, 2, 0)), "at least one step, was 0"),
        (lambda: diagonal_init("zero", 4), "must be one of lin, inv, legs, real, quad, was 'zero'"),
        (lambda: diagonal_init("lin", 5), "even and positive, was 5"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(InvalidConfiguration, match=message):
        make()
