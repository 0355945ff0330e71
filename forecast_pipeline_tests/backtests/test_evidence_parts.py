"""Evidence besides the score tables: each part against a slower way to the same number."""

from __future__ import annotations

import datetime as dt
import math
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from scipy import stats

from forecast_pipeline.backtests import gather
from forecast_pipeline.backtests.hours import block_name, hour_blocks, week_blocks
from forecast_pipeline.backtests.model_sets import model_sets
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.recalibration import recalibrate
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline.backtests.tables import fold_samples, scores_and_comparisons
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.scores.model_set import model_confidence_set


def out_of_sample(make_forecasts, **settings):
    rows = make_forecasts(**settings).filter(segment="out_of_sample")
    return rows.sort("horizon_bars", "is_baseline", "model", "issued_at_utc")


def test_blocks_of_the_week_are_four_hours_of_new_york_also_across_the_change_of_clocks():
    instants = [dt.datetime(2024, 3, 4, tzinfo=dt.UTC) + dt.timedelta(hours=7 * k) for k in range(60)]
    micros = np.array([int(each.timestamp()) * 1_000_000 for each in instants])
    names = [block_name(int(block)) for block in week_blocks(micros)]

    for instant, name in zip(instants, names, strict=True):
        local = instant.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None)
        shifted = local + dt.timedelta(hours=7, microseconds=-1)  # a close belongs to what it ends
        first = (17 + shifted.hour // 4 * 4) % 24
        expected = f"{shifted:%a} {first:02d}-{(first + 4) % 24:02d}" if shifted.weekday() < 5 else "over the weekend"
        assert name == expected


def test_coverage_and_skill_of_a_block_are_those_of_its_rows(make_forecasts):
    rows = out_of_sample(make_forecasts, n_rows=1200, horizons=(1,))
    own, other = rows.filter(model="ridge"), rows.filter(model="random_walk")
    found = hour_blocks(own, other.select("fold", "issued_at_utc", reference="crps"))

    assert found["n_rows"].sum() == own.height
    # The made-up decisions include the open of the week, which ends nothing.
    assert found.filter(pl.col("block") != "over the weekend").height == 30
    name, share, skill = found.select("block", "coverage_90", "crps_skill").row(7)
    of_block = pl.Series(
        [block_name(int(b)) == name for b in week_blocks(own["issued_at_utc"].to_physical().to_numpy())]
    )
    part, reference = own.filter(of_block), other.filter(of_block)
    inside = (part["q05"] <= part["outcome"]) & (part["outcome"] <= part["q95"])
    assert share == pytest.approx(inside.mean())
    assert skill == pytest.approx(1 - part["crps"].sum() / reference["crps"].sum())


def test_the_model_set_is_that_of_daily_means_and_a_planted_edge_stands_alone(make_forecasts):
    rows = out_of_sample(make_forecasts, skill=0.3, n_rows=1500, horizons=(1,))
    scores, _ = scores_and_comparisons(rows)
    found = model_sets(rows, scores, Timeframe("1h"))

    shifted = rows["issued_at_utc"].dt.convert_time_zone("America/New_York").dt.offset_by("7h").dt.date()
    daily = (
        rows.with_columns(day=shifted).pivot("model", index="day", values="crps", aggregate_function="mean").sort("day")
    )
    models = sorted(rows["model"].unique())
    again = model_confidence_set(daily.select(models).to_numpy(), 1 / 24, seed=20_110_301)

    assert dict(found.select("model", "mcs_p_value").iter_rows()) == pytest.approx(
        dict(zip(models, again.p_values, strict=True))
    )
    assert found.filter("is_in_set")["model"].to_list() == ["ridge"]
    assert found.filter(model="ridge")["is_stepm_superior"].to_list() == [True]
    assert found.filter(model="ridge")["spa_p_value"][0] < 0.05
    assert found.filter("is_baseline")["spa_p_value"].null_count() == 2


def test_models_without_skill_stay_together(make_forecasts):
    rows = out_of_sample(make_forecasts, n_rows=1500, horizons=(1,), noise=0.01)
    scores, _ = scores_and_comparisons(rows)
    found = model_sets(rows, scores, Timeframe("1h"))

    assert {"ridge", "random_walk"} <= set(found.filter("is_in_set")["model"])
    assert not found["is_stepm_superior"].any()


def test_calibration_speaks_of_the_headline_model_and_counts_rows_once(make_forecasts):
    rows = out_of_sample(make_forecasts, n_rows=900, horizons=(1, 4))
    done = recalibrate(rows)
    found = gather.calibration_evidence(done, rows, "random_walk", "ridge", 4)

    own = done.rows.filter(model="ridge", horizon_bars=4)
    assert found.width["raw_width_bps"].to_numpy() == pytest.approx(
        1e4 * (own["q95"] - own["q05"]).gather_every(3).to_numpy()
    )
    assert found.hours["n_rows"].sum() == own.height
    assert found.table.height == 6
    assert 0.0 <= found.christoffersen_p_value <= 1.0


def test_without_labels_of_regimes_there_is_no_regime_evidence(make_forecasts):
    rows = out_of_sample(make_forecasts, n_rows=300, horizons=(1,))

    assert gather.regime_evidence(rows, 1, 1) == {}


def test_regime_evidence_shows_the_policy_of_one_horizon_beside_its_placebo(make_forecasts):
    rows = out_of_sample(make_forecasts, n_rows=900, horizons=(1, 4), regimes=("calm", "wild"))
    found = gather.regime_evidence(rows, 1, 4)

    assert set(found["regimes"]["regime"]) == {"calm", "wild"}
    assert "permuted labels" in found["policy"]["name"].to_list()
    assert found["policy"].height == found["policy"]["name"].n_unique()
    assert 0.0 <= found["placebo_percentile"] <= 1.0
    assert found["regime_rule"]["false_pass_probability"].to_list() == [0.75, 0.75]


def test_degradation_is_the_slope_of_a_least_squares_line():
    rng = np.random.default_rng(0)
    inside = rng.normal(size=12)
    outside = 0.5 * inside + 0.1 * rng.normal(size=12)
    losses = pl.concat(fold_of(inside, outside, fold, rng) for fold in range(5))
    found = gather.degradation(losses)

    assert found["slope"] == pytest.approx(stats.linregress(inside, outside).slope, rel=1e-6)
    assert found["slope_low"] <= found["slope"] <= found["slope_high"]
    assert found["slope_low"] < found["slope_high"] - 0.1
    assert (found["n"], found["n_folds"]) == (12, 5)
    assert gather.degradation(losses.filter(pl.col("horizon_bars") < 3)) == {}
    assert gather.degradation(losses.with_columns(loss_in=pl.col("reference_in"))) == {}
    assert math.isnan(gather.degradation(losses.filter(fold=0))["slope_low"])


def fold_of(inside, outside, fold, rng):
    """Losses of one fold whose deviations from the pooled skills cancel over five folds."""
    away = 0.3 * (fold - 2) * np.sign(np.arange(12) % 2 - 0.5)
    columns = {
        "fold": [fold] * 12,
        "horizon_bars": range(1, 13),
        "is_baseline": [False] * 12,
        "model": ["m"] * 12,
        "loss_in": 1.0 - inside - away,
        "reference_in": [1.0] * 12,
        "loss_out": 1.0 - outside + 2.0 * away,
        "reference_out": [1.0] * 12,
    }
    return pl.DataFrame(columns)


def test_losses_by_fold_add_up_to_the_pooled_skill(make_forecasts, facts):
    forecasts = make_forecasts(n_rows=600)
    ordered = forecasts.sort("horizon_bars", "is_baseline", "model", "issued_at_utc", "fold")
    summary = summarise(forecasts, facts, CostModel())
    losses = fold_samples(ordered, summary.scores).group_by("model", "horizon_bars").agg(pl.selectors.float().sum())

    for row in losses.iter_rows(named=True):
        own = summary.samples.filter(model=row["model"], horizon_bars=row["horizon_bars"]).row(0, named=True)
        assert 1 - row["loss_out"] / row["reference_out"] == pytest.approx(own["crps_skill_out"], abs=1e-12)
        assert 1 - row["loss_in"] / row["reference_in"] == pytest.approx(own["crps_skill_in"], abs=1e-12)


def test_importance_of_the_headline_model_stands_beside_every_feature():
    features = pl.DataFrame({"column": ["a", "b"], "timeframe": ["1h"] * 2, "missing_fraction": [0.0, 0.5]})
    rows = [
        (fold, model, c, v)
        for fold in (0, 1)
        for model, c, v in [("m", "a", 1.0 + fold), ("m", "b", 0.0), ("n", "a", 9.0)]
    ]
    importance = pl.DataFrame(rows, schema=["fold", "model", "column", "importance"], orient="row")
    found = gather.feature_evidence(features, importance, "m")

    assert found["features"]["importance"].to_list() == [1.5, 0.0]
    assert found["importance_stability"] == pytest.approx(1.0)
    assert gather.feature_evidence(None, importance, "m") == {}
    assert math.isnan(gather.feature_evidence(features, None, "m")["importance_stability"])


def test_new_scores_agree_with_their_definitions(make_forecasts, facts):
    forecasts = make_forecasts(skill=0.2, n_rows=600, horizons=(4,))
    summary = summarise(forecasts, facts | {"decision_stride_bars": 4}, CostModel())
    rows = forecasts.filter(segment="out_of_sample", model="ridge").sort("issued_at_utc")
    found = summary.scores.filter(model="ridge").row(0, named=True)
    ratio = rows["outcome"] ** 2 / rows["sd"] ** 2

    assert found["qlike"] == pytest.approx((ratio - ratio.log() - 1).mean(), rel=1e-9)
    assert found["crps_tails_bps"] == pytest.approx(1e4 * rows["crps_tails"].mean(), rel=1e-9)
    assert found["energy_bps"] == pytest.approx(1e4 * rows["energy"].mean(), rel=1e-9)
    assert found["rank_ic"] == pytest.approx(stats.spearmanr(rows["mean"], rows["outcome"]).statistic, abs=1e-9)
    assert found["n_crossings"] == 0
    assert found["pt_p_value"] < 0.05
    assert found["n_pt"] == found["n_disjoint"]


def test_the_overlap_is_counted_in_decisions_and_not_in_bars(make_forecasts, facts):
    forecasts = make_forecasts(n_rows=900, horizons=(4,))
    thinned = (
        forecasts.with_columns(k=pl.int_range(pl.len()).over("model", "segment")).filter(pl.col("k") % 4 == 0).drop("k")
    )
    dense = summarise(thinned, facts, CostModel()).comparisons.filter(model="ridge")
    sparse = summarise(thinned, facts | {"decision_stride_bars": 4}, CostModel()).comparisons.filter(model="ridge")

    assert dense["crps_skill"].to_list() == sparse["crps_skill"].to_list()
    assert dense["dm_statistic"].to_list() != sparse["dm_statistic"].to_list()


def test_the_pit_is_tested_from_every_first_row_and_no_phase_is_picked(make_forecasts, facts):
    forecasts = make_forecasts(n_rows=600, horizons=(4,))
    found = summarise(forecasts, facts, CostModel()).scores.filter(model="ridge").row(0, named=True)
    pit = forecasts.filter(segment="out_of_sample", model="ridge").sort("issued_at_utc")["pit"].to_numpy()
    each = [stats.kstest(pit[phase::4], "uniform").pvalue for phase in range(4)]

    assert found["pit_phases_smallest"] == pytest.approx(min(each), abs=1e-6)
    assert found["pit_phases_largest"] == pytest.approx(max(each), abs=1e-6)
    assert found["pit_phases_p_value"] == pytest.approx(min(1.0, 2.0 * np.median(each)), abs=1e-6)
