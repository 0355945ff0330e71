"""``forecast-pipeline build``: the whole chain for one symbol and timeframe."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.status import Status

from forecast_pipeline.cli.arguments import AsJson, Assignments, BaseTimeframe, SettingsFile, Symbol
from forecast_pipeline.cli.output import ERRORS, print_json
from forecast_pipeline.cli.settings import kept_if_built, settings_from
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.symbol import normalise_symbol
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.settings import home_from_environment
from forecast_pipeline.models.registry import NEURAL, TABULAR, family_named

MODELS_HELP = (
    "Families to train, comma-separated; baselines always are. "
    f"{', '.join(NEURAL)} train for minutes and are taken only when named."
)


def build(
    symbol: Symbol,
    timeframe: BaseTimeframe,
    models: Annotated[str, typer.Option(help=MODELS_HELP)] = ",".join(TABULAR),
    config: SettingsFile = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Materialise everything from candles to the report and the forecast."""
    home = home_from_environment()
    name, base = normalise_symbol(symbol), Timeframe.parse(timeframe)
    chosen = [family_named(each.strip()).name for each in models.split(",") if each.strip()]
    with kept_if_built(home):
        settings_from(home, config, assignments)
        build_with_progress(home, name, base, chosen)
    from forecast_pipeline.cli.results import forecast_summary, print_results

    if as_json:
        print_json(forecast_summary(home, name, base))
    else:
        print_results(home, name, base)


def build_with_progress(home: Home, symbol: str, timeframe: Timeframe, chosen: list[str]) -> None:
    """Run the chain, telling each step and how long it took."""
    from forecast_pipeline.definitions import build_definitions
    from forecast_pipeline.defs.chain import materialise_chain

    with _progress() as tell:
        materialise_chain(home, symbol, timeframe, build_definitions, chosen, tell)


@contextmanager
def _progress() -> Iterator["_Teller"]:
    with Status("starting", console=ERRORS) as status:
        teller = _Teller(status)
        logger = logging.getLogger("forecast_pipeline")
        logger.setLevel(logging.INFO)
        logger.addHandler(teller.handler)
        try:
            yield teller
            teller.finish()
        finally:
            logger.removeHandler(teller.handler)


class _Teller:
    """Prints one line a step when it ends; log records of the domain show beside the spinner."""

    def __init__(self, status: Status) -> None:
        self.status = status
        self.title = ""
        self.began = time.monotonic()
        self.handler = _StatusHandler(self)

    def __call__(self, title: str) -> None:
        self.finish()
        self.title, self.began = title, time.monotonic()
        self.status.update(title)

    def finish(self) -> None:
        if self.title:
            ERRORS.print(f"  done  {self.title}  [dim]{time.monotonic() - self.began:.1f} s[/dim]", highlight=False)
        self.title = ""


class _StatusHandler(logging.Handler):
    def __init__(self, teller: _Teller) -> None:
        super().__init__(logging.INFO)
        self.teller = teller

    def emit(self, record: logging.LogRecord) -> None:
        self.teller.status.update(f"{self.teller.title}: {record.getMessage()}")
