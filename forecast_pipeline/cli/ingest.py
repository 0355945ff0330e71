"""``forecast-pipeline ingest``: vendor files into the landing area."""

from pathlib import Path
from typing import Annotated

import typer

from forecast_pipeline.candles.ingest import Ingested, ingest_file
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.candles.vendors.registry import AUTO, READERS
from forecast_pipeline.cli.arguments import AsJson, Symbol
from forecast_pipeline.cli.output import ERRORS, print_records
from forecast_pipeline.core.errors import NoRecords, PipelineError, RefusedFile
from forecast_pipeline.defs.settings import home_from_environment

VENDORS = "auto finds the format; " + "; ".join(f"{name}: {reader.summary}" for name, reader in READERS.items())


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files of one symbol, or folders of them.")],
    symbol: Symbol,
    vendor: Annotated[str, typer.Option("--vendor", help=VENDORS)] = AUTO,
    timezone: Annotated[str | None, typer.Option(help="Zone of the stamps; measured or known if left out.")] = None,
    price_side: Annotated[str | None, typer.Option(help="bid, ask or mid; the vendor's if left out.")] = None,
    source_timeframe: Annotated[str | None, typer.Option(help="Length of a record; measured if left out.")] = None,
    start: Annotated[str | None, typer.Option(help="Day or hour from which the stamps of a bi5 count.")] = None,
    point: Annotated[float | None, typer.Option(help="Price of one step where prices are whole numbers.")] = None,
    separator: Annotated[str | None, typer.Option(help="Character between columns; found if left out.")] = None,
    columns: Annotated[str | None, typer.Option(help="Columns of a CSV, as in date,time,open,high,low,close.")] = None,
    stamp_format: Annotated[str | None, typer.Option(help="Pattern of the stamps, as in %d/%m/%Y %H:%M.")] = None,
    decimal_comma: Annotated[bool, typer.Option("--decimal-comma", help="Numbers are written with a comma.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read, judge and keep vendor files; refuse a file whole if it is not what it should be."""
    options = SourceOptions.parse(
        {
            "vendor": vendor,
            "timezone": timezone,
            "price_side": price_side,
            "source_timeframe": source_timeframe,
            "start": start,
            "point": point,
            "separator": separator,
            "columns": columns,
            "stamp_format": stamp_format,
            "decimal_comma": decimal_comma,
        }
    )
    ingest_and_print(_files(paths), symbol, options, as_json=as_json)


def ingest_and_print(paths: list[Path], symbol: str, options: SourceOptions, *, as_json: bool) -> None:
    """Ingest files of one symbol, announce them to Dagster, and print what was done.

    Raises:
        PipelineError: Naming every file that was refused; the others are landed.
    """
    from forecast_pipeline.defs.instance import open_instance
    from forecast_pipeline.defs.landing import announce

    home = home_from_environment()
    done: list[Ingested] = []
    empty: list[str] = []
    refused: list[str] = []
    for path in paths:
        try:
            done.append(ingest_file(home, path, symbol, options))
        except NoRecords as error:
            empty.append(str(error))
        except PipelineError as error:
            refused.append(str(error))
    for reason in empty:
        ERRORS.print(f"no data: {reason}", markup=False, highlight=False)
    if done:
        with open_instance(home) as instance:
            for each in done:
                announce(instance, each.symbol, each.file)
        print_records([_row(each) for each in done], "Ingested", as_json=as_json)
    if refused:
        raise PipelineError("; ".join(refused))
    if not done:
        found = f"{len(empty)} without data" if empty else "none"
        raise RefusedFile("ingest needs at least one file with candles", was=found)


def _files(paths: list[Path]) -> list[Path]:
    """The files named, and those that lie directly in the folders named, by name."""
    inside = [sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path] for path in paths]
    return [path for group in inside for path in group if not path.name.startswith(".")]


def _row(each: Ingested) -> dict[str, object]:
    card = each.file.stored.card
    return {
        "file": card["name"],
        "symbol": each.symbol,
        "format": card["vendor"],
        "rows": each.n_rows,
        "good": card["n_good"],
        "duplicates": each.n_duplicates,
        "quarantined": _counts(each.quarantined),
        "repaired": _counts(card["repaired"]),
        "clock": card["timezone"],
        "side": card["price_side"],
        "record": f"{card['source_minutes']}m",
        "first": each.file.first_ts_utc,
        "last": each.file.last_ts_utc,
        "sha256": each.file.sha256[:12],
        "known": "already landed" if each.was_known else "new",
    }


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
