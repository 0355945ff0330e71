"""Column lineage from the cards: feature to bar columns, bar to candle columns, candle to vendor file."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg

from forecast_pipeline.core.schema import BARS, CANDLES
from forecast_pipeline.features.catalogue.indicator import PEERS

VENDOR_FILES = dg.AssetKey(["landing", "vendor_files"])
CANDLES_KEY = dg.AssetKey(["candles", "candles"])
BARS_KEY = dg.AssetKey(["bars", "bars"])
FEATURES_KEY = dg.AssetKey(["features", "features"])
CROSS_FEATURES_KEY = dg.AssetKey(["features", "cross_pairs"])
SPLITS_KEY = dg.AssetKey(["splits", "folds"])

# How each bar column is made of candle columns; prices also need the ask where mid prices are built.
_BAR_SOURCES = {
    "ts_utc": ("ts_utc",),
    "close_ts_utc": ("ts_utc", "source_minutes"),
    "open": ("open", "ask_open"),
    "high": ("high", "ask_high"),
    "low": ("low", "ask_low"),
    "close": ("close", "ask_close"),
    "volume": ("volume",),
    "spread": ("ask_close", "close"),
    "n_obs": ("ts_utc",),
    "n_slots": ("source_minutes",),
}
_MATRIX_SOURCES = {
    "ts_utc": "ts_utc",
    "close_ts_utc": "close_ts_utc",
    "price": "close",
    "bar_return": "close",
    "spread": "spread",
    "fill_ts_utc": "ts_utc",
    "fill_price": "open",
    "bar_open": "open",
    "bar_high": "high",
    "bar_low": "low",
}
_EXTREMES = {"highest": "high", "lowest": "low"}


def candle_lineage() -> dg.TableColumnLineage:
    """Each candle column from the vendor's column of the same meaning."""
    return _lineage({name: [(VENDOR_FILES, name)] for name in CANDLES if name != "source"})


def bar_lineage() -> dg.TableColumnLineage:
    """Each bar column from candle columns."""
    return _lineage({name: [(CANDLES_KEY, source) for source in _BAR_SOURCES[name]] for name in BARS})


def feature_lineage(card: Mapping[str, Any]) -> dg.TableColumnLineage:
    """Each feature from the bar columns it is computed from; another symbol's part in it is its close."""
    return _lineage({c["name"]: [(BARS_KEY, bar) for bar in _own_columns(c["bar_columns"])] for c in card["columns"]})


def split_lineage(card: Mapping[str, Any]) -> dg.TableColumnLineage:
    """Each matrix column from the feature of the same name, or from bars."""
    features = {
        origin["name"]: [(CROSS_FEATURES_KEY if PEERS in origin["bar_columns"] else FEATURES_KEY, origin["name"])]
        for origin in card["origins"]
    }
    market = {name: [(BARS_KEY, source)] for name, source in _MATRIX_SOURCES.items()}
    horizons = card["horizons_bars"]
    outcomes = {f"outcome_{h}": [(BARS_KEY, "close"), (BARS_KEY, "close_ts_utc")] for h in horizons}
    extremes = {
        f"{name}_{h}": [(BARS_KEY, source), (BARS_KEY, "close"), (BARS_KEY, "close_ts_utc")]
        for name, source in _EXTREMES.items()
        for h in horizons
    }
    return _lineage(market | features | outcomes | extremes)


def trace(card: Mapping[str, Any], column: str) -> Iterator[dict[str, Any]]:
    """Steps from a matrix column back to the vendor files, from the card of its split.

    Raises:
        KeyError: If the matrix has no such column.
    """
    origin = next((o for o in card["origins"] if o["name"] == column), None)
    if origin is None and column not in _MATRIX_SOURCES:
        raise KeyError(column)
    timeframe = origin["timeframe"] if origin else card["timeframe"]
    bar_columns = origin["bar_columns"] if origin else [_MATRIX_SOURCES[column]]
    yield {"stage": "splits", "partition": f"{card['symbol']}|{card['timeframe']}", "columns": [column]}
    if origin:
        detail = {"description": origin["description"], "unit": origin["unit"]}
        stage = "cross_features" if PEERS in bar_columns else "features"
        yield {"stage": stage, "partition": f"{card['symbol']}|{timeframe}", "columns": [column], **detail}
    symbols = "*" if PEERS in bar_columns else card["symbol"]
    own = _own_columns(bar_columns)
    yield {"stage": "bars", "partition": f"{symbols}|{timeframe}", "columns": own}
    candle_columns = sorted({source for bar in own for source in _BAR_SOURCES[bar]})
    yield {"stage": "candles", "partition": f"{card['symbol']}|*", "columns": candle_columns}
    distinct = {source["sha256"]: source for source in card["sources"]}
    yield {"stage": "landing", "partition": card["symbol"], "files": list(distinct.values())}


def _own_columns(bar_columns: Iterable[str]) -> list[str]:
    """Bar columns by name; the other symbols stand for the closes they enter with."""
    return list(dict.fromkeys("close" if name == PEERS else name for name in bar_columns))


def _lineage(columns: Mapping[str, list[tuple[dg.AssetKey, str]]]) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        {
            name: [dg.TableColumnDep(asset_key=key, column_name=source) for key, source in sources]
            for name, sources in columns.items()
        }
    )
