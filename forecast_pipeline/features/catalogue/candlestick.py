"""Candlestick patterns: TA-Lib's 61 recognisers on whole prices, one column each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.features.catalogue.indicator import Indicator, Output
from forecast_pipeline.features.indicators import candlestick

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from forecast_pipeline.features.bar_arrays import BarArrays, FloatArray

UP, DOWN, BOTH, SHAPE = "up", "down", "both", "shape"
"""What a pattern's sign says: it is bullish, bearish, either, or 1 for a shape without direction."""

_MEANINGS = {
    UP: "1 where it stands, a bullish sign, else 0",
    DOWN: "-1 where it stands, a bearish sign, else 0",
    BOTH: "1 where it stands and points up, -1 where it points down, else 0",
    SHAPE: "1 where it stands, whichever way, else 0",
}

PATTERNS: tuple[tuple[str, str, str, str], ...] = (
    ("2CROWS", "two_crows", DOWN, "Long white bar, then two black ones that open above it and fall back into it"),
    ("3BLACKCROWS", "three_black_crows", DOWN, "Three falling black bars that close near their lows after a white one"),
    ("3INSIDE", "three_inside", BOTH, "Harami that the third bar confirms"),
    ("3LINESTRIKE", "three_line_strike", BOTH, "Three bars one way and a fourth that takes all of them back"),
    ("3OUTSIDE", "three_outside", BOTH, "Engulfing that the third bar confirms"),
    ("3STARSINSOUTH", "three_stars_in_south", UP, "Three black bars, each smaller and with a higher low"),
    ("3WHITESOLDIERS", "three_white_soldiers", UP, "Three rising white bars that close near their highs"),
    ("ABANDONEDBABY", "abandoned_baby", BOTH, "Doji between two gaps, then a bar back; penetration 0.3"),
    ("ADVANCEBLOCK", "advance_block", DOWN, "Three rising white bars that grow weaker"),
    ("BELTHOLD", "belt_hold", BOTH, "Long bar that opens at its extreme"),
    ("BREAKAWAY", "breakaway", BOTH, "Gap and three bars one way, a fifth that closes back inside the gap"),
    ("CLOSINGMARUBOZU", "closing_marubozu", BOTH, "Long bar that closes at its extreme"),
    (
        "CONCEALBABYSWALL",
        "concealing_baby_swallow",
        UP,
        "Two black marubozu, a gap with a shadow, a black bar around it",
    ),
    ("COUNTERATTACK", "counterattack", BOTH, "Two long bars of opposite colour with equal closes"),
    ("DARKCLOUDCOVER", "dark_cloud_cover", DOWN, "Black bar from above the last high deep into a long white body"),
    ("DOJI", "doji", SHAPE, "Open and close all but equal"),
    ("DOJISTAR", "doji_star", BOTH, "Doji that gaps away from a long body, against whose direction it points"),
    ("DRAGONFLYDOJI", "dragonfly_doji", SHAPE, "Doji with a lower shadow only"),
    ("ENGULFING", "engulfing", BOTH, "Body around the last body of opposite colour; 0.8 if one end is equal"),
    ("EVENINGDOJISTAR", "evening_doji_star", DOWN, "Long white bar, doji above it, black bar back; penetration 0.3"),
    ("EVENINGSTAR", "evening_star", DOWN, "Long white bar, short body above it, black bar back; penetration 0.3"),
    ("GAPSIDESIDEWHITE", "gap_side_side_white", BOTH, "Two like white bars side by side beyond a gap"),
    ("GRAVESTONEDOJI", "gravestone_doji", SHAPE, "Doji with an upper shadow only"),
    ("HAMMER", "hammer", UP, "Short body on a long lower shadow near the last low"),
    ("HANGINGMAN", "hanging_man", DOWN, "Short body on a long lower shadow near the last high"),
    ("HARAMI", "harami", BOTH, "Short body inside the last long one; 0.8 if one end is equal"),
    ("HARAMICROSS", "harami_cross", BOTH, "Doji inside the last long body; 0.8 if one end is equal"),
    ("HIGHWAVE", "high_wave", BOTH, "Short body between very long shadows, signed by its colour"),
    ("HIKKAKE", "hikkake", BOTH, "Inside bar and a false break (0.5), and its confirmation within three bars (1)"),
    ("HIKKAKEMOD", "hikkake_modified", BOTH, "Hikkake after a close near the extreme (0.5), and its confirmation (1)"),
    ("HOMINGPIGEON", "homing_pigeon", UP, "Short black body inside a long black one"),
    ("IDENTICAL3CROWS", "identical_three_crows", DOWN, "Three falling black bars, each opening at the last close"),
    ("INNECK", "in_neck", DOWN, "White bar from below the last low that closes at a long black bar's close"),
    ("INVERTEDHAMMER", "inverted_hammer", UP, "Short body under a long upper shadow, below the last body"),
    ("KICKING", "kicking", BOTH, "Marubozu and, beyond a gap, one of opposite colour, whose direction counts"),
    ("KICKINGBYLENGTH", "kicking_by_length", BOTH, "Kicking, signed by the longer marubozu"),
    ("LADDERBOTTOM", "ladder_bottom", UP, "Four falling black bars, the last with an upper shadow, a white one above"),
    ("LONGLEGGEDDOJI", "long_legged_doji", SHAPE, "Doji with at least one long shadow"),
    ("LONGLINE", "long_line", BOTH, "Long body between short shadows, signed by its colour"),
    ("MARUBOZU", "marubozu", BOTH, "Long body without shadows"),
    ("MATCHINGLOW", "matching_low", UP, "Two black bars with equal closes"),
    ("MATHOLD", "mat_hold", UP, "Long white bar, a gap, three small bars that hold above, a new high; penetration 0.5"),
    ("MORNINGDOJISTAR", "morning_doji_star", UP, "Long black bar, doji below it, white bar back; penetration 0.3"),
    ("MORNINGSTAR", "morning_star", UP, "Long black bar, short body below it, white bar back; penetration 0.3"),
    ("ONNECK", "on_neck", DOWN, "White bar from below the last low that closes at a long black bar's low"),
    ("PIERCING", "piercing", UP, "White bar from below the last low over the middle of a long black body"),
    ("RICKSHAWMAN", "rickshaw_man", SHAPE, "Long-legged doji whose body is near the middle"),
    ("RISEFALL3METHODS", "rising_falling_three_methods", BOTH, "Long bar, three small ones against it, a long one on"),
    ("SEPARATINGLINES", "separating_lines", BOTH, "Two bars of opposite colour with equal opens"),
    ("SHOOTINGSTAR", "shooting_star", DOWN, "Short body under a long upper shadow, above the last body"),
    ("SHORTLINE", "short_line", BOTH, "Short body between short shadows, signed by its colour"),
    ("SPINNINGTOP", "spinning_top", BOTH, "Short body between longer shadows, signed by its colour"),
    ("STALLEDPATTERN", "stalled_pattern", DOWN, "Two long white bars and a short one at their top"),
    ("STICKSANDWICH", "stick_sandwich", UP, "White bar between black ones with equal closes"),
    ("TAKURI", "takuri", SHAPE, "Dragonfly doji with a very long lower shadow"),
    ("TASUKIGAP", "tasuki_gap", BOTH, "Bar beyond a gap and one of opposite colour that does not close the gap"),
    ("THRUSTING", "thrusting", DOWN, "White bar from below the last low to just under the middle of a long black body"),
    ("TRISTAR", "tristar", BOTH, "Three doji, the second beyond a gap"),
    (
        "UNIQUE3RIVER",
        "unique_three_river",
        UP,
        "Long black bar, black harami with a lower low, small white bar below it",
    ),
    (
        "UPSIDEGAP2CROWS",
        "upside_gap_two_crows",
        DOWN,
        "Long white bar and two black ones above its gap, the second around",
    ),
    ("XSIDEGAP3METHODS", "gap_three_methods", BOTH, "Two bars one way with a gap and a third that closes the gap"),
)
"""TA-Lib's name after ``CDL``, our name after ``candle_``, what the sign says, meaning."""

