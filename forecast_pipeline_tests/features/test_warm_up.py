"""Guards that the declared warm-up is the calculus of correctness.md section 4, and that it is enough."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.compute import compute_features
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.features.warm_up import bars_to_forget, exponential, required_minutes, wilder
from forecast_pipeline_tests.features.simulated import simulated_bars

# The start differs from the true average by some standard deviations of the column, and TA-Lib gives it the
# weight of a whole first window, not of one bar: about twenty times the declared weight is the most seen.
AMPLITUDE_STD = 50.0


@pytest.mark.parametrize(
    ("smoothings", "at_1e3", "at_1e6"),
    [
        ((exponential(12),), 42, 83),
        ((exponential(20),), 70, 139),
        ((exponential(26),), 90, 180),
        ((exponential(50),), 173, 346),
        ((exponential(200),), 691, 1382),
        ((wilder(14),), 94, 187),
        ((wilder(14),) * 2, 126, 226),
        ((exponential(15),) * 3, 86, 145),
    ],
)
def test_the_table_of_the_correctness_notes(smoothings, at_1e3, at_1e6):
    assert (bars_to_forget(smoothings, 1e-3), bars_to_forget(smoothings, 1e-6)) == (at_1e3, at_1e6)


@pytest.mark.parametrize("n_stages", [2, 3, 4])
def test_equal_cascades_follow_the_binomial(n_stages):
    bars = bars_to_forget((0.1,) * n_stages, 1e-4)

    assert stats.binom.cdf(n_stages - 1, bars, 0.1) <= 1e-4 < stats.binom.cdf(n_stages - 1, bars - 1, 0.1)


@pytest.mark.parametrize(
    ("smoothings", "tolerance", "text"),
    [((0.0,), 1e-6, "smoothing constants"), ((), 1e-6, "smoothing constants"), ((0.5,), 1.0, "tolerance")],
)
def test_impossible_arguments_are_refused(smoothings, tolerance, text):
    with pytest.raises(ValueError, match=text):
        bars_to_forget(smoothings, tolerance)


def start_errors(parameters: FeatureParameters, cut_bars: int = 0) -> dict[str, float]:
    """Largest error, in standard deviations of the column, of a history that starts later.

    ``cut_bars`` reads that many rows before the declared warm-up is over.
    """
    bars = simulated_bars(Timeframe.M15, 1500, seed=5)
    whole = compute_features(bars, Timeframe.M15, parameters)
    loose = parameters.model_copy(update={"tolerance": 0.1})  # the same values, masked for fewer rows
    errors = dict.fromkeys([column.name for column in whole.columns], 0.0)
    for start in range(300, 900, 29):
        late = compute_features(bars.slice(start, 400), Timeframe.M15, loose).frame
        for column in whole.columns:
            row = column.required_bars - 1 - cut_bars
            true = whole.frame[column.name].to_numpy()
            error = np.abs(late[column.name].to_numpy()[row] - true[start + row])
            errors[column.name] = max(errors[column.name], float(error / max(np.nanstd(true), 1e-12)))
    return errors


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6])
def test_a_later_start_is_forgotten_within_the_declared_warm_up(tolerance):
    errors = start_errors(FeatureParameters(tolerance=tolerance))

    assert {name: e for name, e in errors.items() if not e <= AMPLITUDE_STD * tolerance} == {}


def test_half_the_warm_up_is_not_enough():
    """The test above can go red: recursive columns still remember their start half way."""
    errors = start_errors(FeatureParameters(tolerance=1e-6), cut_bars=90)
    recursive = ["atr_15m_14", "rsi_15m_14", "adx_15m_14", "ema_15m_30", "macd_15m_12_26_9"]

    assert [name for name in recursive if errors[name] <= AMPLITUDE_STD * 1e-6] == []


@pytest.mark.parametrize("tolerance", [0.1, 0.01, 1e-12])
def test_no_value_is_undefined_after_the_warm_up_whatever_the_tolerance(tolerance):
    """A generous tolerance forgets the start before an average has its first value."""
    parameters = FeatureParameters(indicators=("all",), tolerance=tolerance)
    bars = simulated_bars(Timeframe.H4, 3000, seed=12)
    table = compute_features(bars, Timeframe.H4, parameters, inputs=frozenset({"range", "volume"}))

    assert len(table.columns) > 300
    for column in table.columns:
        assert np.isfinite(table.frame[column.name].to_numpy()[column.required_bars - 1 :]).all(), column.name


def test_the_table_of_the_correctness_notes_in_minutes():
    """Wilder's fourteen on 1h: 187 bars at one millionth and one that is cut off."""
    assert required_minutes(187, Timeframe.H1) == 188 * 60
