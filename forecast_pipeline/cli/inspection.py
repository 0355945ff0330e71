"""``lineage``, ``query`` and ``settings``: questions about what is there."""

from typing import Annotated

import typer

from forecast_pipeline.cli.arguments import AsJson, BaseTimeframe, Symbol
from forecast_pipeline.cli.output import CONSOLE, print_frame, print_json, print_rows
from forecast_pipeline.core.errors import InvalidConfiguration
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


def settings(as_json: AsJson = False) -> None:
    """Every setting in force, defaults included."""
    in_force = read_settings(home_from_environment())
    values = in_force.model_dump(mode="json", exclude={"features"}) | {"features": in_force.features.recorded()}
    if as_json:
        print_json(values)
        return
    rows = [
        {"setting": f"{section}.{name}", "value": value}
        for section, entries in values.items()
        for name, value in entries.items()
    ]
    print_rows(rows, "Settings", as_json=False)
