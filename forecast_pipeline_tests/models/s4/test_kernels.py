"""Promise: a kernel is the recurrence written out, in real arithmetic, with all digits of its type, and causal."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.models.s4.arrays import dplr_kernel, dplr_recurrence, s4d_kernel, s4d_recurrence
from forecast_pipeline.models.s4.convolution import causal_convolution, two_sided_convolution
from forecast_pipeline.models.s4.diagonal_module import S4DKernel
from forecast_pipeline.models.s4.dplr_module import DPLRKernel
from forecast_pipeline.models.s4.settings import S4Settings

RULES = pytest.mark.parametrize("rule", ["zoh", "bilinear"])
SHAPES = {
    "n_rows": st.integers(1, 3),
    "n_channels": st.integers(1, 4),
    "n_pairs": st.integers(1, 6),
    "length": st.integers(1, 90),
    "seed": st.integers(0, 2**16),
}


def complexes(rng, *shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def system(n_channels, n_pairs, seed):
    """Stable poles with memories of a few to a thousand steps, some of them turning fast."""
    rng = np.random.default_rng(seed)
    a = -rng.uniform(0.1, 2.0, (n_channels, n_pairs)) - 1j * rng.uniform(0.0, 200.0, (n_channels, n_pairs))
    b, c, p = (complexes(rng, n_channels, n_pairs) for _ in range(3))
    return a, b, c, p, np.exp(rng.uniform(np.log(1e-3), np.log(1e-1), n_channels)), rng


def direct(kernel, u):
    """The convolution as its definition says."""
    return np.stack(
        [np.convolve(k, row)[: u.shape[-1]] for each in u for k, row in zip(kernel, each, strict=True)]
    ).reshape(u.shape)


def complex_kernel(module, length):
    """The kernel of `S4DKernel` as papers write it, for complex autograd."""
    dt = torch.exp(module.log_dt)[:, None]
    a = -torch.exp(module.log_decay) + 1j * module.frequency
    if module.rule == "zoh":
        pole, gain = torch.exp(dt * a), (torch.exp(dt * a) - 1.0) / a
    else:
        pole, gain = (1.0 + 0.5 * dt * a) / (1.0 - 0.5 * dt * a), dt / (1.0 - 0.5 * dt * a)
    weight = torch.view_as_complex(module.read) * gain
    return 2.0 * torch.einsum("dhn,hnl->dhl", weight, pole[..., None] ** torch.arange(length)).real


@RULES
@given(**SHAPES)
def test_convolution_is_recurrence_for_diagonal(rule, n_rows, n_channels, n_pairs, length, seed):
    a, b, c, _, dt, rng = system(n_channels, n_pairs, seed)
    u = rng.standard_normal((n_rows, n_channels, length))
    kernel = s4d_kernel(a, c, dt, length, rule, b)
    streamed, _ = s4d_recurrence(a, c, dt, u, rule, b)
    by_fft = causal_convolution(torch.from_numpy(u), torch.from_numpy(kernel)).numpy()

    np.testing.assert_allclose(by_fft, streamed, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(direct(kernel, u), streamed, rtol=1e-9, atol=1e-9)


@given(**SHAPES)
def test_convolution_is_recurrence_for_rank_one(n_rows, n_channels, n_pairs, length, seed):
    a, b, c, p, dt, rng = system(n_channels, n_pairs, seed)
    u = rng.standard_normal((n_rows, n_channels, length))
    kernel = dplr_kernel(a, p, b, c, dt, length)
    streamed, _ = dplr_recurrence(a, p, b, c, dt, u)

    np.testing.assert_allclose(direct(kernel, u), streamed, rtol=1e-8, atol=1e-8)


@given(n_channels=st.integers(1, 3), n_pairs=st.integers(1, 5), length=st.integers(1, 60), seed=st.integers(0, 2**16))
def test_rank_one_kernel_is_powers_of_the_dense_matrix(n_channels, n_pairs, length, seed):
    a, b, c, p, dt, _ = system(n_channels, n_pairs, seed)
    expected = np.zeros((n_channels, length))
    for h in range(n_channels):
        p_all, b_all, c_all = (np.concatenate([each[h], each[h].conj()]) for each in (p, b, c))
        dense = np.diag(np.concatenate([a[h], a[h].conj()])) - np.outer(p_all, p_all.conj())
        before = np.linalg.inv(np.eye(2 * n_pairs) - 0.5 * dt[h] * dense)
        state = before @ (dt[h] * b_all)
        for place in range(length):
            expected[h, place] = (c_all @ state).real
            state = before @ (np.eye(2 * n_pairs) + 0.5 * dt[h] * dense) @ state

    np.testing.assert_allclose(dplr_kernel(a, p, b, c, dt, length), expected, rtol=1e-8, atol=1e-9)


def test_without_rank_one_both_kernels_are_one():
    a, b, c, _, dt, _ = system(3, 4, 1)

    np.testing.assert_allclose(
        dplr_kernel(a, 0.0 * a, b, c, dt, 50), s4d_kernel(a, c, dt, 50, "bilinear", b), rtol=1e-9, atol=1e-11
    )


def test_one_parameter_for_all_channels_and_either_kind_of_array():
    a, b, c, p, dt, _ = system(1, 3, 2)
    c = np.repeat(c, 2, axis=0)
    shared = (a[0], p[0], b[0], c, float(dt[0]), 20)
    own = [np.repeat(each, 2, axis=0) for each in (a, p, b)]
    as_torch = s4d_kernel(*(torch.from_numpy(each) for each in (own[0], c, np.repeat(dt, 2))), 20)

    np.testing.assert_array_equal(dplr_kernel(*shared), dplr_kernel(*own, c, np.repeat(dt, 2), 20))
    np.testing.assert_array_equal(as_torch, s4d_kernel(a[0], c, float(dt[0]), 20))


@RULES
@pytest.mark.parametrize("start", ["lin", "inv", "legs"])
def test_single_precision_holds_over_thousands_of_radians(rule, start):
    """The longest step turns the fastest pole of ``inv`` by a hundred radians a step."""
    torch.manual_seed(3)
    module = S4DKernel(16, S4Settings(initialisation=start, discretisation=rule))
    with torch.no_grad():
        single, double = module(4096), copy.deepcopy(module).double()(4096)

    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    assert float((single - double).abs().max() / double.abs().max()) < 2e-6


def test_single_precision_of_rank_one():
    torch.manual_seed(3)
    module = DPLRKernel(8, S4Settings(kernel="dplr"))
    with torch.no_grad():
        single, double = module(1024), copy.deepcopy(module).double()(1024)

    assert float((single - double).abs().max() / double.abs().max()) < 1e-5


@pytest.mark.parametrize("kind", ["s4d", "dplr"])
def test_products_that_may_be_rounded_leave_the_kernel_alone(kind):
    torch.manual_seed(3)
    module = (S4DKernel if kind == "s4d" else DPLRKernel)(4, S4Settings(kernel=kind, kernel_length=256))
    with torch.no_grad():
        exact = module(256)
        module.train()
        torch.set_float32_matmul_precision("medium")
        try:
            rounded = module(256)
        finally:
            torch.set_float32_matmul_precision("highest")

    assert float((rounded - exact).abs().max() / exact.abs().max()) < 1e-6


@RULES
def test_gradients_are_those_of_complex_autograd(rule):
    torch.manual_seed(5)
    module = S4DKernel(3, S4Settings(state_size=8, discretisation=rule, bidirectional=True)).double()
    weight = torch.randn(2, 3, 40, dtype=torch.float64)
    ours = torch.autograd.grad((module(40) * weight).sum(), list(module.parameters()))
    theirs = torch.autograd.grad((complex_kernel(module, 40) * weight).sum(), list(module.parameters()))

    assert len(ours) == 4
    for actual, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-10)


def test_gradients_of_rank_one_are_those_of_differences():
    torch.manual_seed(5)
    settings = S4Settings(kernel="dplr", state_size=4, kernel_length=7)
    module = DPLRKernel(2, settings).double()
    names = [name for name, _ in module.named_parameters()]

    def kernel(*values):
        return torch.func.functional_call(module, dict(zip(names, values, strict=True)), (9,))

    assert torch.autograd.gradcheck(kernel, tuple(module.parameters()), eps=1e-6, atol=1e-6)


@pytest.mark.parametrize("length", [1, 5, 8, 13])
def test_rank_one_gives_other_lengths_than_it_stores(length):
    """Odd, even, shorter and longer: the first terms are the same numbers."""
    torch.manual_seed(5)
    module = DPLRKernel(2, S4Settings(kernel="dplr", state_size=4, kernel_length=8)).double().eval()
    with torch.no_grad():
        state, impulse, streamed = module.initial_state(1), torch.ones(1, 2), []
        for _ in range(length):
            y, state = module.step(impulse, state)
            streamed.append(y)
            impulse = torch.zeros(1, 2)

        torch.testing.assert_close(module(length)[0], torch.stack(streamed, -1)[0], rtol=1e-9, atol=1e-11)


@given(length=st.integers(1, 40), place=st.integers(0, 39), seed=st.integers(0, 2**16))
def test_convolution_is_causal(length, place, seed):
    rng = np.random.default_rng(seed)
    u, kernel = (torch.from_numpy(rng.standard_normal((2, length))) for _ in range(2))
    place = min(place, length - 1)
    changed = u.clone()
    changed[:, place:] += 10.0

    expected, actual = (causal_convolution(each, kernel)[:, :place] for each in (u, changed))
    torch.testing.assert_close(actual, expected, rtol=0.0, atol=1e-11)


def test_two_sided_convolution_is_two_sums():
    rng = np.random.default_rng(1)
    u, ahead, behind = (torch.from_numpy(rng.standard_normal((2, 9))) for _ in range(3))
    expected = torch.zeros(2, 9, dtype=torch.float64)
    for place in range(9):
        for source in range(9):
            lag = place - source
            expected[:, place] += (ahead[:, lag] if lag >= 0 else behind[:, -lag - 1]) * u[:, source]

    torch.testing.assert_close(two_sided_convolution(u, ahead, behind), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 5), (3, 2, 5), (2, 3, 2, 4)])
@pytest.mark.parametrize("kernel_length", [1, 3, 5])
def test_gradients_of_a_convolution_are_those_of_differences(shape, kernel_length):
    torch.manual_seed(1)
    u = torch.randn(*shape, dtype=torch.float64, requires_grad=True)
    ahead, behind = (torch.randn(2, n, dtype=torch.float64, requires_grad=True) for n in (kernel_length, shape[-1]))

    assert torch.autograd.gradcheck(causal_convolution, (u, ahead))
    assert torch.autograd.gradcheck(two_sided_convolution, (u, behind, behind.detach() + 1.0))


def test_half_precision_is_convolved_in_float32():
    u, kernel = torch.randn(2, 3, 8, dtype=torch.bfloat16), torch.randn(3, 8)

    assert causal_convolution(u, kernel).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(causal_convolution(u, kernel), causal_convolution(u.float(), kernel))
