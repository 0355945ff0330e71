"""Tests of the leak suite on one fold: each takes a fold pipeline and a matrix and says what it caught."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.verification.garbage import FUTURES
from forecast_pipeline.verification.native_futures import with_native_future

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from forecast_pipeline.verification.fold_pipeline import FoldPipeline
    from forecast_pipeline.verification.simulated_matrix import MatrixSource

SEED = 20240310


def label_order(pipeline: FoldPipeline, source: MatrixSource) -> Iterator[str]:
    """L8: no row stands in two segments, and no label reaches the first decision of the next one."""
    state, folds = pipeline.segments(source)
    decided_us = source.close_us
    ends_us = state.targets.label_end_us[:, -1]
    for number, fold in enumerate(folds):
        pairs = (
            ("train", fold.train, "validation", fold.validation),
            ("train", fold.train, "test", fold.test),
            ("validation", fold.validation, "test", fold.test),
        )
        for before, earlier, after, later in pairs:
            if np.intersect1d(earlier, later).size:
                yield f"fold {number}: a row stands in {before} and in {after}"
            n_reaching = int((ends_us[earlier] > decided_us[later].min()).sum())
            if n_reaching:
                yield f"fold {number}: {n_reaching} {before} labels reach {after}"


def cutoff(pipeline: FoldPipeline, source: MatrixSource) -> Iterator[str]:
    """L3: garbage strictly after the price at the first test decision; nothing that the fold learned may change."""
    yield from _refitted(pipeline, source, is_strict=False)


def strict_cutoff(pipeline: FoldPipeline, source: MatrixSource) -> Iterator[str]:
    """L3, strict: garbage from the price at the first test decision on."""
    yield from _refitted(pipeline, source, is_strict=True)


FOLD_TESTS: dict[str, Callable[[FoldPipeline, MatrixSource], Iterator[str]]] = {
    "L8 label order": label_order,
    "L3 cut-off": cutoff,
    "L3 strict cut-off": strict_cutoff,
}
"""Cheap tests first."""


def _refitted(pipeline: FoldPipeline, source: MatrixSource, *, is_strict: bool) -> Iterator[str]:
    _, folds = pipeline.segments(source)
    for number, fold in enumerate(folds):
        first_garbage = int(fold.test.min()) + (not is_strict)
        clean = pipeline.artefact(source, number)
        for future, invent in FUTURES.items():
            changed = dataclasses.replace(
                source,
                frame=invent(source.frame, first_garbage, SEED + number),
                native=with_native_future(source.native, future, source.frame, first_garbage, SEED + number),
            )
            after = pipeline.artefact(changed, number)
            differing = [name for name, value in clean.items() if after[name] != value]
            if differing:
                yield f"fold {number}: {', '.join(differing)} changed when the future was replaced ({future})"
