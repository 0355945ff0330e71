"""Promise: every fold and family is forecast on the test rows of the plan, whoever does the work, and nothing else."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.backtests import run as run_module
from forecast_pipeline.backtests.fold_forecasts import decision_stride
from forecast_pipeline.backtests.parameters import BacktestParameters
from forecast_pipeline.backtests.run import walk_forward
from forecast_pipeline.backtests.schema import FORECASTS, IN_SAMPLE, OUT_OF_SAMPLE, QUANTILE_COLUMNS
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.schema import check_schema
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.models.baselines import garch
from forecast_pipeline.models.registry import BASELINES, NEURAL, TABULAR, family_named
from forecast_pipeline.models.storage import dump_state
from forecast_pipeline.models.tabular.parameters import ForestParameters
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.verification.small_settings import small_parameters

sys.path.insert(0, str(Path(__file__).parent))
from made_split import HORIZONS, made_split

SMALL = BacktestParameters(n_samples=80, in_sample_rows=20, max_decisions_per_fold=100)


AT_ONCE = (*BASELINES, *TABULAR)
"""Families that are fitted in a fraction of a second, and start anew in every fold."""


def settings_of(*names):
    small = {"forest": ForestParameters(n_estimators=5)} | {name: small_parameters(name) for name in NEURAL}
    return {name: small[name] if name in small else family_named(name).parameters_class()() for name in names}


@pytest.fixture(scope="module")
def split():
    """Three folds of hourly bars."""
    return made_split()


@pytest.fixture(scope="module")
def whole(split):
    """Forecasts of every family that is fitted at once."""
    return walk_forward(split, settings_of(*AT_ONCE), SMALL)


@pytest.fixture(scope="module")
def networks(split):
    """Forecasts of every neural family."""
    return walk_forward(split, settings_of(*NEURAL), SMALL)


def test_every_family_is_forecast_on_every_fold(split, whole):
    forecasts, notes = whole.forecasts, whole.notes

    check_schema(forecasts, FORECASTS, "forecasts")
    groups = forecasts.group_by("fold", "model", "segment", "horizon_bars").len()
    assert groups.height == len(split.fold_numbers) * len(AT_ONCE) * 2 * len(HORIZONS)
    assert groups["len"].max() <= 100
    assert notes == []
    assert whole.warm_starts == {}
    assert forecasts.null_count().select(pl.exclude("regime", "fill_ts_utc")).sum_horizontal().item() == 0
    finite = forecasts.select(pl.col("mean", "crps", "sd", "energy", *QUANTILE_COLUMNS).is_finite().all())
    assert finite.row(0) == (True,) * len(finite.columns)


def test_decisions_are_the_rows_of_one_grid_over_all_folds(split, whole):
    forecasts = whole.forecasts
    stride = decision_stride(split, SMALL.max_decisions_per_fold)
    tested = forecasts.filter((pl.col("segment") == OUT_OF_SAMPLE) & (pl.col("horizon_bars") == 1))

    for number in split.fold_numbers:
        fold = split.fold(number)
        rows = range(fold["test_start"], fold["test_stop"])
        expected = split.frame[[row for row in rows if row % stride == 0]].drop_nulls("outcome_6")["close_ts_utc"]
        for name in AT_ONCE:
            found = tested.filter((pl.col("fold") == number) & (pl.col("model") == name))["issued_at_utc"]
            assert found.to_list() == expected.to_list()


@pytest.mark.parametrize("most", [1, 7, 20, 100, 10_000])
def test_the_stride_is_the_smallest_that_asks_no_fold_for_more(split, most):
    lengths = [fold["test_stop"] - fold["test_start"] for fold in map(split.fold, split.fold_numbers)]

    stride = decision_stride(split, most)

    assert max(-(-n // stride) for n in lengths) <= most
    assert stride == 1 or max(-(-n // (stride - 1)) for n in lengths) > most


def test_what_stands_beside_a_forecast_is_the_market_at_its_row(split, whole):
    forecasts = whole.forecasts
    market = split.frame.select("close_ts_utc", "price", "fill_price", "outcome_3")
    rows = forecasts.filter((pl.col("model") == "ridge") & (pl.col("horizon_bars") == 3))

    joined = rows.join(market, left_on="issued_at_utc", right_on="close_ts_utc", suffix="_true")

    assert joined.height == rows.height
    np.testing.assert_array_equal(joined["price"], joined["price_true"])
    np.testing.assert_array_equal(joined["fill_price"], joined["fill_price_true"])
    np.testing.assert_allclose(joined["outcome"], joined["outcome_3"], rtol=0, atol=1e-15)


def test_training_rows_are_forecast_apart(split, whole):
    forecasts = whole.forecasts
    seen = forecasts.filter((pl.col("segment") == IN_SAMPLE) & (pl.col("model") == "ewma"))

    for number in split.fold_numbers:
        instants = seen.filter(pl.col("fold") == number)["issued_at_utc"]
        assert instants.n_unique() <= 20
        assert instants.max() < split.fold(number)["validation_start_utc"]


@pytest.mark.parametrize("n_workers", [1, 3])
def test_who_does_the_work_does_not_change_a_bit(split, whole, monkeypatch, n_workers):
    monkeypatch.setattr(run_module, "N_WORKERS", n_workers)

    again = walk_forward(split, settings_of(*AT_ONCE), SMALL)

    assert again.forecasts.equals(whole.forecasts, null_equal=True)
    assert again.importance.equals(whole.importance)


@pytest.mark.slow
def test_networks_are_forecast_on_every_fold_and_start_from_the_fold_before(split, networks):
    check_schema(networks.forecasts, FORECASTS, "forecasts")
    groups = networks.forecasts.group_by("fold", "model", "segment", "horizon_bars").len()
    assert groups.height == len(split.fold_numbers) * len(NEURAL) * 2 * len(HORIZONS)
    finite = networks.forecasts.select(pl.col("mean", "crps", "sd", *QUANTILE_COLUMNS).is_finite().all())
    assert all(finite.row(0))
    assert networks.warm_starts == dict.fromkeys(NEURAL, split.fold_numbers[1:])


@pytest.mark.slow
@pytest.mark.parametrize("n_workers", [1, 3])
def test_a_network_that_draws_while_another_trains_draws_the_same(split, networks, monkeypatch, n_workers):
    """Torch's generators belong to the process: a draw may not use them."""
    monkeypatch.setattr(run_module, "N_WORKERS", n_workers)

    again = walk_forward(split, settings_of(*NEURAL), SMALL)

    assert again.forecasts.equals(networks.forecasts, null_equal=True)
    assert again.importance.equals(networks.importance)


