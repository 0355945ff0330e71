"""The whole chain for one symbol and timeframe, as Dagster runs in this process."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import dagster as dg

from forecast_pipeline.bars.build import buildable_timeframes
from forecast_pipeline.candles.build import landed_years
from forecast_pipeline.core.errors import MissingData, PipelineError, UnknownSymbol
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.assets import backtests, bars, candles, features, forecasts, models, splits
from forecast_pipeline.defs.instance import open_instance
from forecast_pipeline.defs.partitions import symbol_timeframe, symbol_year, symbols
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.settings import read_settings
from forecast_pipeline.features.cross import wants_cross_features
from forecast_pipeline.models.registry import MODELS, TABULAR

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
ChainAssets = Sequence[dg.AssetsDefinition]


@dataclass(frozen=True, slots=True)
class Step:
    """One run of the chain.

    Attributes:
        title: What a person is told.
        assets: Assets of the run.
        first_key: First partition of the range.
        last_key: Last partition of the range, the same for a single one.
    """

    title: str
    assets: ChainAssets
    first_key: str
    last_key: str


def materialise_chain(
    home: Home,
    symbol: str,
    timeframe: Timeframe,
    build: Callable[..., dg.Definitions],
    chosen_models: Sequence[str] = TABULAR,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Materialise everything of a symbol and base timeframe, from candles to the live forecast.

    Args:
        home: State folder.
        symbol: Normalised symbol.
        timeframe: Base timeframe.
        build: Assembles the definitions, given the resource ``home``.
        chosen_models: Families to train; baselines always are, neural ones only if they are named.
        tell: Told one line before each run.

    Raises:
        UnknownSymbol: If nothing of the symbol was ingested.
        PipelineError: The refusal of the stage that failed.
    """
    years = landed_years(home, symbol)
    if not years:
        raise UnknownSymbol(
            f"{symbol} must have been ingested", was="nothing in the landing area", do="forecast-pipeline ingest"
        )
    definitions = build(home=HomeResource(path=str(home.root)))
    with open_instance(home) as instance:
        instance.add_dynamic_partitions(str(symbols.name), [symbol])
        for step in _candle_steps(symbol, years):
            tell(step.title)
            _run(definitions, instance, step)
        _require(home, symbol, timeframe)
        for step in [*_data_steps(home, symbol), *_model_steps(symbol, timeframe, chosen_models)]:
            tell(step.title)
            _run(definitions, instance, step)


def _candle_steps(symbol: str, years: Sequence[int]) -> Iterator[Step]:
    for first, last in _stretches(years):
        title = f"candles of {symbol} {first}" + (f" to {last}" if last != first else "")
        yield Step(title, [candles.candles], symbol_year(symbol, first), symbol_year(symbol, last))


def _data_steps(home: Home, symbol: str) -> Iterator[Step]:
    usable = buildable_timeframes(home, symbol)
    first, last = symbol_timeframe(symbol, usable[0]), symbol_timeframe(symbol, usable[-1])
    span = f"{usable[0]} to {usable[-1]}"
    yield Step(f"bars of {symbol}, {span}", [bars.bars], first, last)
    yield Step(f"features of {symbol}, {span}", [features.features], first, last)
    if wants_cross_features(read_settings(home).feature_parameters()):
        yield Step(f"cross-pair features of {symbol}, {span}", [features.cross_pairs], first, last)


def _model_steps(symbol: str, timeframe: Timeframe, chosen_models: Sequence[str]) -> Iterator[Step]:
    key = symbol_timeframe(symbol, timeframe)
    trained = [asset for asset, name in zip(models.assets, MODELS, strict=True) if name in chosen_models]
    yield Step(f"folds of {key}", [splits.folds], key, key)
    yield Step(f"models of {key}: baselines, {', '.join(chosen_models)}", [models.baselines, *trained], key, key)
    yield Step(f"walk-forward of {key}", [backtests.out_of_sample], key, key)
    yield Step(f"report of {key}", [backtests.reports], key, key)
    yield Step(f"champion and forecast of {key}", [forecasts.champions, forecasts.quantiles], key, key)


def _require(home: Home, symbol: str, timeframe: Timeframe) -> None:
    usable = buildable_timeframes(home, symbol)
    if timeframe not in usable:
        have = " ".join(usable) or "none"
        raise MissingData(
            f"{symbol} must have candles of {timeframe} or shorter",
            was=f"a source for {have}",
            do="ask for one of those timeframes or ingest a finer source",
        )


def _run(definitions: dg.Definitions, instance: dg.DagsterInstance, step: Step) -> None:
    is_single = step.first_key == step.last_key
    keys = [key for asset in step.assets for key in asset.keys]
    job = definitions.resolve_implicit_job_def_def_for_assets(keys)
    if job is None:
        raise PipelineError("the assets of a step must share their partitions", was=str(keys))
    result = job.execute_in_process(
        instance=instance,
        asset_selection=keys,
        partition_key=step.first_key if is_single else None,
        tags={} if is_single else {RANGE_START: step.first_key, RANGE_END: step.last_key},
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )
    if result.success:
        return
    failures = []
    for event in result.filter_events(lambda event: event.is_step_failure):
        error = event.step_failure_data.error
        cause = error.cause if error is not None and error.cause is not None else error
        failures.append(_plain(cause.message if cause is not None else event.message or "unknown"))
    raise PipelineError("; ".join(dict.fromkeys(failures)) or f"{step.title} failed")


def _plain(message: str) -> str:
    """The text of an error without the class name that Dagster puts before it."""
    head, separator, rest = message.strip().partition(": ")
    return rest if separator and "." in head and " " not in head else message.strip()


def _stretches(years: Sequence[int]) -> list[tuple[int, int]]:
    """First and last year of each run of consecutive years.

    Example:
        >>> _stretches([2011, 2014, 2015])
        [(2011, 2011), (2014, 2015)]
    """
    breaks = [position for position, (a, b) in enumerate(pairwise(years), start=1) if b != a + 1]
    bounds = [0, *breaks, len(years)]
    return [(years[start], years[stop - 1]) for start, stop in pairwise(bounds)]
