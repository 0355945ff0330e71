"""Stage 3 against plain pandas, pandas-ta-classic and raw TA-Lib calls, on the same year of minutes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pandas as pd
import polars as pl
from pandas_indicators import hurst as naive_hurst
from pandas_indicators import indicators as pandas_indicators
from side_by_side import Ratio, compare, simulated_year

from forecast_pipeline.bars.resample import resample
from forecast_pipeline.core.schema import CANDLES
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.bar_arrays import bar_arrays
from forecast_pipeline.features.blocks import blocks_of
from forecast_pipeline.features.compute import FeaturePlan, compute_rows, plan_features
from forecast_pipeline.features.indicators.statistics import chunk_sizes, hurst
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.features.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Collection

    from forecast_pipeline.features.bar_arrays import BarArrays

NAIVE_BARS = 1500
HURST_BARS = 64
WITHOUT_HURST = frozenset(PRESETS["core18"]) - {"hurst"}
WITHOUT_CCI = WITHOUT_HURST - {"cci"}
IN_TALIB = WITHOUT_HURST - {"vwap"}


def run() -> list[Ratio]:
    """Compute the specification's indicators on one timeframe, whole and by block."""
    year = simulated_year()
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in CANDLES.items() if name not in year.columns]
    candles = year.with_columns(missing).with_columns(
        source_minutes=pl.lit(1, pl.Int32), spread=pl.lit(None, pl.Float64)
    )
    bars = bar_arrays(resample(candles, Timeframe.M1), Timeframe.M1)
    names = ("open", "high", "low", "close", "volume", "session")
    table = pd.DataFrame({name: getattr(bars, name) for name in names})
    table.index = pd.to_datetime(bars.opens_us, unit="us", utc=True)
    short = bars.close[:NAIVE_BARS]
    without_cci, without_hurst, in_talib = (plan_of(names) for names in (WITHOUT_CCI, WITHOUT_HURST, IN_TALIB))
    return [
        compare(
            "16 indicators without Hurst and CCI",
            "plain pandas",
            lambda: compute(bars, without_cci),
            lambda: pandas_indicators(table, has_cci=False),
        ),
        compare(
            "17 indicators without Hurst",
            "plain pandas, CCI by rolling.apply",
            lambda: compute(bars, without_hurst),
            lambda: pandas_indicators(table, has_cci=True),
            n_rounds=1,
        ),
        compare(
            "17 indicators without Hurst",
            "pandas-ta-classic",
            lambda: compute(bars, without_hurst),
            lambda: pandas_ta_indicators(table),
            n_rounds=2,
        ),
        compare(
            "16 indicators that TA-Lib has",
            "raw TA-Lib calls",
            lambda: compute(bars, in_talib),
            lambda: talib_calls(bars),
        ),
        compare(
            f"Hurst, four chunk sizes, {NAIVE_BARS} bars",
            "NumPy window by window",
            lambda: hurst(short, HURST_BARS),
            lambda: naive_hurst(short, HURST_BARS, chunk_sizes(HURST_BARS)),
            n_rounds=1,
        ),
        compare(
            f"the same on {bars.close.size} bars, per bar",
            "NumPy window by window",
            lambda: hurst(bars.close, HURST_BARS),
            lambda: naive_hurst(short, HURST_BARS, chunk_sizes(HURST_BARS)),
            n_rounds=1,
        ).scaled(bars.close.size / (NAIVE_BARS - HURST_BARS)),
    ]


def plan_of(indicators: Collection[str]) -> FeaturePlan:
    """What the feature stage computes, without the base columns, which no peer has."""
    plan = plan_features(Timeframe.M1, FeatureParameters(indicators=("core18",)))
    return FeaturePlan(tuple(each for each in plan.planned if each.indicator.name in indicators), {})


def compute(bars: BarArrays, plan: FeaturePlan) -> int:
    """Every block, as it is published: computed, handed on, forgotten."""
    return sum(
        len(compute_rows(bars, plan, block.start, block.stop)) for block in blocks_of(bars.shifted_us, bars.minutes)
    )


def talib_calls(bars: BarArrays) -> list[object]:
    """One call an indicator, on whole arrays; what it has no function for is left out."""
    import talib

    high, low, close, volume = bars.high, bars.low, bars.close, bars.volume
    return [
        talib.NATR(high, low, close, 14),
        talib.BBANDS(close, 20),
        talib.EMA(close, 20),  # Keltner is put together from two calls
        talib.ATR(high, low, close, 10),
        talib.RSI(close, 14),
        talib.STOCH(high, low, close, 14, 3, 0, 3, 0),
        talib.CCI(high, low, close, 20),
        talib.WILLR(high, low, close, 14),
        talib.MFI(high, low, close, volume, 14),
        talib.MACD(close),
        talib.ADX(high, low, close, 14),
        talib.EMA(close, 30),
        talib.SMA(close, 50),
        talib.TRIX(close, 15),
        talib.OBV(close, volume),
        talib.MAX(high, 20),
        talib.MIN(low, 20),
        talib.ULTOSC(high, low, close),
    ]


def pandas_ta_indicators(table: pd.DataFrame) -> list[object]:
    """The same seventeen from pandas-ta-classic, whose own TA-Lib calls are switched off."""
    import pandas_ta_classic as ta

    # Its VWAP groups by calendar day and says that it drops the zone.
    warnings.filterwarnings("ignore", message="Converting to PeriodArray")
    ohlcv = (table["high"], table["low"], table["close"])
    high, low, close, volume = *ohlcv, table["volume"]
    plain = {"talib": False}
    return [
        ta.atr(*ohlcv, 14, **plain),
        ta.bbands(close, 20, **plain),
        ta.kc(*ohlcv, 20, **plain),
        ta.rsi(close, 14, **plain),
        ta.stoch(*ohlcv, 14, 3, 3, **plain),
        ta.cci(*ohlcv, 20, **plain),
        ta.willr(*ohlcv, 14, **plain),
        ta.mfi(*ohlcv, volume, 14, **plain),
        ta.macd(close, **plain),
        ta.adx(*ohlcv, 14, **plain),
        ta.ema(close, 30, **plain),
        ta.sma(close, 50, **plain),
        ta.trix(close, 15, **plain),
        ta.obv(close, volume, **plain),
        ta.vwap(*ohlcv, volume),
        ta.donchian(high, low, 20, 20),
        ta.uo(*ohlcv, **plain),
    ]