def test_a_family_is_forecast_alike_in_any_company(split, whole):
    """No family leaves a trace in what the next one of the fold is given."""
    alone = walk_forward(split, settings_of("lasso"), SMALL).forecasts

    assert alone.equals(whole.forecasts.filter(pl.col("model") == "lasso"), null_equal=True)


@pytest.mark.parametrize("name", [*AT_ONCE, *(pytest.param(name, marks=pytest.mark.slow) for name in NEURAL)])
def test_garbage_after_the_cut_off_leaves_the_artefact_bit_identical(split, name):
    """L3, on what the walk-forward itself hands to a family."""
    number = split.fold_numbers[1]
    first_garbage = split.fold(number)["test_start"]
    other = made_split(first_garbage=first_garbage)
    assert other.fold(number)["test_start"] == first_garbage
    chosen = settings_of(name)[name]

    states = []
    for each in (split, other):
        matrix, forecaster = each.matrix(), None
        for earlier in split.fold_numbers[:2]:  # block sums and weights of the fold before are there already
            forecaster = fit_fold(name, chosen, each.arrays(earlier, matrix), earlier, previous=forecaster)
        states.append(dump_state(forecaster.state()))

    assert states[0] == states[1]
    scores = [walk_forward(each, settings_of("random_walk"), SMALL)[0]["crps"].sum() for each in (split, other)]
    assert scores[0] != scores[1]  # the garbage is there


def test_arrays_of_a_shared_matrix_are_those_of_a_fold_alone(split):
    shared = split.matrix()
    for number in split.fold_numbers:
        together, alone = split.arrays(number, shared), split.arrays(number)
        for name in ("train", "validation", "test"):
            np.testing.assert_array_equal(getattr(together, name).inputs, getattr(alone, name).inputs)
            np.testing.assert_array_equal(getattr(together, name).scale, getattr(alone, name).scale)
        assert together.fitting[0].standardised.gram.tobytes() == alone.fitting[0].standardised.gram.tobytes()


def test_a_fallback_of_a_fit_is_recorded(split, monkeypatch, caplog):
    monkeypatch.setattr(garch, "fit_garch", lambda _: (None, "the optimiser did not converge"))

    with caplog.at_level(logging.WARNING):
        notes = walk_forward(split, settings_of("ewma", "garch_t"), SMALL).notes

    assert [note.split(":")[0] for note in notes] == [f"garch_t, fold {k}" for k in split.fold_numbers]
    assert "did not converge" in notes[0]


def test_without_a_split_or_models_the_run_says_what_to_build(home):
    with pytest.raises(MissingData, match="splits of EURUSD 1h must be built first"):
        run_module.run_walk_forward(home, "EURUSD", Timeframe.H1, SMALL)
