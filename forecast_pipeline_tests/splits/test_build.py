"""Promise: what a fold has learned was known before its cut-off; everything else may change without its notice."""

from __future__ import annotations

import bisect
import json
import shutil
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from forecast_pipeline.bars.build import build_bars, read_bars
from forecast_pipeline.core.errors import CorruptData, MissingData, NotEnoughHistory, UnknownTimeframe
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import publish
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.build import build_features, read_features
from forecast_pipeline.models.registry import family_named
from forecast_pipeline.models.storage import dump_state
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.splits import build as build_module
from forecast_pipeline.splits.build import build_splits, outcome_column, read_split, rows_of
from forecast_pipeline.splits.parameters import SplitParameters
from forecast_pipeline.splits.plan import LIVE
from forecast_pipeline.splits.standardise import Standardiser

M15, H1 = Timeframe("15m"), Timeframe("1h")
PARAMETERS = SplitParameters(
    horizon=8, days_history=14, n_splits=3, purge_days=0, embargo_days=0.5, indicator_tfs={"williams_r": ("15m", "1h")}
)
PRICES = ("open", "high", "low", "close", "ask_open", "ask_high", "ask_low", "ask_close")


def built(folder, ingest_frame, candles):
    home = Home(folder)
    ingest_frame(home, candles)
    for timeframe in (M15, H1):
        build_bars(home, "EURUSD", timeframe)
        build_features(home, "EURUSD", timeframe)
    build_splits(home, "EURUSD", M15, PARAMETERS)
    return home


@pytest.fixture(scope="module")
def split_home(tmp_path_factory, ingest_frame, simulated_candles):
    return built(tmp_path_factory.mktemp("split"), ingest_frame, simulated_candles)


@pytest.fixture(scope="module")
def split(split_home):
    return read_split(split_home, "EURUSD", M15)


def with_garbage(candles, is_after):
    """Other prices and volumes on the same minutes."""
    rng = np.random.default_rng(0)
    noise = np.exp(0.05 * rng.standard_normal(candles.height))
    return candles.with_columns(
        *(pl.when(is_after).then(pl.col(price) * 3 * noise).otherwise(price).alias(price) for price in PRICES),
        pl.when(is_after).then(pl.col("volume") * 1000 + 7).otherwise("volume").alias("volume"),
    )


def learned(split, number):
    """Everything that is fitted in a fold, down to the bytes of a model."""
    statistics = split.statistics.filter(fold=number)
    parameters = family_named("ridge").parameters_class()()
    fitted = fit_fold("ridge", parameters, split.arrays(number), number)
    return statistics.to_dicts(), split.target_scale(number), dump_state(fitted.state())


@pytest.mark.parametrize("variant", ["after the last label", "from the first test price"])
@pytest.mark.parametrize("number", [0, 1])
def test_garbage_after_a_fold_s_cut_off_leaves_what_it_learned(
    tmp_path, ingest_frame, simulated_candles, split, variant, number
):
    """Fault 21, L3: scaler, coverage, selection, drift, target scale and weights; both conventions of the cut."""
    fold = split.fold(number)
    closes_at = pl.col("ts_utc") + pl.duration(minutes=1)
    if variant == "after the last label":
        is_after = closes_at > fold["cutoff_utc"]
    else:
        is_after = closes_at >= fold["test_start_utc"]

    garbled = read_split(built(tmp_path, ingest_frame, with_garbage(simulated_candles, is_after)), "EURUSD", M15)

    assert_frame_equal(garbled.folds, split.folds)
    for earlier in range(number + 1):
        assert learned(garbled, earlier) == learned(split, earlier)
    known = pl.col("close_ts_utc") <= fold["cutoff_utc"]
    columns = [c for c in split.frame.columns if not c.startswith(("outcome_", "highest_", "lowest_", "fill_"))]
    assert_frame_equal(
        garbled.frame.filter(known).select(columns), split.frame.filter(known).select(columns), check_exact=True
    )
    assert learned(garbled, LIVE) != learned(split, LIVE)  # the garbage did reach the folds after the cut


