"""Group V of the planted errors: a served forecast that is not the one that was backtested.

Each replaces one part of the real serving path. None is reachable from anywhere else.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from forecast_pipeline.core.timeframe import MICROSECONDS_PER_MINUTE
from forecast_pipeline.core.trading_clock import bar_open
from forecast_pipeline.splits.build import rows_of
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.verification.mutants import Mutant, first_findings
from forecast_pipeline.verification.pipeline import Pipeline, probing
from forecast_pipeline.verification.serving_pipeline import (
    FEATURES,
    HORIZONS,
    SERVING_TESTS,
    ServingPipeline,
    aligned,
    known_candles,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.models.artifact import Artifact
    from forecast_pipeline.splits.assemble import Matrix
    from forecast_pipeline.verification.serving_pipeline import ServedWorld

REPLAY = "L5 serve replay"
_SHORT_BARS = 64
"""The specification's ``warmup_bars``, taken as enough for every indicator."""


def serving_mutants(world: ServedWorld) -> list[Mutant]:
    """V1 to V6, in order, on a simulated market."""
    tests = {name: (lambda of, test=test: test(of, world)) for name, test in SERVING_TESTS.items()}

    def mutant(code: str, text: str, **parts: Any) -> Mutant:  # noqa: ANN401 - parts of any kind
        planted = ServingPipeline(**parts)
        return Mutant(code, text, (REPLAY,), lambda: first_findings(tests, planted))

    return [
        mutant("V1", "mean and deviation computed again from what is served", adapt=_statistics_again),
        mutant("V2", "history shorter than the warm-up", known=_newest_candles, matrix=_believed_warm),
        mutant("V3", "the bar in the making taken for closed", known=_closed_early),
        mutant("V4", "columns in another order than at training", adapt=_sorted_columns),
        mutant("V5", "principal components computed again from what is served", adapt=_components_again),
        mutant("V6", "indicators with other numbers than at training", matrix=_other_numbers),
    ]


def _values(matrix: Matrix, columns: tuple[str, ...]) -> npt.NDArray[np.float64]:
    return matrix.frame.select(pl.col(columns).fill_null(float("nan"))).to_numpy()


def _statistics_again(artifact: Artifact, matrix: Matrix) -> Artifact:
    columns = artifact.standardiser.columns
    return dataclasses.replace(artifact, standardiser=Standardiser.fit(_values(matrix, columns), columns, 0.0))


def _newest_candles(candles: pl.DataFrame, now_us: int) -> pl.DataFrame:
    known = known_candles(candles, now_us)
    first_us = int(known["ts_utc"].cast(pl.Int64)[-1]) - (_SHORT_BARS + 1) * FEATURES.base.microseconds
    return known.filter(pl.col("ts_utc").cast(pl.Int64) >= bar_open(np.array([first_us]), FEATURES.base.minutes)[0])


def _believed_warm(candles: pl.DataFrame) -> Matrix:
    """Every input counts as defined, whatever it needs: serving would refuse otherwise."""
    matrix = aligned(candles)
    return dataclasses.replace(
        matrix, origins=tuple(dataclasses.replace(origin, defined_from_us=0) for origin in matrix.origins)
    )


def _closed_early(candles: pl.DataFrame, now_us: int) -> pl.DataFrame:
    """The last price stands until the bar is over, so that the bar counts as complete."""
    known = known_candles(candles, now_us)
    open_us = int(bar_open(np.array([now_us]), FEATURES.base.minutes)[0])
    last_us = open_us + FEATURES.base.microseconds - MICROSECONDS_PER_MINUTE
    standing = known[-1].with_columns(pl.lit(last_us).cast(known.schema["ts_utc"]).alias("ts_utc"))
    return pl.concat([known, standing]).unique("ts_utc", keep="first", maintain_order=True)


def _sorted_columns(artifact: Artifact, _: Matrix) -> Artifact:
    """Inputs by name of their column; mean, deviation and weights in the order of training."""
    columns = tuple(sorted(artifact.standardiser.columns))
    return dataclasses.replace(artifact, standardiser=dataclasses.replace(artifact.standardiser, columns=columns))


def _components_again(artifact: Artifact, matrix: Matrix) -> Artifact:
    from sklearn.decomposition import PCA

    state = dict(artifact.forecaster.state())
    rows = rows_of(matrix.frame, 0, matrix.frame.height, artifact.standardiser, artifact.target_scale, HORIZONS)
    kept = cast("Any", state["projection"]).n_components_
    state["projection"] = PCA(n_components=kept, svd_solver="full").fit(rows.inputs)
    return dataclasses.replace(artifact, forecaster=type(artifact.forecaster).from_state(state))


def _other_numbers(candles: pl.DataFrame) -> Matrix:
    """A slower oscillator under the names that the model knows."""
    matrix = aligned(candles, Pipeline(base=FEATURES.base, slower=FEATURES.slower, parameters=probing(rsi_n=21)))
    known = aligned(candles)
    names = dict(zip(matrix.feature_columns, known.feature_columns, strict=True))
    return dataclasses.replace(known, frame=matrix.frame.rename(names))
