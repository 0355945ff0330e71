"""The verdict: green only where skill was planted, and two different sentences for not finding it."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from scipy import stats

from forecast_pipeline.backtests.gather import CalibrationEvidence
from forecast_pipeline.backtests.lights import calibration_light, skill_light
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline.backtests.surroundings import Surroundings
from forecast_pipeline.core.errors import CorruptData, MissingData


def planted(*alive):
    codes = ["S1", "S3", "A2"]
    killed = [code not in alive for code in codes]
    return pl.DataFrame({"mutant": codes, "group": "splits", "description": "", "killed_by": "L3", "is_killed": killed})


CLEAN = Surroundings(planted=planted(), invariance={"ridge": "identical"})


def colours(summary):
    return {light.name: light.colour for light in summary.verdict.lights}


def test_planted_skill_is_found(make_forecasts, facts):
    summary = summarise(make_forecasts(skill=0.25), facts, CostModel())

    assert colours(summary)["Skill"] == "green"
    assert "beats the best baseline, random_walk" in summary.verdict.conclusion
    assert "too good" in summary.verdict.doubt


@pytest.mark.parametrize("seed", range(8))
def test_a_random_walk_is_not_green(make_forecasts, facts, seed):
    summary = summarise(make_forecasts(seed=seed, models=("ridge", "forest")), facts, CostModel())

    assert colours(summary)["Skill"] != "green"
    assert summary.verdict.conclusion == "No model is shown to beat the best baseline"


def test_no_skill_and_not_enough_data_are_different_sentences(make_forecasts, facts):
    costs = CostModel(spread_pips=2.0)
    enough = summarise(make_forecasts(n_rows=3000, horizons=(1,), noise=0.01), facts, costs)
    scarce = summarise(make_forecasts(n_rows=100, horizons=(1,), noise=0.01), facts, costs)

    assert "could have shown" in enough.verdict.light("Skill").sentence
    assert "could not have shown" in scarce.verdict.light("Skill").sentence
    assert colours(enough)["Power"] == "green"
    assert colours(scarce)["Power"] == "amber"


def test_p_values_are_corrected_over_all_models_and_horizons_but_not_baselines(make_forecasts, facts):
    scores = summarise(make_forecasts(models=("a", "b"), n_rows=400), facts, CostModel()).scores
    contenders = scores.filter(~pl.col("is_baseline")).sort("dm_p_value")

    raw = contenders["dm_p_value"].to_list()
    expected = [min(1.0, max(raw[k] * (4 - k) for k in range(rank + 1))) for rank in range(4)]

    assert contenders["dm_p_adjusted"].to_list() == pytest.approx(expected, rel=1e-12)
    assert scores.filter("is_baseline")["dm_p_adjusted"].is_null().all()


@pytest.mark.parametrize(("n_eff", "colour"), [(29, "amber"), (30, "green")])
def test_skill_on_few_independent_rows_is_not_green(n_eff, colour):
    row = {
        "model": "ridge",
        "horizon_bars": 1,
        "is_baseline": False,
        "baseline": "random_walk",
        "crps_skill": 0.1,
        "dm_p_adjusted": 0.01,
        "n_eff": n_eff,
    }

    assert skill_light(row, ic_needed=0.5, n_tested=1).colour == colour


def test_a_significant_loss_is_called_a_loss_and_not_a_lack_of_data(make_forecasts, facts):
    summary = summarise(make_forecasts(noise=0.8, n_rows=600), facts, CostModel(), surroundings=CLEAN)

    assert colours(summary)["Skill"] == "red"
    assert summary.verdict.light("Skill").sentence.startswith("Worse than the best baseline beyond chance")
    assert summary.verdict.doubt.startswith("It is a result about these fits")


def narrowed(forecasts, share=0.6):
    levels = [c for c in forecasts.columns if c.startswith("q")]
    return forecasts.with_columns((share * pl.col(q) + (1.0 - share) * pl.col("mean")).alias(q) for q in levels)


def test_the_calibration_light_speaks_of_intervals_as_they_are_served_and_names_the_fitted_ones(make_forecasts, facts):
    forecasts = make_forecasts(n_rows=6000, horizons=(1,))
    fitted, mended = (summarise(each, facts, CostModel()) for each in (forecasts, narrowed(forecasts)))

    row = mended.evidence.calibration.filter(model="ridge").row(0, named=True)
    assert row["coverage_90_before"] < 0.75
    assert 0.88 <= row["coverage_90_after"] <= 0.92
    assert colours(fitted)["Calibration"] != "red"
    assert f"as fitted {100 * row['coverage_90_before']:.1f} %" in mended.verdict.light("Calibration").sentence


def test_intervals_that_the_layer_could_not_mend_turn_the_calibration_light_red(make_forecasts, facts):
    # Ninety rows are too few to learn that a range is fifty times too narrow.
    forecasts = make_forecasts(n_rows=90, horizons=(1,))

    assert colours(summarise(narrowed(forecasts, 0.02), facts, CostModel()))["Calibration"] == "red"
    assert colours(summarise(forecasts, facts, CostModel()))["Calibration"] != "red"


@pytest.mark.parametrize(
    ("suite", "colour"),
    [
        (None, "amber"),
        ({"n_cuts": 9, "n_findings": 0}, "green"),
        ({"n_cuts": 9, "n_findings": 2}, "red"),
        ({"n_cuts": 9, "n_findings": 0, "n_skipped": 1}, "amber"),
        ({"n_cuts": 9}, "amber"),
    ],
    ids=["missing", "clean", "leaking", "skipped", "no findings recorded"],
)
def test_leak_light(make_forecasts, facts, suite, colour):
    around = Surroundings(planted=planted(), invariance={"ridge": "identical"})
    summary = summarise(make_forecasts(n_rows=100), facts | {"leak_suite": suite}, CostModel(), surroundings=around)

    assert colours(summary)["Leak suite"] == colour
    assert (colour == "red") == summary.verdict.doubt.startswith("The leak suite found")


@pytest.mark.parametrize(
    ("around", "colour", "words"),
    [
        (Surroundings(), "amber", "no mutation score is recorded and no artefact was refitted"),
        (Surroundings(planted=planted()), "amber", "no artefact was refitted"),
        (Surroundings(invariance={"ridge": "identical"}), "amber", "no mutation score"),
        (Surroundings(planted=planted("S3"), invariance={"ridge": "identical"}), "red", "not caught: S3"),
        (Surroundings(planted=planted(), invariance={"ridge": "weights"}), "red", "artefacts of ridge change"),
    ],
)
def test_the_leak_light_wants_planted_leaks_caught_and_artefacts_unchanged(
    make_forecasts, facts, around, colour, words
):
    light = summarise(make_forecasts(n_rows=100), facts, CostModel(), surroundings=around).verdict.light("Leak suite")

    assert light.colour == colour
    assert words in light.sentence


def test_the_doubt_and_the_cost_light_say_which_share_of_the_spread_was_measured(make_forecasts, facts):
    forecasts = make_forecasts(skill=0.08, n_rows=4000, horizons=(1,))
    is_quoted = pl.col("issued_at_utc").dt.hour() < 12
    half = forecasts.with_columns(spread=pl.when(is_quoted).then("spread"))
    profile = pl.DataFrame({"hour_of_week": range(120), "spread": [0.0001] * 120, "n_candles": [1] * 120})

    whole = summarise(forecasts, facts, CostModel())
    part = summarise(half, facts, CostModel(), spread_profile=profile, surroundings=CLEAN)

    result = part.economics.row(0, named=True)
    assert result["measured_spread_fraction"] + result["profiled_spread_fraction"] == pytest.approx(1.0)
    assert 0.0 < result["measured_spread_fraction"] < 1.0
    words = f"profiled at {100 * result['profiled_spread_fraction']:.1f} % and assumed at 0.0 % of decisions"
    assert words in part.verdict.light("Cost robustness").sentence
    assert words in part.verdict.doubt
    assert "profiled" not in whole.verdict.light("Cost robustness").sentence + whole.verdict.doubt


def test_every_score_has_an_effective_sample_size_no_larger_than_its_disjoint_labels(make_forecasts, facts):
    scores = summarise(make_forecasts(horizons=(1, 4, 12)), facts, CostModel()).scores

    assert (scores["n_eff"] <= scores["n_disjoint"]).all()
    assert scores.filter(pl.col("horizon_bars") == 12)["n_disjoint"].to_list() == [125] * 3


def test_scores_equal_an_independent_computation(make_forecasts, facts):
    forecasts = make_forecasts(skill=0.2)
    summary = summarise(forecasts, facts, CostModel())

    for row in summary.scores.iter_rows(named=True):
        rows = forecasts.filter(segment="out_of_sample", model=row["model"], horizon_bars=row["horizon_bars"])
        outcome, mean = rows["outcome"].to_numpy(), rows["mean"].to_numpy()
        inside = (rows["q05"].to_numpy() <= outcome) & (outcome <= rows["q95"].to_numpy())
        assert row["crps_bps"] == pytest.approx(1e4 * rows["crps"].mean(), rel=1e-9)
        assert row["mae_bps"] == pytest.approx(1e4 * np.abs(outcome - mean).mean(), rel=1e-9)
        assert row["r2"] == pytest.approx(1 - ((outcome - mean) ** 2).sum() / (outcome**2).sum(), abs=1e-9)
        assert row["coverage_90"] == pytest.approx(inside.mean(), rel=1e-9)
        if not row["is_baseline"]:
            assert row["ic"] == pytest.approx(stats.pearsonr(mean, outcome).statistic, abs=1e-9)


def test_order_of_rows_does_not_matter(make_forecasts, facts):
    forecasts = make_forecasts(skill=0.2, n_rows=300)

    plain = summarise(forecasts, facts, CostModel())
    shuffled = summarise(forecasts.sample(fraction=1.0, shuffle=True, seed=1), facts, CostModel())

    assert plain.scores.equals(shuffled.scores, null_equal=True)
    assert plain.folds.equals(shuffled.folds, null_equal=True)
    assert plain.verdict == shuffled.verdict


def test_pooled_scores_are_the_weighted_mean_of_the_folds(make_forecasts, facts):
    summary = summarise(make_forecasts(skill=0.2, n_folds=3), facts, CostModel())
    folds = summary.folds.filter(model="ridge", horizon_bars=4)
    pooled = summary.scores.row(by_predicate=(pl.col("model") == "ridge") & (pl.col("horizon_bars") == 4), named=True)

    mean = (folds["crps_bps"] * folds["n_rows"]).sum() / folds["n_rows"].sum()

    assert mean == pytest.approx(pooled["crps_bps"], rel=1e-9)


def test_the_baseline_compared_with_is_the_best_of_its_horizon(make_forecasts, facts):
    summary = summarise(make_forecasts(baselines=("ewma", "random_walk", "climatology")), facts, CostModel())
    baselines = summary.scores.filter("is_baseline")

    for horizon in (1, 4):
        best = baselines.filter(horizon_bars=horizon).sort("crps_bps", "model")["model"][0]
        models = summary.scores.filter(~pl.col("is_baseline"), pl.col("horizon_bars") == horizon)
        assert models["baseline"].unique().to_list() == [best]


def test_in_sample_rows_change_nothing_out_of_sample(make_forecasts, facts):
    forecasts = make_forecasts(n_rows=300)
    without = forecasts.filter(segment="out_of_sample")

    scores = summarise(forecasts, facts, CostModel()).scores
    alone = summarise(without, facts, CostModel())

    assert scores.equals(alone.scores, null_equal=True)
    assert alone.samples["r2_in"].is_null().all()


def test_a_file_without_tested_rows_is_refused(make_forecasts, facts):
    trained = make_forecasts(n_rows=50).filter(segment="in_sample")

    with pytest.raises(MissingData, match="out-of-sample"):
        summarise(trained, facts, CostModel())


def test_another_schema_is_refused(make_forecasts, facts):
    with pytest.raises(CorruptData, match="crps is missing"):
        summarise(make_forecasts(n_rows=50).drop("crps"), facts, CostModel())


def test_coverage_outside_88_to_92_percent_is_not_green_however_few_rows_excuse_it(make_forecasts, facts):
    """With sixty independent rows the binomial band alone reaches from 82 to 97 %."""
    row = {"model": "ridge", "horizon_bars": 1, "n_eff": 60}
    table = pl.DataFrame(
        {
            "model": ["ridge"],
            "horizon_bars": [1],
            "n_eff": [60],
            "coverage_90_before": [0.9],
            "coverage_90_after": [0.85],
            "kupiec_p_after": [0.3],
        }
    )
    hours = pl.DataFrame(schema={"block": pl.String(), "coverage_90": pl.Float64(), "n_eff": pl.Int64()})
    evidence = CalibrationEvidence(table=table, width=table, hours=hours, christoffersen_p_value=0.5)
    inside = dataclasses.replace(evidence, table=table.with_columns(coverage_90_after=0.9))

    assert calibration_light(row, evidence).colour == "amber"
    assert "cannot be told from 90 %" in calibration_light(row, evidence).sentence
    assert calibration_light(row, inside).colour == "green"
    assert "no block of the week had 100 independent rows" in calibration_light(row, inside).sentence


@pytest.mark.parametrize(("n_eff", "could"), [(40_000, True), (2_000, False)])
def test_could_not_have_found_is_about_the_very_test_and_horizon(n_eff, could):
    """An IC of 0.05 is seen by a test of the IC at 4,000 rows, by Diebold and Mariano's over ten pairs at 24,000."""
    row = {
        "model": "ridge",
        "horizon_bars": 1,
        "is_baseline": False,
        "baseline": "har",
        "crps_skill": -0.01,
        "dm_p_adjusted": 0.5,
        "n_eff": n_eff,
    }

    sentence = skill_light(row, ic_needed=0.05, n_tested=10).sentence

    assert ("could have shown" in sentence) == could
    assert ("could not have shown" in sentence) != could
