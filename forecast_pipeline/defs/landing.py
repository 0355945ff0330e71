"""Telling Dagster about a landed file: its symbol becomes a partition, the file an event."""

import dagster as dg

from forecast_pipeline.candles.landing import LandedFile
from forecast_pipeline.defs.lineage import VENDOR_FILES
from forecast_pipeline.defs.partitions import symbols


def landed_event(symbol: str, file: LandedFile) -> dg.AssetMaterialization:
    """Event of the external asset for one landed file."""
    card = file.stored.card
    return dg.AssetMaterialization(
        VENDOR_FILES,
        partition=symbol,
        description=f"{card['name']} ({card['vendor']})",
        metadata={
            "file": str(card["name"]),
            "vendor": str(card["vendor"]),
            "sha256": file.sha256,
            "path": dg.MetadataValue.path(str(file.path)),
            "timezone": str(card["timezone"]),
            "price_side": str(card["price_side"]),
            "source_minutes": int(card["source_minutes"]),
            "rows": int(card["n_rows"]),
            "good rows": int(card["n_good"]),
            "first_ts_utc": str(card["first_ts_utc"]),
            "last_ts_utc": str(card["last_ts_utc"]),
        },
        tags={"dagster/data_version": file.sha256},
    )


def announce(instance: dg.DagsterInstance, symbol: str, file: LandedFile) -> None:
    """Add the symbol's partition and record the landed file in an instance."""
    instance.add_dynamic_partitions(str(symbols.name), [symbol])
    instance.report_runless_asset_event(landed_event(symbol, file))
