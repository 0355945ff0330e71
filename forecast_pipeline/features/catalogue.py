"""The one table of indicators: function, parameters, warm-up, columns and units.

Nothing else in the package knows which indicators exist. Column names come from here and are never typed.
All outputs are dimensionless, because a model meets them over years in which the price level moves:
``ema``, ``sma``, ``bollinger``, ``keltner``, ``donchian`` and ``vwap`` are stored as the log distance of the
close from their level, ``log(close / level)``; ``atr`` and ``macd`` as fractions of the close; the oscillators
keep their own scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.features.indicators import channel, momentum, statistics, trend, volatility, volume
from forecast_pipeline.features.warm_up import bars_to_forget, exponential, wilder

if TYPE_CHECKING:
    from collections.abc import Callable

    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.features.bar_arrays import BarArrays, FloatArray
    from forecast_pipeline.features.parameters import FeatureParameters

LOG_DISTANCE = "log(close / level)"
FRACTION = "fraction of close"
PERCENT_SCALE = "0 to 100"

EMA_BARS = 30  # neither the middle of Keltner's channel (20) nor a leg of the MACD (12, 26)
SMA_BARS = 50  # the Bollinger middle is the simple mean of 20
MACD_BARS = (12, 26, 9)  # Appel
STOCHASTIC_BARS = (14, 3, 3)  # Lane
KELTNER = (20, 10, 2.0)  # Raschke
BOLLINGER_WIDTH = 2.0
ADX_BARS = WILLIAMS_BARS = MFI_BARS = 14
CCI_BARS = DONCHIAN_BARS = 20
TRIX_BARS = 15
ULTIMATE_BARS = (7, 14, 28)  # Williams

Number = int | float


@dataclass(frozen=True, slots=True)
class Output:
    """One column of an indicator: its suffix in the name, its unit and what it says."""

    suffix: str
    unit: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One line of the catalogue.

    Attributes:
        name: First part of every column name.
        group: Family, the specification's.
        summary: What it measures and which variant it is.
        reference: Source of the definition.
        inputs: Bar columns it derives from.
        outputs: Its columns, in the order `compute` returns them.
        parameters: Numbers that stand at the end of the column name.
        required_bars: Bars that must exist, the present one included, before a value counts: what the finite
            windows need, and for recursive ones what forgets the start up to the tolerance.
        compute: Arrays of the columns, NaN in the rows where TA-Lib or the windows have none.
    """

    name: str
    group: str
    summary: str
    reference: str
    inputs: tuple[str, ...]
    outputs: tuple[Output, ...]
    parameters: Callable[[FeatureParameters], tuple[Number, ...]]
    required_bars: Callable[[FeatureParameters, Timeframe], int]
    compute: Callable[[BarArrays, FeatureParameters], tuple[FloatArray, ...]]

    @property
    def needs_volume(self) -> bool:
        """Whether it exists only where the vendor recorded volume."""
        return "volume" in self.inputs

    def columns(self, timeframe: Timeframe, parameters: FeatureParameters) -> tuple[str, ...]:
        """Column names for one timeframe.

        Example:
            >>> from forecast_pipeline.core.timeframe import Timeframe
            >>> from forecast_pipeline.features.parameters import FeatureParameters
            >>> CATALOGUE["bollinger"].columns(Timeframe.M5, FeatureParameters())[0]
            'bollinger_upper_5m_20_2'
        """
        numbers = [f"{number:g}" for number in self.parameters(parameters)]
        return tuple(
            "_".join(part for part in (self.name, output.suffix, timeframe.value, *numbers) if part)
            for output in self.outputs
        )


def _levels(level: str) -> tuple[Output, ...]:
    return tuple(
        Output(suffix, LOG_DISTANCE, f"distance of the close from the {suffix} {level}")
        for suffix in ("upper", "middle", "lower")
    )


