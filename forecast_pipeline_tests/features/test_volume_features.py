"""Guards that volume features are the variants they name, know unknown from zero, and start again with the FX day."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.bar_arrays import BarArrays, bar_arrays
from forecast_pipeline.features.catalogue.core18 import CORE18
from forecast_pipeline.features.catalogue.table import CATALOGUE, GROUPS
from forecast_pipeline.features.compute import compute_features
from forecast_pipeline.features.indicators import (
    decay,
    decayed_money_flow,
    klinger,
    money_flow,
    volume_force,
    volume_impact,
    volume_index,
    volume_level,
    volume_oscillator,
    volume_price,
    volume_share,
)
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline_tests.features.simulated import simulated_bars
from forecast_pipeline_tests.oracles import price_channel_volume_flow as oracle

CORE = {each.name for each in CORE18}
NAMES = [name for name in GROUPS["volume"] if name not in CORE]
NEUTRAL = {
    "up_volume_share": 0.5,
    "amihud_illiquidity": 0.5,
    "session_volume_share": 0.5,
    "volume_ratio": 1.0,
    "volume_entropy": 1.0,
}
# Indexes of returns are not shares of the volume: they say what the price did.
OF_RETURNS = {"negative_volume_index", "positive_volume_index"}


def simulated(seed=0, n_bars=420) -> BarArrays:
    return bar_arrays(simulated_bars(Timeframe.M15, n_bars, seed), Timeframe.M15)


def with_volume(b: BarArrays, volume) -> BarArrays:
    prices = {name: getattr(b, name) for name in ("open", "high", "low", "close")}
    clock = {name: getattr(b, name) for name in ("opens_us", "closes_us", "shifted_us")}
    return BarArrays(**prices, volume=np.asarray(volume, float), **clock, minutes=b.minutes)


def columns(name: str, b: BarArrays, **values) -> tuple[np.ndarray, ...]:
    return CATALOGUE[name].compute(b, {**CATALOGUE[name].defaults, "tolerance": 1e-6, **values})


def required(name: str, tolerance=1e-6) -> int:
    return CATALOGUE[name].required_bars(CATALOGUE[name].defaults, Timeframe.M15, tolerance)


def as_dictionary(b: BarArrays) -> dict[str, np.ndarray]:
    return {name: getattr(b, name) for name in ("open", "high", "low", "close", "volume", "session")}


def test_every_entry_has_a_loop():
    assert set(NAMES) == set(oracle.BY_NAME)
    assert len(NAMES) >= 16


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_every_entry_equals_its_loop(name, seed):
    b = simulated(seed)
    # The loop of Chaikin's oscillator starts with the line's level, which has to be forgotten.
    first = required(name, 1e-10) if name == "chaikin_oscillator" else 0

    found, expected = columns(name, b), oracle.BY_NAME[name](as_dictionary(b))

    assert len(found) == len(expected) == len(CATALOGUE[name].outputs)
    for output, fast, slow in zip(CATALOGUE[name].outputs, found, expected, strict=True):
        np.testing.assert_allclose(fast[first:], slow[first:], rtol=1e-7, atol=1e-9, err_msg=output.suffix)
        assert np.isfinite(slow[first:]).sum() > 200, "hardly compared"


def test_what_talib_has_is_talibs():
    b = simulated(2)
    hlcv = b.high, b.low, b.close, b.volume
    first = required("chaikin_oscillator", 1e-10)
    mean = decay.decaying_mean(b.volume, 2 / 11)

    oscillator = columns("chaikin_oscillator", b)[0] * mean
    np.testing.assert_allclose(oscillator[first:], talib.ADOSC(*hlcv, 3, 10)[first:], rtol=1e-7, atol=1e-6)

    flow = columns("accumulation_distribution", b)[0] * np.concatenate(
        [np.cumsum(b.volume[b.session == day]) for day in np.unique(b.session)]
    )
    within = b.session[1:] == b.session[:-1]
    np.testing.assert_allclose(np.diff(flow)[within], np.diff(talib.AD(*hlcv))[within], rtol=0, atol=1e-6)
    slope = talib.LINEARREG_SLOPE(b.volume, 20) * 19 / talib.SMA(b.volume, 20)
    np.testing.assert_allclose(columns("volume_trend", b)[0], slope, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_no_volume_at_all_is_neutral(name):
    b = simulated(1)
    for column in columns(name, with_volume(b, np.zeros(len(b)))):
        known = column[~np.isnan(column)]
        assert known.size > 200
        if name not in OF_RETURNS or not known.any():
            assert set(known) == {NEUTRAL.get(name, 0.0)}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "session_volume_share"])
def test_volume_that_stops_becomes_neutral_and_stays_finite(name):
    b = simulated(5, 1400)
    volume = np.where(np.arange(1400) < 300, b.volume, 0.0)

    for column in columns(name, with_volume(b, volume)):
        assert np.isfinite(column[300:]).all()
        assert column[-1] == pytest.approx(NEUTRAL.get(name, 0.0), abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_an_unrecorded_volume_is_unknown_until_it_is_forgotten(name):
    b = simulated(6, 1000)
    volume = b.volume.copy()
    volume[300] = np.nan

    for spoiled, whole in zip(columns(name, with_volume(b, volume)), columns(name, b), strict=True):
        assert np.isnan(spoiled[300])
        assert np.isfinite(spoiled[800:]).all()
        np.testing.assert_allclose(spoiled[:300], whole[:300], rtol=0, atol=0)
        np.testing.assert_allclose(spoiled[800:], whole[800:], rtol=0, atol=1e-4)


def test_all_are_absent_without_volume():
    bars = simulated_bars(n_bars=50, has_volume=False)

    table = compute_features(bars, Timeframe.M15, FeatureParameters(indicators=("volume",)))

    assert set(NAMES) <= set(table.absent)
    assert not {c.indicator for c in table.columns} & set(NAMES)


def test_sums_of_the_session_start_again():
    close, session = np.exp([0.0, 1.0, 3.0, 4.0, 4.5]), np.array([6, 7, 7, 8, 8])
    volume = np.array([1.0, 3.0, 1.0, 4.0, 4.0])

    assert volume_index.volume_price_trend(close, volume, session)[1:] == pytest.approx([1.0, 1.25, 1.0, 0.75])
    assert volume_index.negative_volume_index(close, volume, session)[1:] == pytest.approx([0.0, 2.0, 0.0, 0.0])
    assert volume_index.positive_volume_index(close, volume, session)[1:] == pytest.approx([1.0, 1.0, 1.0, 1.0])
    assert volume_share.session_volume_share(volume, session)[1:] == pytest.approx([0.75, 0.8, 0.5, 2 / 3])


def test_money_flows_to_where_bars_close():
    n = 300
    steady = np.exp(np.arange(n) * 1e-4)
    zeros = np.arange(n) // 96
    for close, sign in ((steady * 1.001, 1.0), (steady * 0.999, -1.0)):
        bar = steady * 1.001, steady * 0.999, close, np.ones(n)
        assert money_flow.chaikin_money_flow(*bar)[30:] == pytest.approx(sign, abs=1e-9)
        assert money_flow.accumulation_distribution(*bar, zeros)[30:] == pytest.approx(sign, abs=1e-9)
        assert decayed_money_flow.chaikin_oscillator(*bar)[100:] == pytest.approx(3.5 * sign, abs=1e-6)
        assert np.all(sign * decayed_money_flow.twiggs_money_flow(*bar)[30:] > 0.9)


def test_signed_volume_follows_the_side_that_trades():
    n, rng = 400, np.random.default_rng(0)
    move = rng.choice([-1e-4, 1e-4], n)
    close = np.exp(move.cumsum())
    for side in (1.0, -1.0):
        volume = np.where(side * move > 0, 5.0, 1.0)
        args = close * 1.0001, close * 0.9999, close, volume
        assert np.sign(np.nanmean(volume_force.force_index(*args))) == side
        assert np.sign(np.nanmean(volume_price.volume_weighted_return(close, volume))) == side
        share = volume_price.up_volume_share(close, volume)[20:].mean()
        assert share == pytest.approx(0.5 + side / 3, abs=0.06)


def test_a_thin_market_is_illiquid_and_moves_with_ease():
    move = 1e-4 * (np.arange(300) % 2 - 0.5)
    close = np.exp(move.cumsum())
    thin = np.where(np.arange(300) < 250, 8.0, 2.0)

    assert volume_impact.amihud_illiquidity(close, thin)[249] == pytest.approx(0.5)
    # 20 bars of 2 beside 80 of 8: their illiquidity is 4, the usual 100 returns over 680, so q = 3.4.
    assert volume_impact.amihud_illiquidity(close, thin)[269] == pytest.approx(3.4 / 4.4)
    rising = np.exp(np.arange(60) * 1e-4)
    volume = np.where(np.arange(60) % 2 == 0, 9.0, 1.0)
    # Bars of the big volume rise, bars of the small one fall as far: ease points down.
    zigzag = rising[0] * np.exp(np.where(np.arange(60) % 2 == 0, 1e-4, 0.0))
    ease = volume_force.ease_of_movement(zigzag * 1.0001, zigzag * 0.9999, zigzag, volume)
    assert (ease[30:] < 0).all()


def test_level_of_volume_by_hand():
    volume = np.array([2.0, 2.0, 2.0, 6.0])

    assert volume_level.volume_ratio(volume, 4)[-1] == pytest.approx(2.0)
    assert volume_level.volume_zscore(volume, 4)[-1] == pytest.approx(np.sqrt(3.0))  # one of four stands out
    assert volume_level.volume_trend(volume, 4)[-1] == pytest.approx(1.2 * 3 / 3)
    assert volume_share.volume_entropy(volume, 4)[-1] == pytest.approx((np.log(6) / 2 + np.log(2) / 2) / np.log(4))
    line, signal, histogram = volume_oscillator.percentage_volume_oscillator(np.full(50, 3.0))
    assert np.abs([line, signal, histogram]).max() < 1e-12


def test_a_bar_without_volume_counts_as_a_thousandth_of_the_mean():
    volume = np.array([20.0, 19.0, 1.0, 0.0])
    logs = np.log([20.0, 19.0, 1.0, 0.01])

    score = volume_level.volume_zscore(volume, 4)[-1]

    assert score == pytest.approx((logs[-1] - logs.mean()) / logs.std())


def test_last_bits_of_closes_are_no_moves():
    close = np.where(np.arange(60) % 2 == 0, 1.10006, np.nextafter(1.10006, 2.0))
    volume = np.where(np.arange(60) % 2 == 0, 1.0, 9.0)

    assert set(volume_price.up_volume_share(close, volume)[20:]) == {0.5}
    assert set(volume_impact.price_volume_correlation(close, volume)[19:]) == {0.0}


def test_correlation_is_one_on_a_line_and_zero_without_spread():
    close, even = np.linspace(1.0, 1.001, 40), np.full(40, 1.0)
    volume = 5.0 + 1000.0 * (close - 1.0)

    assert volume_impact.price_volume_correlation(close, volume)[19:] == pytest.approx(1.0)
    assert volume_impact.price_volume_correlation(close, -volume + 10.0)[19:] == pytest.approx(-1.0)
    assert set(volume_impact.price_volume_correlation(even, volume)[19:]) == {0.0}
    assert set(volume_impact.price_volume_correlation(close, even)[19:]) == {0.0}


def test_ticks_that_are_equal_have_no_side():
    # 330012 ticks both, other floats.
    high, low, close = (np.array(x) for x in ([1.10006, 1.10008], [1.10001, 1.10001], [1.10005, 1.10003]))
    line, _ = klinger.klinger(np.tile(high, 30), np.tile(low, 30), np.tile(close, 30), np.ones(60))

    assert set(line[1:]) == {0.0}


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda x: decayed_money_flow.chaikin_oscillator(x, x, x, x, 9, 9),
            "lengths must increase from at least 2, was 9, 9",
        ),
        (lambda x: klinger.klinger(x, x, x, x, fast_bars=60), "lengths must increase from at least 1, was 60, 55"),
        (lambda x: volume_oscillator.percentage_volume_oscillator(x, fast_bars=0), "from at least 1, was 0, 26"),
        (lambda x: volume_impact.amihud_illiquidity(x, x, 100, 20), "from at least 1, was 100, 20"),
        (lambda x: volume_share.volume_entropy(x, 1), "lookback_bars must be at least 2, was 1"),
    ],
    ids=["chaikin", "klinger", "oscillator", "amihud", "entropy"],
)
def test_impossible_numbers_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call(np.ones(50))
