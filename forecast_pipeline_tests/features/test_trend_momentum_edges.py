"""Guards what trend and momentum say at their edges: standstill, ties, straight moves, spans that end."""

from __future__ import annotations

import numpy as np
import pytest

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.bar_arrays import BarArrays, bar_arrays
from forecast_pipeline.features.catalogue.momentum import MOMENTUM
from forecast_pipeline.features.catalogue.trend import TREND
from forecast_pipeline.features.indicators import (
    directional_index,
    directional_movement,
    ehlers_oscillator,
    extreme_age,
    ichimoku,
    moving_average_adaptive,
    schaff_trend_cycle,
    streak,
)
from forecast_pipeline.features.warm_up import bars_to_forget
from forecast_pipeline_tests.features.simulated import simulated_bars

OURS = {each.name: each for each in (*TREND, *MOMENTUM)}
TOLERANCE = 1e-6
# What a market that does not move says; every column that is not here says 0.
NEUTRAL = {
    "choppiness_index": 50.0,
    "trend_intensity": 50.0,
    "schaff_trend_cycle": 50.0,
    "psychological_line": 50.0,
    "relative_momentum_index": 50.0,
    "stochastic_rsi": 50.0,
    "connors_rsi": 50.0,
    "dynamic_momentum_index": 50.0,
    "laguerre_rsi": 50.0,
    "intraday_momentum_index": 50.0,
    "demarker": 50.0,
    "stochastic_fast": 50.0,
    "inertia": 50.0,
    "mass_index": 25.0,
    "vortex": 1.0,
    "breakout_age": 1.0,
    "aroon": (100.0, 100.0, 0.0),  # the latest of equal extremes is the present one
}
# Rises and falls are mirrored: what these say of one is the opposite, or the complement, of the other.
SIGNED = [
    *(
        "wma",
        "alma",
        "hma",
        "moving_average_ratio",
        "moving_average_slope",
        "moving_average_order",
    ),
    *("t3", "zlema", "kama", "vidya", "frama", "super_smoother", "midpoint", "trima"),
    *("dx", "mann_kendall", "trend_score", "roc", "rate_of_change", "normalised_momentum", "smoothed_roc", "kst"),
    *("coppock", "price_momentum_oscillator", "detrended_price", "center_of_gravity", "awesome_oscillator", "qstick"),
    *("streak", "cmo", "stochastic_momentum_index", "balance_of_power", "relative_vigor_index", "fisher_transform"),
    *("tsi", "pretty_good_oscillator", "wave_trend"),
]
SHARES = [
    *("trend_intensity", "psychological_line", "relative_momentum_index", "connors_rsi"),
    *("dynamic_momentum_index", "laguerre_rsi", "intraday_momentum_index", "demarker", "stochastic_fast", "inertia"),
]


def values_of(name: str, **more) -> dict:
    return OURS[name].defaults | {"tolerance": TOLERANCE} | more


def neutral_of(name: str) -> tuple[float, ...]:
    value = NEUTRAL.get(name, 0.0)
    return value if isinstance(value, tuple) else (value,) * len(OURS[name].outputs)


def required(name: str) -> int:
    return OURS[name].required_bars(values_of(name), Timeframe.M15, TOLERANCE)


def bars_from(open_, high, low, close) -> BarArrays:
    times = np.zeros(close.size, np.int64)
    return BarArrays(
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=np.ones(close.size),
        opens_us=times,
        closes_us=times,
        shifted_us=times,
    )


def still(price: float, n_bars: int) -> BarArrays:
    flat = np.full(n_bars, price)
    return bars_from(flat, flat, flat, flat)


def moving(drift: float, n_bars: int, seed: int = 0) -> BarArrays:
    """A trend of ``drift`` a bar with noise of 1e-4."""
    close = np.exp(drift * np.arange(n_bars) + np.random.default_rng(seed).normal(scale=1e-4, size=n_bars).cumsum())
    open_ = np.concatenate([close[:1], close[:-1]])
    return bars_from(open_, np.maximum(open_, close) * 1.00005, np.minimum(open_, close) / 1.00005, close)


