"""Stage 1 against the obvious pandas reader."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd
from side_by_side import Ratio, compare, simulated_year

from forecast_pipeline.candles.vendors.histdata import HistData
from forecast_pipeline.candles.vendors.protocol import SourceOptions


def run() -> list[Ratio]:
    """Read a year of HistData minutes, clock measured and prices checked."""
    year = simulated_year()
    local = year["ts_utc"].dt.convert_time_zone("America/New_York").dt.strftime("%Y%m%d %H%M%S")
    lines = year.select(local.alias("stamp"), "open", "high", "low", "close").with_columns(volume=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "year.csv"
        lines.write_csv(path, separator=";", include_header=False)

        def pandas_way() -> object:
            names = ["stamp", "open", "high", "low", "close", "volume"]
            table = pd.read_csv(path, sep=";", names=names)
            table["stamp"] = pd.to_datetime(table["stamp"], format="%Y%m%d %H%M%S")
            return table.set_index("stamp").tz_localize("America/New_York").tz_convert("UTC")

        options = SourceOptions(vendor="histdata", timezone="America/New_York")
        measured = SourceOptions(vendor="histdata")
        return [
            compare("read a year of HistData", "pandas", lambda: HistData().read(path, options), pandas_way),
            compare("the same, zone measured", "pandas", lambda: HistData().read(path, measured), pandas_way),
        ]
