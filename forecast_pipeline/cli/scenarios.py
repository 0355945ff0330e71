"""``barriers``, and what ``simulate`` does with a model: touch probabilities and scenario paths."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import polars as pl
import typer

from forecast_pipeline.cli.arguments import AsJson, BaseTimeframe, Symbol
from forecast_pipeline.cli.output import CONSOLE, print_frame, print_json, print_rows
from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.symbol import normalise_symbol
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.settings import home_from_environment

if TYPE_CHECKING:
    from forecast_pipeline.models.artifact import Artifact

_PARTS = 3


def barriers(
    symbol: Symbol,
    timeframe: BaseTimeframe,
    stop_pips: Annotated[float, typer.Option("--stop-pips", help="Distance of the stop in pips.")],
    target_pips: Annotated[float, typer.Option("--target-pips", help="Distance of the target in pips.")],
    model: Annotated[str, typer.Option(help="Model; the champion if left out.")] = "",
    side: Annotated[str, typer.Option(help="Of the position: long or short.")] = "long",
    n_paths: Annotated[int, typer.Option("--n-paths", min=1, help="Paths that are drawn.")] = 4000,
    as_json: AsJson = False,
) -> None:
    """Whether stop or target is touched, and which first, by each horizon from the newest closed bar."""
    from forecast_pipeline.forecasts.barriers import barrier_table
    from forecast_pipeline.forecasts.inference import matrix_of

    home, name, base = home_from_environment(), normalise_symbol(symbol), Timeframe.parse(timeframe)
    artifact = chosen_artifact(home, name, base, model)
    if side not in ("long", "short"):
        raise InvalidConfiguration("--side must be long or short", was=repr(side))
    position: Literal["long", "short"] = "long" if side == "long" else "short"
    table = barrier_table(
        matrix_of(home, name, base, artifact),
        artifact,
        name,
        stop_pips=stop_pips,
        target_pips=target_pips,
        side=position,
        n_paths=n_paths,
    )
    stop, target = table["stop_price"][0], table["target_price"][0]
    title = f"{name} {base}: {artifact.model_name}, {side}, stop {stop:g}, target {target:g}, {n_paths} paths"
    print_frame(table if as_json else _shown(table), title, as_json=as_json)


def simulate_from_model(
    source: str, output: Path, *, n_paths: int, n_bars: int, seed: int, origin: str, as_json: bool
) -> None:
    """Write scenario paths of a trained model, and print their stylised facts.

    Raises:
        InvalidConfiguration: If the source is not ``symbol:timeframe:model`` of a trained model.
    """
    from forecast_pipeline.forecasts.inference import matrix_of
    from forecast_pipeline.forecasts.scenarios.scenarios import simulate_scenarios, write_scenarios

    parts = source.split(":")
    if len(parts) != _PARTS:
        raise InvalidConfiguration("--from-model must look like EURUSD:1h:latent_diffusion", was=repr(source))
    if origin not in ("now", "random"):
        raise InvalidConfiguration("--from must be now or random", was=repr(origin))
    home, symbol, base = home_from_environment(), normalise_symbol(parts[0]), Timeframe.parse(parts[1])
    artifact = chosen_artifact(home, symbol, base, parts[2])
    made = simulate_scenarios(
        matrix_of(home, symbol, base, artifact).frame,
        symbol,
        artifact,
        n_paths=n_paths,
        n_bars=n_bars,
        seed=seed,
        origin="now" if origin == "now" else "random",
    )
    *candles, facts = write_scenarios(output, made)
    rows: list[dict[str, Any]] = [fact._asdict() for fact in made.facts]
    if as_json:
        print_json({**made.card(), "files": [str(path) for path in (*candles, facts)]})
        return
    title = f"{symbol} {base}: {n_paths} simulated paths of {n_bars} bars by {artifact.model_name} beside the history"
    print_rows(rows, title, as_json=False)
    CONSOLE.print(f"{len(candles)} files of simulated candles and {facts}", highlight=False, soft_wrap=True)


def chosen_artifact(home: Home, symbol: str, timeframe: Timeframe, model: str) -> "Artifact":
    """The newest stored model of that name for the present split; the champion if there is no name.

    Raises:
        InvalidConfiguration: If there is no such model, naming those that are trained.
        MissingData: If no champion was chosen.
    """
    from forecast_pipeline.forecasts.champion import read_champion
    from forecast_pipeline.models.artifact import current_artifacts, open_artifact
    from forecast_pipeline.models.registry import family_named

    wanted = family_named(model).name if model else str(read_champion(home, symbol, timeframe).card["champion"])
    trained = current_artifacts(home, symbol, timeframe)
    cards = [card for card in trained if card.card["model_name"] == wanted]
    if not cards:
        names = ", ".join(card.card["model_name"] for card in trained) or "none"
        raise InvalidConfiguration(f"{wanted} must be trained for {symbol} {timeframe}", was=f"trained: {names}")
    return open_artifact(max(cards, key=lambda card: str(card.card["fold"]["cutoff_utc"])))


def _shown(table: pl.DataFrame) -> pl.DataFrame:
    probabilities = ("touch_stop", "touch_target", "target_first", "stop_first", "neither", "tied")
    until = pl.col("target_ts_utc").dt.strftime("%m-%d %H:%M").alias("until UTC")
    bars = pl.col("horizon_bars").alias("bars")
    return table.select(until, bars, *(pl.col(name).round(3).alias(name.replace("_", " ")) for name in probabilities))
