"""Guards a family on a plain array: shapes, seeds, what may be seen, and what the widths are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast_pipeline.core.errors import InvalidConfiguration, NotEnoughHistory
from forecast_pipeline.forecasts.series import fit_series
from forecast_pipeline.forecasts.series.closes import read_closes
from forecast_pipeline.forecasts.series.inputs import WARMUP_BARS
from forecast_pipeline.forecasts.series.past import input_values, mended, rows_at
from forecast_pipeline.forecasts.series.segments import segments_of
from forecast_pipeline.models.registry import BASELINES
from forecast_pipeline_tests.forecasts.series.made_closes import garch_walk, walk

QUICK = [*BASELINES, "ridge", "lasso"]
CLOSES = garch_walk(900)


@pytest.mark.parametrize("family", QUICK)
def test_every_family_gives_joint_samples_over_any_grid(family: str) -> None:
    fitted = fit_series(family, CLOSES, horizons=[1, 3, 10])

    draws = fitted.sample(CLOSES, n_samples=200)

    assert draws.log_returns.shape == draws.increments.shape == draws.prices.shape == (200, 3)
    assert np.isfinite(draws.prices).all()
    assert np.allclose(draws.increments.cumsum(axis=1), draws.log_returns)
    assert np.allclose(draws.prices, CLOSES[-1] * np.exp(draws.log_returns))
    assert draws.quantiles([0.1, 0.5, 0.9]).shape == (3, 3)
    assert (np.diff(draws.quantiles([0.1, 0.5, 0.9]), axis=0) >= 0).all()


@pytest.mark.parametrize("family", QUICK)
def test_draws_are_a_function_of_closes_and_seed(family: str) -> None:
    fitted = fit_series(family, CLOSES, horizons=range(1, 6))

    first, again = (fitted.sample(CLOSES, 100, seed=7).log_returns for _ in range(2))

    assert (first == again).all()
    assert (first != fitted.sample(CLOSES, 100, seed=8).log_returns).any()
    assert (first != fitted.sample(CLOSES, 100).log_returns).any()


def test_a_fit_is_repeated_exactly() -> None:
    first, again = (fit_series("garch_t", CLOSES, horizons=range(1, 6), seed=3) for _ in range(2))

    assert (first.sample(CLOSES).log_returns == again.sample(CLOSES).log_returns).all()


@pytest.mark.parametrize("family", ["ewma", "garch_t", "har"])
def test_only_the_state_follows_later_closes(family: str) -> None:
    fitted = fit_series(family, CLOSES, horizons=range(1, 6))
    calm = np.concatenate([CLOSES, CLOSES[-1] * np.ones(60) * (1 + 1e-5 * (np.arange(60) % 2))])
    wild = np.concatenate([CLOSES, CLOSES[-1] * walk(60, std=0.02)])

    before = fitted.sample(CLOSES).increments.std()

    assert fitted.sample(calm).increments.std() < 0.8 * before
    assert fitted.sample(wild).increments.std() > 1.3 * before
    assert (fitted.sample(CLOSES).increments.std() == before).all()


def test_the_unit_of_the_closes_does_not_matter() -> None:
    fitted = [fit_series("garch_t", unit * CLOSES, horizons=range(1, 6)) for unit in (1.0, 128.0)]

    euros, cents = (each.sample(unit * CLOSES) for each, unit in zip(fitted, (1.0, 128.0), strict=True))

    assert np.allclose(euros.log_returns, cents.log_returns, rtol=1e-6)
    assert np.allclose(128.0 * euros.prices, cents.prices, rtol=1e-6)


@pytest.mark.parametrize("family", ["random_walk", "historical", "ewma", "ewma_fhs", "garch_t", "har", "ridge"])
def test_widths_on_a_random_walk_are_those_of_the_walk(family: str) -> None:
    closes = walk(4000, std=0.006, seed=4)

    draws = fit_series(family, closes, horizons=range(1, 21)).sample(closes, n_samples=4000)

    expected = 0.006 * np.sqrt(np.arange(1, 21))
    tolerance = 0.12 if family in ("ewma", "ewma_fhs", "garch_t", "har", "ridge") else 0.08
    assert np.abs(draws.log_returns.std(axis=0) / expected - 1).max() < tolerance


def test_inputs_and_state_of_a_bar_come_from_it_and_those_before() -> None:
    past, shorter = mended(read_closes(CLOSES)), mended(read_closes(CLOSES[:600]))
    cut = segments_of(past, (1, 5), 0.2)

    whole, prefix = (rows_at(each, np.array([599]), cut.scale, cut.standardiser, (1, 5)) for each in (past, shorter))

    assert (
        input_values(past, cut.scale)[0][:600][WARMUP_BARS:] == input_values(shorter, cut.scale)[0][WARMUP_BARS:]
    ).all()
    assert (whole.inputs == prefix.inputs).all()
    assert (whole.scale == prefix.scale).all()
    assert np.array_equal(whole.history.returns, prefix.history.returns, equal_nan=True)


def test_no_train_label_reaches_a_validation_decision() -> None:
    cut = segments_of(mended(read_closes(CLOSES)), (1, 30), 0.2)

    last_train, first_validation = cut.train.history.bar[-1], cut.validation.history.bar[0]

    assert last_train + 30 == first_validation
    assert cut.n_train_bars == last_train + 1
    assert cut.validation.history.bar[-1] == CLOSES.size - 1 - 30


def test_statistics_see_nothing_after_the_last_training_row() -> None:
    cut = segments_of(mended(read_closes(CLOSES)), (1, 5), 0.2)
    changed = CLOSES.copy()
    changed[cut.n_train_bars :] *= walk(CLOSES.size - cut.n_train_bars, std=0.05, seed=9)

    again = segments_of(mended(read_closes(changed)), (1, 5), 0.2)

    assert again.scale == cut.scale
    assert (again.standardiser.mean == cut.standardiser.mean).all()
    assert (again.train.inputs == cut.train.inputs).all()


def test_no_row_is_decided_at_a_spike() -> None:
    closes = CLOSES.copy()
    closes[400] *= 1.15

    fitted, cut = fit_series("ewma", closes, horizons=[1]), segments_of(mended(read_closes(closes)), (1,), 0.2)

    assert 400 not in cut.train.history.bar
    assert 399 in cut.train.history.bar
    assert fitted.notes == ("spikes that revert were repaired at rows 400",)


def test_a_spike_does_not_widen_the_forecasts_after_it() -> None:
    spiked = CLOSES.copy()
    spiked[-5] *= 1.15
    fitted = fit_series("garch_t", CLOSES, horizons=range(1, 6))

    assert fitted.sample(spiked).log_returns.std() < 1.2 * fitted.sample(CLOSES).log_returns.std()


@pytest.mark.parametrize("family", ["garch_t", "har", "ewma_fhs"])
def test_a_pegged_series_gets_the_fallback_and_finite_draws(family: str) -> None:
    closes = CLOSES.copy()
    closes[100:500] = closes[100]
    closes[300:] *= 0.6

    fitted = fit_series(family, closes, horizons=range(1, 6))

    assert fitted.family == "ewma"
    assert f"ewma was fitted in place of {family}" in " ".join(fitted.notes)
    assert np.isfinite(fitted.sample(closes).prices).all()


@pytest.mark.parametrize("family", QUICK)
def test_a_price_that_never_moved_gives_finite_draws(family: str) -> None:
    closes = np.full(400, 7.8)

    assert np.isfinite(fit_series(family, closes, horizons=range(1, 4)).sample(closes).prices).all()


def test_too_few_closes_are_refused_with_the_number_that_is_enough() -> None:
    with pytest.raises(NotEnoughHistory, match="about") as refusal:
        fit_series("ewma", CLOSES[:150], horizons=range(1, 31))

    needed = int(str(refusal.value).split("about ")[1].split()[0])
    assert "was 150 bars" in str(refusal.value)
    assert fit_series("ewma", CLOSES[:needed], horizons=range(1, 31)).family == "ewma"


def test_candles_give_their_shape_and_the_extremes_of_paths() -> None:
    rng = np.random.default_rng(5)
    high, low = CLOSES * np.exp(0.004 * rng.random(900)), CLOSES * np.exp(-0.004 * rng.random(900))
    low[500], closes = 0.5 * CLOSES[500], CLOSES.copy()
    closes[500] *= 0.6  # a spike, and its low with it
    frame = pd.DataFrame({"open": closes, "high": np.maximum(high, closes), "low": low, "close": closes})

    cut = segments_of(mended(read_closes(frame)), (1, 3), 0.2)

    row = 0
    bar = int(cut.train.history.bar[row])
    highest = np.log(high[bar + 2 : bar + 4].max() / closes[bar + 1])
    assert cut.train.extremes[row, 1, 0] == pytest.approx(max(highest, 0.0))
    assert (cut.train.extremes[:, :, 0] >= np.maximum(cut.train.increments, 0.0)).all()
    assert (cut.train.extremes[:, :, 1] <= np.minimum(cut.train.increments, 0.0)).all()
    assert cut.train.extremes.min() > -0.1
    assert cut.train.history.candles[bar, 1] == pytest.approx(np.log(high[bar] / closes[bar]))
    assert np.isnan(cut.train.history.candles[500]).all()
    assert segments_of(mended(read_closes(closes)), (1, 3), 0.2).train.extremes is None


def test_candles_with_hours_know_the_hour() -> None:
    hours = pd.date_range("2023-01-01", periods=6000, freq="h", tz="UTC")
    hours = hours[(hours.day_of_week < 4) | ((hours.day_of_week == 4) & (hours.hour < 21))]
    std = np.where(hours.hour == 12, 0.004, 0.0005)
    close = np.exp(np.cumsum(std * np.random.default_rng(0).standard_normal(hours.size)))
    frame = pd.DataFrame({"open": close, "high": 1.001 * close, "low": 0.999 * close, "close": close}, index=hours)

    fitted = fit_series("ewma", frame, horizons=[1, 2, 3])

    noon = np.flatnonzero((hours.hour == 11) & (hours.day_of_week == 1))[-1]  # its next bar is that of 12:00
    widths = fitted.sample(frame.iloc[: noon + 1]).increments.std(axis=0)
    assert fitted.timeframe.value == "1h"
    assert widths[0] > 3 * widths[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"horizons": []}, "increase"),
        ({"horizons": [0, 1]}, "increase"),
        ({"horizons": [2, 2]}, "increase"),
        ({"horizons": [1.5]}, "increase"),
        ({"horizons": [1], "validation_fraction": 1.0}, "validation_fraction"),
        ({"horizons": [1], "parameters": {"depth": 3}}, "depth is not a setting"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(InvalidConfiguration, match=message):
        fit_series("ewma", CLOSES, **arguments)


def test_an_unknown_family_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidConfiguration, match="garch_t"):
        fit_series("garch", CLOSES, horizons=[1])


def test_samples_that_cannot_be_drawn_are_refused() -> None:
    fitted = fit_series("ewma", CLOSES, horizons=[1])

    with pytest.raises(InvalidConfiguration, match="n_samples"):
        fitted.sample(CLOSES, n_samples=0)
    with pytest.raises(NotEnoughHistory, match="2 closes"):
        fitted.sample(CLOSES[:1])
    with pytest.raises(InvalidConfiguration, match="quantile levels"):
        fitted.sample(CLOSES).quantiles([0.0])
