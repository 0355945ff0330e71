"""``forecast``, ``report`` and ``status``: what has been built."""

from typing import Annotated, Any

import polars as pl
import typer

from forecast_pipeline.backtests.report import read_report
from forecast_pipeline.backtests.schema import quantile_column
from forecast_pipeline.cli.arguments import AsJson, BaseTimeframe, Symbol
from forecast_pipeline.cli.output import CONSOLE, print_frame, print_json, print_rows
from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import Published
from forecast_pipeline.core.query import published_partitions
from forecast_pipeline.core.symbol import normalise_symbol
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.settings import home_from_environment
from forecast_pipeline.forecasts.inference import DEFAULT_LEVELS, read_forecasts

DEFAULT_QUANTILES = ",".join(f"{level:g}" for level in DEFAULT_LEVELS)


def forecast(
    symbol: Symbol,
    timeframe: BaseTimeframe,
    model: Annotated[str, typer.Option(help="Model; the champion if left out.")] = "",
    horizons: Annotated[str, typer.Option(help="Horizons in bars, comma-separated; all if left out.")] = "",
    quantiles: Annotated[str, typer.Option(help="Quantile levels, comma-separated.")] = DEFAULT_QUANTILES,
    as_json: AsJson = False,
) -> None:
    """Quantiles of return and price from the newest closed bar."""
    from forecast_pipeline.forecasts.champion import read_champion
    from forecast_pipeline.forecasts.inference import forecast_rows, matrix_of
    from forecast_pipeline.models.artifact import current_artifacts, open_artifact
    from forecast_pipeline.models.registry import family_named

    home, name, base = home_from_environment(), normalise_symbol(symbol), Timeframe.parse(timeframe)
    wanted = family_named(model).name if model else str(read_champion(home, name, base).card["champion"])
    levels = _numbers(quantiles, "--quantiles")
    cards = [card for card in current_artifacts(home, name, base) if card.card["model_name"] == wanted]
    if not cards:
        trained = ", ".join(card.card["model_name"] for card in current_artifacts(home, name, base)) or "none"
        raise InvalidConfiguration(f"{wanted} must be trained for {name} {base}", was=f"trained: {trained}")
    artifact = open_artifact(_newest(cards))
    rows = forecast_rows(matrix_of(home, name, base, artifact), artifact, [-1], levels)
    if horizons:
        asked = [int(h) for h in _numbers(horizons, "--horizons")]
        unknown = sorted(set(asked) - set(artifact.horizons))
        if unknown:
            grid = ", ".join(str(h) for h in artifact.horizons)
            raise InvalidConfiguration(
                f"horizons must be among the model's {grid} bars",
                was=str(unknown),
                do="build with --set splits.horizons",
            )
        rows = rows.filter(pl.col("horizon_bars").is_in(asked))
    title = f"{name} {base}: {wanted}, issued {rows['issued_at_utc'][0]:%Y-%m-%d %H:%M} UTC at {rows['price'][0]:g}"
    print_frame(rows if as_json else _shown(rows, levels), title, as_json=as_json)


def report(symbol: Symbol, timeframe: BaseTimeframe, as_json: AsJson = False) -> None:
    """Verdict and path of the walk-forward report."""
    home, name, base = home_from_environment(), normalise_symbol(symbol), Timeframe.parse(timeframe)
    stored = read_report(home, name, base)
    if as_json:
        print_json(_report_summary(stored))
    else:
        _print_report(stored)


def status(as_json: AsJson = False) -> None:
    """What the state folder holds, one line a partition."""
    home = home_from_environment()
    rows = [
        {
            "stage": stage,
            "symbol": stored.card.get("symbol"),
            "partition": stored.name,
            "rows": stored.card.get("n_rows"),
            "first": stored.card.get("first_ts_utc"),
            "last": stored.card.get("last_ts_utc"),
            "sha256": stored.sha256[:12],
        }
        for stage, stored in published_partitions(home)
    ]
    if not rows and not as_json:
        CONSOLE.print(f"{home.root} is empty; begin with forecast-pipeline ingest or make demo")
        return
    print_rows(rows, f"Lake in {home.root}", as_json=as_json)


def forecast_summary(home: Home, symbol: str, timeframe: Timeframe) -> dict[str, Any]:
    """Champion, forecast and report of a partition, as JSON values."""
    live = read_forecasts(home, symbol, timeframe)
    rows = live.read_frame().filter(pl.col("is_champion")).drop("is_champion")
    return {
        "symbol": symbol,
        "timeframe": timeframe.value,
        "champion": live.card["champion"],
        "reason": live.card["reason"],
        "forecast": list(rows.iter_rows(named=True)),
        "report": _report_summary(read_report(home, symbol, timeframe)),
    }


def print_results(home: Home, symbol: str, timeframe: Timeframe) -> None:
    """Print the forecast table, who serves and why, the verdict and the path of the report."""
    live = read_forecasts(home, symbol, timeframe)
    rows = live.read_frame().filter(pl.col("is_champion"))
    issued = f"issued {rows['issued_at_utc'][0]:%Y-%m-%d %H:%M} UTC at {rows['price'][0]:g}"
    title = f"Forecast of {symbol} {timeframe} by {live.card['champion']}, {issued}"
    print_frame(_shown(rows, list(DEFAULT_LEVELS)), title, as_json=False)
    CONSOLE.print(f"{live.card['champion']} serves: {live.card['reason']}.", highlight=False)
    _print_report(read_report(home, symbol, timeframe))


def _shown(rows: pl.DataFrame, levels: list[float]) -> pl.DataFrame:
    names = [quantile_column(level) for level in sorted(levels)]
    prices = [pl.col(f"price_{name}").round(5).alias(name) for name in names]
    returns = [(pl.col(name) * 1e4).round(1).alias(f"{name} bp") for name in (names[0], names[-1])]
    target = pl.col("target_ts_utc").dt.strftime("%m-%d %H:%M").alias("until UTC")
    return rows.select(target, pl.col("horizon_bars").alias("bars"), *prices, *returns)


def _report_summary(stored: Published) -> dict[str, Any]:
    names = ("conclusion", "doubt", "lights", "headline_model", "headline_horizon_bars")
    return {name: stored.card[name] for name in names} | {"path": str(stored.folder / "report.html")}


def _print_report(stored: Published) -> None:
    colours = {"green": "green", "amber": "yellow", "red": "red"}
    lights = "  ".join(f"[{colours.get(c, 'white')}]{n}: {c}[/]" for n, c in stored.card["lights"].items())
    CONSOLE.print(f"{stored.card['conclusion']}.", highlight=False)
    CONSOLE.print(lights)
    CONSOLE.print(f"Report: {stored.folder / 'report.html'}", highlight=False, soft_wrap=True)


def _newest(cards: list[Published]) -> Published:
    return max(cards, key=lambda card: str(card.card["fold"]["cutoff_utc"]))


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise InvalidConfiguration(f"{option} must be numbers with commas between them", was=repr(text)) from None
