"""Scores within regimes: by hand on few rows, honest about what few rows prove."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.backtests.regimes.score import evaluate_regime_performance, regime_scores
from forecast_pipeline.scores.significance import benjamini_hochberg, giacomini_white
from forecast_pipeline_tests.backtests.regimes.regime_forecasts import regime_rows


def test_skill_and_test_of_a_regime_are_those_of_its_rows():
    rows = regime_rows(gain=0.1, n_rows=1200)
    found = regime_scores(rows).row(
        by_predicate=(pl.col("model") == "forest") & (pl.col("horizon_bars") == 4) & (pl.col("regime") == "turbulent"),
        named=True,
    )
    wide = rows.filter(pl.col("horizon_bars") == 4).pivot("model", index=["issued_at_utc", "regime"], values="crps")
    inside = (wide["regime"] == "turbulent").to_numpy()
    loss, reference = wide["forest"].to_numpy(), wide[found["baseline"]].to_numpy()
    test = giacomini_white(loss, reference, 4, inside[:, None].astype(float))

    assert found["n_rows"] == inside.sum()
    assert found["n_eff"] < inside.sum() / 3
    assert found["crps_skill"] == pytest.approx(1 - loss[inside].sum() / reference[inside].sum(), rel=1e-12)
    assert found["p_value"] == pytest.approx(test.p_value, rel=1e-9)
    assert found["crps_skill_low"] < found["crps_skill"] < found["crps_skill_high"]


def test_the_interval_holds_the_truth_as_often_as_it_says():
    hits = []
    for seed in range(60):
        scores = regime_scores(regime_rows(gain=0.1, n_rows=900, seed=seed)).filter(
            (pl.col("model") == "forest") & (pl.col("baseline") == "ewma")
        )
        truth = np.where(scores["regime"] == "turbulent", 0.1, -0.05)
        hits += (
            (scores["crps_skill_low"].to_numpy() < truth) & (truth < scores["crps_skill_high"].to_numpy())
        ).tolist()

    assert 0.88 < np.mean(hits) <= 0.99


def test_p_values_are_adjusted_over_models_regimes_and_horizons_but_not_baselines():
    scores = regime_scores(regime_rows(n_rows=900))
    contenders = scores.filter(~pl.col("is_baseline"))

    assert contenders.height == 2 * 3 * 2
    assert contenders["p_adjusted"].to_list() == pytest.approx(benjamini_hochberg(contenders["p_value"].to_numpy()))
    assert scores.filter("is_baseline")["p_adjusted"].is_nan().all()


def test_a_regime_with_few_independent_rows_is_not_reliable_and_not_tested():
    rows = regime_rows(n_rows=900)
    rare = rows["issued_at_utc"].unique().sort()[:60]  # sixty rows, fifteen disjoint labels of four bars
    rows = rows.with_columns(
        regime=pl.when(pl.col("issued_at_utc").is_in(rare.implode())).then(pl.lit("rare")).otherwise(pl.lit("usual"))
    )
    found = regime_scores(rows).filter((pl.col("regime") == "rare") & (pl.col("model") == "ridge")).sort("horizon_bars")

    assert found["is_reliable"].to_list() == [True, False]
    assert math.isfinite(found["p_value"][0])
    assert math.isnan(found["p_value"][1])


def test_shrinking_draws_towards_the_skill_over_all_regimes():
    noise = regime_scores(regime_rows(n_rows=900, seed=4)).filter(pl.col("model") == "ridge")
    planted = regime_scores(regime_rows(gain=0.3, n_rows=1500)).filter(
        (pl.col("model") == "forest") & (pl.col("horizon_bars") == 1)
    )

    assert noise["shrunk_skill"].std() < noise["crps_skill"].std()
    assert planted["shrunk_skill"].to_list() == pytest.approx(planted["crps_skill"].to_list(), abs=0.02)


def test_the_rule_of_the_specification_keeps_noise_as_often_as_it_says():
    kept = [
        evaluate_regime_performance(regime_scores(regime_rows(n_rows=400, seed=seed, horizons=(1,))))["is_kept"]
        for seed in range(40)
    ]
    told = evaluate_regime_performance(regime_scores(regime_rows(n_rows=400, horizons=(1,))))

    assert told["false_pass_probability"].to_list() == [0.875, 0.875]
    # The reference is the better of two baselines, so noise loses a little more often than it wins.
    assert 0.6 < np.mean([value for each in kept for value in each]) < 0.95


def test_without_a_baseline_there_is_nothing_to_score():
    scores = regime_scores(regime_rows(n_rows=100).filter(~pl.col("is_baseline")))

    assert scores.is_empty()
    assert evaluate_regime_performance(scores).is_empty()
