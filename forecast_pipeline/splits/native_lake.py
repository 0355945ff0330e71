"""Native panels of a lake: feature partitions as uncompressed arrays beside the cache, mapped and not read.

A panel is written once for each version of its feature partition, verified when it is opened, and written again where
it is damaged, truncated or of another version.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.core.publication import find, publish
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.build import read_features
from forecast_pipeline.splits.native import NativeSource
from forecast_pipeline.splits.native_panel import NativePanel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.publication import Published

DEFAULT_TIMEFRAMES = (Timeframe.M5, Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1)
"""Panels that rows offer unless a forecaster asks for others, where they are built and not faster than the base."""
LAYOUT = 1
"""Raised when the arrays are laid out in another way."""
VALUES, CLOSES = ".values.npy", ".closes.npy"
_CLOCK = "close_ts_utc"


def native_features(home: Home, symbol: str, base: Timeframe) -> NativeSource:
    """Features of a symbol by timeframe, at least as slow as the base; nothing is read before it is asked for.

    Which partitions there are is looked up once, when the first panel is asked for.

    Args:
        home: State folder.
        symbol: Normalised symbol.
        base: Base timeframe of the rows.
    """

    def built() -> dict[int, Callable[[], NativePanel]]:
        folder = home.features(symbol)
        slow_enough = [each for each in Timeframe if each >= base and find(folder, each) is not None]
        return {each.minutes: functools.partial(open_panel, home, symbol, each) for each in slow_enough}

    return NativeSource(built, (each.minutes for each in DEFAULT_TIMEFRAMES))


def open_panel(home: Home, symbol: str, timeframe: Timeframe) -> NativePanel:
    """The panel of the present feature partition, mapped from the cache; written there first if need be.

    Raises:
        MissingData: If the features have not been built.
        CorruptData: If they are not what was published.
    """
    features = read_features(home, symbol, timeframe)
    cached = _cached(home, symbol, timeframe, features)
    stored = _write(home, symbol, timeframe, features) if cached is None else cached
    is_empty = 0 in (stored.card["n_rows"], len(stored.card["columns"]))  # and cannot be mapped
    values = np.load(stored.path(VALUES), mmap_mode=None if is_empty else "r", allow_pickle=False)
    closes_us = np.load(stored.path(CLOSES), allow_pickle=False)
    return NativePanel(timeframe.minutes, closes_us, values, tuple(stored.card["columns"]))


def _cached(home: Home, symbol: str, timeframe: Timeframe, features: Published) -> Published | None:
    """The arrays in the cache if they are of this version and whole."""
    try:
        known = find(home.native_features(symbol), timeframe)
    except CorruptData:
        return None
    if known is None or known.card.get("layout") != LAYOUT or known.card["upstream"] != _upstream(features):
        return None
    return known if known.is_intact(CLOSES) and known.is_intact(VALUES) else None


def _write(home: Home, symbol: str, timeframe: Timeframe, features: Published) -> Published:
    columns = [str(column["name"]) for column in features.card["columns"]]
    facts = {
        "stage": "native_features",
        "symbol": symbol,
        "timeframe": timeframe.value,
        "layout": LAYOUT,
        "n_rows": int(features.card["n_rows"]),
        "columns": columns,
        "upstream": _upstream(features),
    }
    clock = pl.concat([features.read_frame(part, columns=[_CLOCK]) for part in features.parts])[_CLOCK]
    closes_us = clock.cast(pl.Int64).to_numpy()

    def write_values(path: Path) -> None:
        shape = (closes_us.size, len(columns))
        if 0 in shape:
            _write_array(path, np.empty(shape, np.float32))
            return
        values = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        start = 0
        for part in features.parts:
            rows = features.read_frame(part, columns=columns).select(pl.col(columns).fill_null(float("nan")))
            values[start : start + rows.height] = rows.to_numpy()
            start += rows.height
        values.flush()

    files = {VALUES: write_values, CLOSES: lambda path: _write_array(path, closes_us)}
    return publish(home.native_features(symbol), timeframe, files, facts)


def _write_array(path: Path, values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
    with path.open("wb") as stream:  # a path would be given another ending
        np.save(stream, values, allow_pickle=False)


def _upstream(features: Published) -> dict[str, str]:
    return {"features": features.sha256}
