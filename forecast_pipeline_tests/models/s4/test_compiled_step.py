"""Promise: the compiled step of a block is the step of torch, and torch takes every step that is not a plain one."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.models.s4.block import S4Block
from forecast_pipeline.models.s4.compiled_step import MOST_ROWS
from forecast_pipeline.models.s4.settings import S4Settings

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
kinds = pytest.mark.parametrize("kind", ["s4d", "dplr"])


def block(kind="s4d", n_channels=3, state_size=8, dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    made = S4Block(n_channels, S4Settings(kernel=kind, state_size=state_size, kernel_length=16)).to(dtype).eval()
    with torch.no_grad():
        for parameter in (made.norm.weight, made.norm.bias):
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def random_state(n_rows, n_channels, n_pairs):
    return torch.randn(n_rows, n_channels, n_pairs, dtype=torch.complex128)


def by_torch(model, u, state):
    y, after = model.layer.step(model.norm(u), state)
    return u + y, after


@kinds
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@given(n_rows=st.integers(0, 3), n_channels=st.integers(1, 20), n_pairs=st.integers(1, 20), seed=st.integers(0, 2**16))
def test_a_compiled_step_is_the_step_of_torch(kind, dtype, n_rows, n_channels, n_pairs, seed):
    model = block(kind, n_channels, 2 * n_pairs, dtype, seed)
    u, state = torch.randn(n_rows, n_channels, dtype=dtype), random_state(n_rows, n_channels, n_pairs)
    kept = state.clone()
    with torch.no_grad():
        actual, expected = model.step(u, state), by_torch(model, u, state)

    assert model._compiled is not None
    assert actual[0].dtype == dtype
    assert torch.equal(state, kept)
    for ours, theirs in zip(actual, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def test_strides_do_not_matter():
    model, u = block(), torch.randn(2, 3, 5, dtype=torch.float64)
    state = random_state(3, 2, 4).transpose(0, 1)
    with torch.no_grad():
        for actual, expected in zip(
            model.step(u[..., 1], state), model.step(u[..., 1].contiguous(), state.contiguous()), strict=True
        ):
            assert torch.equal(actual, expected)


@kinds
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_stays_in_its_row(kind, value):
    model, u = block(kind), torch.randn(2, 3, dtype=torch.float64)
    u[0, 1] = value
    with torch.no_grad():
        y, state = model.step(u, random_state(2, 3, 4))

    assert y[0].isnan().all()
    assert state[0].isnan().all()
    assert y[1].isfinite().all()
    assert state[1].isfinite().all()


PARAMETERS = ("norm.weight", "norm.bias", "layer.skip", "layer.mix.weight", "layer.mix.bias", "layer.kernel.read")


def replace(model, name):
    home, _, last = name.rpartition(".")
    parameter = model.get_parameter(name)
    setattr(model.get_submodule(home), last, torch.nn.Parameter(parameter + 0.5))


CHANGES = {
    "in place": lambda model, name: model.get_parameter(name).add_(0.5),
    "other storage": lambda model, name: setattr(model.get_parameter(name), "data", model.get_parameter(name) + 0.5),
    "another parameter": replace,
    "loaded": lambda model, name: model.load_state_dict(
        {key: value + 0.5 * (key == name) for key, value in model.state_dict().items()}
    ),
}


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_running_stream_notices_a_changed_parameter(name, change):
    model, u = block(), torch.randn(2, 3, dtype=torch.float64)
    with torch.no_grad():
        before, state = model.step(u, random_state(2, 3, 4))
        before, _ = model.step(u, state)
        CHANGES[change](model, name)
        actual, expected = model.step(u, state)[0], by_torch(model, u, state)[0]

    assert model._compiled is not None
    torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-12)
    assert (actual - before).abs().max() > 1e-3


def test_parameters_whose_writes_are_not_counted_stream_too():
    with torch.inference_mode():
        model, u, state = block(), torch.randn(2, 3, dtype=torch.float64), random_state(2, 3, 4)
        actual, expected = model.step(u, state), by_torch(model, u, state)

    assert model._compiled is not None
    torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-12)


def quietly(model, u, state):
    with torch.no_grad():
        return model.step(u, state)


def autocast(model, u, state):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return quietly(model.float(), u.float(), state)


def mixed(model, u, state):
    model.layer.mix.float()
    with pytest.raises(RuntimeError, match="dtype"):
        quietly(model, u, state)


def parametrised(model):
    torch.nn.utils.parametrizations.weight_norm(model.layer.mix)
    return model


NOT_PLAIN = {
    "gradients": lambda model, u, state: model.step(u, state),
    "autocast": autocast,
    "half precision": lambda model, u, state: quietly(model.bfloat16(), u.bfloat16(), state),
    "mixed precision": mixed,
    "training": lambda model, u, state: quietly(model.train(), u, state),
    "many rows": lambda model, u, state: quietly(model, u.repeat(MOST_ROWS, 1), state.repeat(MOST_ROWS, 1, 1)),
    "a parameter that is computed": lambda model, u, state: quietly(parametrised(model), u, state),
}


@pytest.mark.parametrize("why", NOT_PLAIN)
def test_torch_takes_steps_that_are_not_plain(why):
    model = block()
    NOT_PLAIN[why](model, torch.randn(2, 3, dtype=torch.float64), random_state(2, 3, 4))

    assert model._compiled is None


@pytest.mark.parametrize(
    ("u", "state"), [((2, 4), (2, 3, 4)), ((1, 3), (2, 3, 4)), ((2, 3), (2, 3, 5)), ((2, 3), (3, 4)), ((3,), (2, 3, 4))]
)
def test_no_compiled_step_reads_beyond_its_arrays(u, state):
    model = block()
    with contextlib.suppress(RuntimeError):  # which torch raises where it cannot broadcast
        quietly(model, torch.randn(u, dtype=torch.float64), torch.randn(state, dtype=torch.complex128))

    assert model._compiled is None


def test_nobody_waits_for_the_compiler_who_does_not_stream():
    code = "import sys, forecast_pipeline.models.sssd.streaming; print('numba' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "False"