_WITH_CONFIRMATION = {"HIKKAKE", "HIKKAKEMOD"}


def _entry(talib_name: str, name: str, sign: str, meaning: str) -> Indicator:
    function = f"CDL{talib_name}"
    strongest = 200.0 if talib_name in _WITH_CONFIRMATION else 100.0

    def compute(b: BarArrays, _: Mapping[str, Any]) -> tuple[FloatArray, ...]:
        return (candlestick.pattern(function, b.open, b.high, b.low, b.close, strongest),)

    required: Callable[..., int] = lambda *_: candlestick.pattern_bars(function)  # noqa: E731 - one call, deferred
    return Indicator(
        name=f"candle_{name}",
        group="candlestick",
        summary=meaning,
        reference=f"TA-Lib {function}; S. Nison, Japanese Candlestick Charting Techniques, 1991",
        inputs=("open", "high", "low", "close"),
        outputs=(Output("", "-1 to 1", _MEANINGS[sign]),),
        required_bars=required,
        compute=compute,
        difference=f"divided by {strongest:g}; prices in whole quanta, so that ties do not hang on rounding",
    )


CANDLESTICK: tuple[Indicator, ...] = tuple(_entry(*row) for row in PATTERNS)
"""All of TA-Lib's pattern recognition, in its order."""
