"""Promise: the scale of a return is known when the forecast is issued, and is right on average."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.bars.resample import mid_prices, resample
from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.splits.target_scale import DECAYS, TargetScale
from forecast_pipeline_tests.oracles import splits as oracle
from forecast_pipeline_tests.splits.closes import closes, without

M15, H1, H4, D1 = (Timeframe(t) for t in ("15m", "1h", "4h", "1d"))
NAN = np.nan
seeds = st.integers(0, 2**32 - 1)


def returns(n, seed=0, share_nan=0.0, scale=1e-4):
    rng = np.random.default_rng(seed)
    values = scale * rng.standard_t(6, n) * np.exp(0.5 * np.sin(np.arange(n) / 50))
    values[rng.random(n) < share_nan] = NAN
    return values


@given(seeds, st.sampled_from([0.0, 0.1, 0.9, 1.0]), st.sampled_from(DECAYS))
def test_the_recursion_is_the_one_of_a_slow_loop(seed, share_nan, decay):
    """Unknown returns leave the variance as it was."""
    close_us, values = closes(H1, 150), returns(150, seed, share_nan)
    profile = np.exp(np.random.default_rng(seed).normal(size=24))
    profile /= profile.mean()
    scale = TargetScale(60, tuple(profile), decay, floor=2e-9, start=1e-8)

    variance = scale.slot_variance(close_us, values)

    hour = [oracle.minute_of_day(int(close) - H1.microseconds) // 60 for close in close_us]
    squared = [r * r / profile[h] for r, h in zip(values, hour, strict=True)]
    np.testing.assert_allclose(variance, oracle.slot_variance(squared, decay, 1e-8, 2e-9), rtol=1e-10)


@settings(max_examples=20)
@given(seeds, st.sampled_from([M15, H1, H4]))
def test_the_scale_of_an_increment_adds_the_profile_of_the_open_minutes_ahead(seed, timeframe):
    close_us = closes(timeframe, 200)[::23]
    n_cells = 1440 // max(timeframe.minutes, 60)
    profile = np.exp(np.random.default_rng(seed).normal(size=n_cells))
    profile /= profile.mean()
    scale = TargetScale(timeframe.minutes, tuple(profile), 0.9, 0.0, 1.0)
    variance, horizons = np.linspace(1e-8, 4e-8, close_us.size), (1, 3, 8)

    found = scale.increment_scale(close_us, variance, horizons)

    for row, close in enumerate(close_us):
        for column, (first, last) in enumerate(zip((0, *horizons), horizons, strict=False)):
            slots = oracle.expected_slots(int(close), first, last, timeframe.minutes, 1440 // n_cells, profile)
            assert found[row, column] == pytest.approx(math.sqrt(variance[row] * slots), rel=1e-9)


@pytest.mark.parametrize("timeframe", list(Timeframe)[2:])
def test_the_profile_has_mean_1_and_so_a_day_has_its_slots(timeframe):
    close_us = closes(timeframe, 400)
    scale = TargetScale.fit(close_us, returns(close_us.size), timeframe)

    slots_per_day = max(1440 // timeframe.minutes, 1)
    whole_days = scale.increment_scale(close_us, np.ones(close_us.size), (slots_per_day, 3 * slots_per_day))

    assert np.mean(scale.profile) == pytest.approx(1.0, rel=1e-12)
    assert len(scale.profile) == 1440 // max(timeframe.minutes, 60)
    np.testing.assert_allclose(
        whole_days**2, np.tile([slots_per_day, 2 * slots_per_day], (close_us.size, 1)), rtol=1e-9
    )


@pytest.fixture(scope="module")
def market():
    """Closes and returns of the mid of a simulated half year, and the same with constant volatility."""

    def of(world):
        candles = simulate_candles(world).with_columns(source_minutes=pl.lit(1, pl.Int32))
        bars = resample(mid_prices(candles), M15)
        return bars["close_ts_utc"].dt.epoch("us").to_numpy(), (bars["close"] / bars["open"]).log().to_numpy()

    world = SimulatedWorld(start=date(2023, 1, 8), n_weeks=26, seed=9)
    return {"market": of(world), "iid": of(world.model_copy(update={"iid": True}))}


def test_the_clock_of_a_simulated_market_is_found(market):
    """The scale follows the hours: standardised returns have the same variance at each of them."""
    close_us, values = market["market"]
    half = close_us.size // 2

    scale = TargetScale.fit(close_us[:half], values[:half], M15)

    variance = scale.slot_variance(close_us, values)
    hour = np.array([oracle.minute_of_day(int(c)) // 60 for c in close_us])
    ahead = scale.increment_scale(close_us, variance, (1,))[:, 0]
    later = slice(half, close_us.size - 1)
    ratio = values[half + 1 :] / ahead[later]
    by_hour = np.array([np.mean(np.square(ratio[hour[later] == h])) for h in range(24)])
    raw = np.array([np.mean(np.square(values[half + 1 :][hour[later] == h])) for h in range(24)])
    assert raw.max() / raw.min() > 4  # a clock there is
    assert by_hour.max() / by_hour.min() < 2.5
    assert np.mean(np.square(ratio)) == pytest.approx(1.0, abs=0.12)


def test_without_a_clock_none_is_found(market):
    close_us, values = market["iid"]

    scale = TargetScale.fit(close_us, values, M15)

    assert np.abs(np.array(scale.profile) - 1).max() < 0.25  # four standard errors of an hour's variance
    assert scale.decay == DECAYS[-1]  # constant volatility wants the longest memory
    assert math.sqrt(scale.start) == pytest.approx(0.075 / math.sqrt(52 * 480), rel=0.05)


@given(seeds, st.integers(1, 199))
def test_what_comes_later_does_not_change_the_scale(seed, cut):
    """Fault 21."""
    close_us, values = closes(H1, 200), returns(200, seed, 0.05)
    scale = TargetScale.fit(close_us[:100], values[:100], H1)
    garbage = np.where(np.arange(200) < cut, values, 1e3)

    whole = scale.slot_variance(close_us, values)

    np.testing.assert_array_equal(scale.slot_variance(close_us, garbage)[:cut], whole[:cut])
    np.testing.assert_array_equal(scale.slot_variance(close_us[:cut], values[:cut]), whole[:cut])


@given(seeds, st.floats(1e-3, 1e3))
def test_the_scale_grows_with_the_returns(seed, factor):
    close_us, values = closes(H1, 200), returns(200, seed)
    small, large = TargetScale.fit(close_us, values, H1), TargetScale.fit(close_us, factor * values, H1)

    assert (small.decay, small.slot_minutes) == (large.decay, large.slot_minutes)
    np.testing.assert_allclose(large.profile, small.profile, rtol=1e-9)
    np.testing.assert_allclose(
        large.slot_variance(close_us, factor * values), factor**2 * small.slot_variance(close_us, values), rtol=1e-9
    )


def test_holes_are_held_over_and_not_read_as_calm():
    """Fault 18."""
    close_us = closes(H1, 200)
    values = returns(200)
    scale = TargetScale.fit(close_us, values, H1)
    holed = values.copy()
    holed[120:150] = NAN

    variance = scale.slot_variance(close_us, holed)

    assert set(variance[120:150]) == {variance[119]}
    assert (variance > 0).all()


@pytest.mark.parametrize("values", [np.zeros(50), np.full(50, NAN), np.zeros(0)], ids=["flat", "unknown", "none"])
def test_prices_that_never_move_have_a_scale_above_zero(values):
    """Fault 75."""
    close_us = closes(H1, values.size)

    scale = TargetScale.fit(close_us, values, H1)

    ahead = scale.increment_scale(close_us, scale.slot_variance(close_us, values), (1, 5))
    assert ahead.shape == (values.size, 2)
    assert (ahead > 0).all()


def test_a_flat_stretch_does_not_take_the_scale_to_zero():
    """Fault 75: prices move in ticks."""
    close_us = closes(H1, 2000)
    values = np.concatenate([returns(500), np.zeros(1500)])
    scale = TargetScale.fit(close_us[:500], values[:500], H1)

    assert scale.slot_variance(close_us, values)[-1] == scale.floor > 0


def test_missing_bars_change_neither_profile_nor_clock():
    whole = closes(H1, 1500)
    values = returns(1500, scale=1e-4)
    hour = np.array([oracle.minute_of_day(int(c) - H1.microseconds) // 60 for c in whole])
    values = values * np.where(hour < 6, 0.3, 1.0)
    kept = np.isin(whole, without(whole, 3, 0.3))

    full, holed = TargetScale.fit(whole, values, H1), TargetScale.fit(whole[kept], values[kept], H1)

    np.testing.assert_allclose(holed.profile, full.profile, rtol=0.6)
    assert max(holed.profile[:6]) < min(holed.profile[6:])
