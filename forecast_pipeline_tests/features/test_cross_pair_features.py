"""Guards the cross-pair group: which symbols count, what is missing, strengths, relations, levels, moments."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.bar_arrays import BarArrays, bar_arrays
from forecast_pipeline.features.catalogue.cross_pair import CROSS_PAIR
from forecast_pipeline.features.indicators import (
    currency_comparison,
    currency_index,
    currency_pairs,
    currency_strength,
    lead_lag,
    peer_levels,
    peer_regression,
    peer_relations,
    peer_returns,
    sliding_moments,
)
from forecast_pipeline_tests.features.against_loops import as_dictionary, with_numbers
from forecast_pipeline_tests.features.simulated import simulated_bars
from forecast_pipeline_tests.features.simulated_peers import SYMBOL, simulated_peers
from forecast_pipeline_tests.oracles import session_cross_pair as oracle

ENTRIES = {each.name: each for each in CROSS_PAIR}
N_BARS = 320
SHORT = {"lookback_bars": 24, "long_bars": 40}
BLACKOUT = slice(150, 230)  # longer than any window above


def values_of(name: str, **more) -> dict:
    return with_numbers(ENTRIES[name], **more)


def walk(seed: int, n_bars: int = N_BARS, scale: float = 2e-4) -> np.ndarray:
    return np.exp(np.random.default_rng(seed).normal(scale=scale, size=n_bars).cumsum())


def with_peers(symbol: str, peers: dict[str, np.ndarray], seed: int = 0, close=None) -> BarArrays:
    n_bars = len(next(iter(peers.values()))) if peers else N_BARS
    bars = bar_arrays(simulated_bars(Timeframe.M15, n_bars, seed), Timeframe.M15, symbol, peers)
    return bars if close is None else dataclasses.replace(bars, close=close)


def full_of_holes() -> dict[str, np.ndarray]:
    """Peers either way round, some that do not count, a fifth of the closes missing, and none for eighty bars."""
    names = ("GBPUSD", "USDJPY", "EURGBP", "JPYEUR", "USDCHF", "AUDNZD", "USDNOK", "XAU", "US500USD", "EUREUR")
    rng = np.random.default_rng(8)
    peers = {name: walk(100 + i) for i, name in enumerate(names)} | {SYMBOL: walk(99)}
    for name, closes in peers.items():
        closes[rng.random(N_BARS) < 0.2] = np.nan
        closes[BLACKOUT] = np.nan
        if name == "USDNOK":
            closes[:300] = np.nan
    return peers


def equally_spaced(steps: dict[str, float], n_bars: int = N_BARS) -> dict[str, np.ndarray]:
    return {name: np.exp(step * np.arange(n_bars)) for name, step in steps.items()}


def worlds() -> dict[str, BarArrays]:
    rest = {name: closes for name, closes in full_of_holes().items() if "USD" not in name}
    return {
        "simulated": with_peers(SYMBOL, simulated_peers(N_BARS, 1), 1),
        "full of holes": with_peers(SYMBOL, full_of_holes(), 2),
        "a cross": with_peers("EURJPY", full_of_holes() | {"EURUSD": walk(5), "USDJPY": walk(6)}, 3),
        "no dollar": with_peers("GBPEUR", rest, 4),
        "one peer": with_peers(SYMBOL, {"USDCAD": walk(7)}, 5),
    }


WORLDS = worlds()


def test_every_entry_has_a_loop():
    assert set(oracle.CROSS_PAIR) == set(ENTRIES)
    assert {each.group for each in CROSS_PAIR} == {"cross_pair"}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_equals_its_loop(name, world):
    bars, values = WORLDS[world], values_of(name, **SHORT)
    own = {key: values[key] for key in ENTRIES[name].defaults}
    spans = (tuple(own.values()),) if len(own) > 1 else tuple(own.values())

    found = ENTRIES[name].compute(bars, values)
    expected = oracle.CROSS_PAIR[name](as_dictionary(bars), *spans)

    assert len(found) == len(expected) == len(ENTRIES[name].outputs)
    for fast, slow in zip(found, expected, strict=True):
        np.testing.assert_allclose(fast, slow, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_value_is_missing_only_where_no_peer_is_at_hand(name):
    bars, values = WORLDS["simulated"], values_of(name, **SHORT)
    dense = {peer: np.where(np.isnan(closes), 1.3, closes) for peer, closes in bars.peers.items()}
    dark = {peer: closes.copy() for peer, closes in dense.items()}
    for closes in dark.values():
        closes[BLACKOUT] = np.nan
    first = ENTRIES[name].required_bars(values, Timeframe.M15, 1e-6) - 1

    for column in ENTRIES[name].compute(with_peers(SYMBOL, dense), values):
        assert np.isfinite(column[first:]).all()
    for column in ENTRIES[name].compute(with_peers(SYMBOL, dark), values):
        assert np.isnan(column[BLACKOUT.start + 60 : BLACKOUT.stop]).all()
        assert np.isfinite(column[first : BLACKOUT.start]).all()
        assert np.isfinite(column[BLACKOUT.stop + first :]).all()


@pytest.mark.parametrize(
    ("symbol", "peers"),
    [
        ("EURUSD", ("AUDNZD", "GBPJPY", "CHFSEK")),
        ("EURUSD", ("XAU", "US500USD", "EUREUR", "EURUS1")),
        ("EURUSD", ("EURUSD",)),
        ("GER40", ("EURUSD", "GBPUSD")),
        ("", ("EURUSD", "GBPUSD")),
        ("EURUSD", ()),
    ],
    ids=["nothing shared", "no pairs", "itself", "an index", "nameless", "alone"],
)
@pytest.mark.parametrize("name", ENTRIES)
def test_without_a_peer_that_shares_a_currency_nothing_is_said(name, symbol, peers):
    bars = with_peers(symbol, {peer: walk(i) for i, peer in enumerate(peers)})

    for column in ENTRIES[name].compute(bars, values_of(name)):
        assert column.size == N_BARS
        assert np.isnan(column).all()


@pytest.mark.parametrize("name", ENTRIES)
def test_neither_the_order_of_the_peers_nor_strangers_change_a_bit(name):
    bars, values = WORLDS["simulated"], values_of(name, **SHORT)
    turned = dict(reversed(bars.peers.items())) | {"AUDNZD": walk(1), "GOLD": walk(2), SYMBOL: walk(3)}

    expected = ENTRIES[name].compute(bars, values)
    found = ENTRIES[name].compute(dataclasses.replace(bars, peers=turned), values)

    for column, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(column, other)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_pair_quoted_the_other_way_round_says_the_same(name):
    names = {"GBPUSD": "USDGBP", "USDJPY": "JPYUSD", "EURGBP": "GBPEUR", "EURJPY": "JPYEUR", "AUDUSD": "USDAUD"}
    bars, values = WORLDS["simulated"], values_of(name, **SHORT)
    turned = {names[peer]: 1.0 / closes for peer, closes in bars.peers.items()}

    expected = ENTRIES[name].compute(bars, values)
    found = ENTRIES[name].compute(dataclasses.replace(bars, peers=turned), values)

    for column, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, column, rtol=1e-7, atol=1e-9)


def test_prices_that_are_no_prices_are_missing():
    spoiled = np.array([1.0, 0.0, -1.0, np.inf, np.nan, 2.0])

    market = currency_pairs.market_of("EURUSD", np.ones(6), {"GBPUSD": spoiled})

    assert np.isnan(market.peers[0].closes).tolist() == [False, True, True, True, True, False]


@pytest.mark.parametrize(
    ("peer", "direction"),
    [("GBPUSD", 1.0), ("USDJPY", -1.0), ("EURGBP", 1.0), ("JPYEUR", -1.0), ("USDEUR", -1.0)],
)
def test_a_peer_is_turned_the_own_pairs_way(peer, direction):
    market = currency_pairs.market_of("EURUSD", np.ones(1), {peer: np.ones(1)})

    assert market.direction(market.peers[0]) == direction


def test_strengths_by_hand():
    # A bar: the euro gains 2 % on the dollar, the dollar 1 % on the yen, the euro 3 % on the yen.
    bars = with_peers(
        "EURUSD", equally_spaced({"USDJPY": 0.01, "EURJPY": 0.03}), close=np.exp(0.02 * np.arange(N_BARS))
    )
    market = currency_pairs.market_of(bars.symbol, bars.close, bars.peers)

    strengths = currency_strength.strengths(market, 1)

    assert {name: round(float(x[1]), 9) for name, x in strengths.items()} == {"EUR": 0.025, "JPY": -0.02, "USD": -0.005}
    assert [float(x[5]) for x in currency_comparison.strength_rank(market, 5)] == [1.0, 0.5]
    assert currency_index.strength_residual(market, 1)[1] == pytest.approx(0.02 - 0.03 + 0.01)
    assert currency_comparison.strength_dispersion(market, 1)[1] == pytest.approx(np.std([0.025, -0.02, -0.005]))
    assert currency_index.dollar_index_return(market, 1)[1] == pytest.approx((0.01 - 0.02) / 2)
    assert peer_returns.peers_return(market, 1)[1] == pytest.approx((0.03 - 0.01) / 2)
    assert [float(x[1]) for x in peer_relations.peer_breadth(market, 1)] == [0.5, 0.5]


def test_the_currency_that_is_bought_ranks_first():
    euro = 5e-5 * np.arange(N_BARS)  # bought steadily, everything else is noise
    noise = {currency: np.log(walk(i, scale=1e-5)) for i, currency in enumerate(("USD", "JPY", "GBP"))}
    peers = {
        "EURGBP": np.exp(euro - noise["GBP"]),
        "EURJPY": np.exp(euro - noise["JPY"]),
        "GBPUSD": np.exp(noise["GBP"] - noise["USD"]),
    }
    market = currency_pairs.market_of("EURUSD", np.exp(euro - noise["USD"]), peers)

    base, quote = currency_comparison.strength_rank(market, 24)

    assert set(base[24:]) == {1.0}
    assert quote[24:].max() < 1.0


def test_a_common_dollar_links_the_pairs():
    dollar = np.log(walk(0))
    noise = [np.log(walk(seed, scale=5e-5)) for seed in range(1, 4)]
    linked = {"GBPUSD": np.exp(noise[0] - dollar), "USDJPY": np.exp(dollar + noise[1])}
    strange = {"GBPUSD": walk(11), "USDJPY": walk(12)}
    close = np.exp(noise[2] - dollar)

    found = {}
    for name, peers in (("linked", linked), ("strange", strange)):
        market = currency_pairs.market_of("EURUSD", close, peers)
        found[name] = (*peer_regression.peer_regression(market, 96), *peer_regression.dollar_regression(market, 96))

    assert found["linked"][0][96:].min() > 0.85
    assert found["linked"][2][96:].max() < -0.85
    assert found["linked"][1][96:].mean() == pytest.approx(1.0, abs=0.1)
    assert found["linked"][3][96:].mean() == pytest.approx(-1.0, abs=0.1)
    assert np.abs(found["strange"][0][96:]).max() < 0.5


def test_who_moves_first_leads():
    leader = np.log(walk(0))
    follower = np.concatenate([leader[:1], leader[:-1]]) + np.log(walk(1, scale=2e-5))
    market = currency_pairs.market_of("EURUSD", np.exp(follower), {"GBPUSD": np.exp(leader)})
    turned = currency_pairs.market_of("EURUSD", np.exp(leader), {"GBPUSD": np.exp(follower)})

    peers_lead, own_leads = lead_lag.lead_lag(market, 96)

    assert peers_lead[97:].min() > 0.9
    assert np.abs(own_leads[97:]).max() < 0.5
    np.testing.assert_allclose(lead_lag.lead_lag(turned, 96)[1], peers_lead)


def test_a_jump_of_its_own_is_a_surprise():
    peer = np.log(walk(0))
    own = peer + np.log(walk(1, scale=2e-5))
    own[200:] += 5e-4  # the own pair jumps alone
    market = currency_pairs.market_of("EURUSD", np.exp(own), {"GBPUSD": np.exp(peer)})

    score = peer_relations.peer_surprise(market, 48)

    assert int(np.nanargmax(score)) == 200
    assert score[200] > 5.0
    assert np.nanstd(score[49:190]) < 1.5


def test_a_triangle_that_closes_has_no_gap_and_a_stale_price_opens_it():
    pound, yen = walk(1), walk(2)
    peers = {"EURGBP": walk(3), "GBPUSD": pound, "EURJPY": 150.0 * yen}
    own = peers["EURGBP"] * pound
    peers["USDJPY"] = peers["EURJPY"] / own
    stale = own.copy()
    stale[250] *= 1.001

    closed = peer_levels.triangle_gap(currency_pairs.market_of("EURUSD", own, peers), 96)
    opened = peer_levels.triangle_gap(currency_pairs.market_of("EURUSD", stale, peers), 96)

    assert np.nanmax(np.abs(closed[0])) < 1e-12
    assert set(closed[1][95:]) == {0.0}
    assert opened[0][250] == pytest.approx(np.log(1.001) * 95 / 96)
    assert opened[1][250] == pytest.approx(np.sqrt(95.0))


@pytest.mark.parametrize(
    ("name", "neutral"),
    [
        ("currency_strength", 0.0),
        ("strength_rank", 0.5),
        ("strength_momentum", 0.0),
        ("strength_residual", 0.0),
        ("strength_dispersion", 0.0),
        ("dollar_index_return", 0.0),
        ("peers_return", 0.0),
        ("peer_regression", 0.0),
        ("dollar_regression", 0.0),
        ("lead_lag", 0.0),
        ("peer_surprise", 0.0),
        ("peer_relative_volatility", 0.5),
        ("peer_breadth", 0.5),
        ("triangle_gap", 0.0),
        ("peer_spread", 0.0),
    ],
)
@pytest.mark.parametrize("price", [1.1, 0.7313, 151.237])
def test_a_market_that_stands_still_is_neutral(name, neutral, price):
    still = np.full(N_BARS, price)
    bars = with_peers(SYMBOL, dict.fromkeys(simulated_peers(1), still), close=still)
    values = values_of(name)

    found = ENTRIES[name].compute(bars, values)

    first = ENTRIES[name].required_bars(values, Timeframe.M15, 1e-6) - 1
    assert {float(x) for column in found for x in column[first:]} == {neutral}


def test_every_standstill_is_looked_at():
    marks = test_a_market_that_stands_still_is_neutral.pytestmark
    named = next(mark.args[1] for mark in marks if mark.args[0] == ("name", "neutral"))

    assert {name for name, _ in named} == set(ENTRIES)


def test_rounding_is_no_move():
    noise = np.array([1.1, 1.1 * (1 + 4e-16)])
    market = currency_pairs.market_of("EURUSD", np.array([1.0, 2.0]), {"GBPUSD": noise})
    turned = currency_pairs.market_of("EURUSD", noise, {"GBPUSD": np.array([1.0, 2.0])})

    assert noise[0] != noise[1]
    assert [float(share[1]) for share in peer_relations.peer_breadth(market, 1)] == [0.5, 0.5]
    assert [float(share[1]) for share in peer_relations.peer_breadth(turned, 1)] == [0.5, 1.0]


def test_a_correlation_of_two_bars_in_a_long_window_is_not_believed():
    peer = walk(0)
    peer[4:] = np.nan  # three returns of forty-eight
    market = currency_pairs.market_of("EURUSD", walk(0), {"GBPUSD": peer})

    correlation, slope = peer_regression.peer_regression(market, 48)

    assert (correlation[48], slope[48]) == (0.0, 0.0)
    assert np.isnan(correlation[51:]).all()


@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), n_bars=st.integers(0, 120), gaps=st.floats(0.0, 0.9))
@settings(max_examples=30, deadline=None)
def test_moments_equal_numpy_in_every_window(seed, n, n_bars, gaps):
    rng = np.random.default_rng(seed)
    x = rng.normal(1e3, 1e-4, n_bars)  # a spread a ten-millionth of the level
    y = x * 2.0 + rng.normal(0.0, 1e-4, n_bars)
    x[rng.random(n_bars) < gaps] = np.nan

    moments = sliding_moments.sliding_moments(n, x, y)

    assert np.isnan(moments.count[: n - 1]).all()
    for row in range(n - 1, n_bars):
        known = ~np.isnan(x[row - n + 1 : row + 1])
        p, q = x[row - n + 1 : row + 1][known], y[row - n + 1 : row + 1][known]
        assert moments.count[row] == known.sum()
        if known.any():
            a, b = p - p.mean(), q - q.mean()
            expected = [(a * a).sum(), (a * b).sum(), (b * b).sum()]
            assert [each[row] for each in moments.means] == pytest.approx([p.mean(), q.mean()], rel=1e-13)
            assert [each[row] for each in moments.deviations] == pytest.approx(expected, rel=1e-4, abs=1e-12)


def test_moments_do_not_depend_on_their_blocks(monkeypatch):
    x, y = walk(0), walk(1)
    whole = sliding_moments.sliding_moments(37, x, y)

    monkeypatch.setattr(sliding_moments, "_BLOCK_ROWS", 23)
    pieces = sliding_moments.sliding_moments(37, x, y)

    for one, other in zip((*whole.means, *whole.deviations), (*pieces.means, *pieces.deviations), strict=True):
        np.testing.assert_array_equal(one, other)


def test_equal_values_have_exactly_no_deviation():
    moments = sliding_moments.sliding_moments(13, np.concatenate([walk(0), np.full(13, 0.1)]))

    assert moments.deviations[0][-1] == 0.0
    assert moments.means[0][-1] == 0.1


@pytest.mark.parametrize(
    "call",
    [
        lambda m: currency_strength.strengths(m, 0),
        lambda m: currency_index.strength_residual(m, 0),
        lambda m: currency_index.dollar_index_return(m, 0),
        lambda m: peer_returns.peers_return(m, 0),
        lambda m: peer_regression.peer_regression(m, 1),
        lambda m: peer_regression.dollar_regression(m, 1),
        lambda m: lead_lag.lead_lag(m, 1),
        lambda m: peer_relations.peer_surprise(m, 2),
        lambda m: lead_lag.peer_relative_volatility(m, 1),
        lambda m: peer_relations.peer_breadth(m, 0),
        lambda m: peer_levels.triangle_gap(m, 1),
        lambda m: peer_levels.peer_spread(m, 1),
    ],
)
def test_impossible_lookbacks_are_refused(call):
    market = currency_pairs.market_of("EURUSD", walk(0), {"GBPUSD": walk(1)})

    with pytest.raises(ValueError, match="lookback_bars must be at least"):
        call(market)
