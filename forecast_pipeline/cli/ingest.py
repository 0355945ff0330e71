"""``forecast-pipeline ingest``: vendor files into the landing area."""

from pathlib import Path
from typing import Annotated

import typer

from forecast_pipeline.candles.ingest import Ingested, ingest_file
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.candles.vendors.registry import READERS
from forecast_pipeline.cli.arguments import AsJson, Symbol
from forecast_pipeline.cli.output import print_records
from forecast_pipeline.core.errors import PipelineError, RefusedFile
from forecast_pipeline.defs.settings import home_from_environment

VENDORS = "; ".join(f"{name}: {reader.summary}" for name, reader in READERS.items())


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files of one symbol, or folders of them.")],
    symbol: Symbol,
    vendor: Annotated[str, typer.Option("--vendor", help=VENDORS)],
    timezone: Annotated[str | None, typer.Option(help="Zone of the stamps; measured or known if left out.")] = None,
    price_side: Annotated[str | None, typer.Option(help="bid, ask or mid; the vendor's if left out.")] = None,
    source_timeframe: Annotated[str | None, typer.Option(help="Length of a record; measured if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read, judge and keep vendor files; refuse a file whole if it is not what it should be."""
    from forecast_pipeline.defs.instance import open_instance
    from forecast_pipeline.defs.landing import announce

    home = home_from_environment()
    options = SourceOptions.parse(
        {"vendor": vendor, "timezone": timezone, "price_side": price_side, "source_timeframe": source_timeframe}
    )
    done: list[Ingested] = []
    refused: list[str] = []
    for path in _files(paths):
        try:
            done.append(ingest_file(home, path, symbol, options))
        except PipelineError as error:
            refused.append(str(error))
    if done:
        with open_instance(home) as instance:
            for each in done:
                announce(instance, each.symbol, each.file)
        print_records([_row(each) for each in done], "Ingested", as_json=as_json)
    if refused:
        raise PipelineError("; ".join(refused))
    if not done:
        raise RefusedFile("ingest needs at least one file", was=", ".join(str(path) for path in paths))


def _files(paths: list[Path]) -> list[Path]:
    """The files named, and those that lie directly in the folders named, by name."""
    inside = [sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path] for path in paths]
    return [path for group in inside for path in group if not path.name.startswith(".")]


def _row(each: Ingested) -> dict[str, object]:
    card = each.file.stored.card
    return {
        "file": card["name"],
        "symbol": each.symbol,
        "rows": each.n_rows,
        "good": card["n_good"],
        "duplicates": each.n_duplicates,
        "quarantined": ", ".join(f"{reason} {count}" for reason, count in each.quarantined.items()) or "none",
        "clock": card["timezone"],
        "record": f"{card['source_minutes']}m",
        "first": each.file.first_ts_utc,
        "last": each.file.last_ts_utc,
        "sha256": each.file.sha256[:12],
        "known": "already landed" if each.was_known else "new",
    }
