"""Guards the proof that goes with every publication: it catches what it is for and accuses nobody else."""

from __future__ import annotations

import numpy as np
import pytest

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.bar_arrays import bar_arrays
from forecast_pipeline.features.catalogue.indicator import Indicator, Output
from forecast_pipeline.features.causality import PERTURBATION, TRUNCATION, WARM_UP, causality_findings
from forecast_pipeline.features.compute import FeaturePlan, Planned, plan_features
from forecast_pipeline.features.cuts import stratified_cuts
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline_tests.features.simulated import simulated_bars
from forecast_pipeline_tests.features.simulated_peers import SYMBOL, simulated_peers

M30 = Timeframe.M30


def plan_of(compute, required_bars: int) -> FeaturePlan:
    """A plan with one made-up indicator."""
    indicator = Indicator(
        name="made_up",
        group="test",
        summary="made up",
        reference="none",
        inputs=("close",),
        outputs=(Output("", "any", "any"),),
        required_bars=lambda *_: required_bars,
        compute=lambda bars, _: (compute(bars),),
    )
    return FeaturePlan((Planned(indicator, {}, required_bars, ("made_up",)),), {})


def kinds_found(compute, required_bars: int, seed: int = 0) -> set[str]:
    bars = simulated_bars(M30, 900, seed)
    cuts = stratified_cuts(bars, M30, is_sample=True)
    return {each.kind for each in causality_findings(bar_arrays(bars, M30), plan_of(compute, required_bars), cuts)}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("timeframe", [Timeframe.M5, Timeframe.H1, Timeframe.H4, Timeframe.D1])
def test_the_whole_catalogue_raises_no_alarm(timeframe, seed):
    bars = simulated_bars(timeframe, 1500, seed)
    plan = plan_features(timeframe, FeatureParameters(indicators=("all",)))
    arrays = bar_arrays(bars, timeframe, SYMBOL, simulated_peers(bars.height, seed))
    cuts = stratified_cuts(bars, timeframe, n_random=2, seed=seed, is_sample=True)[::4]

    assert [str(finding) for finding in causality_findings(arrays, plan, cuts, seed)] == []


def test_a_value_that_needs_the_next_bar_is_caught_by_truncation():
    assert kinds_found(lambda b: np.append(b.close[1:], b.close[-1:]), 1) >= {TRUNCATION, PERTURBATION}


def test_a_value_of_a_far_future_bar_is_caught():
    assert TRUNCATION in kinds_found(lambda b: np.append(b.close[200:], np.repeat(b.close[-1:], 200)), 1)


def test_only_invented_bars_show_a_leak_through_values_that_truncation_leaves_alone():
    """The highest price so far does not change when calm bars are cut away, but it does when wild ones are put in."""

    def leaking(bars):
        is_wild = bars.close.max() > 1.05 * bars.close[0]
        return np.full(len(bars), float(is_wild))

    assert kinds_found(leaking, 1) == {PERTURBATION}


@pytest.mark.parametrize("declared", [5, 20])
def test_a_warm_up_that_is_declared_too_short_is_caught(declared):
    def slow_mean(bars):
        return np.array([bars.close[max(0, i - 59) : i + 1].mean() for i in range(len(bars))])

    assert kinds_found(slow_mean, declared) == {WARM_UP}
    assert kinds_found(slow_mean, 60) == set()


def test_undefined_values_are_compared_too():
    def undefined_without_future(bars):
        out = np.log(bars.close)
        out[-1:] = np.nan
        return out

    assert TRUNCATION in kinds_found(undefined_without_future, 1)


def test_a_finding_says_where_and_how_much():
    bars = simulated_bars(M30, 300, 1, hole_fraction=0.0)
    plan = plan_of(lambda b: np.append(b.close[1:], 0.0), 1)

    found = next(causality_findings(bar_arrays(bars, M30), plan, [200]))

    assert (found.column, found.kind, found.cut, found.row) == ("made_up", TRUNCATION, 200, 199)
    assert found.size == pytest.approx(bars["close"][200])
    assert str(found).startswith("made_up changes with the future: row 199 by 1.1 at cut 200")
