"""The calibration layer: equal to an obvious loop, blind to labels that have not ended, unbroken by a restart."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.errors import CorruptData, InvalidConfiguration
from forecast_pipeline.models.conformal import volatility
from forecast_pipeline.models.conformal.layer import calibrate
from forecast_pipeline.models.conformal.sample_map import map_draws
from forecast_pipeline.models.conformal.state import ConformalParameters, ConformalState, decode, encode

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
QUICK = ConformalParameters(n_scores=60, n_scores_at_least=20, step=0.1, break_rate=0.02)
UNSTRETCHED = ConformalParameters(n_scores=60, n_scores_at_least=20, step=0.1, largest_ratio=1.0)


def made_rows(n_rows, delay, seed, *, share_missing=0.1):
    """Skewed quantiles, a scale that varies, ends that are out of order here and there, missing outcomes."""
    rng = np.random.default_rng(seed)
    issued = np.cumsum(rng.integers(1, 4, n_rows)).astype(np.int64)
    ends = issued + rng.integers(1, 4 * delay + 2, n_rows)
    scale = np.exp(0.5 * rng.standard_normal(n_rows))
    grid = np.array([-1.3, -0.5, 0.1, 0.8, 2.0])
    raw = scale[:, None] * (grid + 0.2 * rng.standard_normal((n_rows, 1)))
    outcome = scale * rng.standard_t(4, n_rows)
    outcome[rng.random(n_rows) < share_missing] = np.nan
    raw[rng.random(n_rows) < 0.03, 1] = np.nan
    return issued, ends, raw, scale, outcome


def slow_ratio(settings, overlap, moves):
    """Mean ratio after so many labels, each with its whole posterior over the grid, from the definition."""
    farthest = math.log(settings.largest_ratio)
    grid = [farthest * k / 15 for k in range(-15, 16)]
    around = [math.exp(-abs(g) / 0.8) for g in grid]
    prior = [0.5 * a / sum(around) + 0.5 * (k == 15) for k, a in enumerate(around)]
    weights = prior
    for move in moves:
        likelihood = [math.exp(-g) * (1 + (move / math.exp(g) / 0.8566209142) ** 2 / 5) ** -3 for g in grid]
        weights = [w * each ** (1 / overlap) for w, each in zip(weights, likelihood, strict=True)]
        total = sum(weights)
        broken = settings.break_rate
        weights = [(1 - broken) * w / total + broken * p for w, p in zip(weights, prior, strict=True)]
    return sum(w * math.exp(g) for w, g in zip(weights, grid, strict=True))


def slow_oracle(state, issued, ends, raw, scale, outcome, known):
    """Everything again at every decision, from the definition, without a running window."""
    settings = state.parameters
    n_pairs, stride = len(state.levels) // 2, max(state.overlap_rows // settings.scores_per_label, 1)
    out, used, stretched, ratios = raw.copy(), {}, raw.copy(), np.ones(len(raw))
    alphas = np.zeros((len(raw), n_pairs))
    z_90 = 1.6448536269514722  # the levels here have no 10 and 90 %: the pair nearest to it
    for row in range(len(raw)):
        ended = [j for j in range(row) if ends[j] <= issued[row] and not np.isnan([*raw[j], outcome[j]]).any()]
        # The window takes labels in the order in which they ended, seen from each decision in turn.
        seen = sorted(ended, key=lambda j: (ends[j], j))
        moves = []
        for j in seen:
            life = [known[i] ** 2 for i in range(j, len(raw)) if issued[i] < ends[j]]
            spread = (raw[j, -1] - raw[j, 0]) / (2 * z_90)
            moves.append(abs(outcome[j] - raw[j, n_pairs]) / spread / math.sqrt(sum(life) / len(life)))
        ratios[row] = known[row] * (slow_ratio(settings, state.overlap_rows, moves) if moves else 1.0)
        stretched[row] = raw[row, n_pairs] + ratios[row] * (raw[row] - raw[row, n_pairs])
        inside = (out[row, n_pairs], out[row, n_pairs])
        for p in range(n_pairs):
            low, high = n_pairs - 1 - p, len(state.levels) - n_pairs + p
            target = 2 * state.levels[low]
            alpha = target
            for j in seen:
                if (j, p) in used:
                    lower, upper = used[j, p]
                    missed = not lower <= outcome[j] <= upper
                    alpha += settings.step_of(target, state.overlap_rows, state.delay_rows) * (target - missed)
            alphas[row, p] = alpha
            if np.isnan(raw[row]).any():
                continue
            out[row, low], out[row, high] = stretched[row, low], stretched[row, high]
            kept = [
                max(stretched[j, low] - outcome[j], outcome[j] - stretched[j, high]) / (scale[j] * ratios[j])
                for j in seen[::stride]
            ]
            kept = sorted(kept[-settings.n_scores :])
            if len(kept) < settings.n_scores_at_least:
                continue
            rank = math.ceil((1 - alpha) * (len(kept) + 1) - 1e-9)
            threshold = kept[min(rank, len(kept)) - 1] if rank >= 1 else -math.inf
            threshold = math.inf if alpha <= 0 else threshold
            width = stretched[row, high] - stretched[row, low]
            widest, narrowest = (settings.widest - 1) / 2 * width, (settings.narrowest - 1) / 2 * width
            shift = min(max(threshold * scale[row] * ratios[row], narrowest), widest)
            inside = (min(stretched[row, low] - shift, inside[0]), max(stretched[row, high] + shift, inside[1]))
            out[row, low], out[row, high] = inside
            used[row, p] = inside
    return out, alphas, ratios


def known_elsewhere(n_rows, seed):
    """A ratio that jumps: that of a shorter horizon."""
    jumps = np.random.default_rng(seed + 100).choice([0.5, 1.0, 2.5], n_rows // 50 + 1)
    return np.repeat(jumps, 50)[:n_rows]


@pytest.mark.parametrize(("delay", "overlap", "seed"), [(1, 1, 0), (3, 1, 1), (12, 12, 2)])
def test_the_layer_equals_an_obvious_loop(delay, overlap, seed):
    start = ConformalState.start(LEVELS, overlap, delay, QUICK)
    rows = made_rows(200 if overlap == 1 else 300, delay, seed)
    known = known_elsewhere(len(rows[0]), seed) if seed else np.ones(len(rows[0]))

    found = calibrate(start, *rows, known)
    quantiles, alphas, ratios = slow_oracle(start, *rows, known)

    np.testing.assert_allclose(found.volatility_ratio, ratios, rtol=1e-11)
    np.testing.assert_allclose(found.quantiles, quantiles, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.alpha, alphas, rtol=0, atol=1e-12)
    assert np.abs(found.quantiles - rows[2])[~np.isnan(rows[2])].max() > 0.1
    assert np.ptp(found.volatility_ratio / known) > 0.1


@given(cut=st.integers(1, 299), seed=st.integers(0, 5), delay=st.sampled_from([1, 5, 20]))
def test_two_pieces_with_a_restart_between_them_are_one_run_exactly(cut, seed, delay):
    start = ConformalState.start(LEVELS, delay, parameters=QUICK)
    rows = (*made_rows(300, delay, seed), known_elsewhere(300, seed))

    whole = calibrate(start, *rows)
    first = calibrate(start, *[values[:cut] for values in rows])
    restarted = decode(json.loads(json.dumps(encode(first.state))))
    second = calibrate(restarted, *[values[cut:] for values in rows])

    np.testing.assert_array_equal(np.concatenate([first.quantiles, second.quantiles]), whole.quantiles)
    np.testing.assert_array_equal(np.concatenate([first.alpha, second.alpha]), whole.alpha)
    np.testing.assert_array_equal(np.concatenate([first.volatility_ratio, second.volatility_ratio]), whole[2])
    assert encode(second.state) == encode(whole.state)


def test_a_state_goes_on_with_the_last_ratio_known_from_elsewhere():
    rows = made_rows(100, 3, 0)
    start = ConformalState.start(LEVELS, 3, parameters=UNSTRETCHED)
    first = calibrate(start, *[values[:60] for values in rows], np.full(60, 2.5))

    assert calibrate(first.state, *[values[60:] for values in rows]).volatility_ratio.tolist() == [2.5] * 40


def differs_after_a_changed_future(calibrated, seed):
    """Whether garbage in every label that ends after a decision changes what was issued at it (T29)."""
    start = ConformalState.start(LEVELS, 1, 6, QUICK)
    issued, ends, raw, scale, outcome = made_rows(200, 6, seed)
    cut = 140
    garbage = np.where(ends > issued[cut], 50.0 - np.nan_to_num(outcome), outcome)
    before = calibrated(start, issued, ends, raw, scale, outcome)
    after = calibrated(start, issued, ends, raw, scale, garbage)
    return not (
        np.array_equal(before.quantiles[: cut + 1], after.quantiles[: cut + 1], equal_nan=True)
        and np.array_equal(before.volatility_ratio[: cut + 1], after.volatility_ratio[: cut + 1])
        and np.array_equal(before.alpha[: cut + 1], after.alpha[: cut + 1])
    )


def on_its_own_rows(start, issued, ends, raw, scale, outcome):
    """Mutant A10: the state is learned on the rows it is then applied to."""
    learned = calibrate(start, issued, ends, raw, scale, outcome).state
    forgetful = dataclasses.replace(learned, as_of_us=None)
    return calibrate(forgetful, issued, ends, raw, scale, np.full_like(outcome, np.nan))


def before_the_label_ends(start, issued, ends, raw, scale, outcome):
    """Mutant A11: a label is used one decision after it was issued, whenever it ends."""
    return calibrate(start, issued, np.minimum(ends, issued + 1), raw, scale, outcome)


@given(seed=st.integers(0, 20))
def test_outcomes_whose_labels_end_later_change_nothing(seed):
    assert not differs_after_a_changed_future(calibrate, seed)


@pytest.mark.parametrize("mutant", [on_its_own_rows, before_the_label_ends], ids=["A10", "A11"])
def test_a_layer_that_learns_too_early_is_caught(mutant):
    assert differs_after_a_changed_future(mutant, 0)


def test_a_label_may_be_used_from_the_very_instant_at_which_it_ends():
    rows = np.arange(60)
    start = ConformalState.start((0.25, 0.75), 1, parameters=QUICK)
    raw, outcome = np.tile([-1.0, 1.0], (60, 1)), np.zeros(60)

    at_once = calibrate(start, rows, rows + 1, raw, np.ones(60), outcome)
    later = calibrate(start, rows, rows + 2, raw, np.ones(60), outcome)

    first_changed = [int(np.flatnonzero(each.quantiles[:, 0] != -1.0)[0]) for each in (at_once, later)]
    assert first_changed == [1, 2]
    assert [int(each.is_raw.sum()) for each in (at_once, later)] == [1, 2]


def test_a_gap_in_the_labels_freezes_the_layer():
    issued, ends, raw, scale, outcome = made_rows(400, 2, 3, share_missing=0.0)
    outcome[150:300] = np.nan
    found = calibrate(ConformalState.start(LEVELS, 1, 2, QUICK), issued, ends, raw, scale, outcome)
    is_frozen = (issued >= ends[:150].max()) & (np.arange(400) < 300)

    assert np.ptp(found.alpha[is_frozen], axis=0).tolist() == [0.0, 0.0]
    assert np.ptp(found.volatility_ratio[is_frozen]) == 0.0
    assert np.ptp(found.alpha[:150], axis=0).min() > 0.0


@given(seed=st.integers(0, 30))
def test_quantiles_never_cross_and_widths_stay_within_their_limits(seed):
    rows = made_rows(200, 3, seed)
    found = calibrate(ConformalState.start(LEVELS, 1, 3, QUICK), *rows)
    is_whole = ~np.isnan(rows[2]).any(axis=1)
    quantiles, raw, ratio = found.quantiles[is_whole], rows[2][is_whole], found.volatility_ratio[is_whole]

    assert ((ratio >= 1 / 8) & (ratio <= 8)).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    for low, high in ((0, 4), (1, 3)):
        share = (quantiles[:, high] - quantiles[:, low]) / (raw[:, high] - raw[:, low]) / ratio
        assert (share >= 0.25 - 1e-12).all()
        assert (share <= 4.0 + 1e-12).all()


def test_holding_the_width_at_a_limit_is_counted():
    rows = np.arange(100)
    start = ConformalState.start((0.05, 0.5, 0.95), 1, parameters=UNSTRETCHED)
    found = calibrate(start, rows, rows + 1, np.tile([-1.0, 0.0, 1.0], (100, 1)), np.ones(100), np.full(100, 50.0))

    assert found.quantiles[-1].tolist() == [-4.0, 0.0, 4.0]
    assert found.state.n_alarms.tolist() == [80]


def test_scores_are_in_units_of_the_scale():
    issued, ends, raw, scale, outcome = made_rows(200, 1, 5)
    start = ConformalState.start(LEVELS, 1, parameters=QUICK)
    factor = np.exp2(np.random.default_rng(0).integers(-3, 4, 200)).astype(float)

    plain = calibrate(start, issued, ends, raw, scale, outcome)
    scaled = calibrate(start, issued, ends, raw * factor[:, None], scale * factor, outcome * factor)

    np.testing.assert_allclose(scaled.quantiles, plain.quantiles * factor[:, None], rtol=1e-12)


@pytest.mark.parametrize("factor", [1 / 3, 3.0, 6.0])
def test_the_ratio_finds_a_break_in_a_few_labels_and_leaves_a_forecaster_alone_that_is_right(factor):
    rng = np.random.default_rng(8)
    rows, outcome = np.arange(1000), rng.standard_normal(1000)
    outcome[500:] *= factor
    raw = np.tile([-1.2815516, 0.0, 1.2815516], (1000, 1))
    found = calibrate(ConformalState.start((0.1, 0.5, 0.9), 1), rows, rows + 1, raw, np.ones(1000), outcome)

    assert np.abs(found.volatility_ratio[100:500] - 1).max() < 0.15
    assert np.abs(np.log(found.volatility_ratio[540:1000] / factor)).mean() < 0.2


def test_a_break_known_from_elsewhere_is_not_found_a_second_time():
    """Labels that were open when volatility trebled are judged against what became known while they were."""
    rng = np.random.default_rng(1)
    rows, trebled = np.arange(2000), np.where(np.arange(2060) < 1000, 1.0, 3.0)
    path = np.concatenate([[0.0], np.cumsum(trebled * rng.standard_normal(2060))])
    outcome = (path[60:2060] - path[:2000]) / np.sqrt(60)
    raw = np.tile([-1.2815516, 0.0, 1.2815516], (2000, 1))
    start = ConformalState.start((0.1, 0.5, 0.9), 60)

    found = calibrate(start, rows, rows + 60, raw, np.ones(2000), outcome, trebled[:2000])

    assert found.volatility_ratio[1000:1200] == pytest.approx(3.0, rel=0.35)


def test_a_normal_forecast_has_the_spread_of_its_quantiles_and_a_flat_one_that_of_the_scale():
    grid = np.array([[-2.5631031, 0.0, 2.5631031], [1.0, 1.0, 1.0]])
    spread = volatility.spread_of(grid, (0.1, 0.5, 0.9), np.array([1.0, 7.0]))

    assert spread.tolist() == pytest.approx([2.0, 7.0])


def test_a_state_of_an_older_form_is_refused_by_name():
    stored = encode(ConformalState.start(LEVELS, 3))
    del stored["form"], stored["weights"]

    with pytest.raises(CorruptData, match=r"must be of form 2, was none.*build the report again"):
        decode(stored)


def test_a_known_ratio_that_is_none_is_refused():
    one = np.ones(1)
    with pytest.raises(ValueError, match=r"pass 1\.0 where nothing is known"):
        calibrate(
            ConformalState.start((0.05, 0.95), 1), np.array([1]), np.array([2]), np.ones((1, 2)), one, one, 0 * one
        )


def test_a_state_that_was_tampered_with_is_refused():
    stored = encode(ConformalState.start(LEVELS, 3))

    with pytest.raises(CorruptData, match="build the report again"):
        decode(stored | {"window": {"shape": [3], "base64": ""}})
    with pytest.raises(CorruptData, match="31 weights"):
        decode(stored | {"weights": {"shape": [0], "base64": ""}})
    with pytest.raises(InvalidConfiguration):
        decode(stored | {"parameters": {"n_scores": 1}})


@pytest.mark.parametrize("levels", [(0.1, 0.5, 0.8), (0.5,), (0.9, 0.5, 0.1)])
def test_levels_that_are_not_pairs_are_refused(levels):
    with pytest.raises(ValueError, match="symmetric about a half"):
        ConformalState.start(levels, 1)


def test_rows_out_of_order_are_refused():
    start = ConformalState.start((0.05, 0.95), 1)
    one = np.ones(2)
    with pytest.raises(ValueError, match="increase strictly"):
        calibrate(start, np.array([2, 1]), np.array([3, 3]), np.ones((2, 2)), one, one)
    with pytest.raises(ValueError, match="end after its decision"):
        calibrate(start, np.array([1, 2]), np.array([2, 2]), np.ones((2, 2)), one, one)
    with pytest.raises(ValueError, match="raw must be"):
        calibrate(start, np.array([1, 2]), np.array([2, 3]), np.ones((2, 3)), one, one)


@given(seed=st.integers(0, 50))
def test_the_map_of_draws_keeps_ranks_and_sends_quantiles_to_quantiles(seed):
    rng = np.random.default_rng(seed)
    draws = rng.standard_t(3, (80, 2))
    raw = np.quantile(draws, LEVELS, axis=0).T
    calibrated = np.sort(2.0 * raw + 0.1 * rng.standard_normal(raw.shape), axis=1)

    mapped = map_draws(draws, raw, calibrated)

    assert (np.argsort(mapped, axis=0) == np.argsort(draws, axis=0)).all()
    np.testing.assert_allclose(map_draws(raw.T, raw, calibrated).T, calibrated, rtol=0, atol=1e-12)
    np.testing.assert_allclose(map_draws(draws, raw, raw), draws, rtol=0, atol=1e-12)
