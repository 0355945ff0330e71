"""Guards every line of the catalogue alike: NaN policy, causality, warm-up, scale, still and wild prices."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features.bar_arrays import bar_arrays
from forecast_pipeline.features.blocks import blocks_of
from forecast_pipeline.features.catalogue.indicator import PEERS, VOLUME
from forecast_pipeline.features.catalogue.table import CATALOGUE
from forecast_pipeline.features.compute import FeaturePlan, compute_rows, plan_features
from forecast_pipeline.features.cuts import stratified_cuts
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline_tests.features.simulated import bars_frame, simulated_bars
from forecast_pipeline_tests.features.simulated_peers import SYMBOL, cut_peers, simulated_peers

NAMES = list(CATALOGUE)
# Short histories keep the suite fast; indicators of a longer memory are looked at on slower bars.
N_BARS = 900
# The start differs from the true average by some standard deviations of the column, and TA-Lib gives it the
# weight of a whole first window, not of one bar: about twenty times the declared weight is the most seen.
AMPLITUDE_STD = 50.0
# Of a column that counts or flags, a few values may fall on the other side of a tie when prices are rescaled.
TIE_FRACTION = 0.01


def settings_of(name: str, tolerance: float = 1e-6) -> FeatureParameters:
    return FeatureParameters(indicators=() if CATALOGUE[name].is_base else (name,), tolerance=tolerance)


def timeframe_of(name: str) -> Timeframe:
    """The fastest timeframe whose warm-up leaves half of the history."""
    for timeframe in (Timeframe.M5, Timeframe.M15, Timeframe.H1, Timeframe.H4):
        if CATALOGUE[name].required_bars(settings_of(name).values(CATALOGUE[name]), timeframe, 1e-6) < N_BARS // 2:
            return timeframe
    return Timeframe.D1 if not CATALOGUE[name].is_within_day else Timeframe.H4


def columns_of(name: str, bars: pl.DataFrame, peers=None, timeframe=None, tolerance=1e-6) -> dict[str, np.ndarray]:
    """Columns of one indicator alone, block by block as `compute_features` does it with all of them."""
    frame = timeframe or timeframe_of(name)
    arrays = bar_arrays(bars, frame, SYMBOL, peers or {})
    plan = FeaturePlan((planned(name, frame, tolerance),), {})
    columns = {each.name: np.empty(bars.height) for each in plan.columns}
    for block in blocks_of(arrays.shifted_us, frame.minutes):
        for column, part in compute_rows(arrays, plan, block.start, block.stop).items():
            columns[column][block.start : block.stop] = part
    return columns


def world(name: str, seed: int = 0, n_bars: int = N_BARS, **more) -> tuple[pl.DataFrame, dict[str, np.ndarray]]:
    bars = simulated_bars(timeframe_of(name), n_bars, seed, **more)
    return bars, simulated_peers(bars.height, seed) if PEERS in CATALOGUE[name].needs else {}


def planned(name: str, timeframe: Timeframe, tolerance: float = 1e-6):
    plan = plan_features(timeframe, settings_of(name, tolerance))
    return next(each for each in plan.planned if each.indicator.name == name)


@pytest.mark.parametrize("name", NAMES)
def test_nan_stands_only_in_the_warm_up(name):
    bars, peers = world(name, seed=2)
    required = planned(name, timeframe_of(name)).required_bars

    found = columns_of(name, bars, peers)

    for column, values in found.items():
        assert np.isnan(values[: required - 1]).all(), column
        defined = values[required - 1 :]
        assert np.isfinite(defined).all() if not peers else np.isfinite(defined).mean() > 0.5, column
        assert not np.isinf(values).any(), column
        assert defined.size > N_BARS // 4, f"{column} is hardly looked at"


@pytest.mark.parametrize("name", NAMES)
def test_a_column_is_not_constant(name):
    bars, peers = world(name, seed=2)

    for column, values in columns_of(name, bars, peers).items():
        rare = CATALOGUE[name].group == "candlestick"
        assert rare or np.unique(values[np.isfinite(values)]).size > 1, column


@pytest.mark.parametrize("name", NAMES)
def test_no_value_changes_when_the_future_is_cut_off_or_made_up(name):
    timeframe = timeframe_of(name)
    bars, peers = world(name, seed=3, hole_fraction=0.005)
    whole = columns_of(name, bars, peers)
    cuts = stratified_cuts(bars, timeframe, n_random=3, seed=1, is_sample=True)
    rng = np.random.default_rng(5)

    assert len(cuts) > 10
    for cut in cuts:
        prefix = columns_of(name, bars.head(cut), cut_peers(peers, 0, cut))
        factor = pl.Series(np.where(np.arange(bars.height) < cut, 1.0, rng.lognormal(0, 0.5, bars.height)))
        garbage = bars.with_columns(pl.col("open", "high", "low", "close", "volume") * factor)
        spoiled = {each: np.where(np.arange(bars.height) < cut, c, c * 1.7) for each, c in peers.items()}
        perturbed = columns_of(name, garbage, spoiled)
        for column, values in whole.items():
            np.testing.assert_array_equal(prefix[column], values[:cut], err_msg=f"{column} at {cut}")
            np.testing.assert_array_equal(perturbed[column][:cut], values[:cut], err_msg=f"{column} at {cut}")


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6])
@pytest.mark.parametrize("name", NAMES)
def test_a_later_start_is_forgotten_within_the_declared_warm_up(name, tolerance):
    timeframe = timeframe_of(name)
    own = planned(name, timeframe, tolerance)
    required = own.required_bars
    bars, peers = world(name, seed=5, n_bars=N_BARS + required)
    whole = columns_of(name, bars, peers, timeframe, tolerance)
    arrays = bar_arrays(bars, timeframe, SYMBOL, peers)
    rows = range(2 * required, bars.height, max(1, (bars.height - 2 * required) // 25))

    late = [own.compute(arrays.rows(row - required + 1, row + 1), required - 1, required) for row in rows]

    for (column, values), found in zip(whole.items(), np.array(late)[:, :, 0].T, strict=True):
        std = max(float(np.nanstd(values)), 1e-12)
        errors = np.where(np.isfinite(values[rows]), np.abs(found - values[rows]) / std, 0.0)
        assert errors.max() <= AMPLITUDE_STD * tolerance, column


@pytest.mark.parametrize("factor", [1000.0, 1e-10, 151.3])
@pytest.mark.parametrize("name", NAMES)
def test_every_column_ignores_the_unit_of_the_price(name, factor):
    bars, peers = world(name, seed=4)
    scaled = bars.with_columns(pl.col("open", "high", "low", "close") * factor)

    expected, found = columns_of(name, bars, peers), columns_of(name, scaled, peers)

    for column, values in expected.items():
        agrees = np.isclose(found[column], values, rtol=1e-6, atol=1e-7, equal_nan=True)
        is_discrete = np.unique(values[np.isfinite(values)]).size < 64
        assert agrees.mean() >= 1.0 - (TIE_FRACTION if is_discrete else 0.0), column


@pytest.mark.parametrize("name", [name for name in NAMES if VOLUME in CATALOGUE[name].needs])
@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_every_column_ignores_the_unit_of_the_volume(name, factor):
    bars, peers = world(name, seed=4)

    expected = columns_of(name, bars, peers)
    found = columns_of(name, bars.with_columns(pl.col("volume") * factor), peers)

    for column, values in expected.items():
        np.testing.assert_allclose(found[column], values, rtol=1e-6, atol=1e-7, err_msg=column)


@pytest.mark.parametrize("price", [1.1, 0.0073, 151.237, 1e-8])
@pytest.mark.parametrize("volume", [0.0, 3.0])
@pytest.mark.parametrize("name", NAMES)
def test_a_market_that_stands_still_gives_finite_values(name, price, volume):
    bars, peers = world(name)
    prices = [pl.lit(price).alias(each) for each in ("open", "high", "low", "close")]
    still = {each: np.full(bars.height, price) for each in peers}

    found = columns_of(name, bars.with_columns(*prices, pl.lit(volume).alias("volume")), still)

    required = planned(name, timeframe_of(name)).required_bars
    for column, values in found.items():
        assert np.isfinite(values[required - 1 :]).all(), column


@pytest.mark.parametrize("spread", [1e-9, 1e-4, 0.5, 3.0])
@pytest.mark.parametrize("name", NAMES)
def test_wild_prices_are_never_infinite(name, spread):
    rng = np.random.default_rng(int(spread * 1000))
    bars, peers = world(name)
    path = np.exp(rng.normal(scale=spread, size=(bars.height, 4)))
    path[rng.random(bars.height) < 0.3] = 1.0
    opens = bars["ts_utc"].cast(pl.Int64).to_numpy()
    volume = np.where(rng.random(bars.height) < 0.5, 0.0, rng.lognormal(0, 9, bars.height))

    found = columns_of(name, bars_frame(opens, path, timeframe_of(name), volume), peers)

    required = planned(name, timeframe_of(name)).required_bars
    for column, values in found.items():
        assert not np.isinf(values).any(), column
        assert peers or np.isfinite(values[required - 1 :]).all(), column


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n_bars", [0, 1, 2, 15])
def test_a_tiny_history_is_all_warm_up(name, n_bars):
    bars = simulated_bars(timeframe_of(name), n_bars)
    required = planned(name, timeframe_of(name)).required_bars

    found = columns_of(name, bars, simulated_peers(n_bars) if PEERS in CATALOGUE[name].needs else {})

    assert {values.size for values in found.values()} == {n_bars}
    for values in found.values():
        assert np.isnan(values[: required - 1]).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_line_of_the_catalogue_is_complete(name):
    indicator = CATALOGUE[name]
    bars = bar_arrays(simulated_bars(Timeframe.H1, 30), Timeframe.H1, SYMBOL, simulated_peers(30))

    values = settings_of(name).values(indicator)
    found = indicator.compute(bars, values)

    assert len(found) == len(indicator.outputs)
    assert {column.dtype for column in found} == {np.dtype(float)}
    assert indicator.summary
    assert indicator.reference
    assert indicator.inputs
    assert all(output.unit and output.description for output in indicator.outputs)
    assert all(parameter.description for parameter in indicator.parameters)
    assert len({output.suffix for output in indicator.outputs}) == len(indicator.outputs)
