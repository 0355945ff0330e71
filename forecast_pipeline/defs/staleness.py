"""Our own staleness report, from the cards: exact, and independent of the event log."""

from collections.abc import Iterator

from forecast_pipeline.bars.build import buildable_timeframes
from forecast_pipeline.candles.build import candle_partitions
from forecast_pipeline.candles.landing import landed_files, landed_symbols
from forecast_pipeline.core.hashing import sha256_of_value
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import Published, find
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.cross import peer_symbols
from forecast_pipeline.models.artifact import current_artifacts


def years_to_build(home: Home) -> Iterator[tuple[str, int, str]]:
    """Symbol, year and a hash of its landed files, wherever the candles do not hold exactly those files."""
    for symbol in landed_symbols(home):
        built = {
            int(year.card["year"]): {source["sha256"] for source in year.card["sources"]}
            for year in candle_partitions(home, symbol)
        }
        files = landed_files(home, symbol)
        for year in sorted({year for file in files for year in file.years}):
            landed = {file.sha256 for file in files if year in file.years}
            if built.get(year) != landed:
                yield symbol, year, sha256_of_value(sorted(landed))


def new_bars_since_training(home: Home) -> Iterator[tuple[str, str, int, str]]:
    """Symbol, timeframe, closed bars newer than the models, and hash of the present features.

    Only timeframes that have been trained at least once are reported.
    """
    for symbol, timeframe, features in _trained(home):
        seen = min(int(card.card["fold"]["test_start"]) for card in current_artifacts(home, symbol, timeframe))
        yield symbol, timeframe.value, int(features.card["n_rows"]) - seen, features.sha256


def outdated_forecasts(home: Home) -> Iterator[tuple[str, str, str]]:
    """Symbol, timeframe and hash of the features, wherever the live forecast was made from other ones."""
    for symbol, timeframe, features in _trained(home):
        live = find(home.forecasts(symbol), f"{timeframe}.latest")
        if live is not None and live.card["upstream"].get(f"features/{timeframe}") != features.sha256:
            yield symbol, timeframe.value, features.sha256


def _trained(home: Home) -> Iterator[tuple[str, Timeframe, Published]]:
    for symbol in landed_symbols(home):
        for timeframe in Timeframe:
            features = find(home.features(symbol), timeframe)
            if features is not None and current_artifacts(home, symbol, timeframe):
                yield symbol, timeframe, features


def partitions_to_repair(home: Home) -> Iterator[tuple[str, str]]:
    """Symbol and timeframe wherever bars or features are missing or older than their upstream."""
    for symbol in landed_symbols(home):
        years = {f"candles/{year.card['year']}": year.sha256 for year in candle_partitions(home, symbol)}
        for timeframe in buildable_timeframes(home, symbol):
            bars = find(home.bars(symbol), timeframe)
            features = find(home.features(symbol), timeframe)
            if not _is_fresh(bars, years) or bars is None or not _is_fresh(features, {"bars": bars.sha256}):
                yield symbol, timeframe.value


def stale_cross_features(home: Home) -> Iterator[tuple[str, str, str]]:
    """Symbol, timeframe and hash of all bars, wherever cross-pair features were not made from just those bars."""
    for symbol in landed_symbols(home):
        for timeframe in Timeframe:
            own = find(home.bars(symbol), timeframe)
            if own is None:
                continue
            names = [symbol, *peer_symbols(home, symbol, timeframe)]
            bars = {f"bars/{name}": find(home.bars(name), timeframe) for name in names}
            upstream = {key: stored.sha256 for key, stored in bars.items() if stored is not None}
            if not _is_fresh(find(home.cross_features(symbol), timeframe), upstream):
                yield symbol, timeframe.value, sha256_of_value(upstream)


def _is_fresh(stored: Published | None, upstream: dict[str, str]) -> bool:
    return stored is not None and stored.card["upstream"] == upstream