def after_warm_up(name: str, bars: BarArrays) -> list[np.ndarray]:
    return [column[required(name) - 1 :] for column in OURS[name].compute(bars, values_of(name))]


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("price", [1.1, 0.7313, 151.237])
def test_a_market_that_stands_still_is_neutral(name, price):
    found = after_warm_up(name, still(price, required(name) + 40))

    for column, neutral in zip(found, neutral_of(name), strict=True):
        np.testing.assert_allclose(column, neutral, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", OURS)
def test_a_long_stop_after_trading_becomes_neutral(name):
    traded = bar_arrays(simulated_bars(n_bars=300, hole_fraction=0.0), Timeframe.M15)
    # Until the price's own averages have reached the last close to the last digit.
    n_still = 2000
    parts = [
        np.concatenate([side, np.full(n_still, traded.close[-1])]) for side in (traded.open, traded.high, traded.low)
    ]
    bars = bars_from(*parts, np.concatenate([traded.close, np.full(n_still, traded.close[-1])]))

    last = [column[-1] for column in OURS[name].compute(bars, values_of(name))]

    assert last == pytest.approx(list(neutral_of(name)), abs=1e-9)


@pytest.mark.parametrize("name", SIGNED)
def test_the_sign_is_that_of_the_trend(name):
    rising, falling = (after_warm_up(name, moving(drift, required(name) + 300)) for drift in (2e-4, -2e-4))

    assert rising[0].mean() > 0.0 > falling[0].mean()


@pytest.mark.parametrize("name", SHARES)
def test_a_share_is_above_the_middle_in_a_rise_and_below_it_in_a_fall(name):
    rising, falling = (after_warm_up(name, moving(drift, required(name) + 300)) for drift in (2e-4, -2e-4))

    assert rising[0].mean() > 50.0 > falling[0].mean()
    assert min(rising[0].min(), falling[0].min()) >= 0.0 - 50.0 * (name == "inertia")
    assert max(rising[0].max(), falling[0].max()) <= 100.0 + 50.0 * (name == "inertia")


@pytest.mark.parametrize(
    ("name", "column", "sign"),
    [
        ("efficiency_ratio", 0, 1),
        ("vertical_horizontal_filter", 0, 1),
        ("choppiness_index", 0, -1),
        ("adxr", 0, 1),
        ("linear_regression", 2, 1),
        ("random_walk_index", 0, 1),
        ("directional_movement", 0, 1),
        ("vortex", 0, 1),
        ("aroon", 2, 1),
        ("directional_bars", 0, 1),
        ("breakout_age", 0, -1),
        ("guppy", 1, 1),
    ],
)
def test_strength_is_larger_on_a_trend_than_on_noise(name, column, sign):
    n_bars = required(name) + 1500
    trend, noise = (after_warm_up(name, moving(drift, n_bars))[column].mean() for drift in (1e-4, 0.0))

    assert sign * (trend - noise) > 0.1 * abs(noise)


def test_a_restarted_average_has_no_memory_before_its_start():
    close = moving(0.0, 400).close
    wild = np.concatenate([close[:200] * 7.0, close[200:]])

    # The steps from bar 200 + 10 + 50 on have closes of bar 200 and later in their efficiency and their start.
    for average in (moving_average_adaptive.kama, moving_average_adaptive.vidya):
        found, spoiled = (average(prices, 10, memory_bars=50) for prices in (close, wild))
        np.testing.assert_array_equal(found[260:], spoiled[260:])
        assert (found[200:250] != spoiled[200:250]).all()


@pytest.mark.parametrize(
    ("name", "memory_bars"),
    [
        ("dx", bars_to_forget((1 / 14,), 1e-3)),
        ("directional_movement", bars_to_forget((1 / 14,), 1e-3)),
        ("relative_momentum_index", bars_to_forget((1 / 20,), 1e-3) + 4),  # a change reaches back five bars
        ("tsi", bars_to_forget((2 / 26, 2 / 14), 1e-3)),
        ("stochastic_momentum_index", bars_to_forget((2 / 26, 2 / 3), 1e-3) + 12),  # a range holds thirteen bars
        ("laguerre_rsi", bars_to_forget((0.5,) * 4, 1e-3)),
    ],
)
def test_a_ratio_of_averages_keeps_its_value_through_a_stop_until_they_forget(name, memory_bars):
    traded = moving(2e-4, 300)
    stop = {side: np.full(400, traded.close[-1]) for side in ("open", "high", "low", "close")}
    bars = bars_from(*(np.concatenate([getattr(traded, side), flat]) for side, flat in stop.items()))
    last_move = 299

    found = OURS[name].compute(bars, values_of(name, tolerance=1e-3))[0]

    neutral = neutral_of(name)[0]
    assert abs(found[last_move + memory_bars - 1] - neutral) > 1.0
    assert (found[last_move + memory_bars :] == neutral).all()


def test_schaffs_cycle_says_whether_the_averages_move_apart():
    time = np.arange(700.0)
    gathering, losing = np.exp(1e-7 * time**2), np.exp(1e-4 * time - 1e-8 * time**2)

    assert schaff_trend_cycle.schaff_trend_cycle(gathering)[600:].min() == pytest.approx(100.0)
    assert schaff_trend_cycle.schaff_trend_cycle(losing)[600:].max() == pytest.approx(0.0)


def test_equal_moves_up_and_down_are_no_direction():
    # Every bar widens by one tick on both sides: 1.10001 - 1.1 and 1.09999 - 1.09998 differ as floats.
    ticks = np.arange(60)
    high, low, close = 1.1 + 1e-5 * ticks, 1.1 - 1e-5 * ticks, np.full(60, 1.1)

    assert set(directional_index.dx(high, low, close)[14:]) == {0.0}
    assert {side[14:].max() for side in directional_movement.directional_movement(high, low, close)} == {0.0}


def test_median_prices_that_are_equal_in_ticks_have_no_range():
    # Both medians are 1.100115; as floats they differ in the last digit.
    high, low = np.tile([1.10012, 1.10013], 20), np.tile([1.10011, 1.1001], 20)

    assert len(set((high + low) / 2.0)) == 2
    assert set(ehlers_oscillator.fisher_transform(high, low)[9:]) == {0.0}


def test_a_run_longer_than_the_most_counts_its_last_changes():
    price = np.exp(np.concatenate([np.zeros(3), np.arange(1.0, 9.0)]))

    length, gained = streak.streak(price, 4)

    assert length[4:].tolist() == [2.0, 3.0, 4.0, 4.0, 4.0, 4.0, 4.0]
    assert gained[4:].round(9).tolist() == [2.0, 3.0, 4.0, 4.0, 4.0, 4.0, 4.0]


def test_an_unchanged_close_ends_a_run():
    assert streak.run_lengths(np.array([1.0, 2.0, 3.0, 3.0, 4.0, 3.5]), 9)[0].tolist() == [0, 1, 2, 0, 1, 1]


def test_an_equal_high_is_no_breakout_and_age_ends_at_the_memory():
    high = np.array([1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0])

    ages = extreme_age.breakout_age(high, high, 1 + 1, memory_bars=3)[0]

    assert ages[4:].tolist() == pytest.approx([0.0, 1 / 3, 2 / 3, 1.0, 1.0])


def test_the_cloud_is_what_was_known_before_it_is_drawn():
    bars = moving(0.0, 200)
    # One bar's outbreak enters the conversion line at once and the cloud displacement_bars later.
    high = bars.high.copy()
    high[120] *= 2.0

    before = ichimoku.ichimoku(bars.high, bars.low, bars.close)
    after = ichimoku.ichimoku(high, bars.low, bars.close)

    first_changes = [
        int(np.flatnonzero(new != old)[np.flatnonzero(new != old) >= 77][0])
        for old, new in zip(before, after, strict=True)
    ]
    assert first_changes == [120, 120, 146, 146]
