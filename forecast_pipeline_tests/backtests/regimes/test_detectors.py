"""Detectors look back only: no label changes when the future does, and none was fitted on it."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from hmmlearn.hmm import GaussianHMM
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.backtests.regimes.dwell import minimum_stay
from forecast_pipeline.backtests.regimes.grid import NAMES, Grid, trailing_trend, trailing_volatility
from forecast_pipeline.backtests.regimes.hidden_markov import HiddenMarkov
from forecast_pipeline.backtests.regimes.label import UNKNOWN, fit_grid, label_regimes, regime_timeline
from forecast_pipeline.backtests.regimes.parameters import RegimeParameters
from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes

H1 = Timeframe.H1
TRAIN_START, TRAIN_STOP = 200, 900


def market(n_bars=1400, seed=0, share_missing=0.01):
    """Hourly returns whose volatility switches, with holes."""
    rng = np.random.default_rng(seed)
    is_wild = np.cumsum(rng.random(n_bars) < 0.01) % 2
    returns = 1e-3 * np.where(is_wild, 2.5, 1.0) * rng.standard_normal(n_bars)
    returns[rng.random(n_bars) < share_missing] = np.nan
    first = int(np.datetime64("2024-01-08T00:00", "us").astype(np.int64) // 60_000_000)
    minutes = first * 5 // 7 // 60 * 60 + 60 * np.arange(n_bars)
    return returns, instants_of_trading_minutes(minutes)


def two_states(n_rows=4000, seed=1, ratio=2.0, stays=0.97):
    """True states, the returns they made, and the chain."""
    rng = np.random.default_rng(seed)
    state = np.cumsum(rng.random(n_rows) > stays) % 2
    returns = np.where(state, ratio, 1.0) * rng.standard_normal(n_rows)
    transition = np.array([[stays, 1 - stays], [1 - stays, stays]])
    return state, returns, HiddenMarkov(np.array([0.5, 0.5]), transition, np.array([1.0, ratio**2]))


def as_hmmlearn(chain):
    """The same chain in the library, for what it is trusted with: its last row."""
    model = GaussianHMM(chain.variance.size, covariance_type="diag")
    model.startprob_, model.transmat_ = chain.start, chain.transition
    model.means_, model.covars_ = np.zeros((chain.variance.size, 1)), chain.variance[:, None]
    return model


def smoothed(chain, returns):
    """Mutant F9: probabilities that go through the series in both directions."""
    return as_hmmlearn(chain).predict_proba(returns[:, None])


def is_prefix_stable(label, n_bars=700):
    returns, closes = market(1400)
    whole = label(returns, closes)
    return all(np.array_equal(label(returns[:cut], closes[:cut]), whole[:cut]) for cut in (901, 1000, 1399, 1400))


@pytest.mark.parametrize("detector", ["grid", "hidden_markov"])
def test_labels_of_a_prefix_are_a_prefix_of_the_labels(detector):
    assert is_prefix_stable(lambda r, c: label_regimes(r, c, TRAIN_START, TRAIN_STOP, H1, detector))


@given(cut=st.integers(TRAIN_STOP, 1399), seed=st.integers(0, 4))
def test_no_label_changes_when_what_follows_it_is_replaced_by_garbage(cut, seed):
    returns, closes = market(1400, seed)
    garbage = np.where(np.arange(1400) >= cut, 0.5, returns)

    before, after = (label_regimes(each, closes, TRAIN_START, TRAIN_STOP, H1) for each in (returns, garbage))

    assert before[:cut].tolist() == after[:cut].tolist()


def test_thresholds_come_from_training_rows_only():
    returns, _ = market()
    garbage = np.where(np.arange(returns.size) >= TRAIN_STOP, 0.5, returns)
    train = slice(TRAIN_START, TRAIN_STOP)

    assert fit_grid(garbage, train, H1) == fit_grid(returns, train, H1)
    # Mutant A12, thresholds on all rows, is seen by the same comparison.
    assert fit_grid(garbage, slice(0, returns.size), H1) != fit_grid(returns, slice(0, returns.size), H1)


def test_smoothing_and_full_sample_thresholds_are_not_prefix_stable():
    def smoothing(returns, closes):
        chain = HiddenMarkov.fit(np.nan_to_num(returns[:TRAIN_STOP]) * 1e3, 2)
        return smoothed(chain, np.nan_to_num(returns) * 1e3).argmax(axis=1)

    def on_all_rows(returns, closes):
        return label_regimes(returns, closes, TRAIN_START, returns.size, H1)

    assert not is_prefix_stable(smoothing)
    assert not is_prefix_stable(on_all_rows)


def test_the_filter_is_what_the_library_says_about_the_last_row_of_each_prefix():
    _, returns, chain = two_states(60)
    found = chain.filtered(returns)

    expected = [smoothed(chain, returns[: k + 1])[-1] for k in range(60)]

    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_what_a_filter_tells_is_less_than_hindsight_tells():
    """Correctness.md §5: the gap between Viterbi and filter is look-ahead; its own series gave 0.919 and 0.764."""
    state, returns, chain = two_states()
    hit = {
        "filter": np.mean(chain.filtered(returns).argmax(axis=1) == state),
        "smoothed": np.mean(smoothed(chain, returns).argmax(axis=1) == state),
        "viterbi": np.mean(as_hmmlearn(chain).predict(returns[:, None]) == state),
    }

    assert 0.70 < hit["filter"] < 0.85
    assert hit["smoothed"] > hit["filter"] + 0.04
    assert hit["viterbi"] > hit["filter"] + 0.02


def test_the_fit_finds_the_planted_chain_in_order_of_volatility():
    _, returns, chain = two_states(8000, ratio=3.0)
    found = HiddenMarkov.fit(returns, 2)

    assert np.sqrt(found.variance).tolist() == pytest.approx([1.0, 3.0], rel=0.1)
    assert np.diag(found.transition).tolist() == pytest.approx([0.97, 0.97], abs=0.02)
    assert found.filtered(returns).tobytes() == HiddenMarkov.fit(returns, 2).filtered(returns).tobytes()
    assert np.array_equal(chain.variance, np.sort(chain.variance))


def test_an_absurd_return_does_not_break_the_filter():
    _, returns, chain = two_states(50)
    returns[10], returns[11] = 1e6, 0.0

    found = chain.filtered(returns)

    assert np.isfinite(found).all()
    assert found.sum(axis=1) == pytest.approx(1.0, abs=1e-12)
    assert found[10, 1] == pytest.approx(1.0)


def test_below_the_least_probability_the_regime_is_unknown():
    _, returns, chain = two_states(500)
    probability = chain.filtered(returns).max(axis=1)

    assert ((chain.codes(returns, 0.8) == -1) == (probability < 0.8)).all()


def test_grid_names_say_volatility_then_trend():
    grid = Grid((1.0, 2.0), (-0.5, 0.5), 1, 1, 0.0)  # with a look-back of one bar the trend is the sign of the return
    codes = grid.codes(np.array([-0.5, 0.0, 1.5, -3.0, np.nan]))

    found = [NAMES[code] if code >= 0 else UNKNOWN for code in codes]
    assert found == ["calm/down", "calm/flat", "normal/up", "turbulent/down", UNKNOWN]


def test_trailing_measures_equal_an_obvious_loop():
    returns, _ = market(300, share_missing=0.2)
    for lookback in (2, 7, 24):
        expected = []
        for row in range(300):
            window = returns[max(row - lookback + 1, 0) : row + 1]
            known = window[np.isfinite(window)]
            is_full = row >= lookback - 1 and 2 * known.size > lookback
            expected.append(
                (np.sqrt(np.mean(known**2)), known.sum() / np.sqrt(np.sum(known**2))) if is_full else (np.nan, np.nan)
            )
        found = np.column_stack([trailing_volatility(returns, lookback), trailing_trend(returns, lookback)])
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@given(st.lists(st.sampled_from([-1, 0, 1, 2]), max_size=60), st.integers(1, 8))
def test_every_stay_that_another_state_ends_lasts_long_enough(states, min_rows):
    kept = minimum_stay(np.asarray(states, dtype=np.int64), min_rows).tolist()
    starts = [k for k in range(len(kept)) if k == 0 or kept[k] != kept[k - 1]]

    for first, following in itertools.pairwise(starts):
        is_ended_by_a_state = kept[first] != -1 and kept[following] != -1
        assert not is_ended_by_a_state or following - first >= min_rows
    assert all((each == -1) == (state == -1) for each, state in zip(kept, states, strict=True))


def test_no_regime_before_the_look_back_is_full_and_every_label_is_known():
    returns, closes = market(1400, share_missing=0.0)
    labels = label_regimes(returns, closes, TRAIN_START, TRAIN_STOP, H1)

    assert set(labels[:119]) == {UNKNOWN}
    assert set(labels[119:]) <= set(NAMES)
    assert len(set(labels)) > 5


def test_bad_input_is_refused():
    returns, closes = market()
    with pytest.raises(InvalidConfiguration, match="grid or hidden_markov"):
        label_regimes(returns, closes, TRAIN_START, TRAIN_STOP, H1, "crystal_ball")
    for detector in ("grid", "hidden_markov"):
        with pytest.raises(NotEnoughHistory, match="lengthen the training window"):
            label_regimes(returns, closes, 100, 130, H1, detector)
    with pytest.raises(ValueError, match="n_states"):
        RegimeParameters(n_states=4)


def test_the_timeline_joins_decisions_of_one_regime():
    tested = pl.DataFrame(
        {"issued_at_utc": [1, 1, 2, 3, 4, 5], "regime": ["a", "a", "a", "b", None, "a"], "model": list("xyxxxx")}
    )

    assert regime_timeline(tested).rows() == [(1, 2, "a"), (3, 3, "b"), (4, 4, "unknown"), (5, 5, "a")]
