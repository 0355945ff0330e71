"""Guards the repair of spikes, closed days and pegs: only what is known is used, and the last row is left alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.forecasts.series.closes import read_closes
from forecast_pipeline.forecasts.series.defects import repeated_rows, spikes, unchanged_fraction, without_spikes
from forecast_pipeline.forecasts.series.past import mended
from forecast_pipeline_tests.forecasts.series.made_closes import walk

RETURNS = st.sampled_from([0.0, 0.001, -0.002, 0.08, -0.079, 0.2, -0.18, 0.05])


@given(st.lists(RETURNS, min_size=1, max_size=30), st.data())
def test_spikes_are_known_one_bar_later_and_never_judged_again(returns: list[float], data) -> None:
    close = np.exp(np.cumsum(returns))
    stop = data.draw(st.integers(1, close.size))

    whole, prefix = spikes(close), spikes(close[:stop])

    assert prefix[: stop - 1].tolist() == whole[: stop - 1].tolist()
    assert not prefix[-1]


@given(st.lists(RETURNS, min_size=3, max_size=30))
def test_a_repaired_series_has_no_spike_left_where_one_stood(returns: list[float]) -> None:
    close = np.exp(np.cumsum(returns))

    found = spikes(close)

    repaired = without_spikes(close, found)
    assert not spikes(repaired)[found].any()
    assert (repaired[~found] == close[~found]).all()


@pytest.mark.parametrize(
    ("back", "is_spike"), [(0.8, True), (1.0, True), (1.2, True), (0.75, False), (1.4, False), (-1.0, False)]
)
def test_a_move_is_a_spike_if_the_next_one_takes_it_back(back: float, is_spike: bool) -> None:
    log_price = np.zeros(300)
    log_price[:250] = np.log(walk(250, std=0.005))
    log_price[250:] = log_price[249]
    log_price[260] += 0.1
    log_price[261:] += 0.1 * (1 - back)

    assert spikes(np.exp(log_price))[260] == is_spike


def test_a_series_that_moves_by_five_percent_a_day_keeps_its_returns() -> None:
    assert not spikes(walk(3000, std=0.05)).any()


def test_a_spike_is_no_return_and_the_way_back_is_measured_from_before_it() -> None:
    close = walk(300)
    close[200] *= 1.1

    past = mended(read_closes(close))

    assert np.flatnonzero(np.isnan(past.returns)).tolist() == [0, 200]
    assert past.returns[201] == pytest.approx(np.log(close[201] / close[199]))
    assert past.bars.close[200] == close[199]


def test_rows_that_repeat_in_all_series_are_closed_and_those_of_one_are_not() -> None:
    closes = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.1], [1.1, 2.1]])

    assert repeated_rows(closes).tolist() == [False, True, False, False]
    assert not repeated_rows(closes[:, :1]).any()


def test_the_defects_of_the_real_panel_are_found(market_data) -> None:
    closes = pl.read_parquet(market_data / "exchange_rate_train.parquet").drop("date")

    found = {name: np.flatnonzero(spikes(closes[name].to_numpy())).tolist() for name in closes.columns}

    assert [name for name in found if 3589 in found[name]] == ["AUD", "GBP", "CAD", "CHF", "CNY", "JPY", "NZD"]
    assert [name for name in found if 3598 in found[name]] == ["CNY"]
    assert [name for name in found if 3660 in found[name]] == ["CAD", "CHF", "CNY", "JPY", "SGD"]
    assert repeated_rows(closes.to_numpy()).sum() == 60
    cny = np.diff(np.log(closes["CNY"].to_numpy()))
    assert unchanged_fraction(cny) == pytest.approx(0.343, abs=0.001)
