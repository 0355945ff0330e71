"""``verify``: hashes, rebuilt pasts, refitted folds, replayed serving; ``verify leaks``: the suite and its score."""

from typing import Annotated

import typer

from forecast_pipeline.cli.arguments import AsJson
from forecast_pipeline.cli.output import CONSOLE, ERRORS, print_json, print_rows
from forecast_pipeline.core.errors import InvalidConfiguration, PipelineError
from forecast_pipeline.core.symbol import normalise_symbol
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.settings import home_from_environment

app = typer.Typer(help="Check what was built, or let planted leaks try to get past the checks.", add_completion=False)
MaybeSymbol = Annotated[str, typer.Option("--symbol", help="Currency pair, EURUSD or EUR/USD.")]


@app.callback(invoke_without_command=True)
def verify(
    context: typer.Context,
    symbol: MaybeSymbol = "",
    timeframe: Annotated[str, typer.Option("--timeframe", help="Base timeframe: 1m 5m 15m 30m 1h 4h 1d.")] = "",
    cuts: Annotated[int, typer.Option(min=0, help="Instants at which the chain is rebuilt from the past alone.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Check every hash, rebuild the past without the future, refit folds beside another, replay serving."""
    if context.invoked_subcommand is not None:
        return
    if not symbol or not timeframe:
        raise InvalidConfiguration(
            "verify needs --symbol and --timeframe",
            was="neither" if not symbol and not timeframe else "one of them",
            do="forecast-pipeline verify --symbol EURUSD --timeframe 1h, or forecast-pipeline verify leaks --help",
        )
    from forecast_pipeline.verification.lake import verify as run

    findings = list(run(home_from_environment(), normalise_symbol(symbol), Timeframe.parse(timeframe), cuts))
    rows = [{"check": f.name, "result": _result(passed=f.passed), "detail": f.detail} for f in findings]
    print_rows(rows, f"Verification of {symbol} {timeframe}", as_json=as_json)
    if not all(finding.passed for finding in findings):
        raise PipelineError("every verification must pass", was=f"{sum(not f.passed for f in findings)} failed")


@app.command()
def leaks(
    symbol: MaybeSymbol,
    timeframe: Annotated[str, typer.Option("--timeframe", help="Base timeframe; by default the fastest from 5m.")] = "",
    is_full: Annotated[
        bool, typer.Option("--full", help="Let every test of the features try every leak there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask features, folds, serving, backtest and scores whether they look ahead, then plant errors in all of them."""
    from forecast_pipeline.verification.leak_suite import mutation_score, run_leak_suite, score_by_group

    base = Timeframe.parse(timeframe) if timeframe else None
    results = []
    with ERRORS.status("leak suite") as status:
        for result in run_leak_suite(home_from_environment(), normalise_symbol(symbol), base, is_full=is_full):
            results.append(result)
            status.update(f"leak suite: {result.part} {result.name}")
    killed, planted = mutation_score(results)
    rows = [
        {
            "part": each.part,
            "group": each.group,
            "test": each.name,
            "result": _result(passed=each.passed) if each.part != "planted leak" else _caught(each.passed),
            "caught by": each.killed_by,
            "detail": each.detail,
        }
        for each in results
    ]
    if as_json:
        by_group = {group: {"killed": k, "planted": n} for group, (k, n) in score_by_group(results).items()}
        score = {"killed": killed, "planted": planted, "by_group": by_group}
        print_json({"mutation_score": score, "results": rows})
    else:
        print_rows(rows, f"Leak suite of {symbol}", as_json=False)
        for group, (n_caught, n_planted) in score_by_group(results).items():
            CONSOLE.print(f"{group}: {n_caught} of {n_planted}", highlight=False)
        CONSOLE.print(f"Mutation score: {killed} of {planted} planted leaks caught.", highlight=False)
    alarms = [each for each in results if not each.passed]
    if alarms:
        raise PipelineError(
            "the clean pipeline must raise no alarm and every planted leak must be caught",
            was="; ".join(f"{each.part} {each.name}: {each.detail}" for each in alarms[:3]),
        )


def _result(*, passed: bool) -> str:
    return "passed" if passed else "FAILED"


def _caught(caught: bool) -> str:
    return "caught" if caught else "MISSED"
