"""Level of the volume: against its mean, its history, the day before, and how evenly it came."""

from __future__ import annotations

from forecast_pipeline.features.catalogue.indicator import (
    RATIO,
    SESSION_ORIGIN,
    Indicator,
    Output,
    Parameter,
    finite,
    lookback,
)
from forecast_pipeline.features.catalogue.price_levels import two_session_bars
from forecast_pipeline.features.indicators import volume_level, volume_oscillator, volume_share
from forecast_pipeline.features.warm_up import bars_to_forget, exponential

_GROUP = "volume"
_V = ("volume",)
_MOST_LAGS = 1000

VOLUME_LEVEL: tuple[Indicator, ...] = (
    Indicator(
        name="volume_ratio",
        group=_GROUP,
        summary="Volume of the bar over the window's mean",
        reference="J. J. Murphy, Technical Analysis of the Financial Markets, 1999",
        inputs=_V,
        outputs=(Output("", RATIO, "1 at the mean and without volume"),),
        parameters=(lookback(20),),
        required_bars=finite(),
        compute=lambda b, v: (volume_level.volume_ratio(b.volume, v["lookback_bars"]),),
    ),
    Indicator(
        name="volume_zscore",
        group=_GROUP,
        summary="Log volume of the bar in standard deviations from the window's mean log volume, ddof 0",
        reference="standard score; on log volume because volume is skewed",
        inputs=_V,
        outputs=(Output("", "standard deviations", "0 at the mean log volume and without spread"),),
        parameters=(lookback(50, most=_MOST_LAGS),),
        required_bars=finite(),
        compute=lambda b, v: (volume_level.volume_zscore(b.volume, v["lookback_bars"]),),
        difference="a volume below a thousandth of the window's mean counts as that",
    ),
    Indicator(
        name="percentage_volume_oscillator",
        group=_GROUP,
        summary="Fast minus slow exponential average of the volume over the slow one",
        reference="G. Appel's percentage price oscillator, applied to volume",
        inputs=_V,
        outputs=(
            Output("", "fraction of the slow average", "0 once all volume is forgotten"),
            Output("signal", "fraction of the slow average", "exponential average of the line"),
            Output("histogram", "fraction of the slow average", "line minus signal"),
        ),
        parameters=(
            Parameter(name="fast_bars", default=12, description="fast exponential average", least=1),
            Parameter(name="slow_bars", default=26, description="slow exponential average"),
            Parameter(name="signal_bars", default=9, description="exponential average of the line", least=1),
        ),
        increasing=("fast_bars", "slow_bars"),
        required_bars=lambda v, _, tolerance: bars_to_forget(
            (exponential(v["slow_bars"]), exponential(v["signal_bars"])), tolerance
        ),
        compute=lambda b, v: volume_oscillator.percentage_volume_oscillator(
            b.volume,
            fast_bars=v["fast_bars"],
            slow_bars=v["slow_bars"],
            signal_bars=v["signal_bars"],
            tolerance=v["tolerance"],
        ),
        difference="a fraction, where charting programs show percent",
    ),
    Indicator(
        name="session_volume_share",
        group=_GROUP,
        summary="Volume of the FX day so far, as a share of it and all of the FX day before",
        reference="relative volume by time of day, as a share",
        inputs=("volume", "ts_utc"),
        outputs=(Output("", "0 to 1", "0.5 when as much has been traded as in all of the day before"),),
        required_bars=two_session_bars,
        compute=lambda b, _: (volume_share.session_volume_share(b.volume, b.session),),
        origin=SESSION_ORIGIN,
        is_within_day=True,
    ),
    Indicator(
        name="volume_trend",
        group=_GROUP,
        summary="Rise of the volume's regression line over the window",
        reference="least-squares slope, as TA-Lib LINEARREG_SLOPE",
        inputs=_V,
        outputs=(Output("", "mean volumes", "0 without volume"),),
        parameters=(lookback(20, most=_MOST_LAGS),),
        required_bars=finite(),
        compute=lambda b, v: (volume_level.volume_trend(b.volume, v["lookback_bars"]),),
    ),
    Indicator(
        name="volume_entropy",
        group=_GROUP,
        summary="Shannon's entropy of the shares of the window's bars in its volume, over its largest value",
        reference="C. E. Shannon, Bell System Technical Journal 27, 1948",
        inputs=_V,
        outputs=(Output("", "0 to 1", "1 when every bar has the same volume or none has any"),),
        parameters=(lookback(30),),
        required_bars=finite(),
        compute=lambda b, v: (volume_share.volume_entropy(b.volume, v["lookback_bars"]),),
    ),
)
"""All need the volume alone."""
