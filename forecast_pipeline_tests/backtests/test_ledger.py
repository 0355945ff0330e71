"""The ledger forgets nothing, and what was tried decides how much the best is worth."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.backtests.ledger import LEDGER, add_to_ledger, merged, read_ledger, trial_id
from forecast_pipeline.backtests.overfitting import overfitting_evidence
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline.backtests.surroundings import Surroundings
from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.core.publication import find


def made_trials(gains, *, first_day=0, net=None):
    """Ledger rows of trials ``t0``, ``t1``, … from daily gains over the baseline, shape ``(T, N)``."""
    rows = []
    for k, column in enumerate(np.asarray(gains).T):
        days = np.arange(first_day, first_day + column.size)
        rows.append(
            pl.DataFrame(
                {
                    "trial": [f"t{k}"] * column.size,
                    "model": [f"m{k}"] * column.size,
                    "parameters_sha256": [f"p{k}"] * column.size,
                    "fx_day": days,
                    "horizon_bars": [1] * column.size,
                    "crps_bps": 10.0 - column,
                    "reference_bps": [10.0] * column.size,
                    "net": column if net is None else net[:, k],
                }
            ).select(pl.col(name).cast(kind) for name, kind in LEDGER.items())
        )
    return pl.concat(rows)


def test_a_trial_is_named_by_everything_that_was_chosen():
    names = {trial_id("ridge", {"alpha": a}, s) for a in (1.0, 2.0) for s in ("x", "y")}

    assert len(names) == 4


def test_adding_a_run_twice_changes_nothing_and_a_longer_one_keeps_the_old_days(tmp_path):
    rng = np.random.default_rng(0)
    first, longer = made_trials(rng.normal(size=(30, 2))), made_trials(rng.normal(size=(20, 2)), first_day=20)

    once = add_to_ledger(tmp_path, first)
    again = add_to_ledger(tmp_path, first)
    grown = read_ledger(add_to_ledger(tmp_path, longer))

    assert once.sha256 == again.sha256
    assert grown.filter(trial="t0")["fx_day"].to_list() == list(range(40))
    assert grown.filter(pl.col("fx_day") >= 20).equals(longer)
    assert grown.filter(pl.col("fx_day") < 20).equals(first.filter(pl.col("fx_day") < 20))


def test_a_changed_ledger_is_refused_and_not_started_anew(tmp_path):
    stored = add_to_ledger(tmp_path, made_trials(np.ones((5, 2))))
    stored.path(".parquet").write_bytes(b"nothing was ever tried")

    with pytest.raises(CorruptData, match="must have sha256"):
        add_to_ledger(tmp_path, made_trials(np.ones((5, 1))))
    assert find(tmp_path, "ledger").sha256 == stored.sha256


def test_losers_of_earlier_runs_make_the_same_winner_less_convincing():
    rng = np.random.default_rng(7)
    winner = rng.normal(0.1, 1.0, size=(400, 1))
    losers = rng.normal(0.0, 1.0, size=(400, 60)) * np.linspace(0.5, 2.0, 60)
    run = made_trials(winner)
    known = made_trials(np.hstack([winner, losers]))

    alone = overfitting_evidence(run, run, "m0", 1).statistics
    among = overfitting_evidence(known, run, "m0", 1).statistics

    assert alone["n_trials"] == 1
    assert among["n_trials"] == 61
    assert alone["dsr"] == pytest.approx(alone["psr"])
    assert among["dsr"] < alone["dsr"] - 0.2
    assert among["psr"] == alone["psr"]


def test_pure_noise_is_overfitting_and_a_planted_edge_is_not():
    found = {0.0: [], 0.3: []}
    for edge, seed in itertools.product(found, range(6)):
        gains = np.random.default_rng(seed).normal(size=(300, 30))
        gains[:, 0] += edge
        rows = made_trials(gains)
        found[edge].append(overfitting_evidence(rows, rows, "m0", 1).statistics["pbo"])

    assert np.mean(found[0.0]) > 0.3
    assert np.mean(found[0.3]) < 0.1


def test_trials_without_half_of_the_days_do_not_shorten_the_others():
    rng = np.random.default_rng(1)
    ours, old = made_trials(rng.normal(size=(100, 3))), made_trials(rng.normal(size=(100, 4)), first_day=-80)
    known = merged(old.filter(trial="t3"), ours)

    statistics = overfitting_evidence(known, ours, "m0", 1).statistics

    assert statistics["n_trials"] == 4
    assert statistics["n_pbo_trials"] == 3
    assert statistics["n_pbo_days"] == 100


def test_days_of_the_ledger_are_means_of_the_forecasts(make_forecasts, facts):
    forecasts = make_forecasts(n_rows=400, models=("ridge", "lasso"))
    summary = summarise(forecasts, facts, CostModel())

    day = summary.trials["fx_day"][0]
    rows = summary.trials.filter(fx_day=day, model="ridge", horizon_bars=4)
    tested = forecasts.filter(segment="out_of_sample", model="ridge", horizon_bars=4)
    local = tested["issued_at_utc"].dt.convert_time_zone("America/New_York")
    shifted = (local.dt.offset_by("7h") - dt.timedelta(microseconds=1)).dt.date()
    expected = 1e4 * tested.filter(shifted.cast(pl.Int32) == day)["crps"].mean()

    assert rows["crps_bps"][0] == pytest.approx(expected, rel=1e-12)
    assert set(summary.trials["model"]) == {"ridge", "lasso"}
    assert summary.trials.filter(horizon_bars=1)["net"].is_null().all()
    total = summary.trials.filter(model="ridge", horizon_bars=4)["net"].sum()
    assert total == pytest.approx(summary.economics.filter(model="ridge")["net"][0], abs=1e-12)


def test_the_same_forecasts_after_other_trials_say_how_many_were_tried(make_forecasts, facts):
    forecasts = make_forecasts(n_rows=400)
    earlier = summarise(forecasts, facts | {"model_parameters": {"ridge": {"penalty": 9.0}}}, CostModel()).trials

    summary = summarise(forecasts, facts, CostModel(), surroundings=Surroundings(ledger=earlier))

    assert summary.evidence.overfitting["n_trials"] == 2
    assert summary.evidence.trials["is_this_run"].to_list() == [True, False]
    assert "2 trials in the ledger" in summary.verdict.light("Overfitting").sentence


def test_a_ledger_that_lost_trials_turns_the_light_red(make_forecasts, facts):
    around = Surroundings(n_trials_known=5)

    light = summarise(make_forecasts(n_rows=300), facts, CostModel(), surroundings=around).verdict.light("Overfitting")

    assert light.colour == "red"
    assert "fewer than an earlier report counted" in light.sentence


def test_trials_that_never_traded_count_as_ratios_of_zero():
    rng = np.random.default_rng(5)
    gains = rng.normal(size=(300, 30))
    net = np.zeros((300, 30))
    net[:, 0] = rng.normal(0.15, 1.0, size=300)
    rows = made_trials(gains, net=net)

    statistics = overfitting_evidence(rows, rows, "m0", 1, n_penalties=90).statistics

    assert statistics["expected_max_sharpe"] > 0.0
    assert statistics["dsr"] < statistics["psr"]
    assert statistics["dsr_at_penalties"] < statistics["dsr"]


def test_two_families_that_forecast_alike_count_once():
    gains = np.random.default_rng(2).normal(size=(300, 1))
    twins = made_trials(np.hstack([gains, gains]))
    strangers = made_trials(np.hstack([gains, gains[::-1] + 0.5]))

    assert overfitting_evidence(twins, twins, "m0", 1).statistics["n_pbo_trials"] == 1
    assert np.isnan(overfitting_evidence(twins, twins, "m0", 1).statistics["pbo"])
    assert overfitting_evidence(strangers, strangers, "m0", 1).statistics["n_pbo_trials"] == 2


def test_the_last_close_of_the_week_is_no_day_of_its_own(make_forecasts, facts):
    days = summarise(make_forecasts(n_rows=600), facts, CostModel()).trials["fx_day"].unique()

    weekdays = {dt.date.fromordinal(719_163 + int(day)).weekday() for day in days}
    assert weekdays <= {0, 1, 2, 3, 4}
