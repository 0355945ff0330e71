"""``demo``, ``dev`` and ``simulate``: a first run, the UI, simulated candles."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from forecast_pipeline.cli.arguments import AsJson
from forecast_pipeline.cli.build import build_with_progress
from forecast_pipeline.cli.output import CONSOLE, ERRORS, print_json, print_rows
from forecast_pipeline.cli.results import forecast_summary, print_results
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.settings import home_from_environment

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "data" / "sample"
WORKSPACE = REPOSITORY / "workspace.yaml"


def demo(as_json: AsJson = False) -> None:
    """Run the whole chain on the shipped simulated sample and print a forecast and the report."""
    from forecast_pipeline.candles.ingest import ingest_file
    from forecast_pipeline.candles.vendors.protocol import SourceOptions
    from forecast_pipeline.defs.instance import open_instance
    from forecast_pipeline.defs.landing import announce
    from forecast_pipeline.models.registry import TABULAR

    files = sorted(SAMPLE.glob("*.parquet"))
    if not files:
        raise MissingData(f"{SAMPLE} must hold the sample", do="make sample")
    home = home_from_environment()
    ERRORS.print(f"The sample is simulated: no vendor's quotes. State goes to {home.root}.", highlight=False)
    with open_instance(home) as instance:
        for path in files:
            done = ingest_file(home, path, path.name.split("_")[0], SourceOptions(vendor="parquet"))
            announce(instance, done.symbol, done.file)
    build_with_progress(home, "EURUSD", Timeframe.H1, list(TABULAR))
    if as_json:
        print_json(forecast_summary(home, "EURUSD", Timeframe.H1))
    else:
        print_results(home, "EURUSD", Timeframe.H1)
        CONSOLE.print("Next: make dev opens the asset graph on this data.", highlight=False)


def dev(
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Port on this machine.")] = 3000,
    host: Annotated[str, typer.Option(help="The UI has no login: keep it on the loopback.")] = "127.0.0.1",
) -> None:
    """Open the Dagster UI and its daemon on the state folder."""
    from forecast_pipeline.defs.instance import DAGSTER_HOME, prepare_instance

    home = home_from_environment()
    executable = shutil.which("dagster", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if executable is None:
        raise MissingData("dagster must be installed beside this command", do="make setup")
    environment = os.environ | {DAGSTER_HOME: prepare_instance(home), "FORECAST_HOME": str(home.root)}
    command = [executable, "dev", "-w", str(WORKSPACE), "-h", host, "-p", str(port)]
    os.execve(executable, command, environment)  # noqa: S606 - our own command, no shell


def simulate(
    output: Annotated[Path, typer.Option("--output", help="Folder for the files.", file_okay=False)],
    from_model: Annotated[
        str, typer.Option("--from-model", help="A trained model, as EURUSD:1h:garch_t; the sample if left out.")
    ] = "",
    n_paths: Annotated[int, typer.Option("--n-paths", min=1, max=9999, help="Paths of a model.")] = 100,
    n_bars: Annotated[int, typer.Option("--bars", min=1, help="Bars of each path.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of a model's paths.")] = 1,
    origin: Annotated[
        str, typer.Option("--from", help="Where paths of a model begin: now, or at random past bars.")
    ] = "random",
    as_json: AsJson = False,
) -> None:
    """Write simulated candles: the sample again from its seeds, or scenario paths of a trained model."""
    from forecast_pipeline.candles.simulator import write_sample
    from forecast_pipeline.cli.scenarios import simulate_from_model

    if from_model:
        simulate_from_model(
            from_model, output, n_paths=n_paths, n_bars=n_bars, seed=seed, origin=origin, as_json=as_json
        )
        return
    written = write_sample(output)
    rows = [{"file": str(path), "bytes": path.stat().st_size} for path in written]
    print_rows(rows, "Simulated candles", as_json=as_json)