def test_the_matrix_has_one_row_a_bar_with_what_was_known_at_its_close(split_home, split):
    bars = read_bars(split_home, "EURUSD", M15).read_frame()
    frame = split.frame

    assert frame["ts_utc"].equals(bars["ts_utc"])
    assert frame["price"].to_list() == bars["close"].to_list()
    assert frame["fill_price"].to_list() == [*bars["open"][1:], None]
    assert frame["fill_ts_utc"].to_list() == [*bars["ts_utc"][1:], None]
    follows = (bars["close_ts_utc"].shift(1) == bars["ts_utc"]).fill_null(value=False).to_numpy()
    close, opened = bars["close"].to_numpy(), bars["open"].to_numpy()
    expected = np.where(follows, np.log(close / np.roll(close, 1)), np.log(close / opened))
    np.testing.assert_allclose(frame["bar_return"].to_numpy(), expected, rtol=1e-12, atol=1e-18)
    assert (~follows).sum() >= 6  # the first bar and five weekends


def test_the_matrix_has_the_other_prices_of_its_bars(split_home, split):
    bars = read_bars(split_home, "EURUSD", M15).read_frame()

    for name in ("open", "high", "low"):
        assert split.frame[f"bar_{name}"].equals(bars[name])


def test_candles_of_the_history_are_in_the_scale_of_its_returns(split):
    """Shapes of past bars over the root of the hour's share of the variance, as the returns are."""
    history, scale = split.arrays(0).test.history, split.target_scale(0)
    bars = split.frame[: history.returns.size]
    close_us = bars["close_ts_utc"].to_physical().to_numpy()
    share = scale.deseasonalised(close_us, np.ones(close_us.size))

    for column, name in enumerate(("bar_open", "bar_high", "bar_low")):
        due = np.log(bars[name].to_numpy() / bars["price"].to_numpy()) * share
        np.testing.assert_allclose(history.candles[:, column], due, rtol=1e-12, atol=1e-16)
    assert (history.candles[:, 1] >= 0).all()
    assert (history.candles[:, 2] <= 0).all()
    assert history.take(np.array([0])).candles is history.candles


def test_extremes_of_rows_hold_their_increments_exactly(split):
    for number in (*split.fold_numbers, LIVE):
        for rows in (split.arrays(number).train, split.arrays(number).validation):
            known = np.isfinite(rows.increments)
            highest, lowest = rows.extremes[..., 0], rows.extremes[..., 1]

            np.testing.assert_array_equal(np.isfinite(highest), known)
            np.testing.assert_array_equal(np.isfinite(lowest), known)
            assert (highest[known] >= np.maximum(rows.increments[known], 0.0)).all()
            assert (lowest[known] <= np.minimum(rows.increments[known], 0.0)).all()
            np.testing.assert_array_equal(rows.take(np.array([5, 2])).extremes, rows.extremes[[5, 2]])
            assert np.isfinite(rows.labelled().extremes).all()


def test_native_windows_of_a_fold_know_the_bars_closed_at_its_decisions(split_home, split):
    hourly = read_features(split_home, "EURUSD", H1).read_frame()
    closes = hourly["close_ts_utc"].dt.epoch("us").to_list()
    train = split.arrays(0).train
    until = int(train.issued_at_us[-1])

    rows = train.labelled()
    windows = rows.native

    assert windows.minutes == (15, 60)
    assert len(windows) == len(rows)
    assert windows.last[:, 1].tolist() == [bisect.bisect_right(closes, at) - 1 for at in rows.issued_at_us]
    assert (windows.age_minutes[:, 0] == 0).all(), "the base bar closes at the decision"
    position = windows.columns(1).index("williams_r_1h_14")
    values = hourly["williams_r_1h_14"].to_numpy().astype(np.float64)
    known = values[: bisect.bisect_right(closes, until)]
    due = np.nan_to_num((values - np.nanmean(known)) / np.nanstd(known))
    found = windows.windows(1, np.array([0, 70]), 6).values[..., position]
    for row, shown in zip((0, 70), found, strict=True):
        last = windows.last[row, 1]
        np.testing.assert_allclose(shown, due[last - 5 : last + 1], rtol=1e-4, atol=1e-5)


def test_an_hourly_feature_is_the_one_of_the_last_closed_hour(split_home, split):
    """L8, L9: not the hour that is forming, not the hour before."""
    hourly = read_features(split_home, "EURUSD", H1).read_frame()
    closes = hourly["close_ts_utc"].to_list()
    values = [None, *hourly["williams_r_1h_14"].cast(pl.Float32).fill_nan(None)]

    rows = split.frame.select("close_ts_utc", "williams_r_1h_14").rows()
    assert [found for _, found in rows] == [values[bisect.bisect_right(closes, close)] for close, _ in rows]


