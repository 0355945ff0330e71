"""The table of vendor readers, and which of them a file is for."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from forecast_pipeline.candles.vendors.container import head_of
from forecast_pipeline.candles.vendors.dukascopy_bi5 import DukascopyBi5
from forecast_pipeline.candles.vendors.dukascopy_csv import DukascopyCsv
from forecast_pipeline.candles.vendors.dukascopy_json import DukascopyJson
from forecast_pipeline.candles.vendors.generic_csv import GenericCsv
from forecast_pipeline.candles.vendors.histdata import HistData
from forecast_pipeline.candles.vendors.lean import Lean
from forecast_pipeline.candles.vendors.metatrader import MetaTrader
from forecast_pipeline.candles.vendors.oanda import Oanda
from forecast_pipeline.candles.vendors.tidy_parquet import TidyParquet
from forecast_pipeline.candles.vendors.truefx import TrueFx
from forecast_pipeline.candles.vendors.yahoo import Yahoo
from forecast_pipeline.core.errors import InvalidConfiguration, RefusedFile

if TYPE_CHECKING:
    from pathlib import Path

    from forecast_pipeline.candles.vendors.protocol import CandleSource, SourceOptions

AUTO = "auto"
# In the order in which a format is looked for: the special before the general.
_READERS: tuple[CandleSource, ...] = (
    TidyParquet(),
    DukascopyBi5(),
    DukascopyJson(),
    Oanda(),
    Yahoo(),
    HistData(),
    Lean(),
    TrueFx(),
    DukascopyCsv(),
    MetaTrader(),
    GenericCsv(),
)
READERS: dict[str, CandleSource] = {reader.name: reader for reader in _READERS}


def reader_named(vendor: str) -> CandleSource:
    """The reader called ``vendor``.

    Raises:
        InvalidConfiguration: If there is none; the message lists them.
    """
    if vendor not in READERS:
        near = difflib.get_close_matches(vendor, [*READERS, AUTO], n=1)
        raise InvalidConfiguration(
            f"vendor must be one of {' '.join(READERS)} or {AUTO}",
            was=repr(vendor),
            do=f"use {near[0]}" if near else None,
        )
    return READERS[vendor]


def detected(path: Path, options: SourceOptions) -> CandleSource:
    """The first reader whose format the beginning of the file has.

    Raises:
        RefusedFile: If none fits; the message lists what was tried and why it did not fit.
    """
    head = head_of(path)
    if options.columns is not None:
        return READERS[GenericCsv.name]
    reasons = {}
    for reader in _READERS:
        reason = reader.unlike(head)
        if not reason:
            return reader
        reasons[reader.name] = reason
    tried = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    shown = repr(head.first_line[:60]) if head.first_line else repr(head.content[:16])
    raise RefusedFile(
        f"{path.name} must be of a known format",
        was=f"{shown} at its beginning, which is none of those tried ({tried})",
        do="name the format with --vendor, or describe it with --vendor csv --columns",
    )


def resolved_options(path: Path, symbol: str, options: SourceOptions) -> SourceOptions:
    """The options with the format detected, if asked, and with what path and symbol tell."""
    if options.vendor == AUTO:
        options = options.model_copy(update={"vendor": detected(path, options).name})
    return reader_named(options.vendor).resolved(path, symbol, options)
