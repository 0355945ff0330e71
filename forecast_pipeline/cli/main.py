"""The console script: every command, and the one place where a refusal becomes a line and an exit code."""

import sys

import typer

from forecast_pipeline.cli import (
    build,
    catalogue,
    comparison,
    download,
    ingest,
    inspection,
    results,
    scenarios,
    verification,
    workplace,
)
from forecast_pipeline.cli.output import ERRORS
from forecast_pipeline.core.errors import PipelineError

REFUSED = 1
INTERRUPTED = 130

app = typer.Typer(
    help="Calibrated, honest, reproducible FX forecasts. State lives in FORECAST_HOME (default: data).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    workplace.demo,
    ingest.ingest,
    download.download,
    build.build,
    results.forecast,
    scenarios.barriers,
    results.report,
    comparison.compare,
    results.status,
    inspection.lineage,
    inspection.query,
    inspection.settings,
    workplace.simulate,
    workplace.dev,
):
    app.command()(command)
app.add_typer(verification.app, name="verify")
app.add_typer(catalogue.app, name="features")


def main() -> None:
    """Run a command; a refusal prints one line and exits with 1."""
    try:
        app()
    except PipelineError as error:
        ERRORS.print(f"error: {error}", style="red", markup=False, highlight=False)
        sys.exit(REFUSED)
    except KeyboardInterrupt:
        ERRORS.print("interrupted; what was published stays")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