def test_outcomes_are_labels_of_the_bars(split):
    prices = dict(split.frame.select("close_ts_utc", "price").rows())

    for row in split.frame[500:700].to_dicts():
        later = row["close_ts_utc"] + timedelta(minutes=15)
        if later in prices:
            assert row[outcome_column(1)] == pytest.approx(np.log(prices[later] / row["price"]), abs=1e-15)
    assert split.frame[outcome_column(8)][-8:].null_count() == 8


def test_a_fold_is_standardised_with_its_own_training_rows(split):
    """S1, A4 and A5."""
    for number in (*split.fold_numbers, LIVE):
        fold = split.fold(number)
        part = split.frame[fold["train_start"] : fold["train_stop"]].select(split.feature_columns)
        train = part.cast(pl.Float64).fill_null(np.nan).to_numpy()

        fitted = split.standardiser(number)

        np.testing.assert_allclose(fitted.mean, np.nanmean(train, axis=0), rtol=1e-12)
        np.testing.assert_array_equal(fitted.coverage_fraction, np.isfinite(train).mean(axis=0))
        np.testing.assert_array_equal(split.arrays(number).train.inputs, fitted.transform(train))


def test_the_arrays_of_a_fold_are_its_rows(split):
    for number in split.fold_numbers:
        fold, arrays = split.fold(number), split.arrays(number)
        for name in ("train", "validation", "test"):
            rows = getattr(arrays, name)
            part = split.frame[fold[f"{name}_start"] : fold[f"{name}_stop"]]
            outcomes = part.select(outcome_column(h) for h in split.horizons).fill_null(np.nan).to_numpy()
            assert rows.issued_at_us.tolist() == part["close_ts_utc"].dt.epoch("us").to_list()
            np.testing.assert_allclose(rows.outcomes, outcomes, rtol=1e-9, atol=1e-15)
            np.testing.assert_array_equal(rows.scaled_increments, rows.increments / rows.scale)
            assert rows.inputs.shape[0] == len(rows) == part.height
            assert np.isfinite(rows.inputs).all()
            assert (rows.scale > 0).all()
            labelled = rows.labelled()
            assert len(labelled) == np.isfinite(outcomes).all(axis=1).sum()
            assert np.isfinite(labelled.increments).all()


def test_rows_are_the_same_whatever_stands_after_them(split):
    """Fault 21: what serving sees of a row is what the backtest saw."""
    fold = split.fold(1)
    arguments = (split.standardiser(1), split.target_scale(1), split.horizons)
    whole = split.arrays(1).test

    for stop in range(fold["test_start"] + 1, fold["test_stop"], 50):
        cut = rows_of(split.frame[:stop], fold["test_start"], stop, *arguments)
        taken = whole.take(np.arange(len(cut)))
        for name in ("inputs", "scale", "issued_at_us"):
            np.testing.assert_array_equal(getattr(cut, name), getattr(taken, name))


def test_rows_that_are_served_have_no_outcome_yet(split):
    without = split.frame.select(pl.exclude("^(outcome|highest|lowest)_.*$", "label_end_utc"))

    rows = rows_of(
        without, without.height - 3, without.height, split.standardiser(LIVE), split.target_scale(LIVE), (1, 8)
    )

    assert np.isnan(rows.increments).all()
    assert np.isnan(rows.extremes).all()
    assert rows.extremes.shape == (3, 2, 2)
    assert rows.native is None
    assert len(rows.labelled()) == 0
    assert rows.inputs.shape == (3, len(split.standardiser(LIVE).kept_columns))


