"""Guards that price and channel features are the variants they name: loops, TA-Lib, hand, standstill."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.bar_arrays import BarArrays, bar_arrays
from forecast_pipeline.features.catalogue.core18 import CORE18
from forecast_pipeline.features.catalogue.table import CATALOGUE, GROUPS
from forecast_pipeline.features.compute import plan_features
from forecast_pipeline.features.indicators import (
    bands,
    bar_sequence,
    close_channels,
    pivot,
    pivot_variants,
    regression_channel,
    spread_channels,
    swing,
)
from forecast_pipeline.features.indicators.session_parts import of_previous_session, session_open
from forecast_pipeline.features.indicators.session_prices import previous_session
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline_tests.features.simulated import simulated_bars
from forecast_pipeline_tests.oracles import price_channel_volume, price_channel_volume_bands

CORE = {each.name for each in CORE18}
NAMES = [name for group in ("price", "channel") for name in GROUPS[group] if name not in CORE]

LOOPS = price_channel_volume.BY_NAME | price_channel_volume_bands.BY_NAME


def simulated(seed=0, n_bars=420) -> BarArrays:
    return bar_arrays(simulated_bars(Timeframe.M15, n_bars, seed), Timeframe.M15)


def columns(name: str, b: BarArrays, **values) -> tuple[np.ndarray, ...]:
    return CATALOGUE[name].compute(b, {**CATALOGUE[name].defaults, "tolerance": 1e-6, **values})


def as_dictionary(b: BarArrays) -> dict[str, np.ndarray]:
    return {name: getattr(b, name) for name in ("open", "high", "low", "close", "volume", "session")}


def made(close, high=None, low=None, opened=None, minutes=15) -> BarArrays:
    close = np.asarray(close, float)
    high, low, opened = (close if x is None else np.asarray(x, float) for x in (high, low, opened))
    opens = np.arange(close.size, dtype=np.int64) * minutes * 60_000_000
    prices = {"open": opened, "high": high, "low": low, "close": close, "volume": np.ones(close.size)}
    return BarArrays(**prices, opens_us=opens, closes_us=opens, shifted_us=opens, minutes=minutes)


def test_every_entry_has_a_loop():
    assert set(NAMES) == set(LOOPS)
    assert len(GROUPS["price"]) >= 14
    assert len(GROUPS["channel"]) >= 14


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_every_entry_equals_its_loop(name, seed):
    b = simulated(seed)

    found, expected = columns(name, b), LOOPS[name](as_dictionary(b))

    assert len(found) == len(expected) == len(CATALOGUE[name].outputs)
    for output, fast, slow in zip(CATALOGUE[name].outputs, found, expected, strict=True):
        np.testing.assert_allclose(fast, slow, rtol=1e-7, atol=1e-9, err_msg=output.suffix)
        assert np.isfinite(slow).mean() > 0.5, "hardly compared"


@pytest.mark.parametrize(
    ("name", "values", "oracle_values"),
    [
        ("swing_levels", {"lookback_bars": 12, "side_bars": 3}, {"n": 12, "k": 3}),
        ("fractal_bands", {"lookback_bars": 6}, {"n": 6}),
        ("lagged_return", {"lag_bars": 3}, {"lag": 3}),
        ("quantile_channel", {"lookback_bars": 31, "tail_fraction": 0.17}, {"n": 31, "tail": 0.17}),
        ("quantile_channel", {"lookback_bars": 2, "tail_fraction": 0.3}, {"n": 2, "tail": 0.3}),
        ("quantile_channel", {"lookback_bars": 51, "tail_fraction": 0.1}, {"n": 51, "tail": 0.1}),
        ("regression_channel", {"lookback_bars": 5, "width": 1.0}, {"n": 5, "width": 1.0}),
        ("bandwidth_percentile", {"lookback_bars": 3, "rank_bars": 9}, {"n": 3, "ranked": 9}),
        ("starc", {"lookback_bars": 40, "atr_lookback_bars": 5}, None),
    ],
)
def test_loops_agree_with_other_numbers_too(name, values, oracle_values):
    b = simulated(7)

    found = columns(name, b, **values)

    if oracle_values is None:  # the mean is the longer of the two
        np.testing.assert_allclose(np.exp(-found[1][39:]) * b.close[39:], talib.SMA(b.close, 40)[39:], rtol=1e-12)
        return
    for fast, slow in zip(found, LOOPS[name](as_dictionary(b), **oracle_values), strict=True):
        np.testing.assert_allclose(fast, slow, rtol=1e-7, atol=1e-9)


def test_what_talib_has_is_talibs():
    b = simulated(3)
    o, h, low, c = b.open, b.high, b.low, b.close
    acceleration = talib.ACCBANDS(h, low, c, 20)
    ends = talib.LINEARREG(c, 60)
    weighted = talib.WMA(c, 25)
    levels = (talib.MEDPRICE(h, low), talib.AVGPRICE(o, h, low, c))

    pairs = [
        *zip(columns("price_averages", b), levels, strict=True),
        *zip(columns("acceleration_bands", b), (acceleration[0], acceleration[2]), strict=True),
        (columns("regression_channel", b)[1], ends),
        (columns("linear_weighted_bands", b)[1], weighted),
        (columns("moving_average_channel", b)[0], talib.SMA(h, 10)),
        (columns("donchian_previous", b)[1], np.concatenate([[np.nan], talib.MIN(low, 20)[:-1]])),
    ]

    for found, level in pairs:
        np.testing.assert_allclose(found, np.log(c / level), rtol=0, atol=1e-12)


NEUTRAL = {
    "narrow_range": 0.5,
    "range_position": 0.5,
    "previous_day_position": 0.5,
    "donchian_position": 0.5,
    "bandwidth_percentile": 0.5,
}


@pytest.mark.parametrize("price", [1.1, 0.7313, 151.237, 1e-8])
@pytest.mark.parametrize("name", NAMES)
def test_a_market_that_stands_still_is_neutral(name, price):
    for column in columns(name, made(np.full(300, price))):
        known = column[~np.isnan(column)]
        assert known.size
        np.testing.assert_allclose(known, NEUTRAL.get(name, 0.0), rtol=0, atol=1e-12)


def test_pivots_by_hand():
    # Yesterday: open 5, high 7, low 4, close 6. Today opens at 6.5.
    day = previous_session(
        *(np.array(x) for x in ([5.0, 6, 6.5], [7.0, 6, 8], [4.0, 5, 6], [6.0, 6, 7])), np.array([1, 1, 2])
    )
    close, today = np.full(3, 1.0), session_open(np.array([5.0, 6.0, 6.5]), np.array([1, 1, 2]))

    def levels(distances):
        assert all(np.isnan(d[:2]).all() for d in distances)
        return [round(float(np.exp(-d[-1])), 6) for d in distances]

    assert [float(x[-1]) for x in day] == [5.0, 7.0, 4.0, 6.0]
    assert levels(pivot.classic_pivots(close, day)) == pytest.approx(
        [17 / 3, 22 / 3, 26 / 3, 31 / 3, 13 / 3, 8 / 3, 4 / 3], abs=1e-5
    )
    assert levels(pivot.camarilla_pivots(close, day)) == pytest.approx(
        [6.275, 6.55, 6.825, 7.65, 5.725, 5.45, 5.175, 4.35]
    )
    assert levels(pivot_variants.woodie_pivots(close, day, today)) == pytest.approx([6.0, 8.0, 9.0, 5.0, 3.0])
    assert levels(pivot_variants.demark_pivots(close, day)) == pytest.approx(
        [6.0, 8.0, 5.0]
    )  # it rose: the high counts twice


def test_levels_of_the_day_before_stay_all_day_and_skip_days_without_bars():
    session = np.array([3, 3, 4, 4, 7, 7])

    found = of_previous_session(np.array([10.0, 20.0, 30.0]), session)

    assert np.isnan(found[:2]).all()
    assert found[2:].tolist() == [10.0, 10.0, 20.0, 20.0]


def test_levels_of_the_day_before_do_not_exist_on_daily_bars():
    names = [name for name in NAMES if CATALOGUE[name].is_within_day]

    plan = plan_features(Timeframe.D1, FeatureParameters(indicators=("price",)))

    assert set(names) == set(plan.absent)
    assert len(names) == 7


def test_a_swing_is_not_known_before_the_bars_that_confirm_it():
    high = np.array([1.0, 1.0, 5.0, 2.0, 1.5, 1.0, 1.0, 1.0])

    confirmed = [swing.confirmed_peaks(high, side_bars).tolist().index(True) for side_bars in (1, 2)]

    assert confirmed == [3, 4]


def test_a_plateau_in_ticks_is_no_swing():
    # 1.10006 twice, once with another last bit.
    high = np.array([1.1, 1.10006, np.nextafter(1.10006, 1.0), 1.1])

    assert not swing.confirmed_peaks(high, 1).any()
    assert swing.confirmed_peaks(high[[0, 1, 3]], 1).any()


def test_without_a_swing_the_window_gives_the_level():
    rising = np.arange(10.0, 30.0)

    upper, lower = swing.swing_levels(rising, rising, rising, 5)

    assert np.exp(upper[-1]) == pytest.approx(1.0)
    assert np.exp(lower[-1]) == pytest.approx(29.0 / 25.0)


def test_inside_and_outside_compare_ticks_and_not_last_bits():
    top, bottom = 1.10006, 1.10001
    high = np.array([top, np.nextafter(top, 1.0), top + 1e-5, top])
    low = np.array([bottom, np.nextafter(bottom, 2.0), bottom - 1e-5, bottom])

    assert bar_sequence.inside_bar(high, low)[1:].tolist() == [0.0, 0.0, 1.0]
    assert bar_sequence.outside_bar(high, low)[1:].tolist() == [0.0, 1.0, 0.0]


def test_a_trend_shows_in_heikin_ashi_bars_and_breaks_channels():
    close = np.exp(np.arange(200) * 1e-3)
    up = made(close, close * 1.0002, close * 0.9998, close * 0.9999)
    down = made(1 / close, 1.0002 / close, 0.9998 / close, 1.0001 / close)

    body, _, lower = columns("heikin_ashi", up)
    assert (body[30:] > 0).all()
    assert lower[30:] == pytest.approx(0.0, abs=1e-12)
    assert (columns("heikin_ashi", down)[0][30:] < 0).all()
    assert (columns("donchian_position", up)[0][30:] > 1.0).all()
    assert (columns("donchian_position", down)[0][30:] < 0.0).all()
    assert (columns("donchian_previous", up)[0][30:] > 0.0).all()
    assert columns("price_acceleration", up)[0][30:] == pytest.approx(0.0, abs=1e-12)


def test_channels_widen_when_moves_do():
    rng = np.random.default_rng(0)
    scale = np.where(np.arange(600) < 300, 1e-4, 1e-3)
    close = np.exp((rng.normal(size=600) * scale).cumsum())
    b = made(close, close * (1 + scale), close * (1 - scale))

    for name in ("donchian_width", "price_channel_width", "keltner_width"):
        (width,) = columns(name, b)
        assert np.nanmean(width[380:]) > 4 * np.nanmean(width[:300]), name
    rank = columns("bandwidth_percentile", b)[0]
    assert rank[310:330].mean() > 0.85


def test_a_straight_line_has_no_residuals():
    close = np.linspace(1.0, 1.2, 100)

    for column in regression_channel.regression_channel(close, 20):
        assert column[19:] == pytest.approx(0.0, abs=1e-12)
    for column in regression_channel.projection_bands(close, close, close, 20):
        assert column[19:] == pytest.approx(0.0, abs=1e-12)


def test_the_close_never_leaves_its_projection_bands():
    b = simulated(4)

    upper, lower = columns("projection_bands", b)

    assert np.nanmax(upper) <= 1e-12
    assert np.nanmin(lower) >= -1e-12


def test_zones_of_double_bands_by_hand():
    quiet = [1.0, 1.0002] * 10
    # One more close, far above, a little above, level, a little below, far below the rest.
    ends = [
        spread_channels.double_bands(np.array([*quiet, end]), 20)[0][-1]
        for end in (1.01, 1.00022, 1.0001, 0.99998, 0.99)
    ]

    assert ends == [2.0, 1.0, 0.0, -1.0, -2.0]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: swing.swing_levels(x, x, x, 2), "lookback_bars must be at least 3, was 2"),
        (lambda x: swing.swing_levels(x, x, x, 9, side_bars=0), "must be at least 1, was 0"),
        (lambda x: close_channels.quantile_channel(x, 9, 0.5), r"tail_fraction must be in \(0, 0.5\), was 0.5"),
        (lambda x: regression_channel.regression_channel(x, 2), "lookback_bars must be at least 3, was 2"),
        (lambda x: bands.moving_average_channel(x, x, x, 9, 1), "lookback_bars must be at least 2, was 1"),
        (lambda x: bar_sequence.narrow_range(x, x, 1), "lookback_bars must be at least 2, was 1"),
    ],
    ids=["swing", "sides", "tail", "regression", "averages", "narrow"],
)
def test_impossible_numbers_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call(np.ones(50))
