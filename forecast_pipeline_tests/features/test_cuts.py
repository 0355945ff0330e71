"""Guards the leak check itself: each planted leak is found, clean code is not accused."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.cuts import stratified_cuts
from forecast_pipeline_tests.features.simulated import simulated_bars
from forecast_pipeline_tests.oracles.truncation import LeakFinding, truncation_findings

CLOSE = pl.col("close")
PAUSE = pl.col("ts_utc") - pl.col("close_ts_utc").shift(1)
IS_AFTER_HOLE = PAUSE.is_between(pl.duration(minutes=1), pl.duration(hours=12))


def slow_regime(bars: pl.DataFrame) -> pl.DataFrame:
    """Volatility regime of the hour by a quantile over all hours, joined where the hour has closed."""
    hours = (
        bars.group_by_dynamic("ts_utc", every="1h")
        .agg(reach=pl.col("high").max() - pl.col("low").min())
        .with_columns(x=(pl.col("reach") > pl.col("reach").quantile(0.5)).cast(pl.Float64))
        .with_columns(close_ts_utc=pl.col("ts_utc") + pl.duration(hours=1))
    )
    return bars.join_asof(hours.select("close_ts_utc", "x"), on="close_ts_utc").select("x")


PLANTED = {
    "centred rolling mean": lambda bars: bars.select(x=CLOSE.rolling_mean(5, center=True)),
    "next return": lambda bars: bars.select(x=(CLOSE.shift(-1) / CLOSE).log()),
    "full-sample z-score": lambda bars: bars.select(x=(CLOSE - CLOSE.mean()) / CLOSE.std()),
    "backfill over a hole": lambda bars: bars.select(
        x=pl.when(IS_AFTER_HOLE).then(None).otherwise(CLOSE.log().diff()).fill_null(strategy="backward")
    ),
    "full-sample regime quantile of slow bars": slow_regime,
    "smoothing from both sides": lambda bars: bars.select(x=CLOSE.reverse().ewm_mean(span=9).reverse()),
    "forming slow bar with its final close": lambda bars: bars.select(
        x=CLOSE.last().over(pl.col("ts_utc").dt.truncate("1h"))
    ),
}
HONEST = {
    "rolling mean": lambda bars: bars.select(x=CLOSE.rolling_mean(5)),
    "past return": lambda bars: bars.select(x=CLOSE.log().diff()),
    "expanding maximum": lambda bars: bars.select(x=CLOSE.cum_max()),
}


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    return simulated_bars(Timeframe.M5, 900, seed=11, hole_fraction=0.003)


@pytest.mark.parametrize("name", list(PLANTED))
@pytest.mark.parametrize("reach_bars", [None, 200], ids=["whole", "windowed"])
def test_a_planted_leak_is_found(bars, name, reach_bars):
    cuts = stratified_cuts(bars, Timeframe.M5, is_sample=reach_bars is not None)

    findings = truncation_findings(PLANTED[name], bars, cuts, reach_bars=reach_bars)

    assert {finding.column for finding in findings} == {"x"}


def test_random_cuts_alone_miss_the_hole(bars):
    """Why the cuts are stratified."""
    random_cuts = [50, 150, 250, 350, 450, 550, 650, 750]

    assert truncation_findings(PLANTED["backfill over a hole"], bars, random_cuts) == []


@pytest.mark.parametrize("name", list(HONEST))
@pytest.mark.parametrize("reach_bars", [None, 200], ids=["whole", "windowed"])
def test_honest_features_are_not_accused(bars, name, reach_bars):
    cuts = stratified_cuts(bars, Timeframe.M5, n_random=20)

    assert truncation_findings(HONEST[name], bars, cuts, reach_bars=reach_bars) == []


def test_a_finding_says_where(bars):
    findings = truncation_findings(PLANTED["next return"], bars, [100])

    assert findings == [LeakFinding(100, "x", 1, 99, "changes with the future")]
    assert str(findings[0]) == "x changes with the future in 1 rows from row 99 at cut 100"


@pytest.mark.parametrize(
    "compute",
    [
        lambda bars: bars.select(pl.lit(1.0).alias("late" if bars.height > 500 else "early")),
        lambda bars: bars.select(x=CLOSE).drop_nulls().tail(10),
    ],
    ids=["columns", "rows"],
)
def test_a_shape_that_depends_on_the_future_is_a_finding(bars, compute):
    assert truncation_findings(compute, bars, [5, 300]) != []


@pytest.mark.parametrize("cut", [-1, 901])
def test_a_cut_outside_the_bars_is_refused(bars, cut):
    with pytest.raises(ValueError, match=f"between 0 and n_bars=900, was {cut}"):
        truncation_findings(HONEST["past return"], bars, [cut])


def test_cuts_stand_around_every_kind_of_boundary():
    start = datetime(2024, 3, 8, 20, 0, tzinfo=UTC)
    bars = simulated_bars(Timeframe.M15, 300, start=start, hole_fraction=0.0)
    bars = bars.filter(pl.int_range(pl.len()) != 150)  # one hole, between rows 149 and 150
    opens = bars["ts_utc"].to_list()
    week = opens.index(datetime(2024, 3, 10, 21, 0, tzinfo=UTC))  # 17:00 New York, in summer time
    day = opens.index(datetime(2024, 3, 11, 21, 0, tzinfo=UTC))
    four_hours = opens.index(datetime(2024, 3, 11, 1, 0, tzinfo=UTC))

    cuts = stratified_cuts(bars, Timeframe.M15, n_random=0)

    for row in (week, day, 150, four_hours):
        assert {row - 1, row, row + 1} <= set(cuts)


def test_a_hole_is_a_boundary_of_its_own():
    week_open = datetime(2024, 3, 10, 21, 0, tzinfo=UTC)  # 17:00 New York, in summer time
    bars = simulated_bars(Timeframe.H4, 60, start=week_open, hole_fraction=0.0)
    days = (bars["ts_utc"].dt.convert_time_zone("America/New_York").dt.hour() == 17).to_list()
    row = days.index(True, 10) + 3  # in the middle of a day
    holed = bars.filter(pl.int_range(pl.len()) != row)

    assert row not in stratified_cuts(bars, Timeframe.H4, n_random=0)
    assert row in stratified_cuts(holed, Timeframe.H4, n_random=0)
    assert row in stratified_cuts(holed, Timeframe.H4, n_random=0, is_sample=True)


def test_sampled_cuts_are_few_and_repeatable(bars):
    cuts = stratified_cuts(bars, Timeframe.M5, seed=3, is_sample=True)

    assert cuts == stratified_cuts(bars, Timeframe.M5, seed=3, is_sample=True)
    assert len(cuts) <= 3 * 2 * 9 + 4
    assert set(cuts) - set(stratified_cuts(bars, Timeframe.M5, n_random=4, seed=3)) == set()


@pytest.mark.parametrize("n_bars", [0, 1])
def test_too_few_bars_have_no_cuts(n_bars):
    assert stratified_cuts(simulated_bars(n_bars=n_bars), Timeframe.M15) == []
