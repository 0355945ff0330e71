"""Steps of blocks, compiled: for few rows, starting a dozen operations one by one takes most of the time."""

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
            gate += weight[n_channels + h, k] * active[k]
        out[h] += passed / (1.0 + math.exp(-gate))


@numba.njit(cache=True, nogil=True, fastmath=_LANES, error_model="numpy")  # type: ignore[untyped-decorator]
def step_block(
    u: Reals,
    before: States,
    table: Doubles,
    epsilon: float,
    norm_weight: Reals,
    norm_bias: Reals,
    skip: Reals,
    weight: Reals,
    bias: Reals,
) -> tuple[Reals, States]:
    """``u + layer(norm(u))`` for one step, as `S4Block.step` explains. Arrays are contiguous; no shape is checked.

    Args:
        u: Shape ``(B, H)``, float32 or float64 as are all parameters.
        before: States of shape ``(B, H, n)``.
        table: Shape ``(H, 6, n)`` or ``(H, 10, n)``, of `RecurrentStep.table`.
        epsilon: Of the norm.
        norm_weight: Shape ``(H,)``.
        norm_bias: Shape ``(H,)``.
        skip: Shape ``(H,)``.
        weight: Shape ``(2 H, H)``, of the gate.
        bias: Shape ``(2 H,)``.

    Returns:
        Outputs of shape ``(B, H)`` and the states afterwards.
    """
    n_rows, n_channels = u.shape
    # Lanes are for states that are moved in place: they need to know that no array is written to that another reads.
    out, after = u.copy(), before.copy()
    moved = after.view(np.float64)
    normal, y, active = np.empty(n_channels), np.empty(n_channels), np.empty(n_channels, u.dtype)
    for row in range(n_rows):
        normalise(u[row], norm_weight, norm_bias, epsilon, normal)
        _move(table, normal, moved[row], y)
        _add_gated(normal, y, skip, weight, bias, active, out[row])
    return out, after


@numba.njit(cache=True, nogil=True, fastmath=_LANES, error_model="numpy")  # type: ignore[untyped-decorator]
def step_stack(
    bar: Reals,
    states: States,
    total: Doubles,
    tables: Doubles,
    epsilons: Doubles,
    vectors: Reals,
    weights: Reals,
    entry_weight: Reals,
    ends: Reals,
) -> tuple[Reals, Doubles]:
    """One bar through entry, blocks and norm, with states moved in place. All arrays are contiguous.

    Args:
        bar: Shape ``(B, F)``, float32 or float64 as are all parameters.
        states: Shape ``(n_layers, B, H, n)``, moved.
        total: Shape ``(B, H)``, sum of earlier outputs.
        tables: Shape ``(n_layers, H, 6 or 10, n)``, of `RecurrentStep.table`.
        epsilons: Shape ``(n_layers + 1,)``, of the norms.
        vectors: Shape ``(n_layers, 5 H)``, of each block weight and bias of its norm, skip, and bias of its gate.
        weights: Shape ``(n_layers, 2 H, H)``, of the gates.
        entry_weight: Shape ``(H, F)``.
        ends: Shape ``(3, H)``, bias of the entry, weight and bias of the last norm.

    Returns:
        Normalised outputs and the new sum, shapes ``(B, H)``.
    """
    n_layers, n_rows, n_channels, _ = states.shape
    hidden, last, moved = np.empty((n_rows, n_channels), bar.dtype), np.empty_like(total), states.view(np.float64)
    normal, y, active = np.empty(n_channels), np.empty(n_channels), np.empty(n_channels, bar.dtype)
    for row in range(n_rows):
        for h in range(n_channels):
            value = ends[0, h]
            for k in range(bar.shape[1]):
                value += entry_weight[h, k] * bar[row, k]
            hidden[row, h] = value
    for layer in range(n_layers):
        own = vectors[layer]
        norm_weight, norm_bias, skip = own[:n_channels], own[n_channels : 2 * n_channels], own[2 * n_channels :]
        for row in range(n_rows):
            normalise(hidden[row], norm_weight, norm_bias, epsilons[layer], normal)
            _move(tables[layer], normal, moved[layer, row], y)
            _add_gated(normal, y, skip, weights[layer], own[3 * n_channels :], active, hidden[row])
    for row in range(n_rows):
        normalise(hidden[row], ends[1], ends[2], epsilons[n_layers], last[row])
    return last.astype(bar.dtype), total + last
