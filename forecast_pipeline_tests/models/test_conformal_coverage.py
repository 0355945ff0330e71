"""Coverage of the calibration layer: long-run bound, volatility break, and what a perfect forecaster pays for it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from forecast_pipeline.models.conformal.layer import calibrate
from forecast_pipeline.models.conformal.state import ConformalParameters, ConformalState

LEVELS = (0.01, *(round(0.05 * k, 2) for k in range(1, 20)), 0.99)
NARROW = (0.05, 0.5, 0.95)
NORMAL = stats.norm.ppf(NARROW)


def intervals(outcome, overlap, delay, *, levels=NARROW, parameters=None, known=None):
    """The layer over a forecaster that always says standard normal; the label of a row ends ``delay`` rows later."""
    rows = np.arange(outcome.size)
    start = ConformalState.start(levels, overlap, max(delay, 1), parameters)
    raw = np.tile(stats.norm.ppf(levels), (outcome.size, 1))
    return calibrate(start, rows, rows + max(delay, 1), raw, np.ones(outcome.size), outcome, known)


def is_missed(found, outcome):
    return (outcome < found.quantiles[:, 0]) | (outcome > found.quantiles[:, -1])


def iid(n_rows, seed):
    return np.random.default_rng(seed).standard_normal(n_rows)


def garch(n_rows, seed):
    """Unit unconditional variance, persistence 0.98."""
    noise, variance, out = iid(n_rows, seed), 1.0, np.empty(n_rows)
    for k in range(n_rows):
        out[k] = np.sqrt(variance) * noise[k]
        variance = 0.02 + 0.08 * out[k] ** 2 + 0.9 * variance
    return out


def threefold_break(n_rows, seed):
    return iid(n_rows, seed) * np.where(np.arange(n_rows) < n_rows // 2, 1.0, 3.0)


@pytest.mark.parametrize("process", [iid, garch, threefold_break])
@pytest.mark.parametrize("delay", [0, 12, 60, 240])
def test_the_long_run_share_of_misses_is_within_the_bound(process, delay):
    outcome = process(20_000, seed=delay)
    found = intervals(outcome, overlap=1, delay=delay)
    live = np.arange(outcome.size) >= 100 + delay
    step = ConformalParameters().step_of(0.1, 1, max(delay, 1))

    misses = is_missed(found, outcome)[live]
    bound = (0.9 + step * (delay + 1)) / (step * misses.size)

    assert abs(misses.mean() - 0.1) <= bound
    assert abs(misses.mean() - 0.1) <= 0.02  # and inside what the report calls green


@pytest.mark.parametrize("seed", range(3))
def test_coverage_holds_through_a_threefold_break_where_a_rolling_quantile_fails(seed):
    """Rows after the break, as many as the window holds scores: where a plain quantile has to relearn."""
    outcome = threefold_break(4000, seed)
    after = slice(2000, 2500)
    plain = ConformalParameters(step=1e-12, largest_ratio=1.0)

    adaptive_misses = is_missed(intervals(outcome, 1, 0), outcome)
    plain_misses = is_missed(intervals(outcome, 1, 0, parameters=plain), outcome)

    assert 0.88 <= 1 - adaptive_misses[after].mean() <= 0.92
    assert 0.88 <= 1 - adaptive_misses.mean() <= 0.92
    assert plain_misses[after].mean() > 0.2


def moves_over(returns, horizon):
    """Sums of ``horizon`` returns in units of their standard deviation, a row for each return but the last ones."""
    path = np.concatenate([[0.0], np.cumsum(returns)])
    return (path[horizon:] - path[:-horizon])[: returns.size - 60] / np.sqrt(horizon)


@pytest.mark.parametrize("factors", [(3.0,), (0.4,), (5.0,), (3.0, 0.4, 3.0)], ids=str)
@pytest.mark.parametrize("horizon", [12, 60])
def test_coverage_of_long_labels_holds_through_breaks_that_short_ones_tell_of(factors, horizon):
    """All rows within the report's green; the 500 after a break, once its first labels have ended, near to it."""
    share_inside, share_after = [], []
    for seed in range(6):
        returns = iid(6060, seed)
        breaks = [1500 * (k + 1) for k in range(len(factors))]
        for row, factor in zip(breaks, factors, strict=True):
            returns[row:] *= factor
        known = intervals(moves_over(returns, 1), 1, 1).volatility_ratio
        outcome = moves_over(returns, horizon)
        found = intervals(outcome, horizon, horizon, known=known)
        is_inside = ~is_missed(found, outcome)
        share_inside.append(is_inside.mean())
        share_after += [is_inside[row : row + 500].mean() for row in breaks]

    assert min(share_inside) >= 0.88
    assert max(share_inside) <= 0.92
    assert 0.86 < np.mean(share_after) < 0.94


def test_long_labels_alone_hold_their_coverage_through_a_break_and_recover_as_they_end():
    """No shorter horizon: the rows of the first labels after the break are lost, 8 labels in 500 rows."""
    share_inside = []
    for seed in range(6):
        outcome = moves_over(iid(6060, seed) * np.where(np.arange(6060) < 2000, 1.0, 3.0), 60)
        share_inside.append(1 - is_missed(intervals(outcome, 60, 60), outcome).mean())

    assert 0.88 <= np.mean(share_inside) <= 0.92


@pytest.mark.parametrize("overlap", [1, 12, 60])
def test_a_perfect_forecaster_of_overlapping_labels_is_left_as_it_is(overlap):
    """Sums of ``overlap`` returns, so that misses come in runs: the step of disjoint labels would widen by half."""
    rng = np.random.default_rng(5)
    n_rows = 20_000 if overlap < 60 else 60_000
    path = np.concatenate([[0.0], np.cumsum(rng.standard_normal(n_rows + overlap))])
    outcome = (path[overlap : overlap + n_rows] - path[:n_rows]) / np.sqrt(overlap)

    found = intervals(outcome, overlap, overlap)
    share = (found.quantiles[:, 2] - found.quantiles[:, 0]) / (NORMAL[2] - NORMAL[0])
    raw_coverage = np.mean(np.abs(outcome) <= NORMAL[2])

    # What was right by chance on this path may be corrected; it is a twentieth of the width per point of coverage.
    assert abs(share.mean() - 1.0) < 0.03 + 5.0 * max(0.0, abs(raw_coverage - 0.9) - 0.005)


def test_the_step_of_disjoint_labels_would_widen_a_perfect_forecaster_of_overlapping_ones():
    """The trap behind the division by the overlap, kept so that nobody takes it out again."""
    rng = np.random.default_rng(5)
    outcome = np.convolve(rng.standard_normal(20_011), np.ones(12) / np.sqrt(12.0), mode="valid")
    found = intervals(outcome, 1, 12)

    share = (found.quantiles[:, 2] - found.quantiles[:, 0]) / (NORMAL[2] - NORMAL[0])
    assert share.mean() > 1.2


def test_no_pair_of_a_perfect_forecaster_widens_by_three_per_cent():
    outcome = iid(20_000, seed=3)
    found = intervals(outcome, 1, 0, levels=LEVELS)
    raw = stats.norm.ppf(LEVELS)

    for low in range(10):
        share = (found.quantiles[:, 20 - low] - found.quantiles[:, low]) / (raw[20 - low] - raw[low])
        limit = 0.03 if low < 8 else 0.06  # the innermost widths are a few hundredths of a standard deviation
        assert abs(share.mean() - 1.0) < limit