def _session_bars(_: FeatureParameters, timeframe: Timeframe) -> int:
    """A whole session and the close before it: then the present session began inside the history."""
    return -(-MINUTES_PER_DAY // timeframe.minutes) + 1


_HLC = ("high", "low", "close")
_WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978"
_VOLATILITY, _MOMENTUM, _TREND = "volatility", "momentum", "trend"
_VOLUME, _CHANNEL, _ADVANCED = "volume", "channel", "advanced"

_TABLE = (
    Indicator(
        name="atr",
        group=_VOLATILITY,
        summary="Average true range, Wilder's smoothing",
        reference=_WILDER,
        inputs=_HLC,
        outputs=(Output("", FRACTION, "mean range of a bar, gaps included"),),
        parameters=lambda p: (p.atr_n,),
        required_bars=lambda p, _: bars_to_forget((wilder(p.atr_n),), p.tolerance) + 1,
        compute=lambda b, p: (volatility.atr(b.high, b.low, b.close, p.atr_n),),
    ),
    Indicator(
        name="bollinger",
        group=_VOLATILITY,
        summary="Bollinger bands, simple mean and standard deviation with ddof 0",
        reference="J. Bollinger, Bollinger on Bollinger Bands, 2001, ch. 7",
        inputs=("close",),
        outputs=_levels("Bollinger band"),
        parameters=lambda p: (p.bb_n, BOLLINGER_WIDTH),
        required_bars=lambda p, _: p.bb_n,
        compute=lambda b, p: volatility.bollinger(b.close, p.bb_n, BOLLINGER_WIDTH),
    ),
    Indicator(
        name="keltner",
        group=_CHANNEL,
        summary="Keltner channel, Raschke's variant: exponential mean of closes, Wilder's average true range",
        reference="L. B. Raschke, Street Smarts, 1996",
        inputs=_HLC,
        outputs=_levels("Keltner line"),
        parameters=lambda _: KELTNER,
        required_bars=lambda p, _: max(
            bars_to_forget((exponential(KELTNER[0]),), p.tolerance),
            bars_to_forget((wilder(KELTNER[1]),), p.tolerance) + 1,
        ),
        compute=lambda b, _: volatility.keltner(
            b.high, b.low, b.close, KELTNER[0], atr_lookback_bars=KELTNER[1], width=KELTNER[2]
        ),
    ),
    Indicator(
        name="rsi",
        group=_MOMENTUM,
        summary="Relative strength index, Wilder's smoothing",
        reference=_WILDER,
        inputs=("close",),
        outputs=(Output("", PERCENT_SCALE, "share of gains in the smoothed changes of the close"),),
        parameters=lambda p: (p.rsi_n,),
        required_bars=lambda p, _: bars_to_forget((wilder(p.rsi_n),), p.tolerance) + 1,
        compute=lambda b, p: (momentum.rsi(b.close, p.rsi_n, p.tolerance),),
    ),
    Indicator(
        name="stochastic",
        group=_MOMENTUM,
        summary="Lane's slow stochastic",
        reference="G. C. Lane, Technical Analysis of Stocks & Commodities 2:3, 1984",
        inputs=_HLC,
        outputs=(
            Output("k", PERCENT_SCALE, "place of the close in the recent range, smoothed"),
            Output("d", PERCENT_SCALE, "the same, smoothed once more"),
        ),
        parameters=lambda _: STOCHASTIC_BARS,
        required_bars=lambda *_: sum(STOCHASTIC_BARS) - 2,
        compute=lambda b, _: momentum.stochastic(
            b.high, b.low, b.close, STOCHASTIC_BARS[0], k_bars=STOCHASTIC_BARS[1], d_bars=STOCHASTIC_BARS[2]
        ),
    ),
    Indicator(
        name="cci",
        group=_MOMENTUM,
        summary="Commodity channel index",
        reference="D. R. Lambert, Commodities 9, 1980",
        inputs=_HLC,
        outputs=(Output("", "0.015 mean deviations", "distance of the typical price from its mean"),),
        parameters=lambda _: (CCI_BARS,),
        required_bars=lambda *_: CCI_BARS,
        compute=lambda b, _: (momentum.cci(b.high, b.low, b.close, CCI_BARS),),
    ),
    Indicator(
        name="williams_r",
        group=_MOMENTUM,
        summary="Williams' %R",
        reference="L. Williams, How I Made One Million Dollars, 1973",
        inputs=_HLC,
        outputs=(Output("", "-100 to 0", "distance of the close below the top of the recent range"),),
        parameters=lambda _: (WILLIAMS_BARS,),
        required_bars=lambda *_: WILLIAMS_BARS,
        compute=lambda b, _: (momentum.williams_r(b.high, b.low, b.close, WILLIAMS_BARS),),
    ),
    Indicator(
        name="mfi",
        group=_MOMENTUM,
        summary="Money flow index, typical prices compared without rounding noise",
        reference="G. Quong, A. Soudack, Technical Analysis of Stocks & Commodities 7:3, 1989",
        inputs=(*_HLC, "volume"),
        outputs=(Output("", PERCENT_SCALE, "share of flow that came with a rising typical price"),),
        parameters=lambda _: (MFI_BARS,),
        required_bars=lambda *_: MFI_BARS + 1,
        compute=lambda b, _: (momentum.mfi(b.high, b.low, b.close, b.volume, MFI_BARS),),
    ),
    Indicator(
        name="macd",
        group=_TREND,
        summary="Moving average convergence and divergence",
        reference="G. Appel, The Moving Average Convergence-Divergence Trading Method, 1979",
        inputs=("close",),
        outputs=(
            Output("", FRACTION, "fast minus slow exponential average of the close"),
            Output("signal", FRACTION, "exponential average of the line"),
            Output("histogram", FRACTION, "line minus signal"),
        ),
        parameters=lambda _: MACD_BARS,
        required_bars=lambda p, _: bars_to_forget((exponential(MACD_BARS[1]), exponential(MACD_BARS[2])), p.tolerance),
        compute=lambda b, _: trend.macd(b.close, *MACD_BARS),
    ),
    Indicator(
        name="adx",
        group=_TREND,
        summary="Average directional movement index, Wilder's smoothing twice",
        reference=_WILDER,
        inputs=_HLC,
        outputs=(Output("", PERCENT_SCALE, "strength of the trend, whichever way"),),
        parameters=lambda _: (ADX_BARS,),
        required_bars=lambda p, _: bars_to_forget((wilder(ADX_BARS),) * 2, p.tolerance) + 1,
        compute=lambda b, p: (trend.adx(b.high, b.low, b.close, ADX_BARS, p.tolerance),),
    ),
    Indicator(
        name="ema",
        group=_TREND,
        summary="Exponential moving average",
        reference="TA-Lib EMA: simple mean first, then 2 / (n + 1)",
        inputs=("close",),
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the average"),),
        parameters=lambda _: (EMA_BARS,),
        required_bars=lambda p, _: bars_to_forget((exponential(EMA_BARS),), p.tolerance),
        compute=lambda b, _: (trend.ema(b.close, EMA_BARS),),
    ),
    Indicator(
        name="sma",
        group=_TREND,
        summary="Simple moving average",
        reference="TA-Lib SMA",
        inputs=("close",),
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the average"),),
        parameters=lambda _: (SMA_BARS,),
        required_bars=lambda *_: SMA_BARS,
        compute=lambda b, _: (trend.sma(b.close, SMA_BARS),),
    ),
    Indicator(
        name="trix",
        group=_TREND,
        summary="Return of the triple exponential average",
        reference="J. K. Hutson, Technical Analysis of Stocks & Commodities 1:5, 1983",
        inputs=("close",),
        outputs=(Output("", "simple return per bar", "slope of the smoothed close"),),
        parameters=lambda _: (TRIX_BARS,),
        required_bars=lambda p, _: bars_to_forget((exponential(TRIX_BARS),) * 3, p.tolerance) + 1,
        compute=lambda b, _: (trend.trix(b.close, TRIX_BARS),),
    ),
    Indicator(
        name="obv",
        group=_VOLUME,
        summary="On-balance volume of the FX day, which starts at 17:00 New York",
        reference="J. E. Granville, New Key to Stock Market Profits, 1963; anchored, see correctness C13",
        inputs=("close", "volume"),
        outputs=(Output("", "-1 to 1", "signed volume of the session as a share of its volume"),),
        parameters=lambda _: (),
        required_bars=_session_bars,
        compute=lambda b, _: (volume.obv(b.close, b.volume, b.session),),
    ),
    Indicator(
        name="vwap",
        group=_VOLUME,
        summary="Volume-weighted average price of the FX day, which starts at 17:00 New York",
        reference="Berkowitz, Logue, Noser, Journal of Finance 43, 1988",
        inputs=(*_HLC, "volume"),
        outputs=(Output("", LOG_DISTANCE, "distance of the close from the session's average price"),),
        parameters=lambda _: (),
        required_bars=_session_bars,
        compute=lambda b, _: (volume.vwap(b.high, b.low, b.close, b.volume, b.session),),
    ),
    Indicator(
        name="donchian",
        group=_CHANNEL,
        summary="Donchian channel, the present bar included",
        reference="R. D. Donchian, Financial Analysts Journal 16, 1960",
        inputs=_HLC,
        outputs=_levels("Donchian line"),
        parameters=lambda _: (DONCHIAN_BARS,),
        required_bars=lambda *_: DONCHIAN_BARS,
        compute=lambda b, _: channel.donchian(b.high, b.low, b.close, DONCHIAN_BARS),
    ),
    Indicator(
        name="hurst",
        group=_ADVANCED,
        summary="Hurst exponent by rescaled range, Anis and Lloyd's correction",
        reference="H. E. Hurst, Trans. ASCE 116, 1951; A. A. Anis, E. H. Lloyd, Biometrika 63, 1976",
        inputs=("close",),
        outputs=(Output("", "exponent", "0.5 without memory, more if moves persist, less if they revert"),),
        parameters=lambda p: (p.hurst_window,),
        required_bars=lambda p, _: p.hurst_window + 1,
        compute=lambda b, p: (statistics.hurst(b.close, p.hurst_window),),
    ),
    Indicator(
        name="ultimate_oscillator",
        group=_ADVANCED,
        summary="Williams' ultimate oscillator over three spans",
        reference="L. Williams, Technical Analysis of Stocks & Commodities 3:4, 1985",
        inputs=_HLC,
        outputs=(Output("", PERCENT_SCALE, "buying pressure, weighted 4, 2, 1"),),
        parameters=lambda _: ULTIMATE_BARS,
        required_bars=lambda *_: ULTIMATE_BARS[-1] + 1,
        compute=lambda b, _: (
            momentum.ultimate_oscillator(
                b.high,
                b.low,
                b.close,
                short_bars=ULTIMATE_BARS[0],
                middle_bars=ULTIMATE_BARS[1],
                long_bars=ULTIMATE_BARS[2],
            ),
        ),
    ),
)

CATALOGUE: dict[str, Indicator] = {indicator.name: indicator for indicator in _TABLE}
"""Every indicator by name, in the order of its columns. Read only."""
