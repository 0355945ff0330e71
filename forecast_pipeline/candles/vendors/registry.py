"""The table of vendor readers."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from forecast_pipeline.candles.vendors.histdata import HistData
from forecast_pipeline.candles.vendors.tidy_parquet import TidyParquet
from forecast_pipeline.core.errors import InvalidConfiguration

if TYPE_CHECKING:
    from forecast_pipeline.candles.vendors.protocol import CandleSource

_READERS: tuple[CandleSource, ...] = (HistData(), TidyParquet())
READERS: dict[str, CandleSource] = {reader.name: reader for reader in _READERS}


def reader_named(vendor: str) -> CandleSource:
    """The reader called ``vendor``.

    Raises:
        InvalidConfiguration: If there is none; the message lists them.
    """
    if vendor not in READERS:
        near = difflib.get_close_matches(vendor, READERS, n=1)
        raise InvalidConfiguration(
            f"vendor must be one of {' '.join(READERS)}",
            was=repr(vendor),
            do=f"use {near[0]}" if near else None,
        )
    return READERS[vendor]
