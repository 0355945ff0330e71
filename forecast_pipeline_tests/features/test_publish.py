"""Guards the blocks: appended, corrected or rebuilt ends in the same bits; only what changed is computed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast_pipeline.core import publication
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.features import publish as module
from forecast_pipeline.features.bar_arrays import bar_arrays
from forecast_pipeline.features.blocks import blocks_of
from forecast_pipeline.features.build import build_features
from forecast_pipeline.features.compute import available_inputs, compute_features, plan_features
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline_tests.features.simulated import simulated_bars

H4 = Timeframe.H4
EVERYTHING = FeatureParameters(indicators=("all",))


def published(folder, bars: pl.DataFrame, parameters: FeatureParameters | None = None) -> publication.Published:
    home = Home(folder)
    files = {".parquet": publication.frame_writer(bars)}
    publication.publish(home.bars("EURUSD"), H4.value, files, {"symbol": "EURUSD"})
    return build_features(home, "EURUSD", H4, parameters)


@pytest.fixture
def computed_blocks(monkeypatch) -> list[str]:
    """Labels of the blocks that were really computed."""
    labels: list[str] = []
    honest = module._writer

    def counting(bars, plan, block):
        labels.append(block.label)
        return honest(bars, plan, block)

    monkeypatch.setattr(module, "_writer", counting)
    return labels


@pytest.fixture(scope="module")
def years() -> pl.DataFrame:
    """Three and a half years of four-hour bars."""
    return simulated_bars(H4, 5000, seed=8)


def test_the_bars_are_in_one_block_each_and_blocks_are_years_or_months(years):
    shifted = bar_arrays(years, H4).shifted_us

    found = blocks_of(shifted, 240)
    months = blocks_of(shifted, 1)

    assert [block.label for block in found] == ["2024", "2025", "2026", "2027"]
    assert [block.start for block in found[1:]] == [block.stop for block in found[:-1]]
    assert (found[0].start, found[-1].stop) == (0, years.height)
    assert len(months) > 35
    assert months[0].label == "2024-03"


def test_a_block_begins_with_the_fx_day_and_not_at_midnight():
    opens = np.array(["2024-12-31T17:00", "2024-12-31T16:59"], "datetime64[us]")  # New York, an hour east is later
    shifted = opens.astype(np.int64) + 7 * 3_600_000_000

    assert [block.label for block in blocks_of(np.sort(shifted), 60)] == ["2024", "2025"]


@pytest.mark.parametrize("n_more", [1, 6, 300])
def test_appending_computes_the_newest_block_only_and_equals_a_fresh_build(tmp_path, years, computed_blocks, n_more):
    published(tmp_path / "grown", years.head(years.height - n_more))
    computed_blocks.clear()

    grown = published(tmp_path / "grown", years)

    assert computed_blocks == ["2027"]
    fresh = published(tmp_path / "fresh", years)
    assert grown.sha256 == fresh.sha256
    assert grown.read_frame().equals(fresh.read_frame(), null_equal=True)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 4999), min_size=1, max_size=3, unique=True))
def test_any_way_to_the_same_bars_gives_the_same_bits(tmp_path_factory, years, cuts):
    folder = tmp_path_factory.mktemp("grown")
    for cut in sorted(cuts):
        published(folder, years.head(cut))

    grown = published(folder, years)

    assert grown.sha256 == published(tmp_path_factory.mktemp("fresh"), years).sha256


def test_a_corrected_bar_changes_its_block_and_what_its_warm_up_reaches(tmp_path, years, computed_blocks):
    published(tmp_path, years)
    computed_blocks.clear()
    corrected = years.with_columns(
        close=pl.when(pl.int_range(pl.len()) == 100).then(pl.col("open")).otherwise(pl.col("close"))
    )

    found = published(tmp_path, corrected)

    assert computed_blocks == ["2024", "2025"]  # the warm-up of the first bars of 2025 lies in 2024
    assert found.read_frame().equals(published(tmp_path / "fresh", corrected).read_frame(), null_equal=True)


@pytest.mark.parametrize(
    "change",
    [{"atr_n": 15}, {"parameters": {"macd": {"fast_bars": 9}}}, {"indicators": ["core18", "yang_zhang"]}],
    ids=["setting", "number", "indicator"],
)
def test_another_number_or_indicator_computes_everything_again(tmp_path, years, computed_blocks, change):
    published(tmp_path, years)
    computed_blocks.clear()

    published(tmp_path, years, FeatureParameters.parse(change))

    assert computed_blocks == ["2024", "2025", "2026", "2027"]


def test_a_newer_formula_computes_everything_again(tmp_path, years, computed_blocks, monkeypatch):
    published(tmp_path, years)
    computed_blocks.clear()
    monkeypatch.setattr(module, "FEATURES_VERSION", "next")

    published(tmp_path, years)

    assert len(computed_blocks) == 4


def test_a_damaged_file_is_computed_again(tmp_path, years, computed_blocks):
    first = published(tmp_path, years)
    path = first.path(".2025.parquet")
    content = path.read_bytes()
    path.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
    computed_blocks.clear()

    again = published(tmp_path, years)

    assert computed_blocks == ["2025"]
    assert again.sha256 == first.sha256
    assert again.path(".2025.parquet").read_bytes() == content


def test_an_appended_day_equals_the_full_recomputation_for_the_whole_catalogue():
    bars = simulated_bars(H4, 2400, seed=9)
    plan = plan_features(H4, EVERYTHING, available_inputs(bars))
    whole = compute_features(bars, H4, EVERYTHING).frame
    appended = compute_features(bars.head(2394), H4, EVERYTHING).frame

    assert len(plan.planned) > 200
    newest = blocks_of(bar_arrays(bars, H4).shifted_us, 240)[-1]
    assert appended.head(newest.start).equals(whole.head(newest.start), null_equal=True)
    assert appended.equals(whole.head(2394), null_equal=True)


def test_one_running_recursion_differs_from_the_blocks_by_less_than_the_tolerance_allows():
    """Starting anew for every block is not a different indicator."""
    bars = simulated_bars(H4, 3000, seed=10)
    arrays = bar_arrays(bars, H4)
    plan = plan_features(H4, EVERYTHING, available_inputs(bars))
    blocked = compute_features(bars, H4, EVERYTHING).frame

    for each in plan.planned:
        for name, running in zip(each.columns, each.indicator.compute(arrays, each.values), strict=True):
            found = blocked[name].to_numpy()[each.required_bars - 1 :]
            error = np.abs(found - running[each.required_bars - 1 :])
            assert np.nanmax(error) <= 50 * 1e-6 * max(float(np.nanstd(found)), 1e-9), name
