"""Guards that a choice of indicators is either understood or refused with the remedy."""

from __future__ import annotations

import pytest

from forecast_pipeline.core.errors import InvalidConfiguration, UnknownTimeframe
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.catalogue.core18 import CORE18
from forecast_pipeline.features.catalogue.indicator import VOLUME
from forecast_pipeline.features.catalogue.table import CATALOGUE
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.features.presets import PRESETS, resolve_indicator_timeframes

ALL = list(Timeframe)


def test_the_specifications_example():
    chosen = {
        "atr": ["1m", "5m", "15m"],
        "rsi": ["1m", "5m", "15m", "1h"],
        "bollinger": ["5m", "15m"],
        "macd": ["15m", "1h"],
    }

    assert resolve_indicator_timeframes(chosen, "core", Timeframe.M1, ALL) == chosen


def test_a_preset_takes_the_base_and_the_next_two_slower_timeframes():
    available = [Timeframe.D1, Timeframe.M15, Timeframe.M5, Timeframe.H1, Timeframe.M1]

    found = resolve_indicator_timeframes({}, "core", Timeframe.M5, available)

    assert sorted(found) == sorted(PRESETS["core"])
    assert set(map(tuple, found.values())) == {(Timeframe.M5, Timeframe.M15, Timeframe.H1)}


def test_presets_are_a_dozen_of_prices_all_and_none():
    assert len(PRESETS["core"]) == 12
    assert not any(VOLUME in CATALOGUE[name].needs for name in PRESETS["core"])
    assert PRESETS["core18"] == tuple(each.name for each in CORE18)
    assert PRESETS["all"] == tuple(name for name, each in CATALOGUE.items() if not each.is_base)
    assert len(resolve_indicator_timeframes({}, "core18", Timeframe.D1, ALL)) == 18
    assert resolve_indicator_timeframes({}, "none", Timeframe.D1, ALL) == {}


def test_timeframes_are_sorted_and_taken_once():
    found = resolve_indicator_timeframes({"rsi": ["4h", "5m", "4h"]}, "none", Timeframe.M5, ALL)

    assert found == {"rsi": [Timeframe.M5, Timeframe.H4]}


@pytest.mark.parametrize(
    ("chosen", "preset", "available", "error", "text"),
    [
        ({"rssi": ["1h"]}, "core", ALL, InvalidConfiguration, "'rssi'; did you mean 'rsi'?"),
        ({"ATR": ["1h"]}, "core", ALL, InvalidConfiguration, "'ATR'; did you mean 'atr'?"),
        ({"xyz": ["1h"]}, "core", ALL, InvalidConfiguration, "known are atr, bollinger"),
        ({"rsi": []}, "core", ALL, InvalidConfiguration, "must list at least one timeframe"),
        ({"rsi": "1h"}, "core", ALL, InvalidConfiguration, "must list at least one timeframe"),
        ({"rsi": ["2h"]}, "core", ALL, UnknownTimeframe, "was '2h'"),
        ({"rsi": ["1d"]}, "core", [Timeframe.M5], UnknownTimeframe, "timeframe of rsi must be available"),
        ({}, "cor", ALL, InvalidConfiguration, "'cor'; did you mean 'core'?"),
        ({}, "core", [Timeframe.H1], UnknownTimeframe, "base timeframe must be available"),
    ],
)
def test_a_mistake_is_refused_with_the_remedy(chosen, preset, available, error, text):
    with pytest.raises(error) as caught:
        resolve_indicator_timeframes(chosen, preset, Timeframe.M5, available)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"atr_n": 1}, "atr_n: Input should be greater than or equal to 2, was 1"),
        ({"hurst_window": 15}, "hurst_window: Input should be greater than or equal to 16, was 15"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"rsi_m": 3}, "rsi_m is not a setting; did you mean 'rsi_n'?"),
    ],
)
def test_settings_are_checked(values, text):
    with pytest.raises(InvalidConfiguration) as caught:
        FeatureParameters.parse(values)
    assert text in str(caught.value)
