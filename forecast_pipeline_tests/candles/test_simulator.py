"""Promise: simulated candles look like a market, hide nothing to find, and never change.

The negative test of the whole pipeline ("nothing beats the baseline on a martingale")
and the positive one ("a planted signal is found") are worth as much as these.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from forecast_pipeline.candles.simulated_path import hidden_path
from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import SAMPLE_WORLDS, simulate_candles, write_sample
from forecast_pipeline.core.configuration import Configuration
from forecast_pipeline.core.errors import InvalidConfiguration, UnknownSymbol
from forecast_pipeline.core.schema import CANDLES, check_clock
from forecast_pipeline.core.trading_clock import is_open, trading_minutes

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
PRICES = ("open", "high", "low", "close")
MARKET = SimulatedWorld(n_weeks=52, seed=11)
RANDOM_WALK = MARKET.model_copy(update={"iid": True})
MOMENTUM = MARKET.model_copy(update={"drift_signal": 0.1})
YEARS = {"market": MARKET, "random_walk": RANDOM_WALK, "momentum": MOMENTUM}
Z = 4.0  # standard errors: a fixed seed passes or fails for ever, so be generous to chance and strict to faults


@pytest.fixture(scope="module")
def years():
    return {name: simulate_candles(world) for name, world in YEARS.items()}


@pytest.fixture(scope="module")
def market_path():
    return hidden_path(MARKET)


@pytest.fixture(scope="module")
def hourly(years):
    """Hour of the FX day and log return of the mid over each trading hour."""
    return {name: hourly_returns(candles) for name, candles in years.items()}


def mid(candles, price="close"):
    return ((candles[price] + candles[f"ask_{price}"]) / 2).to_numpy()


def clock(candles):
    return trading_minutes(candles["ts_utc"].cast(pl.Int64).to_numpy())


def hourly_returns(candles):
    hour = clock(candles) // 60
    is_last = np.append(np.diff(hour) > 0, True)
    return hour[is_last][1:] % 24, np.diff(np.log(mid(candles)[is_last]))


def deseasonalised(hour_of_day, log_return):
    std = np.array([log_return[hour_of_day == hour].std() for hour in range(24)])
    return log_return / std[hour_of_day]


def kurtosis(values):
    return np.mean((values - values.mean()) ** 4) / values.var() ** 2


def autocorrelation(values, lag=1):
    return np.corrcoef(values[lag:], values[:-lag])[0, 1]


worlds = st.builds(
    SimulatedWorld,
    symbol=st.sampled_from(["EURUSD", "GBPUSD"]),
    start=st.dates(date(1995, 1, 1), date(2035, 12, 31)),
    n_weeks=st.just(1),
    seed=st.integers(0, 2**64),
    drift_signal=st.sampled_from([0.0, 0.3]),
    iid=st.booleans(),
)


# The same world for ever


def test_the_same_world_gives_the_same_bytes():
    world = SimulatedWorld(n_weeks=2)

    assert_frame_equal(simulate_candles(world), simulate_candles(world.model_copy()), check_exact=True)


@given(world=worlds)
@settings(max_examples=10, deadline=None)
def test_a_longer_world_begins_with_the_shorter_one(world):
    short = simulate_candles(world)

    longer = simulate_candles(world.model_copy(update={"n_weeks": 3}))

    assert_frame_equal(longer.head(short.height), short, check_exact=True)


@pytest.mark.parametrize("change", [{"seed": 12}, {"symbol": "GBPUSD"}], ids=["seed", "symbol"])
def test_worlds_of_another_key_are_independent(hourly, change):
    _, other = hourly_returns(simulate_candles(MARKET.model_copy(update={"n_weeks": 13} | change)))
    _, reference = hourly["market"]

    correlation = np.corrcoef(other, reference[: other.size])[0, 1]

    assert other.size == 13 * 120 - 1
    assert abs(correlation) < Z / np.sqrt(other.size)


def test_the_shipped_sample_is_what_the_command_writes(tmp_path):
    written = write_sample(tmp_path)

    assert [path.name for path in written] == ["EURUSD_M1_simulated.parquet", "USDJPY_M1_simulated.parquet"]
    assert [path.read_bytes() == (SAMPLE / path.name).read_bytes() for path in written] == [True, True]


def test_the_shipped_sample_stays_small():
    assert sum(path.stat().st_size for path in SAMPLE.glob("*")) <= 9_000_000
    assert not any(world.drift_signal for world in SAMPLE_WORLDS)


# The frame


@given(world=worlds)
@settings(max_examples=25, deadline=None)
def test_every_candle_is_a_valid_quote_of_an_open_minute(world):
    candles = simulate_candles(world)
    bid = candles.select(PRICES)
    ask = candles.select(pl.col(f"ask_{price}").alias(price) for price in PRICES)

    check_clock(candles, "simulated candles")
    assert is_open(candles["ts_utc"].cast(pl.Int64).to_numpy()).all()
    assert (candles["ts_utc"].dt.truncate("1m") == candles["ts_utc"]).all()
    for side in (bid, ask):
        assert (side["low"] <= side.min_horizontal()).all()
        assert (side["high"] >= side.max_horizontal()).all()
        assert (side["low"] > 0).all()
        assert_frame_equal(side, side.select(pl.all().round(5)), check_exact=True)
    assert (candles["ask_low"] > candles["low"]).all()
    assert (candles["ask_close"] > candles["close"]).all()
    assert (candles["volume"] >= 1).all()


def test_columns_follow_the_candle_schema(years):
    schema = dict(years["market"].schema)

    assert schema == {name: kind for name, kind in CANDLES.items() if name not in {"source_minutes", "source"}}
    assert years["market"].null_count().sum_horizontal()[0] == 0


def test_yen_prices_have_three_decimals():
    candles = simulate_candles(SimulatedWorld(symbol="USDJPY", n_weeks=1, initial_price=130.0))

    assert_frame_equal(candles, candles.with_columns(pl.col(PRICES).round(3)), check_exact=True)
    assert np.median(candles["ask_close"] - candles["close"]) == pytest.approx(0.008, abs=0.003)


# The trading week


@pytest.mark.parametrize(
    ("start", "first", "last"),
    [
        (date(2024, 2, 25), "2024-02-25 22:00:00+00:00", "2024-03-01 21:59:00+00:00"),
        (date(2024, 3, 10), "2024-03-10 21:00:00+00:00", "2024-03-15 20:59:00+00:00"),
        (date(2024, 10, 31), "2024-11-03 22:00:00+00:00", "2024-11-08 21:59:00+00:00"),
    ],
    ids=["winter", "day_of_spring_change", "thursday_before_autumn_change"],
)
def test_a_week_lasts_from_sunday_to_friday_17_new_york(start, first, last):
    candles = simulate_candles(SimulatedWorld(start=start, n_weeks=1, missing_fraction=0.0))

    assert (str(candles["ts_utc"][0]), str(candles["ts_utc"][-1])) == (first, last)
    assert candles.height == 7200


def test_a_year_over_both_clock_changes_has_every_minute_once():
    candles = simulate_candles(SimulatedWorld(n_weeks=52, missing_fraction=0.0, has_holidays=False))

    assert np.unique(np.diff(clock(candles))).tolist() == [1]


@pytest.mark.parametrize(("has_holidays", "closed_minutes"), [(True, 2 * 1440), (False, 0)])
def test_christmas_and_new_year_are_closed_fx_days(has_holidays, closed_minutes):
    world = SimulatedWorld(start=date(2023, 12, 17), n_weeks=3, missing_fraction=0.0, has_holidays=has_holidays)

    candles = simulate_candles(world)

    assert candles.height == 3 * 7200 - closed_minutes
    christmas = candles.filter(
        pl.col("ts_utc").dt.convert_time_zone("America/New_York").dt.date() == date(2023, 12, 25)
    )
    assert christmas.height == (7 * 60 if has_holidays else 24 * 60)


def test_missing_minutes_are_few_and_mostly_in_quiet_hours(years):
    hour = clock(years["market"]) % 1440 // 60
    n_scheduled = 52 * 5 * 60 - 60  # one holiday

    missing = 1 - np.bincount(hour) / n_scheduled

    assert missing.mean() == pytest.approx(0.004, rel=0.15)
    assert missing[0] > 5 * missing[15] > 0


# What can be forecast, and what cannot


@pytest.mark.parametrize("name", ["market", "random_walk"])
def test_no_mean_and_no_autocorrelation_without_a_signal(hourly, name):
    standardised = deseasonalised(*hourly[name])
    n = standardised.size
    # Clustered volatility inflates the error of an autocorrelation; White's estimate does not assume it away.
    t_mean = standardised.mean() / standardised.std() * np.sqrt(n)
    t_lags = []
    for lag in (1, 2, 24):
        product = standardised[lag:] * standardised[:-lag]
        t_lags.append(product.sum() / np.sqrt((product**2).sum()))

    assert np.abs([t_mean, *t_lags]).max() < 3


def test_half_hours_of_the_day_have_no_mean_of_their_own(years):
    minute = clock(years["market"])
    half_hour = minute // 30
    is_last = np.append(np.diff(half_hour) > 0, True)
    log_return = np.diff(np.log(mid(years["market"])[is_last]))
    slot = half_hour[is_last][1:] % 48

    t_means = [log_return[slot == k].mean() / log_return[slot == k].std() * np.sqrt(260) for k in range(48)]

    assert np.abs(t_means).max() < Z


def test_the_hidden_drift_is_exactly_zero_without_a_signal():
    assert hidden_path(SimulatedWorld(n_weeks=1)).drift.any() == np.False_


def test_tails_are_fat_and_those_of_the_twin_are_not(hourly):
    n = hourly["market"][1].size

    assert kurtosis(deseasonalised(*hourly["market"])) > 3.5
    assert kurtosis(hourly["random_walk"][1]) == pytest.approx(3, abs=Z * np.sqrt(24 / n))


def test_volatility_clusters_and_that_of_the_twin_does_not(hourly):
    bound = Z / np.sqrt(hourly["market"][1].size)
    market, twin = (np.abs(deseasonalised(*hourly[name])) for name in ("market", "random_walk"))

    assert [autocorrelation(market, lag) > bound for lag in (1, 3, 6)] == [True] * 3
    assert [abs(autocorrelation(twin, lag)) < bound for lag in (1, 3, 6)] == [True] * 3


def test_volatility_follows_the_clock_and_that_of_the_twin_does_not(hourly):
    ratio = {}
    for name in ("market", "random_walk"):
        hour, log_return = hourly[name]
        is_overlap, is_asian = np.isin(hour, [15, 16, 17]), np.isin(hour, [4, 5, 6, 7])
        ratio[name] = log_return[is_overlap].std() / log_return[is_asian].std()

    assert ratio["market"] > 1.7
    assert ratio["random_walk"] == pytest.approx(1, abs=0.1)


def test_moves_have_the_size_of_eurusd(years, hourly):
    one_minute = np.diff(mid(years["market"]))[np.diff(clock(years["market"])) == 1]

    assert one_minute.std() * 1e4 == pytest.approx(1.5, abs=0.4)
    assert hourly["market"][1].std() * 1.1e4 == pytest.approx(11, abs=2)


@pytest.mark.parametrize("name", ["market", "random_walk"])
def test_ranges_agree_with_moves(years, name):
    candles = years[name]
    parkinson = np.mean(np.log(mid(candles, "high") / mid(candles, "low")) ** 2) / (4 * np.log(2))
    open_to_close = np.mean(np.log(mid(candles) / mid(candles, "open")) ** 2)

    assert np.sqrt(parkinson / open_to_close) == pytest.approx(1, abs=0.03)


def test_the_stated_volatility_is_the_one_of_the_returns(market_path):
    path = market_path
    inside_weeks = np.diff(path.ts_us, prepend=path.ts_us[0]) == 60_000_000
    standardised = (np.diff(path.log_close, prepend=path.log_close[0]) / path.volatility)[inside_weeks]

    assert standardised.std() == pytest.approx(1, abs=0.01)
    assert kurtosis(standardised) > 5  # Student t of five degrees of freedom: 9, but slow to converge


def test_moves_do_not_depend_on_changes_of_volatility(market_path):
    path = market_path
    standardised = (path.log_close - path.log_open) / path.volatility
    change = np.diff(np.log(path.volatility / path.activity), prepend=0.0)

    correlations = [np.corrcoef(standardised[1 + lag :], change[1 : change.size - lag])[0, 1] for lag in (0, 1)]

    assert np.abs(correlations).max() < Z / np.sqrt(change.size)


@pytest.mark.parametrize(("world", "gap_hours"), [(MARKET, 1.0), (RANDOM_WALK, 0.0)], ids=["market", "random_walk"])
def test_the_price_jumps_over_a_weekend_but_not_in_the_twin(world, gap_hours):
    path = hidden_path(world)
    is_before_closure = np.diff(path.ts_us) > 60_000_000

    gaps = (path.log_open[1:] - path.log_close[:-1])[is_before_closure]

    opening_share = 1 / 40
    expected = world.minute_volatility * np.sqrt(60 * gap_hours + opening_share)
    assert gaps.size == 51  # Christmas 2023 is a Monday and lengthens a weekend
    assert gaps.std() == pytest.approx(expected, rel=Z / np.sqrt(2 * gaps.size))


def test_the_spread_is_wide_at_17_new_york_and_constant_in_the_twin(years):
    pips = ((years["market"]["ask_close"] - years["market"]["close"]) * 1e4).to_numpy()
    minute = clock(years["market"]) % 1440
    twin = (years["random_walk"]["ask_close"] - years["random_walk"]["close"]) * 1e4

    assert np.median(pips[(minute < 5) | (minute >= 1439)]) == pytest.approx(5, abs=0.6)
    assert 0.5 < np.median(pips[(minute > 90) & (minute < 1320)]) < 1.4
    assert twin.round(6).unique().to_list() == [1.0]


# The planted signal


def test_momentum_shows_in_lagged_hourly_returns_and_is_absent_without_it(hourly):
    found = {name: autocorrelation(deseasonalised(*hourly[name])) for name in YEARS}

    assert found["momentum"] > 0.2
    assert max(abs(found["market"]), abs(found["random_walk"])) < Z / np.sqrt(hourly["market"][1].size)


@pytest.mark.parametrize("strength", [0.02, 0.1, 0.4])
def test_the_signal_explains_the_stated_share_of_variance(strength):
    path = hidden_path(SimulatedWorld(n_weeks=26, drift_signal=strength, closure_gap_hours=0.0))
    by_hour = (-1, 60)
    drift = path.drift.reshape(by_hour).sum(axis=1)
    hidden_variance = (path.volatility**2).reshape(by_hour).sum(axis=1) / (1 - strength)
    log_return = np.diff(path.log_close.reshape(by_hour)[:, -1], prepend=np.nan)
    standardised = log_return / np.sqrt(hidden_variance)
    error = Z / np.sqrt(drift.size)

    assert np.nanvar(standardised) == pytest.approx(1, abs=3 * error)
    assert np.mean(drift**2 / hidden_variance) == pytest.approx(strength, abs=2 * error * strength**0.5)
    assert autocorrelation(standardised[1:]) == pytest.approx(np.sqrt(strength), abs=error)
    # The drift of an hour is known when it begins: a multiple of the last hour's standardised return.
    expected = np.sqrt(strength) * standardised[1:-1] * np.sqrt(hidden_variance[2:])
    np.testing.assert_allclose(drift[2:], expected, atol=1e-12)


# Settings


def test_a_symbol_is_normalised():
    assert SimulatedWorld(symbol="gbp/usd").symbol == "GBPUSD"
    with pytest.raises(UnknownSymbol, match="two currencies"):
        SimulatedWorld(symbol="../x")


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"symbol": "USDJPY", "initial_price": 1.07}, "initial_price must be at least 10 for USDJPY, was 1.07"),
        ({"drift_signal": 1.0}, "drift_signal: Input should be less than 1"),
        ({"tail_degrees_of_freedom": 2}, "greater than 2"),
        ({"signal_strength": 0.1}, "signal_strength is not a setting"),
    ],
)
def test_impossible_worlds_are_refused(settings_, message):
    with pytest.raises(InvalidConfiguration, match=message):
        SimulatedWorld.parse(settings_)


def test_settings_are_frozen():
    assert issubclass(SimulatedWorld, Configuration)
    with pytest.raises(ValidationError, match="frozen"):
        MARKET.seed = 2
