"""Guards a panel: marginals are those of the single series, dependence is that of the past, closed days are no days."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.core.errors import InvalidConfiguration, TrainingFailed
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.forecasts.series import fit_panel
from forecast_pipeline.forecasts.series.closes import read_closes
from forecast_pipeline.forecasts.series.coupling import shuffled, template_of
from forecast_pipeline.forecasts.series.panel import pasts_of
from forecast_pipeline.forecasts.series.past import labels_of, mended, rows_at
from forecast_pipeline.forecasts.series.pooling import GAP_BARS, pooled
from forecast_pipeline.forecasts.series.segments import in_unit_of, segments_of
from forecast_pipeline_tests.forecasts.series.made_closes import garch_walk, related_walks

CLOSES = related_walks(900, 0.8)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 9))
def test_a_shuffle_keeps_every_marginal(n_draws: int, n_rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    draws, template = rng.standard_normal((n_draws, 3, 2)), rng.integers(0, 3, (n_rows, 3, 2)).astype(float)

    made = shuffled(draws, template, seed)

    assert (np.sort(made, axis=0) == np.sort(draws, axis=0)).all()


def test_a_shuffle_gives_the_ranks_of_the_past() -> None:
    rng = np.random.default_rng(0)
    template = rng.standard_normal((50, 3, 2))

    made = shuffled(rng.standard_normal((50, 3, 2)), template, seed=1)

    ranks, wanted = (each.reshape(50, 6).argsort(axis=0).argsort(axis=0) for each in (made, template))
    assert sorted(map(tuple, ranks.tolist())) == sorted(map(tuple, wanted.tolist()))


@pytest.mark.parametrize("family", ["ewma", "ewma_fhs", "garch_t"])
def test_each_series_keeps_exactly_its_own_draws_at_each_horizon(family: str) -> None:
    panel = fit_panel(family, CLOSES, horizons=range(1, 6))

    together = panel.sample(CLOSES, n_samples=300)

    for number, series in enumerate(panel.series):
        alone = series.sample(CLOSES[:, number], n_samples=300).log_returns
        assert (np.sort(together[:, :, number], axis=0) == np.sort(alone, axis=0)).all()


@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.8])
def test_series_move_together_as_they_did(correlation: float) -> None:
    closes = related_walks(3000, correlation, seed=2)

    draws = fit_panel("ewma", closes, horizons=range(1, 6)).sample(closes, n_samples=4000)

    for k in range(5):
        assert np.corrcoef(draws[:, k].T)[0, 1] == pytest.approx(correlation, abs=0.1)


def test_a_path_of_a_series_holds_together_over_horizons() -> None:
    draws = fit_panel("ewma", CLOSES, horizons=range(1, 21)).sample(CLOSES, n_samples=4000)

    found = np.corrcoef(draws[:, 4, 0], draws[:, 19, 0])[0, 1]
    assert found == pytest.approx(np.sqrt(5 / 20), abs=0.12)  # of a random walk


def test_a_forecast_is_paths_of_prices_that_begin_at_the_last_row() -> None:
    panel = fit_panel("random_walk", CLOSES, horizons=range(1, 11))

    prices = panel.forecast(CLOSES, horizon=4, n_samples=200, seed=3)

    assert prices.shape == (200, 4, 2)
    assert np.allclose(np.median(prices[:, 0], axis=0), CLOSES[-1], rtol=0.002)
    assert (prices == panel.forecast(CLOSES, horizon=4, n_samples=200, seed=3)).all()
    assert (prices != panel.forecast(CLOSES, horizon=4, n_samples=200, seed=4)).any()


def test_rows_after_the_fit_move_the_state_only() -> None:
    panel = fit_panel("ewma", CLOSES[:600], horizons=range(1, 6))

    later = panel.forecast(CLOSES, horizon=5, n_samples=100, seed=0)

    again = fit_panel("ewma", CLOSES[:600], horizons=range(1, 6)).forecast(CLOSES, horizon=5, n_samples=100, seed=0)
    assert (later == again).all()


def test_days_on_which_no_series_moved_are_unknown_and_not_zero() -> None:
    closes = np.repeat(CLOSES[:300], 2, axis=0)  # every other day is closed

    pasts = pasts_of(closes, Timeframe.D1)

    assert np.isnan(pasts[0].returns[1::2]).all()
    assert np.isfinite(pasts[0].returns[2::2]).all()


def test_pooled_rows_lie_end_to_end_with_a_gap_that_is_unknown() -> None:
    pasts = pasts_of(CLOSES, Timeframe.D1)
    first, second = (segments_of(past, (1, 2), 0.2).train for past in pasts)

    both = pooled([first, second])

    assert len(both) == len(first) + len(second)
    n_first = first.history.returns.size
    assert np.isnan(both.history.returns[n_first : n_first + GAP_BARS]).all()
    assert (both.history.returns[both.history.bar[len(first) :]] == second.history.returns[second.history.bar]).all()
    assert (both.inputs[len(first) :] == second.inputs).all()


def test_pooled_candles_and_extremes_stay_beside_their_bars() -> None:
    frames = [pl.DataFrame({"open": c, "high": 1.01 * c, "low": 0.98 * c, "close": c}) for c in CLOSES.T]
    with_shape = [segments_of(mended(read_closes(frame)), (1, 2), 0.2).train for frame in frames]
    history = dataclasses.replace(with_shape[1].history, candles=None)
    without = dataclasses.replace(with_shape[1], extremes=None, history=history)

    both, mixed = pooled(with_shape), pooled([with_shape[0], without])

    second, n_first = with_shape[1], len(with_shape[0])
    assert (both.history.candles[both.history.bar[n_first:]] == second.history.candles[second.history.bar]).all()
    assert (both.extremes[n_first:] == second.extremes).all()
    assert mixed.extremes is None
    assert mixed.history.candles is None


def test_an_input_that_is_constant_in_one_series_is_zero_there_and_kept() -> None:
    shape = {"high": 1.01 * CLOSES[:, 0], "low": 0.98 * CLOSES[:, 0]}  # where it closes in its range never changes
    past = mended(read_closes(pl.DataFrame({"open": CLOSES[:, 0], **shape, "close": CLOSES[:, 0]})))
    alone = segments_of(past, (1, 2), 0.2)

    shared = in_unit_of(past.in_unit(0.01), alone)

    assert alone.train.inputs.shape[1] == shared.train.inputs.shape[1] - 1
    assert np.abs(shared.train.inputs[:, -1]).max() < 1e-9
    assert np.allclose(shared.train.increments, 100 * alone.train.increments)


def test_one_forecaster_may_learn_from_all_series() -> None:
    panel = fit_panel("ridge", CLOSES, horizons=range(1, 6), is_pooled=True)

    draws = panel.sample(CLOSES, n_samples=1000)

    assert panel.series[0].forecaster is panel.series[1].forecaster
    expected = 0.006 * np.sqrt(np.arange(1, 6))[:, None]
    assert np.abs(draws.std(axis=0) / expected - 1).max() < 0.25


def test_a_pegged_series_is_not_pooled() -> None:
    closes = np.column_stack([CLOSES, garch_walk(900)])
    closes[100:600, 2] = closes[100, 2]

    panel = fit_panel("ridge", closes, horizons=range(1, 4), is_pooled=True)

    assert [each.family for each in panel.series] == ["ridge", "ridge", "ewma"]
    assert panel.series[0].notes == ("learned together with 1 other series",)
    assert np.isfinite(panel.forecast(closes, 3, 100, seed=1)).all()
    with pytest.raises(TrainingFailed, match="not be pegged"):
        fit_panel("ridge", np.column_stack([closes[:, 2], closes[::-1, 2]]), horizons=[1], is_pooled=True)


def test_a_frame_of_numbers_is_a_panel_and_one_with_dates_is_not() -> None:
    frame = pl.DataFrame({"a": CLOSES[:, 0], "b": CLOSES[:, 1]})

    panel = fit_panel("ewma", frame, horizons=[1, 2])

    assert (panel.sample(frame, 50) == panel.sample(CLOSES, 50)).all()
    for bad in (frame.with_columns(c=pl.lit("x")), CLOSES[:, 0], CLOSES[:, :0]):
        with pytest.raises(InvalidConfiguration, match=r"shape \(t, n\)"):
            fit_panel("ewma", bad, horizons=[1])


def test_what_the_grid_does_not_hold_cannot_be_forecast() -> None:
    panel = fit_panel("ewma", CLOSES, horizons=[1, 2, 5])

    assert panel.forecast(CLOSES, 2, 10).shape == (10, 2, 2)
    for horizon in (3, 5, 9):
        with pytest.raises(InvalidConfiguration, match="every bar"):
            panel.forecast(CLOSES, horizon, 10)
    with pytest.raises(InvalidConfiguration, match="2 columns"):
        panel.sample(CLOSES[:, :1])


def test_decisions_that_not_all_series_share_do_not_couple_them() -> None:
    panel, pasts = fit_panel("ewma", CLOSES, horizons=[1, 2]), pasts_of(CLOSES, Timeframe.D1)
    first, second = (
        rows_at(past, np.arange(100, 200), each.scale, each.standardiser, (1, 2), labels_of(past, (1, 2)))
        for past, each in zip(pasts, panel.series, strict=True)
    )

    template = template_of([first.take(np.arange(0, 100, 2)), second.take(np.arange(0, 100, 5))])

    assert (template == template_of([first, second])[::10]).all()


def test_dependence_follows_the_past_that_is_asked_with() -> None:
    closes = np.concatenate([related_walks(1500, 0.9), related_walks(1500, -0.9, seed=1)])
    panel = fit_panel("ewma", closes[:1500], horizons=[1, 2])

    before, after, short = (panel.sample(past, 2000)[:, 0] for past in (closes[:1500], closes, closes[-100:]))

    assert np.corrcoef(before.T)[0, 1] > 0.8
    assert np.corrcoef(after.T)[0, 1] < -0.8
    assert np.corrcoef(short.T)[0, 1] > 0.8  # too short to show how they move: that of the fit
