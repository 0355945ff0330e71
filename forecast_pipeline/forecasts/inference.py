"""Live forecasts: the newest closed bar, the stored statistics, quantiles in return and in price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.report import CALIBRATION, read_report
from forecast_pipeline.backtests.schema import quantile_column
from forecast_pipeline.core.errors import InvalidConfiguration, MissingData
from forecast_pipeline.core.publication import Published, frame_writer, publish, require
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes
from forecast_pipeline.forecasts.calibration import calibrate_draws, read_calibration
from forecast_pipeline.forecasts.champion import read_champion
from forecast_pipeline.models.artifact import Artifact, current_artifacts, open_artifact
from forecast_pipeline.models.forecaster import cumulative
from forecast_pipeline.splits.assemble import assemble
from forecast_pipeline.splits.build import rows_of
from forecast_pipeline.splits.native import NativeStatistics
from forecast_pipeline.splits.warm_up import require_warm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.models.conformal.state import ConformalState
    from forecast_pipeline.splits.arrays import Rows
    from forecast_pipeline.splits.assemble import Matrix

DEFAULT_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
DEFAULT_N_SAMPLES = 1000


def publish_forecasts(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """Forecast from the newest closed bar with every trained model, calibrate, and publish.

    A model whose calibration the report did not record is published raw, and the card says so.

    Raises:
        MissingData: If no model was trained, no champion chosen or no report built.
    """
    champion = read_champion(home, symbol, timeframe)
    artifacts = [open_artifact(card) for card in current_artifacts(home, symbol, timeframe)]
    if not artifacts:
        raise MissingData(f"{symbol} {timeframe} must have a trained model", do="materialise models")
    report = read_report(home, symbol, timeframe)
    matrices: dict[str, Matrix] = {}
    frames = [
        forecast_rows(
            _matrix(home, symbol, timeframe, artifact, matrices),
            artifact,
            [-1],
            DEFAULT_LEVELS,
            calibration=read_calibration(report, artifact.model_name),
        )
        for artifact in artifacts
    ]
    table = pl.concat(frames).with_columns(is_champion=pl.col("model") == champion.card["champion"])
    facts = {
        "stage": "forecasts",
        "symbol": symbol,
        "timeframe": timeframe.value,
        "champion": champion.card["champion"],
        "reason": champion.card["reason"],
        "issued_at_utc": table["issued_at_utc"][0].isoformat(),
        "n_rows": table.height,
        "n_samples": DEFAULT_N_SAMPLES,
        "calibration": calibration_note(table),
        "upstream": {f"models/{a.stored.name}": a.stored.sha256 for a in artifacts}
        | ({"report": report.sha256} if CALIBRATION in report.card["files"] else {})
        | {"champion": champion.sha256}
        | {key: value for matrix in matrices.values() for key, value in matrix.upstream.items()},
    }
    return publish(home.forecasts(symbol), f"{timeframe}.latest", {".parquet": frame_writer(table)}, facts)


def read_forecasts(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """The published live forecasts.

    Raises:
        MissingData: If there are none.
    """
    do = f"forecast-pipeline build --symbol {symbol} --timeframe {timeframe}"
    return require(home.forecasts(symbol), f"{timeframe}.latest", f"forecasts of {symbol} {timeframe}", do)


def forecast_rows(
    matrix: Matrix,
    artifact: Artifact,
    positions: Sequence[int],
    levels: Sequence[float] = DEFAULT_LEVELS,
    n_samples: int = DEFAULT_N_SAMPLES,
    calibration: Mapping[int, ConformalState] | None = None,
) -> pl.DataFrame:
    """Forecast from matrix rows with a stored model, as it is served.

    Without ``calibration`` the forecast is the model's own, a function of the row and the
    model alone; with it, it also depends on what the layer had learned.

    Args:
        matrix: Aligned features, the artifact's columns among them.
        artifact: Model, statistics and scale.
        positions: Rows to forecast from; -1 is the newest closed bar.
        levels: Quantile levels in (0, 1).
        n_samples: Draws per forecast.
        calibration: State of the calibration layer by horizon, of `calibration.read_calibration`.

    Returns:
        One row a decision and horizon: ``model issued_at_utc price horizon_bars target_ts_utc is_calibrated mean``,
        quantiles of the log return ``q05 …``, and of the price ``price_mean price_q05 …``.

    Raises:
        InvalidConfiguration: If a level is not in (0, 1) or the columns are not the model's.
        NotEnoughHistory: If an input of the model is still in its warm-up on one of the rows.
    """
    if not levels or not all(0.0 < level < 1.0 for level in levels):
        raise InvalidConfiguration("quantile levels must lie between 0 and 1", was=str(list(levels)))
    rows, prices = decision_rows(matrix, artifact, positions)
    raw = cumulative(artifact.forecaster.sample(rows, n_samples))  # (S B K)
    draws, is_calibrated = calibrate_draws(raw, rows, artifact.horizons, artifact.timeframe.minutes, calibration or {})
    quantiles = np.quantile(draws, sorted(levels), axis=0)  # (Q B K)
    mean = draws.mean(axis=0)
    price_mean = prices[:, None] * np.exp(draws).mean(axis=0)
    frames = []
    for k, horizon in enumerate(artifact.horizons):
        clock = trading_minutes(rows.issued_at_us) + horizon * artifact.timeframe.minutes
        values: dict[str, Any] = {quantile_column(q): quantiles[i, :, k] for i, q in enumerate(sorted(levels))}
        in_price = {f"price_{name}": prices * np.exp(value) for name, value in values.items()}
        frames.append(
            pl.DataFrame(
                {
                    "model": [artifact.model_name] * len(rows),
                    "issued_at_utc": pl.Series(rows.issued_at_us).cast(INSTANT),
                    "price": prices,
                    "horizon_bars": pl.Series([horizon] * len(rows), dtype=pl.Int32),
                    "target_ts_utc": pl.Series(instants_of_trading_minutes(clock)).cast(INSTANT),
                    "is_calibrated": is_calibrated[:, k],
                    "mean": mean[:, k],
                    **values,
                    "price_mean": price_mean[:, k],
                    **in_price,
                }
            )
        )
    return pl.concat(frames).sort("issued_at_utc", "horizon_bars")


def calibration_note(live: pl.DataFrame) -> str:
    """One sentence on which horizons of the champion's forecast are calibrated.

    Args:
        live: Rows with ``is_champion``, ``horizon_bars`` and ``is_calibrated``.

    Example:
        >>> rows = {"is_champion": [True, True], "horizon_bars": [1, 12], "is_calibrated": [True, False]}
        >>> calibration_note(pl.DataFrame(rows))
        'calibrated at 1 bars, raw at 12 bars'
    """
    served = live.filter("is_champion").sort("horizon_bars")
    done = [str(h) for h in served.filter("is_calibrated")["horizon_bars"]]
    raw = [str(h) for h in served.filter(~pl.col("is_calibrated"))["horizon_bars"]]
    if not done:
        return "raw: the report recorded no calibration of this model with enough scores before this bar"
    return f"calibrated at {', '.join(done)} bars" + (f", raw at {', '.join(raw)} bars" if raw else "")


def matrix_of(home: Home, symbol: str, timeframe: Timeframe, artifact: Artifact) -> Matrix:
    """The newest matrix with the indicators that a model was trained on."""
    wanted = artifact.stored.card["indicator_tfs"]
    return assemble(home, symbol, timeframe, wanted, "none")


def _matrix(home: Home, symbol: str, timeframe: Timeframe, artifact: Artifact, known: dict[str, Matrix]) -> Matrix:
    key = str(artifact.stored.card["indicator_tfs"])
    if key not in known:
        known[key] = matrix_of(home, symbol, timeframe, artifact)
    return known[key]


def decision_rows(
    matrix: Matrix, artifact: Artifact, positions: Sequence[int]
) -> tuple[Rows, np.ndarray[Any, np.dtype[np.float64]]]:
    """Rows of a matrix as a stored model is served with them, and the price of each.

    Args:
        matrix: Aligned features, the artifact's columns among them.
        artifact: Model, statistics and scale.
        positions: Rows to forecast from; -1 is the newest closed bar.

    Raises:
        InvalidConfiguration: If the columns are not the model's.
        NotEnoughHistory: If an input of the model is still in its warm-up on one of the rows.
    """
    _check_columns(matrix, artifact)
    wanted = np.asarray([p % matrix.frame.height for p in positions])
    stop = int(wanted.max()) + 1
    start = int(wanted.min())
    native = None if matrix.native is None else NativeStatistics(matrix.native)  # the model brings its statistics
    rows = rows_of(matrix.frame, start, stop, artifact.standardiser, artifact.target_scale, artifact.horizons, native)
    chosen = rows.take(wanted - start)
    require_warm(matrix.origins, artifact.standardiser.columns, chosen.issued_at_us)
    return chosen, matrix.frame["price"].to_numpy()[wanted]


def _check_columns(matrix: Matrix, artifact: Artifact) -> None:
    missing = [name for name in artifact.standardiser.columns if name not in matrix.feature_columns]
    if missing:
        raise InvalidConfiguration(
            f"{artifact.stored.name} must be given its {len(artifact.standardiser.columns)} features",
            was=f"no {', '.join(missing)}",
            do="build the features with the settings that the model was trained on, or train it again",
        )
