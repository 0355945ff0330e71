"""The whole chain on small worlds: it completes, it repeats itself, it finds what is there and nothing else."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from forecast_pipeline.backtests.schema import OUT_OF_SAMPLE
from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.core.errors import LeakDetected
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.models.registry import BASELINES, MODELS
from forecast_pipeline.splits.build import FOLDS
from forecast_pipeline.splits.parameters import SplitParameters
from forecast_pipeline.verification.lake import verify

sys.path.insert(0, str(Path(__file__).parent))
from worlds import NAMES, walk_through

pytestmark = pytest.mark.slow
NEAR = {"rsi": ("15m",), "williams_r": ("1h",), "macd": ("15m",)}


@pytest.fixture(scope="module")
def plain(tmp_path_factory, ingest_frame):
    """Five weeks of minutes with a hole of a day and a duplicated file, walked through once."""
    from forecast_pipeline.core.home import Home

    home = Home(tmp_path_factory.mktemp("plain"))
    world = simulate_candles(SimulatedWorld(start=date(2023, 3, 5), n_weeks=5, seed=3))
    hole = pl.col("ts_utc").is_between(
        pl.datetime(2023, 3, 15, time_zone="UTC"), pl.datetime(2023, 3, 16, time_zone="UTC")
    )
    holed = world.filter(~hole)
    ingest_frame(home, holed)
    ingest_frame(home, holed.tail(3000))
    splits = SplitParameters(n_splits=3, indicator_tfs=NEAR, purge_days=0.5, embargo_days=0.5)
    return home, splits, walk_through(home, "EURUSD", Timeframe.M15, splits)


def test_every_family_and_baseline_stands_in_the_report(plain):
    _, _, chain = plain

    scored = set(chain.report.read_frame(".scores.parquet")["model"])

    assert scored == set(NAMES)
    assert {card.card["model_name"] for card in chain.models} == set(NAMES)


def test_the_tested_rows_are_those_of_the_fold_plan(plain):
    _, _, chain = plain
    folds, matrix = chain.split.read_frame(FOLDS).filter(pl.col("fold") >= 0), chain.split.read_frame()

    planned = {
        (row["fold"], instant)
        for row in folds.iter_rows(named=True)
        for instant in matrix[row["test_start"] : row["test_stop"]].drop_nulls(["outcome_1", "outcome_12"])[
            "close_ts_utc"
        ]
    }
    tested = chain.out_of_sample.read_frame().filter(pl.col("segment") == OUT_OF_SAMPLE)

    for name in NAMES:
        rows = tested.filter((pl.col("model") == name) & (pl.col("horizon_bars") == 12))
        found = set(rows.select("fold", "issued_at_utc").iter_rows())
        assert found <= planned
        assert len(found) == rows.height
        assert len(found) >= 0.9 * len(planned)


def test_a_second_walk_publishes_the_same_bytes(plain):
    home, splits, chain = plain

    again = walk_through(home, "EURUSD", Timeframe.M15, splits)

    assert [card.sha256 for card in again.models] == [card.sha256 for card in chain.models]
    assert again.out_of_sample.sha256 == chain.out_of_sample.sha256
    assert again.report.sha256 == chain.report.sha256
    assert again.forecasts.sha256 == chain.forecasts.sha256


def test_live_forecasts_start_at_the_newest_closed_bar_and_do_not_cross(plain):
    _, _, chain = plain
    live, matrix = chain.forecasts.read_frame(), chain.split.read_frame()

    assert set(live["issued_at_utc"]) == {matrix["close_ts_utc"][-1]}
    assert live.filter(pl.col("is_champion")).height == 4
    assert live.filter(
        (pl.col("price_q05") > pl.col("price_q50")) | (pl.col("price_q50") > pl.col("price_q95"))
    ).is_empty()
    assert (live["target_ts_utc"] > live["issued_at_utc"]).all()


def test_verification_passes_on_what_was_built(plain):
    home, _, _ = plain

    findings = list(verify(home, "EURUSD", Timeframe.M15, n_cuts=2))

    assert [finding for finding in findings if not finding.passed] == []
    # Hashes, two cuts, the statistics of the split, and each family refitted and replayed.
    assert len(findings) == 1 + 2 + 1 + 2 * len(NAMES)


def test_verification_sees_a_flipped_byte(plain):
    home, _, chain = plain
    path = chain.features[0].path(chain.features[0].parts[0])
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])

    try:
        finding = next(iter(verify(home, "EURUSD", Timeframe.M15, n_cuts=0)))
    finally:
        path.write_bytes(content)

    assert not finding.passed
    assert path.name in finding.detail


def test_a_matrix_that_saw_the_future_fails_verification(plain, monkeypatch):
    """Break the alignment on purpose: joining on the bar's open shows unfinished bars."""
    home, splits, chain = plain
    from forecast_pipeline.splits import assemble as module
    from forecast_pipeline.splits.build import build_splits

    honest = module.align

    def by_open(base, other, columns, limit_minutes):
        early = other.with_columns(close_ts_utc=pl.col("close_ts_utc") - pl.duration(hours=1))
        return honest(base, early if "williams_r_1h_14" in columns else other, columns, limit_minutes * 2)

    try:
        with monkeypatch.context() as broken:
            broken.setattr(module, "align", by_open)
            with pytest.raises(LeakDetected, match="must be that of the last closed bar"):
                build_splits(home, "EURUSD", Timeframe.M15, splits)
            broken.setattr(module, "check_visibility", lambda *_: 1)  # suppose that nobody had looked
            build_splits(home, "EURUSD", Timeframe.M15, splits)
            finding = list(verify(home, "EURUSD", Timeframe.M15, n_cuts=1))[1]
    finally:
        again = build_splits(home, "EURUSD", Timeframe.M15, splits)
        assert again.sha256 == chain.split.sha256  # what other tests verify was trained on this one

    assert not finding.passed
    assert "williams_r_1h_14" in finding.detail


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_on_a_random_walk_nothing_beats_the_best_baseline(tmp_path, ingest_frame, seed):
    from forecast_pipeline.core.home import Home

    home = Home(tmp_path)
    ingest_frame(home, simulate_candles(SimulatedWorld(n_weeks=10, seed=seed, iid=True)))

    chain = walk_through(
        home, "EURUSD", Timeframe.M30, SplitParameters(n_splits=4, indicator_tfs={"rsi": ("30m", "1h")})
    )

    scores = chain.report.read_frame(".scores.parquet").filter(~pl.col("is_baseline"))
    assert chain.report.card["lights"]["Skill"] != "green"
    assert chain.champion.card["champion"] in BASELINES
    assert scores.filter((pl.col("crps_skill") > 0) & (pl.col("dm_p_adjusted") < 0.05)).is_empty()
    assert (scores["r2"] <= 4 / scores["n_eff"].cast(pl.Float64).sqrt()).all()


def test_a_planted_signal_is_found(tmp_path, ingest_frame):
    """Otherwise the random-walk test could pass because nothing is ever found."""
    from forecast_pipeline.core.home import Home

    home = Home(tmp_path)
    world = SimulatedWorld(n_weeks=30, seed=2, drift_signal=0.1)
    ingest_frame(home, simulate_candles(world))

    chain = walk_through(
        home,
        "EURUSD",
        Timeframe.H1,
        SplitParameters(n_splits=4, horizons=(1, 3), indicator_tfs={"rsi": ("1h",)}),
        names=(*BASELINES, "ridge", "lasso", "elastic_net"),
    )

    scores = chain.report.read_frame(".scores.parquet").filter(
        (pl.col("model") == "ridge") & (pl.col("horizon_bars") == 1)
    )
    assert chain.report.card["lights"]["Skill"] == "green"
    assert chain.champion.card["champion"] in MODELS
    assert scores["r2"][0] > 0.02
