"""``forecast-pipeline download``: a vendor's server into the cache, and from there into the landing area."""

import os
from datetime import timedelta
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from forecast_pipeline.candles.downloads.dukascopy import download_dukascopy
from forecast_pipeline.candles.downloads.histdata import download_histdata
from forecast_pipeline.candles.downloads.http import Fetcher, Pace
from forecast_pipeline.candles.downloads.job import Downloaded, Wanted, parsed_day
from forecast_pipeline.candles.downloads.oanda import download_oanda
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.cli.arguments import AsJson
from forecast_pipeline.cli.ingest import ingest_and_print
from forecast_pipeline.cli.output import ERRORS, print_rows
from forecast_pipeline.core.clock import system_clock
from forecast_pipeline.core.errors import InvalidConfiguration, MissingData
from forecast_pipeline.core.symbol import normalise_symbol
from forecast_pipeline.defs.settings import home_from_environment

OANDA_KEY = "OANDA_API_TOKEN"
VENDORS = ("dukascopy", "histdata", "oanda")
PAIR_CHARACTERS = 6


def download(
    vendor: Annotated[str, typer.Argument(help="dukascopy, histdata or oanda.")],
    symbol: Annotated[str, typer.Argument(help="Currency pair, EURUSD or EUR/USD.")],
    first: Annotated[str, typer.Option("--from", help="First day, as in 2018-03-02.")],
    last: Annotated[str | None, typer.Option("--to", help="Last day, inclusive; yesterday if left out.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Another server of the same shape.")] = None,
    interface: Annotated[str, typer.Option(help="Of dukascopy: bi5 or json.")] = "bi5",
    rate: Annotated[float, typer.Option(min=0.01, max=50, help="Most requests in a second.")] = 5.0,
    only_fetch: Annotated[
        bool, typer.Option("--only-fetch", help="Leave the files in the cache, do not ingest.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch a vendor's candles, resumable and paced, then ingest them."""
    name, home, now = normalise_symbol(symbol), home_from_environment(), system_clock()
    if vendor not in VENDORS or interface not in ("bi5", "json"):
        raise InvalidConfiguration(
            "vendor must be dukascopy, histdata or oanda, interface bi5 or json", was=f"{vendor} {interface}"
        )
    if len(name) != PAIR_CHARACTERS:
        raise InvalidConfiguration("a download must be of a pair of six letters", was=repr(name))
    until = parsed_day(last, "--to") if last else now.date() - timedelta(days=1)
    wanted = Wanted(symbol=name, first=parsed_day(first, "--from"), last=until, now=now)
    fetcher, folder = Fetcher(Pace(requests_per_second=rate)), home.downloads(vendor)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=ERRORS, disable=not ERRORS.is_terminal) as bar:
        task = bar.add_task(f"{vendor} {name}", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if vendor == "dukascopy":
            uses_json = interface == "json"
            report = download_dukascopy(
                wanted, fetcher, folder, base_url=base_url, uses_json=uses_json, progress=progress
            )
        elif vendor == "histdata":
            report = download_histdata(wanted, fetcher, folder, base_url=base_url, progress=progress)
        else:
            report = download_oanda(wanted, fetcher, folder, key=_key(), base_url=base_url, progress=progress)
    _finish(
        report, name, "dukascopy-json" if vendor == "dukascopy" and interface == "json" else vendor, only_fetch, as_json
    )


def _finish(report: Downloaded, symbol: str, reader: str, only_fetch: bool, as_json: bool) -> None:
    counts = f"{report.n_fetched} fetched, {report.n_cached} from the cache, {report.n_absent} not on the server"
    ERRORS.print(counts, highlight=False)
    if not report.files:
        raise MissingData("the server must have something in those days", was=counts, do="check symbol and days")
    if only_fetch:
        print_rows([{"file": str(path)} for path in report.files], "Downloaded", as_json=as_json)
        return
    ingest_and_print(report.files, symbol, SourceOptions(vendor=reader), as_json=as_json)


def _key() -> str:
    key = os.environ.get(OANDA_KEY, "")
    if not key:
        raise InvalidConfiguration(f"{OANDA_KEY} must hold the key of the account", was="not set")
    return key
