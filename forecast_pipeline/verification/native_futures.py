"""Native panels beside a future that never was: the values of every bar that closes after a cut replaced."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.verification.garbage import EMPTIED_EVERY, GAP_FRACTION, SCALE

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    import polars as pl

    from forecast_pipeline.splits.native import NativeSource
    from forecast_pipeline.splits.native_panel import NativePanel

    Singles = npt.NDArray[np.float32]


def with_native_future(
    native: NativeSource | None, future: str, frame: pl.DataFrame, first_row: int, seed: int
) -> NativeSource | None:
    """The panels with every bar that closes after the last honest row of a matrix replaced.

    Args:
        native: Panels; None stays None.
        future: Name of the future, of `NATIVE_FUTURES`.
        frame: Matrix; bars that close after its last row are left away, as nothing can ask for them.
        first_row: First row that is garbage, at least 1.
        seed: Seed of the garbage.
    """
    if native is None or first_row >= frame.height:
        return native
    closes_us = frame["close_ts_utc"].to_physical()
    after_us, until_us = int(closes_us[first_row - 1]), int(closes_us[-1])
    return native.changed(functools.partial(_replaced, NATIVE_FUTURES[future], after_us, until_us, seed))


def wild(_: Singles, later: Singles, seed: int) -> Singles:
    """Values shuffled, multiplied by -100 and in places taken away; each fifth column vanishes.

    Args:
        later: Values after the cut, shape ``(n, F)``.
        seed: Seed of the garbage.
    """
    rng = np.random.default_rng(seed)
    size = np.maximum(np.abs(np.where(np.isfinite(later), later, 0.0)).max(axis=0, initial=0.0), 1e-6)
    shuffled = np.where(np.isfinite(later), later, 0.0)[rng.permutation(later.shape[0])]
    made = SCALE * (shuffled + 2.0 * rng.standard_normal(later.shape) * size)
    made[rng.random(later.shape) < GAP_FRACTION] = np.nan
    made[:, ::EMPTIED_EVERY] = np.nan
    return np.asarray(made, np.float32)


def echo(before: Singles, later: Singles, _seed: int) -> Singles:
    """The bars just before the cut, over and over; garbage where there are none.

    Args:
        before: As many values before the cut as after it, or all there are, shape ``(m, F)``.
        later: Values after it, shape ``(n, F)``.
    """
    if not before.shape[0]:
        return wild(before, later, _seed)
    return np.asarray(before[np.arange(later.shape[0]) % before.shape[0]])


NATIVE_FUTURES: dict[str, Callable[[Singles, Singles, int], Singles]] = {"wild": wild, "echo": echo}
"""The futures of `garbage.FUTURES` for panels: values before and after a cut and a seed to what stands after it."""


def _replaced(
    invent: Callable[[Singles, Singles, int], Singles], after_us: int, until_us: int, seed: int, panel: NativePanel
) -> NativePanel:
    first, stop = (int(each) + 1 for each in panel.last_closed(np.array([after_us, until_us])))
    before, later = panel.read(max(2 * first - stop, 0), first), panel.read(first, stop)
    return dataclasses.replace(
        panel,
        close_us=panel.close_us[:stop],
        values=panel.values[:first],  # a view of the mapped file: an honest bar is not even copied
        later=invent(before, later, seed + panel.timeframe_minutes),
    )
