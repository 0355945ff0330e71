"""``lineage``, ``query``, ``verify`` and ``settings``: questions about what is there."""

from typing import Annotated

import typer

from forecast_pipeline.cli.arguments import AsJson, BaseTimeframe, Symbol
from forecast_pipeline.cli.output import CONSOLE, print_frame, print_json, print_rows
from forecast_pipeline.core.errors import InvalidConfiguration, PipelineError
from forecast_pipeline.core.query import run_query
from forecast_pipeline.core.symbol import normalise_symbol
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.settings import home_from_environment, read_settings


def lineage(
    column: Annotated[str, typer.Argument(help="Column of the matrix, such as rsi_1h_14.")],
    symbol: Symbol,
    timeframe: BaseTimeframe,
    as_json: AsJson = False,
) -> None:
    """Where a number comes from: feature, bars, candles, vendor files."""
    from forecast_pipeline.defs.lineage import trace
    from forecast_pipeline.splits.build import read_split

    card = read_split(home_from_environment(), normalise_symbol(symbol), Timeframe.parse(timeframe)).stored.card
    try:
        steps = list(trace(card, column))
    except KeyError:
        near = [name for name in card["feature_columns"] if column.split("_")[0] in name][:8]
        do = f"near: {', '.join(near)}" if near else "list them with: forecast-pipeline query 'describe splits'"
        raise InvalidConfiguration(
            f"column must be one of the matrix of {symbol} {timeframe}", was=column, do=do
        ) from None
    if as_json:
        print_json(steps)
        return
    for depth, step in enumerate(steps):
        if "files" in step:
            what = "; ".join(f"{f['name']} ({f['vendor']}, sha256 {f['sha256'][:12]})" for f in step["files"])
        else:
            what = ", ".join(step["columns"])
        about = f"  [dim]{step['description']} ({step['unit']})[/dim]" if "description" in step else ""
        CONSOLE.print(f"{'   ' * depth}{step['stage']} {step['partition']}: {what}{about}", highlight=False)


def query(
    sql: Annotated[str, typer.Argument(help="SQL over candles, bars, features, splits, forecasts, out_of_sample.")],
    as_json: AsJson = False,
) -> None:
    """Ask the lake a question in SQL (DuckDB, read-only, nothing outside the state folder)."""
    print_frame(run_query(home_from_environment(), sql), "Answer", as_json=as_json)


def verify(
    symbol: Symbol,
    timeframe: BaseTimeframe,
    cuts: Annotated[int, typer.Option(min=0, help="Instants at which the chain is rebuilt from the past alone.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Check every hash, rebuild the past without the future, replay serving against the batch."""
    from forecast_pipeline.forecasts.verification import verify as run

    findings = list(run(home_from_environment(), normalise_symbol(symbol), Timeframe.parse(timeframe), cuts))
    rows = [{"check": f.name, "result": "passed" if f.passed else "FAILED", "detail": f.detail} for f in findings]
    print_rows(rows, f"Verification of {symbol} {timeframe}", as_json=as_json)
    if not all(finding.passed for finding in findings):
        raise PipelineError("every verification must pass", was=f"{sum(not f.passed for f in findings)} failed")


def settings(as_json: AsJson = False) -> None:
    """Every setting in force, defaults included."""
    values = read_settings(home_from_environment()).model_dump(mode="json")
    if as_json:
        print_json(values)
        return
    rows = [
        {"setting": f"{section}.{name}", "value": value}
        for section, entries in values.items()
        for name, value in entries.items()
    ]
    print_rows(rows, "Settings", as_json=False)
