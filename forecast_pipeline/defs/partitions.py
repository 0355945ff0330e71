"""Partitions and how they map: symbols by year for candles, symbols by timeframe for the rest."""

import warnings

import dagster as dg

from forecast_pipeline.core.timeframe import Timeframe

# Two-dimensional partition mappings and partitioned checks are marked as beta or preview. Our tests pin how
# they behave, and nobody who runs a command can do anything about the warning.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

FIRST_YEAR = "1990"
SYMBOL, TIMEFRAME, YEAR = "symbol", "timeframe", "year"

symbols = dg.DynamicPartitionsDefinition(name="symbols")
years = dg.TimeWindowPartitionsDefinition(cron_schedule="0 0 1 1 *", start=FIRST_YEAR, fmt="%Y", end_offset=1)
timeframes = dg.StaticPartitionsDefinition([timeframe.value for timeframe in Timeframe])

SYMBOL_YEAR = dg.MultiPartitionsDefinition({SYMBOL: symbols, YEAR: years})
SYMBOL_TIMEFRAME = dg.MultiPartitionsDefinition({SYMBOL: symbols, TIMEFRAME: timeframes})

SAME_SYMBOL = dg.MultiPartitionMapping({SYMBOL: dg.DimensionPartitionMapping(SYMBOL, dg.IdentityPartitionMapping())})
"""Every other dimension: all keys."""

SAME_TIMEFRAME = dg.MultiPartitionMapping(
    {TIMEFRAME: dg.DimensionPartitionMapping(TIMEFRAME, dg.IdentityPartitionMapping())}
)
"""Every symbol of one timeframe."""

TO_SYMBOL = dg.MultiToSingleDimensionPartitionMapping(SYMBOL)


def symbol_year(symbol: str, year: int) -> dg.MultiPartitionKey:
    """Key of one year of candles."""
    return dg.MultiPartitionKey({SYMBOL: symbol, YEAR: str(year)})


def symbol_timeframe(symbol: str, timeframe: str) -> dg.MultiPartitionKey:
    """Key of one timeframe of a symbol."""
    return dg.MultiPartitionKey({SYMBOL: symbol, TIMEFRAME: timeframe})


def symbol_and_timeframe(key: str) -> tuple[str, Timeframe]:
    """Symbol and timeframe of a key such as ``EURUSD|1h``."""
    parts = SYMBOL_TIMEFRAME.get_partition_key_from_str(key).keys_by_dimension
    return parts[SYMBOL], Timeframe.parse(parts[TIMEFRAME])


def symbol_and_year(key: str) -> tuple[str, int]:
    """Symbol and year of a key such as ``EURUSD|2018``."""
    parts = SYMBOL_YEAR.get_partition_key_from_str(key).keys_by_dimension
    return parts[SYMBOL], int(parts[YEAR])