def test_the_card_tells_how_the_folds_came_about(split_home, split):
    card = split.stored.card

    assert (card["stage"], card["symbol"], card["timeframe"], card["n_folds"]) == ("splits", "EURUSD", "15m", 3)
    assert (card["purge_minutes"], card["embargo_minutes"]) == (8 * 15, 720)
    assert card["horizons_bars"] == [1, 2, 4, 8] == list(split.horizons)
    assert card["n_rows"] == split.frame.height
    assert "williams_r_15m_14" in split.feature_columns
    assert "williams_r_1h_14" in split.feature_columns
    assert set(card["upstream"]) == {"bars/15m", "features/15m", "features/1h"}
    assert card["upstream"]["bars/15m"] == read_bars(split_home, "EURUSD", M15).sha256
    assert datetime.fromisoformat(card["first_ts_utc"]) == split.frame["ts_utc"][0]
    assert card["warmup_bars"] >= PARAMETERS.warmup_bars


def test_rows_of_the_warm_up_are_never_trained_on(split):
    """Fault 23."""
    warmup = split.stored.card["warmup_bars"]

    assert split.folds["train_start"].min() >= warmup
    base = [c for c in split.feature_columns if "_15m" in c]
    assert split.frame[warmup:].select(base).null_count().sum_horizontal().item() == 0


def test_building_again_is_the_same_version(split_home, split):
    """Fault 48."""
    assert build_splits(split_home, "EURUSD", M15, PARAMETERS) == split.stored


def test_a_scaler_of_all_rows_would_be_noticed(split, monkeypatch):
    """The mutant S1 in one line: without it the tests above might pass vacuously."""
    everything = split.frame.select(split.feature_columns).cast(pl.Float64).fill_null(np.nan).to_numpy()

    leaking = Standardiser.fit(everything, split.feature_columns, 0.0)

    honest = split.standardiser(0)
    assert np.abs(leaking.mean - honest.mean).max() > 1e-6 * np.abs(honest.std).max()


def test_a_split_of_an_older_version_is_refused_with_what_to_do(tmp_path, split_home):
    folder = split_home.splits("EURUSD")
    older = Home(shutil.copytree(split_home.root, tmp_path / "older"))
    card = json.loads((folder / "15m.json").read_text())
    for name in ("schema_version", "sha256"):
        card.pop(name)
    publish(older.splits("EURUSD"), "15m", {}, card)

    with pytest.raises(CorruptData, match=r"must have card version 2, was 1.*forecast-pipeline build"):
        read_split(older, "EURUSD", M15)
    build_splits(older, "EURUSD", M15, PARAMETERS)
    assert read_split(older, "EURUSD", M15).stored.sha256 == read_split(split_home, "EURUSD", M15).stored.sha256


def test_features_that_are_missing_are_said(home, ingest_frame, simulated_candles):
    with pytest.raises(MissingData, match="bars of EURUSD 15m must be built first"):
        build_splits(home, "EURUSD", M15, PARAMETERS)
    ingest_frame(home, simulated_candles[:5000])
    build_bars(home, "EURUSD", M15)
    with pytest.raises(MissingData, match="features of EURUSD 15m"):
        build_splits(home, "EURUSD", M15, PARAMETERS.model_copy(update={"indicator_tfs": {"rsi": ("15m",)}}))
    with pytest.raises(UnknownTimeframe, match="timeframe of williams_r must be available"):
        build_splits(home, "EURUSD", M15, PARAMETERS)


@pytest.mark.parametrize("n_candles", [15, 60, 3000])
def test_a_history_that_is_too_short_publishes_nothing(tmp_path, ingest_frame, simulated_candles, n_candles):
    """Fault 23."""
    home = Home(tmp_path)
    ingest_frame(home, simulated_candles[:n_candles])
    build_bars(home, "EURUSD", M15)
    build_features(home, "EURUSD", M15)

    with pytest.raises(NotEnoughHistory):
        build_splits(home, "EURUSD", M15, PARAMETERS.model_copy(update={"indicator_tfs": {"rsi": ("15m",)}}))
    assert not home.splits("EURUSD").exists()


def test_a_plan_that_leaks_is_not_published(tmp_path, split_home, monkeypatch):
    """L8: the check stands between the plan and the lake."""
    calls = []
    monkeypatch.setattr(build_module, "check_no_label_reaches_test", lambda *_: calls.append(1) or 1 / 0)
    before = sorted(p.name for p in split_home.splits("EURUSD").iterdir())

    with pytest.raises(ZeroDivisionError):
        build_splits(split_home, "EURUSD", M15, PARAMETERS.model_copy(update={"horizon": 4}))
    assert calls == [1]
    assert sorted(p.name for p in split_home.splits("EURUSD").iterdir()) == before
