"""Promise: matrices, kernels, recurrences and layers give the numbers of the reference implementation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from forecast_pipeline.models.s4.arrays import (
    diagonal_discretised,
    dplr_discretised,
    dplr_generating_coefficients,
    dplr_kernel,
    dplr_recurrence,
    s4d_kernel,
    s4d_recurrence,
)
from forecast_pipeline.models.s4.convolution import causal_convolution
from forecast_pipeline.models.s4.hippo import hippo_fourier, hippo_legs, hippo_legt, nplr_legs
from forecast_pipeline.models.s4.initialisation import INITIALISATIONS, diagonal_init
from forecast_pipeline.models.s4.layer import S4DLayer
from forecast_pipeline.models.s4.settings import S4Settings

GOLDEN = Path(__file__).parents[2] / "golden" / "s4"
SIZES = (4, 8, 16)
DIAGONAL = [f"ssm_diag_{rule}_{start}" for rule in ("zoh", "bilinear") for start in ("lin", "inv", "legs")]
DPLR = ["s4_dplr_legs_N4_L16", "s4_dplr_legs_N16_L64"]


def golden(name):
    with np.load(GOLDEN / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def same(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-11)


def same_in_single(actual, expected):
    assert np.asarray(actual).dtype == np.float32
    np.testing.assert_allclose(actual, expected, rtol=0.0, atol=2e-4 * np.abs(expected).max())


def single(values):
    return values.astype(np.complex64 if np.iscomplexobj(values) else np.float32)


def convolved(kernel, u):
    return causal_convolution(torch.from_numpy(u), torch.from_numpy(kernel)).numpy()


@pytest.mark.parametrize("size", SIZES)
def test_hippo_legs(size):
    expected = golden("hippo")
    a, b = hippo_legs(size)

    same(a, expected[f"A_{size}"])
    same(b, expected[f"B_{size}"])


def test_hippo_legt_and_fourier():
    expected = golden("hippo")
    for name, matrices in (("legt", hippo_legt(4)), ("fourier", hippo_fourier(4))):
        same(matrices[0], expected[f"{name}_A_4"])
        same(matrices[1], expected[f"{name}_B_4"])


@pytest.mark.parametrize("size", SIZES)
def test_normal_plus_low_rank(size):
    expected = golden("hippo")
    form = nplr_legs(size)

    same(form.eigenvalues, expected[f"nplr_Lambda_{size}"])
    same(form.drive * form.rank_one.conj(), expected[f"nplr_BPconj_{size}"])
    same(np.abs(form.rank_one), np.abs(expected[f"nplr_P_{size}"]))
    same(np.abs(form.drive), np.abs(expected[f"nplr_B_{size}"]))


@pytest.mark.parametrize("size", [*SIZES, 64])
def test_normal_plus_low_rank_is_the_matrix(size):
    form, (a, b) = nplr_legs(size), hippo_legs(size)
    p = 2.0 * (form.eigenvectors @ form.rank_one).real
    normal = 2.0 * ((form.eigenvectors * form.eigenvalues) @ form.eigenvectors.conj().T).real

    np.testing.assert_allclose(normal - np.outer(p, p), a, rtol=1e-9, atol=1e-9)
    same(2.0 * (form.eigenvectors @ form.drive).real, b)


@pytest.mark.parametrize("size", [4, 8, 64])
@pytest.mark.parametrize("name", INITIALISATIONS)
def test_initialisations(name, size):
    """The reference has a float32 pi and complex64 poles; the sign of an eigenvector is free."""
    expected = golden("s4d_init")
    a, b = diagonal_init(name, size)
    drive = expected[f"{name}_B_{size}"]

    np.testing.assert_allclose(a, expected[f"{name}_A_{size}"], rtol=3e-7, atol=5e-5)
    np.testing.assert_allclose(b * np.sign(b.real * drive.real), drive, rtol=2e-6, atol=1e-6)


def test_minimal_kernel_and_layer():
    data = golden("s4d_minimal")
    kernel = s4d_kernel(data["A"], data["C"], data["dt"], int(data["L"]))
    layer = S4DLayer(3, S4Settings(state_size=8)).double()
    filled(layer, data["A"], data["C"], data["dt"], data["D"], data["W_out"], data["b_out"])

    same(kernel, data["K"])
    same(convolved(kernel, data["u"]) + data["D"][:, None] * data["u"], data["y_core"])
    same(layer(torch.from_numpy(data["u"])).detach(), data["y_layer"])
    same_in_single(layer.float()(torch.from_numpy(data["u"]).float()).detach(), data["y_layer"])


def filled(layer, a, c, dt, skip, weight, bias):
    kernel = layer.kernel
    with torch.no_grad():
        kernel.log_decay.copy_(torch.from_numpy(np.log(-a.real)))
        kernel.frequency.copy_(torch.from_numpy(a.imag))
        kernel.read[0].copy_(torch.view_as_real(torch.from_numpy(c)))
        kernel.log_dt.copy_(torch.from_numpy(np.log(dt)))
        layer.skip.copy_(torch.from_numpy(skip))
        layer.mix.weight.copy_(torch.from_numpy(weight))
        layer.mix.bias.copy_(torch.from_numpy(bias))


@pytest.mark.parametrize("name", DIAGONAL)
def test_diagonal_kernel_and_recurrence(name):
    data, rule = golden(name), name.split("_")[2]
    a, b, c, dt, u = (data[key] for key in ("A", "B", "C", "dt", "u"))
    kernel = s4d_kernel(a, c, dt, int(data["L"]), rule, b)
    poles, drive = diagonal_discretised(a, b, dt, rule)

    same(kernel, data["K"])
    same(convolved(kernel, u), data["y"])
    same(s4d_recurrence(a, c, dt, u, rule, b)[0], data["y"])
    same(poles, data["dA"])
    same(drive, data["dB"])


@pytest.mark.parametrize("name", DIAGONAL)
def test_diagonal_kernel_in_single_precision(name):
    data, rule = golden(name), name.split("_")[2]
    a, b, c, dt = (single(data[key]) for key in ("A", "B", "C", "dt"))

    same_in_single(s4d_kernel(a, c, dt, int(data["L"]), rule, b), data["K"])


@pytest.mark.parametrize("name", DPLR)
def test_rank_one_kernel_and_recurrence(name):
    data = golden(name)
    parameters, length = [data[key] for key in ("Lambda", "P", "B", "C", "dt")], int(data["L"])
    kernel = dplr_kernel(*parameters, length)
    eigenvalues, p, b, c, dt = parameters

    same(kernel, data["K"])
    same(kernel, data["K_dense"])
    same(convolved(kernel, data["u"]), data["y"])
    same(dplr_recurrence(*parameters, data["u"])[0], data["y"])
    same(dplr_generating_coefficients(*parameters, length), data["C_tilde"])
    same(dplr_generating_coefficients(eigenvalues, p, b, data["C_tilde"], dt, length, invert=True), c)


@pytest.mark.parametrize("name", DPLR)
def test_rank_one_step_is_that_of_all_pairs(name):
    data = golden(name)
    transition, drive = dplr_discretised(*(data[key] for key in ("Lambda", "P", "B", "dt")))
    one = np.eye(len(data["Lambda"]))
    pairs = np.block([[one, 1j * one], [one, -1j * one]])  # of states (Re x, Im x): (x, conj x)

    same(pairs @ transition @ np.linalg.inv(pairs), data["dA_ref"])
    same(drive @ pairs.T, data["dB_ref"])


@pytest.mark.parametrize("name", DPLR)
def test_rank_one_step_is_the_bilinear_step_of_hippo(name):
    data = golden(name)
    transition, drive = dplr_discretised(*(data[key] for key in ("Lambda", "P", "B", "dt")))
    basis = np.concatenate([2.0 * data["V"].real, -2.0 * data["V"].imag], axis=1)  # (N, N): of states (Re x, Im x)
    half, one = 0.5 * data["dt"][:, None, None] * data["A_hippo"], np.eye(int(data["N"]))
    before = np.linalg.inv(one - half)

    same(basis @ transition @ np.linalg.inv(basis), before @ (one + half))
    same(drive @ basis.T, data["dt"][:, None] * (before @ data["B_hippo"]))


@pytest.mark.parametrize("name", DPLR)
def test_rank_one_kernel_in_single_precision(name):
    data = golden(name)
    parameters = (single(data[key]) for key in ("Lambda", "P", "B", "C", "dt"))

    same_in_single(dplr_kernel(*parameters, int(data["L"])), data["K"])


def test_a_whole_layer_of_the_reference():
    """Its block has neither norm nor residual there, and writes conjugate poles."""
    data = golden("s4block_diag_f32")
    layer = S4DLayer(8, S4Settings(state_size=16, trainable_drive=True))
    kernel = {key.removeprefix("p__layer__kernel__"): value for key, value in data.items()}
    c, b = (each[0, ..., 0] + 1j * each[0, ..., 1] for each in (kernel["C"], kernel["B"]))
    a = -np.exp(kernel["A_real"]) - 1j * kernel["A_imag"]
    weight, bias = data["p__output_linear__0__weight"][..., None], data["p__output_linear__0__bias"]
    filled(layer, a, c, np.exp(kernel["inv_dt"][:, 0]), data["p__layer__D"][0], weight, bias)
    with torch.no_grad():
        layer.kernel.drive.copy_(torch.view_as_real(torch.from_numpy(b)))

    same_in_single(layer(torch.from_numpy(data["u"])).detach(), data["y"])
