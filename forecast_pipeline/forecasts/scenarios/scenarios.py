"""Scenarios of a stored model: where paths start, candles of each, stylised facts beside the training history's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory
from forecast_pipeline.core.publication import write_atomically
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, trading_minutes
from forecast_pipeline.forecasts.scenarios.walk import MIN_PAST_BARS, Generator, walk
from forecast_pipeline.scores.stylised_facts import MIN_BARS, N_HOURS, Fact, ReturnPanel, stylised_facts
from forecast_pipeline.splits.build import rows_of

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from forecast_pipeline.forecasts.scenarios.walk import ScenarioPaths
    from forecast_pipeline.models.artifact import Artifact
    from forecast_pipeline.splits.arrays import BarHistory

    Floats = npt.NDArray[np.float64]

FACTS_FILE = "facts.json"
INPUTS_NOTE = "indicators of simulated bars are not computed: they stand at their training mean"


@dataclass(frozen=True, slots=True)
class Scenarios:
    """Simulated paths of one model, with the price at which each begins.

    Attributes:
        symbol: Pair.
        artifact: The model.
        paths: Log prices of the bars.
        start_price: Shape ``(n,)``, real close at which each path begins.
        start_us: Shape ``(n,)``, its instant.
        seed: Seed of the request.
        origin: Where paths begin: the newest bar, or random past ones.
        facts: Stylised facts; empty where paths are too short to measure them.
    """

    symbol: str
    artifact: Artifact
    paths: ScenarioPaths
    start_price: Floats
    start_us: npt.NDArray[np.int64]
    seed: int
    origin: str
    facts: list[Fact]

    def candles(self, path: int) -> pl.DataFrame:
        """Candles of one path: ``ts_utc`` (open instant), ``open high low close``, oldest first.

        A bar opens at the close before, so a jump over a weekend lies inside the first bar of the week. Prices are not
        rounded to ticks.
        """
        paths = self.paths
        close = np.log(self.start_price[path]) + np.cumsum(paths.returns[path])
        begin = close - paths.returns[path]
        open_us = paths.close_us[path] - self.artifact.timeframe.microseconds
        logs = {"open": begin, "high": begin + paths.highest[path], "low": begin + paths.lowest[path], "close": close}
        prices = {name: np.exp(values) for name, values in logs.items()}
        # Rounding of the exponential may not take an end out of the range.
        prices["high"] = np.maximum(prices["high"], np.maximum(prices["open"], prices["close"]))
        prices["low"] = np.minimum(prices["low"], np.minimum(prices["open"], prices["close"]))
        return pl.DataFrame({"ts_utc": pl.Series(open_us).cast(INSTANT), **prices})

    def card(self) -> dict[str, Any]:
        """What was simulated, and the facts, as JSON values."""
        starts = [datetime.fromtimestamp(us / 1e6, UTC).isoformat() for us in self.start_us.tolist()]
        return {
            "is_simulated": True,
            "symbol": self.symbol,
            "timeframe": self.artifact.timeframe.value,
            "model": self.artifact.model_name,
            "model_sha256": self.artifact.stored.sha256,
            "seed": self.seed,
            "from": self.origin,
            "n_paths": len(starts),
            "n_bars": self.paths.returns.shape[1],
            "inputs": INPUTS_NOTE,
            "starts_utc": sorted(set(starts)) if self.origin == "now" else starts,
            "facts": [fact._asdict() for fact in self.facts],
        }


def simulate_scenarios(
    frame: pl.DataFrame,
    symbol: str,
    artifact: Artifact,
    *,
    n_paths: int,
    n_bars: int,
    seed: int,
    origin: Literal["now", "random"] = "random",
) -> Scenarios:
    """Unconditional paths of a stored model, see `walk.walk`, and their stylised facts.

    Args:
        frame: The matrix of the model's symbol and timeframe (`inference.matrix_of`).
        symbol: Pair.
        artifact: Any family.
        n_paths: Paths.
        n_bars: Bars of each.
        seed: The same seed gives the same paths.
        origin: ``now`` begins all paths at the newest bar with the volatility of today; ``random`` each at a random
            past bar, so that paths together show what is usual.

    Raises:
        InvalidConfiguration: If there are no paths or bars, or no such origin.
        NotEnoughHistory: If the matrix is too short.
    """
    if origin not in ("now", "random"):
        raise InvalidConfiguration("paths must begin from now or random", was=repr(origin))
    if frame.height <= MIN_PAST_BARS:
        raise NotEnoughHistory(f"more than {MIN_PAST_BARS} bars are needed", was=str(frame.height), do="ingest more")
    scale, n_rows = artifact.target_scale, frame.height
    rows = rows_of(frame, n_rows - 1, n_rows, artifact.standardiser, scale, artifact.horizons)
    history = rows.history
    if history is None:
        raise NotEnoughHistory("rows must carry the past returns of their bars", was="none")
    start = np.full(n_paths, n_rows - 1)
    if origin == "random":
        start = np.random.default_rng([seed, 1]).integers(MIN_PAST_BARS, n_rows, n_paths)
    generator = Generator(artifact.forecaster, scale, rows.standardised.shape[1])
    paths = walk(generator, history, start, n_bars, seed=seed)
    close_us = frame["close_ts_utc"].cast(pl.Int64).to_numpy()
    facts = []
    if n_bars >= MIN_BARS:
        simulated = _panel(paths.returns, paths.close_us, artifact)
        facts = stylised_facts(simulated, _training_panel(frame, history, artifact), seed=seed)
    price = frame["price"].to_numpy()[start]
    return Scenarios(symbol, artifact, paths, price, close_us[start], seed, origin, facts)


def write_scenarios(folder: Path, scenarios: Scenarios) -> list[Path]:
    """Write the candles of every path, then `FACTS_FILE`; the same scenarios give the same bytes.

    Files are ``<symbol>_<timeframe>_<model>_<number>_simulated.parquet``, and say in their metadata that they are
    simulated, by which model and from which seed.

    Args:
        folder: Existing or new; files of these names are replaced, others left.
        scenarios: What was simulated.
    """
    folder.mkdir(parents=True, exist_ok=True)
    card = scenarios.card()
    stem = f"{card['symbol']}_{card['timeframe']}_{card['model']}"
    marks = {"is_simulated": "true", **{name: str(card[name]) for name in ("symbol", "model", "model_sha256", "seed")}}
    written = []
    for path in range(card["n_paths"]):
        file = folder / f"{stem}_{path + 1:04d}_simulated.parquet"
        scenarios.candles(path).write_parquet(file, compression="zstd", statistics=False, metadata=marks)
        written.append(file)
    facts = folder / FACTS_FILE
    write_atomically(facts, (json.dumps(_plain(card), indent=1, allow_nan=False) + "\n").encode())
    return [*written, facts]


def _training_panel(frame: pl.DataFrame, history: BarHistory, artifact: Artifact) -> ReturnPanel:
    """Returns of the bars that the model was trained on; of all bars where its card does not say which."""
    close = frame["close_ts_utc"]
    fold = artifact.stored.card.get("fold", {})
    is_trained = np.ones(frame.height, bool)
    if {"train_start_utc", "train_stop_utc"} <= set(fold):
        first, stop = (datetime.fromisoformat(fold[name]) for name in ("train_start_utc", "train_stop_utc"))
        is_trained = ((close >= first) & (close <= stop)).to_numpy()
    if is_trained.sum() < MIN_BARS:
        is_trained[:] = True  # the lake was built again over another period
    close_us = close.cast(pl.Int64).to_numpy()[is_trained]
    returns = frame["bar_return"].fill_null(float("nan")).to_numpy()[is_trained]
    hour = _hours(close_us, history.slot_minutes)
    return ReturnPanel(returns[None], history.returns[is_trained][None], hour[None])


def _panel(returns: Floats, close_us: npt.NDArray[np.int64], artifact: Artifact) -> ReturnPanel:
    flat = close_us.ravel()
    scaled = artifact.target_scale.deseasonalised(flat, returns.ravel())
    hour = _hours(flat, artifact.timeframe.minutes)
    return ReturnPanel(returns, scaled.reshape(returns.shape), hour.reshape(returns.shape))


def _hours(close_us: npt.NDArray[np.int64], slot_minutes: int) -> npt.NDArray[np.int64]:
    """Hour of the FX day in which bars begin; 0 of days."""
    began = trading_minutes(close_us) - slot_minutes
    return np.asarray(began % MINUTES_PER_DAY * N_HOURS // MINUTES_PER_DAY)


def _plain(value: Any) -> Any:  # noqa: ANN401 - a card
    """Undefined numbers as null."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
