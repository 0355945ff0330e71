"""The policy over regimes: noise is not promoted, planted skill is, and no choice sees a later fold."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from forecast_pipeline.backtests.regimes import losses, policy
from forecast_pipeline.backtests.regimes.choice import block_test, choose
from forecast_pipeline.backtests.regimes.ensemble import crps_from_quantiles
from forecast_pipeline.backtests.regimes.losses import BlockSums, decision_regimes, horizon_losses
from forecast_pipeline.backtests.regimes.policy import evaluate_policy, permute_stretches
from forecast_pipeline.backtests.schema import QUANTILE_LEVELS
from forecast_pipeline.core.errors import InvalidConfiguration, MissingData
from forecast_pipeline.scores.significance import giacomini_white
from forecast_pipeline_tests.backtests.regimes.regime_forecasts import regime_rows


def line(result, name, horizon=1):
    is_line = (pl.col("name") == name) & (pl.col("horizon_bars") == horizon)
    return result.comparison.row(by_predicate=is_line, named=True)


def test_noise_is_promoted_no_more_often_than_the_nominal_rate():
    """Five folds, two horizons, three regimes, three rivals: 90 questions a world, adjusted at each fold."""
    n_worlds = 40
    results = [evaluate_policy(regime_rows(seed=seed), n_placebos=0) for seed in range(100, 100 + n_worlds)]
    per_fold = [r.choices.group_by("fold").agg(pl.col("is_promoted").any())["is_promoted"].sum() for r in results]

    # Only gains promote, so half of the nominal 5 % is expected at each of the five folds.
    assert sum(per_fold) / (5 * n_worlds) < 0.05


@pytest.mark.parametrize("seed", [0, 1])
def test_planted_skill_in_one_regime_is_promoted_there_and_only_there(seed):
    result = evaluate_policy(regime_rows(gain=0.1, seed=seed, n_rows=4000), n_placebos=50)
    promoted = result.choices.filter("is_promoted")
    served = result.choices.filter((pl.col("fold") == 5) & (pl.col("horizon_bars") == 1))

    assert set(promoted["regime"]) == {"turbulent"}
    assert set(promoted["model"]) == {"forest"}
    assert served.filter(pl.col("regime") == "turbulent")["model"].to_list() == ["forest"]
    assert line(result, "policy")["gain_low"] > 0
    assert line(result, "policy")["p_value"] < 0.01
    assert line(result, "permuted labels")["p_value"] == pytest.approx(1 / 51)


def test_over_permuted_labels_the_gain_vanishes():
    result = evaluate_policy(regime_rows(gain=0.1, n_rows=3000), n_placebos=100)
    policy_line, placebo = line(result, "policy"), line(result, "permuted labels")

    assert abs(placebo["gain_bps"]) < 0.2 * policy_line["gain_bps"]
    assert placebo["gain_low"] <= 0.0 + 1e-12
    assert placebo["gain_high"] < policy_line["gain_bps"]


def choices_change_with_later_folds(rows, fold=3):
    """Whether garbage in a fold and after it changes a choice for that fold or an earlier one (B7)."""
    garbage = rows.with_columns(
        crps=pl.when((pl.col("fold") >= fold) & (pl.col("model") == "ridge")).then(1e-6).otherwise("crps")
    )
    before, after = (
        evaluate_policy(each, n_placebos=0).choices.filter(pl.col("fold") <= fold) for each in (rows, garbage)
    )
    return not before.equals(after)


def test_no_choice_depends_on_its_own_or_a_later_fold():
    assert not choices_change_with_later_folds(regime_rows(n_rows=1200))


def test_a_policy_that_looks_into_later_folds_is_caught(monkeypatch):
    monkeypatch.setattr(BlockSums, "before", lambda sums, _: (sums.evidence, sums.n_evidence))

    assert choices_change_with_later_folds(regime_rows(n_rows=1200))


def choices_change_with_labels_that_were_open(rows):
    """Whether rows whose labels end after the next fold began change what is chosen for that fold."""
    starts = rows.group_by("fold").agg(pl.col("issued_at_utc").min().alias("start")).with_columns(pl.col("fold") - 1)
    known = rows.join(starts, on="fold", how="left", maintain_order="left")
    is_open = (pl.col("target_ts_utc") > pl.col("start")) & (pl.col("model") == "ridge")
    garbage = known.with_columns(crps=pl.when(is_open).then(-1e3).otherwise("crps")).drop("start")
    before, after = (evaluate_policy(each, n_placebos=0).choices for each in (rows, garbage))
    return not before.equals(after)


def test_a_label_that_was_open_at_the_first_decision_is_no_evidence():
    assert not choices_change_with_labels_that_were_open(regime_rows(n_rows=1200, horizons=(24,)))


def test_learning_from_open_labels_is_caught(monkeypatch):
    honest = losses._of_horizon

    def everything(*arguments):
        found = honest(*arguments)
        found.is_evidence[:] = True
        return found

    monkeypatch.setattr(losses, "_of_horizon", everything)

    assert choices_change_with_labels_that_were_open(regime_rows(n_rows=1200, horizons=(24,)))


def test_the_first_fold_is_served_by_the_default():
    first = evaluate_policy(regime_rows(n_rows=600), default="random_walk", n_placebos=0).choices.filter(
        pl.col("fold") == 0
    )

    assert set(first["model"]) == {"random_walk"}


def test_figures_of_the_policy_equal_a_loop_over_its_choices():
    rows = regime_rows(gain=0.15, n_rows=2400)
    result = evaluate_policy(rows, n_placebos=5)
    served = {(c["fold"], c["regime"]): c for c in result.choices.filter(pl.col("horizon_bars") == 1).to_dicts()}
    crps = {(r["model"], r["issued_at_utc"]): r["crps"] for r in rows.filter(pl.col("horizon_bars") == 1).to_dicts()}
    decisions = rows.filter((pl.col("horizon_bars") == 1) & (pl.col("model") == "ewma")).to_dicts()

    chosen = [crps[served[d["fold"], d["regime"]]["model"], d["issued_at_utc"]] for d in decisions]
    champion = [crps[served[d["fold"], d["regime"]]["champion"], d["issued_at_utc"]] for d in decisions]

    assert line(result, "policy")["crps_bps"] == pytest.approx(1e4 * np.mean(chosen), rel=1e-12)
    assert line(result, "global champion")["crps_bps"] == pytest.approx(1e4 * np.mean(champion), rel=1e-12)
    gain = 1e4 * (np.mean(champion) - np.mean(chosen))
    assert gain > 0.05
    assert line(result, "policy")["gain_bps"] == pytest.approx(gain, rel=1e-9)


def test_gains_from_block_sums_equal_gains_from_rows():
    rows = regime_rows(gain=0.15, n_rows=2400)
    horizon = horizon_losses(rows)[0]
    labels, regimes = decision_regimes(rows)
    sums = [each.sums(labels, len(regimes)) for each in horizon_losses(rows)]
    choices = [choose(sums, horizon.is_baseline, fold, 0)[0] for fold in range(6)]
    served, champions = np.asarray([c.by_regime for c in choices]), np.asarray([c.champion for c in choices])

    found = policy._gain(sums[0], served, champions)

    expected = line(evaluate_policy(rows, n_placebos=0), "policy")["gain_bps"]
    assert 1e4 * found == pytest.approx(expected, rel=1e-9)
    assert expected > 0


def test_a_champion_is_a_model_only_once_it_is_proven():
    rows = regime_rows(n_rows=3000)
    everywhere = rows.with_columns(
        crps=pl.when(pl.col("model") == "ridge").then(0.8 * pl.col("crps")).otherwise("crps")
    )
    champions = evaluate_policy(everywhere, n_placebos=0).choices.filter(pl.col("horizon_bars") == 1)

    assert champions.filter(pl.col("fold") == 0)["champion"].unique().to_list() == ["ewma"]
    assert champions.filter(pl.col("fold") == 5)["champion"].unique().to_list() == ["ridge"]


def test_unknown_is_served_by_the_champion():
    rows = regime_rows(gain=0.3, better_in="turbulent", n_rows=3000)
    hidden = rows.with_columns(regime=pl.when(pl.col("regime") != "turbulent").then("regime"))
    choices = evaluate_policy(hidden, n_placebos=0).choices

    assert set(choices["regime"]) == {"calm", "normal", "unknown"}
    assert not choices.filter(pl.col("regime") == "unknown")["is_promoted"].any()


def test_permuting_keeps_every_stretch():
    labels = np.repeat([0, 1, -1, 2, 0], [3, 1, 4, 2, 5])
    permuted = permute_stretches(labels, np.random.default_rng(3))

    assert sorted(permuted) == sorted(labels)
    assert permuted.tolist() != labels.tolist()


def test_equal_input_gives_equal_results():
    rows = regime_rows(n_rows=800)
    one, other = (
        evaluate_policy(each, n_placebos=20) for each in (rows, rows.sample(fraction=1, shuffle=True, seed=1))
    )

    assert one.comparison.equals(other.comparison)
    assert one.choices.equals(other.choices)


def test_the_block_test_has_its_size_and_agrees_with_the_test_on_rows():
    rng = np.random.default_rng(2)
    rejections, p_block, p_row = 0, [], []
    for _ in range(300):
        difference = rng.standard_normal((60, 24))
        is_inside = rng.random(60) < 0.6  # whole days
        gains = np.where(is_inside, difference.sum(axis=1), 0.0)[:, None, None]
        p_block.append(block_test(gains, 24 * is_inside.astype(int)[:, None], 5).p_value[0, 0])
        dummy = np.repeat(is_inside, 24).astype(float)[:, None]
        p_row.append(giacomini_white(difference.ravel(), np.zeros(1440), 1, dummy).p_value)
        rejections += p_block[-1] < 0.05

    assert 0.02 < rejections / 300 < 0.09
    assert stats.spearmanr(p_block, p_row).statistic > 0.95


def test_crps_from_quantiles_comes_near_the_closed_form():
    z = stats.norm.ppf(QUANTILE_LEVELS)
    outcome = np.random.default_rng(0).standard_normal(4000)
    closed = outcome * (2 * stats.norm.cdf(outcome) - 1) + 2 * stats.norm.pdf(outcome) - 1 / np.sqrt(np.pi)

    assert crps_from_quantiles(np.tile(z, (4000, 1)), QUANTILE_LEVELS, outcome).mean() == pytest.approx(
        closed.mean(), rel=0.02
    )


def test_what_cannot_be_compared_is_refused():
    rows = regime_rows(n_rows=200)
    with pytest.raises(MissingData, match="was none"):
        evaluate_policy(rows.head(0))
    with pytest.raises(MissingData, match="baseline"):
        evaluate_policy(rows.filter(~pl.col("is_baseline")))
    with pytest.raises(InvalidConfiguration, match="default must be one of"):
        evaluate_policy(rows, default="oracle")
