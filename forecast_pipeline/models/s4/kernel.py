"""The step of a whole block, compiled: for few rows, starting its dozen operations one by one takes most of the time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numba
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Reals = npt.NDArray[np.floating]
    Doubles = npt.NDArray[np.float64]
    States = npt.NDArray[np.complex128]

# Sums may be split into lanes; NaN and infinity go on meaning what they mean.
_LANES = {"reassoc", "contract", "nsz"}
_DIAGONAL = 6
_HALF_ROOT = math.sqrt(0.5)


@numba.njit(cache=True, nogil=True, fastmath=_LANES, error_model="numpy")  # type: ignore[untyped-decorator]
def normalise(u: Reals, weight: Reals, bias: Reals, epsilon: float, normal: Reals) -> None:
    """Layer norm of one row.

    Args:
        u: Shape ``(H,)``.
        weight: Shape ``(H,)``.
        bias: Shape ``(H,)``.
        epsilon: Added to the variance.
        normal: Shape ``(H,)``, filled.
    """
    mean, squares = 0.0, 0.0
    for h in range(u.size):
        mean += u[h]
    mean /= u.size
    for h in range(u.size):
        squares += (u[h] - mean) ** 2
    scale = 1.0 / math.sqrt(squares / u.size + epsilon)
    for h in range(u.size):
        normal[h] = (u[h] - mean) * scale * weight[h] + bias[h]


@numba.njit(cache=True, nogil=True, fastmath=_LANES, error_model="numpy")  # type: ignore[untyped-decorator]
def _move(table: Doubles, u: Doubles, state: Doubles, y: Doubles) -> None:
    """One step of the states of one row, ``(H, 2 n)`` with real and imaginary parts in turn, and what it reads."""
    n_pairs = table.shape[2]
    for h in range(u.size):
        x, value = state[h], u[h]
        pole_re, pole_im, drive_re, drive_im = table[h, 0], table[h, 1], table[h, 2], table[h, 3]
        read_re, read_im = table[h, 4], table[h, 5]
        total = 0.0
        if table.shape[1] == _DIAGONAL:
            for k in range(n_pairs):
                re = pole_re[k] * x[2 * k] - pole_im[k] * x[2 * k + 1] + drive_re[k] * value
                im = pole_re[k] * x[2 * k + 1] + pole_im[k] * x[2 * k] + drive_im[k] * value
                x[2 * k] = re
                x[2 * k + 1] = im
                total += read_re[k] * re + read_im[k] * im
        else:
            row_re, row_im, column_re, column_im = table[h, 6], table[h, 7], table[h, 8], table[h, 9]
            coupled = 0.0
            for k in range(n_pairs):
                coupled += row_re[k] * x[2 * k] + row_im[k] * x[2 * k + 1]
            for k in range(n_pairs):
                re = pole_re[k] * x[2 * k] - pole_im[k] * x[2 * k + 1] + drive_re[k] * value - column_re[k] * coupled
                im = pole_re[k] * x[2 * k + 1] + pole_im[k] * x[2 * k] + drive_im[k] * value - column_im[k] * coupled
                x[2 * k] = re
                x[2 * k + 1] = im
                total += read_re[k] * re + read_im[k] * im
        y[h] = total


@numba.njit(cache=True, nogil=True, fastmath=_LANES, error_model="numpy")  # type: ignore[untyped-decorator]
def _add_gated(u: Doubles, y: Doubles, skip: Reals, weight: Reals, bias: Reals, active: Reals, out: Reals) -> None:
    """Add ``GLU(W gelu(y + D u) + b)`` of one row to ``out``; ``active`` is room for what GELU gives."""
    n_channels = y.size
    for h in range(n_channels):
        value = y[h] + skip[h] * u[h]
        active[h] = 0.5 * value * (1.0 + math.erf(value * _HALF_ROOT))
    for h in range(n_channels):
        passed, gate = bias[h], bias[n_channels + h]
        for k in range(n_channels):
            passed += weight[h, k] * active[k]
        for k in range(n_channels):
            gate += weight[n_channels + h, k] * active[k]
        out[h] += passed / (1.0 + math.exp(-gate))


@numba.njit(cache=True, nogil=True, fastmath=_LANES, error_model="numpy")  # type: ignore[untyped-decorator]
def step_block(
    u: Reals,
    state: States,
    table: Doubles,
    epsilon: float,
    norm_weight: Reals,
    norm_bias: Reals,
    skip: Reals,
    weight: Reals,
    bias: Reals,
) -> Reals:
    """``u + layer(norm(u))`` for one step, as `S4Block.step` explains, with states moved in place. All arrays are contiguous; no shape is checked.

    Args:
        u: Shape ``(B, H)``, float32 or float64 as are all parameters.
        state: Shape ``(B, H, n)``, moved.
        table: Shape ``(H, 6, n)`` or ``(H, 10, n)``, of `RecurrentStep.table`.
        epsilon: Of the norm.
        norm_weight: Shape ``(H,)``.
        norm_bias: Shape ``(H,)``.
        skip: Shape ``(H,)``.
        weight: Shape ``(2 H, H)``, of the gate.
        bias: Shape ``(2 H,)``.

    Returns:
        Shape ``(B, H)``.
    """
    n_rows, n_channels = u.shape
    n_rows, n_channels = u.shape
    out, moved = u.copy(), state.view(np.float64)
    normal, y, active = np.empty(n_channels), np.empty(n_channels), np.empty(n_channels, u.dtype)
    for row in range(n_rows):
        normalise(u[row], norm_weight, norm_bias, epsilon, normal)
        _move(table, normal, moved[row], y)
        _add_gated(normal, y, skip, weight, bias, active, out[row])
    return out


@numba.njit(cache=True, nogil=True, fastmath=_LANES, error_model="numpy")  # type: ignore[untyped-decorator]
def affine(u: Reals, weight: Reals, bias: Reals) -> Reals:
    """``W u + b`` for each row.

    Args:
        u: Shape ``(B, F)``, of the type of the parameters.
        weight: Shape ``(H, F)``.
        bias: Shape ``(H,)``.

    Returns:
        Shape ``(B, H)``.
    """
    out = np.empty((len(u), bias.size), u.dtype)
    for row in range(len(u)):
        for h in range(bias.size):
            value = bias[h]
            for k in range(u.shape[1]):
                value += weight[h, k] * u[row, k]
            out[row, h] = value
    return out


@numba.njit(cache=True, nogil=True, fastmath=_LANES, error_model="numpy")  # type: ignore[untyped-decorator]
def normalise_and_add(u: Reals, total: Doubles, epsilon: float, weight: Reals, bias: Reals) -> tuple[Reals, Doubles]:
    """Layer norm of each row, and what earlier ones have come to with it.

    Args:
        u: Shape ``(B, H)``, of the type of the parameters.
        total: Shape ``(B, H)``.
        epsilon: Added to the variance.
        weight: Shape ``(H,)``.
        bias: Shape ``(H,)``.

    Returns:
        Normalised rows and the new total, shapes ``(B, H)``.
    """
    normal = np.empty_like(u)
    for row in range(len(u)):
        normalise(u[row], weight, bias, epsilon, normal[row])
    return normal, total + normal
