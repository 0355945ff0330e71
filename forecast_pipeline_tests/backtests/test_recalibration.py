"""The calibration layer over stored forecasts: one run across folds, honest about its price, its states stored."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.backtests import recalibration
from forecast_pipeline.backtests.recalibration import CALIBRATED_COLUMNS, calibration_table, recalibrate
from forecast_pipeline.backtests.schema import OUT_OF_SAMPLE, QUANTILE_COLUMNS, QUANTILE_LEVELS
from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.models.conformal.layer import calibrate
from forecast_pipeline.models.conformal.state import ConformalState


@pytest.fixture(scope="module")
def tested(make_forecasts):
    return make_forecasts(n_rows=1200).filter(pl.col("segment") == OUT_OF_SAMPLE)


def squeezed(tested, share):
    """The same forecasts with every quantile at a share of its distance from the median."""
    return tested.with_columns(
        [(pl.col("q50") + share * (pl.col(q) - pl.col("q50"))).alias(q) for q in QUANTILE_COLUMNS]
    )


def test_every_row_comes_back_once_with_quantiles_in_order(tested):
    rows = recalibrate(tested).rows

    assert rows.height == tested.height
    assert (np.diff(rows.select(CALIBRATED_COLUMNS).to_numpy(), axis=1) >= 0).all()


def alone(rows, overlap_rows, known=None):
    """The layer over one model and horizon."""
    return calibrate(
        ConformalState.start(QUANTILE_LEVELS, overlap_rows),
        rows["issued_at_utc"].to_physical().to_numpy(),
        rows["target_ts_utc"].to_physical().to_numpy(),
        rows.select(QUANTILE_COLUMNS).to_numpy(),
        rows["scale"].to_numpy(),
        rows["outcome"].to_numpy(),
        known,
    )


def test_the_layer_runs_on_across_folds_with_the_overlap_in_rows(tested):
    done = recalibrate(tested, stride_bars=2)
    short, one = (
        tested.filter((pl.col("model") == "ridge") & (pl.col("horizon_bars") == h)).sort("issued_at_utc")
        for h in (1, 4)
    )

    known = alone(short, 1).volatility_ratio
    expected = alone(one, 2, known)

    found = done.rows.filter((pl.col("model") == "ridge") & (pl.col("horizon_bars") == 4))
    assert one["fold"].n_unique() == 3
    np.testing.assert_array_equal(found.select(CALIBRATED_COLUMNS).to_numpy(), expected.quantiles)
    assert done.states["ridge", 4].overlap_rows == 2


def test_intervals_that_are_too_narrow_are_widened_to_their_coverage_and_the_price_is_shown(tested):
    narrow = calibration_table(recalibrate(squeezed(tested, 0.5)))
    row = narrow.row(by_predicate=(pl.col("model") == "random_walk") & (pl.col("horizon_bars") == 1), named=True)

    assert row["coverage_90_before"] < 0.65
    assert 0.86 < row["coverage_90_after"] < 0.92
    assert row["width_90_after_bps"] > 1.7 * row["width_90_before_bps"]
    assert row["kupiec_p_before"] < 1e-6


def test_a_horizon_that_lacks_rows_of_the_shortest_takes_the_last_ratio_known(tested):
    ridge = tested.filter(pl.col("model") == "ridge").sort("issued_at_utc")
    short, one = (ridge.filter(pl.col("horizon_bars") == h) for h in (1, 4))
    kept = short.gather_every(3, offset=1)
    ratio = alone(kept, 1).volatility_ratio
    known_at = kept["issued_at_utc"].to_list()
    known = [([1.0] + [r for at, r in zip(known_at, ratio, strict=True) if at <= t])[-1] for t in one["issued_at_utc"]]

    found = recalibrate(pl.concat([kept, one])).rows.filter(pl.col("horizon_bars") == 4)

    expected = alone(one, 4, np.array(known))
    np.testing.assert_array_equal(found.select(CALIBRATED_COLUMNS).to_numpy(), expected.quantiles)


def test_rows_before_the_first_label_are_counted_as_raw_and_left_out_of_the_active_coverage(tested):
    one = tested.filter((pl.col("model") == "ridge") & (pl.col("horizon_bars") == 4)).sort("issued_at_utc")
    row = calibration_table(done := recalibrate(one)).row(0, named=True)
    is_raw = alone(one, 4).is_raw
    is_covered = done.rows.select(pl.col("outcome").is_between("cq05", "cq95")).to_series().to_numpy()

    assert row["n_raw"] == is_raw.sum() == 4
    assert row["coverage_90_active"] == pytest.approx(is_covered[4:].mean(), abs=1e-15)
    short = calibration_table(recalibrate(one.head(3))).row(0, named=True)
    assert (short["n_raw"], np.isnan(short["coverage_90_active"])) == (3, True)


def test_a_perfect_forecaster_is_left_alone(tested):
    table = calibration_table(recalibrate(tested)).filter(pl.col("model") == "random_walk")

    share = table["width_90_after_bps"] / table["width_90_before_bps"]
    assert share.to_list() == pytest.approx([1.0, 1.0], abs=0.05)
    assert (table["kupiec_p_after"] > 0.05).all()


def test_the_table_has_a_row_per_model_and_horizon_and_its_columns_in_order(tested):
    table = calibration_table(recalibrate(tested))

    assert table.columns == [
        "model",
        "is_baseline",
        "horizon_bars",
        "n_rows",
        "n_eff",
        "coverage_90_before",
        "coverage_90_after",
        "width_90_before_bps",
        "width_90_after_bps",
        "kupiec_p_before",
        "kupiec_p_after",
        "n_alarms",
        "n_raw",
        "coverage_90_active",
    ]
    assert table.select("horizon_bars", "model").rows() == [
        (1, "ridge"),
        (1, "ewma"),
        (1, "random_walk"),
        (4, "ridge"),
        (4, "ewma"),
        (4, "random_walk"),
    ]


def test_perturbing_outcomes_whose_labels_end_later_changes_no_earlier_quantile(tested):
    cut = tested["issued_at_utc"].sort()[tested.height // 2]
    is_later = pl.col("target_ts_utc") > cut
    garbage = tested.with_columns(outcome=pl.when(is_later).then(-3.0 * pl.col("outcome") + 0.01).otherwise("outcome"))
    issued = ["model", "horizon_bars", "issued_at_utc", *CALIBRATED_COLUMNS, "alpha_90"]

    before, after = (
        recalibrate(each).rows.filter(pl.col("issued_at_utc") <= cut).select(issued) for each in (tested, garbage)
    )

    assert before.equals(after)


def test_states_survive_storage(tested):
    states = recalibrate(tested).states
    read = recalibration.decode(json.loads(json.dumps(recalibration.encode(states))))

    assert read.keys() == states.keys()
    assert recalibration.encode(read) == recalibration.encode(states)


def test_what_is_not_a_state_is_refused():
    with pytest.raises(CorruptData):
        recalibration.decode({"ridge": {"1": {}}})
    with pytest.raises(CorruptData, match="by model and horizon"):
        recalibration.decode({"ridge": {"one": {}}})
