"""``features``: what the catalogue holds, one line of it in full, and the schema of its settings."""

from typing import Annotated, Any

import typer

from forecast_pipeline.cli.arguments import AsJson
from forecast_pipeline.cli.output import CONSOLE, print_json, print_rows
from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.settings import home_from_environment, read_settings

app = typer.Typer(help="The catalogue of features.", no_args_is_help=True, add_completion=False)


@app.command(name="list")
def list_features(
    preset: Annotated[str, typer.Option(help="Indicators, groups or presets, comma-separated.")] = "all",
    timeframe: Annotated[str, typer.Option("--timeframe", help="Timeframe the warm-up is given for.")] = "1h",
    as_json: AsJson = False,
) -> None:
    """Indicators of a preset with their columns, inputs and warm-up."""
    from forecast_pipeline.features.catalogue.page import counts_text, indicator_facts
    from forecast_pipeline.features.catalogue.table import CATALOGUE
    from forecast_pipeline.features.presets import indicators_named

    base = Timeframe.parse(timeframe)
    try:
        names = indicators_named([each.strip() for each in preset.split(",") if each.strip()])
    except ValueError as error:
        raise InvalidConfiguration(str(error)) from None
    settings = read_settings(home_from_environment()).features
    facts = [indicator_facts(CATALOGUE[name], base, settings) for name in names]
    if as_json:
        print_json(facts)
        return
    rows = [
        {
            "group": each["group"],
            "indicator": each["name"],
            "columns": len(each["columns"]),
            "inputs": " ".join(each["inputs"]),
            f"bars of {base}": each["required_bars"],
            "what it is": each["summary"],
        }
        for each in facts
    ]
    print_rows(rows, f"Features: {preset}", as_json=False)
    CONSOLE.print(counts_text(names), highlight=False)


@app.command()
def describe(
    name: Annotated[str, typer.Argument(help="Indicator, such as rsi, or a column, such as rsi_1h_14.")],
    as_json: AsJson = False,
) -> None:
    """Everything the catalogue says about one indicator: formula, numbers, columns, units, warm-up by timeframe."""
    from forecast_pipeline.features.catalogue.page import indicator_facts, warm_up_facts
    from forecast_pipeline.features.catalogue.table import CATALOGUE
    from forecast_pipeline.features.presets import indicator_of

    settings = read_settings(home_from_environment()).features
    indicator = CATALOGUE[indicator_of(name)]
    facts: dict[str, Any] = indicator_facts(indicator, Timeframe.H1, settings)
    facts["warm_up"] = warm_up_facts(indicator, settings)
    if as_json:
        print_json(facts)
        return
    CONSOLE.print(f"{facts['name']}  [dim]{facts['group']}[/dim]", highlight=False)
    for label, text in (
        ("what", facts["summary"]),
        ("source", facts["reference"]),
        ("inputs", ", ".join(facts["inputs"])),
        ("differs", facts["difference"]),
        ("begins", facts["origin"] if facts["origin"] != "none" else ""),
    ):
        if text:
            CONSOLE.print(f"  {label:<8}{text}", highlight=False, soft_wrap=True)
    if facts["parameters"]:
        print_rows(facts["parameters"], "Numbers", as_json=False)
    print_rows(facts["outputs"], "Columns, of 1h", as_json=False)
    print_rows(facts["warm_up"], f"Warm-up at tolerance {settings.tolerance:g}", as_json=False)


@app.command()
def schema() -> None:
    """JSON schema of the section ``features`` of settings.yaml, generated from the catalogue."""
    from forecast_pipeline.features.parameters import FeatureParameters

    print_json(FeatureParameters.model_json_schema())
