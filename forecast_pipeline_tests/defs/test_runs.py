"""Runs: one exact event and its check results per partition, failures that stop nobody else, staleness that holds."""

from __future__ import annotations

import dagster as dg
import polars as pl
import pytest

from forecast_pipeline.bars.build import build_bars
from forecast_pipeline.candles.build import candle_partitions
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.assets import bars, candles, features
from forecast_pipeline.defs.chain import RANGE_END, RANGE_START
from forecast_pipeline.defs.lineage import BARS_KEY, CANDLES_KEY, FEATURES_KEY
from forecast_pipeline.defs.resources import HomeResource

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SLOW_BARS = ["EURUSD|1h", "EURUSD|4h", "EURUSD|1d"]


def run(home, instance, assets, first, last=None):
    return dg.materialize(
        assets,
        instance=instance,
        resources={"home": HomeResource(path=str(home.root))},
        partition_key=None if last else first,
        tags={RANGE_START: first, RANGE_END: last} if last else {},
        run_config=QUIET,
        raise_on_error=False,
    )


def newest(instance, key, partition):
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition]), limit=1
    ).records
    return records[0].asset_materialization if records else None


def staleness(instance, definitions, key, partition):
    from dagster._core.definitions.data_version import CachingStaleStatusResolver

    resolver = CachingStaleStatusResolver(
        instance=instance,
        asset_graph=definitions.resolve_asset_graph(),
        loading_context=__import__("dagster._core.loader", fromlist=["x"]).LoadingContextForTest(instance),
    )
    return resolver.get_status(key, partition).value


def test_a_range_run_gives_each_partition_its_own_version_and_metadata(home, instance, ingest_frame, two_weeks):
    ingest_frame(home, two_weeks)

    result = run(home, instance, [bars.bars], SLOW_BARS[0], SLOW_BARS[-1])

    assert result.success
    for partition in SLOW_BARS:
        event = newest(instance, BARS_KEY, partition)
        stored = build_bars(home, "EURUSD", Timeframe(partition.split("|")[1]))
        assert event.tags["dagster/data_version"] == stored.sha256
        assert event.tags["dagster/partition/timeframe"] == partition.split("|")[1]
        assert event.metadata["dagster/partition_row_count"].value == stored.card["n_rows"]
        assert "dagster/column_lineage" in event.metadata
        assert "dagster/column_schema" in event.metadata


def test_downstream_assets_and_checks_follow_in_the_same_range_run(home, instance, ingest_frame, two_weeks):
    """Fault 50: without an output they would be skipped, and the run would be green."""
    ingest_frame(home, two_weeks)

    result = run(home, instance, [bars.bars, features.features, *bars.checks, *features.checks], *SLOW_BARS[::2])

    evaluations = [
        (e.asset_check_evaluation_data.asset_key.to_user_string(), e.asset_check_evaluation_data.partition)
        for e in result.all_events
        if e.event_type_value == "ASSET_CHECK_EVALUATION" and e.asset_check_evaluation_data.passed
    ]
    assert result.success
    assert all(newest(instance, FEATURES_KEY, partition) for partition in SLOW_BARS)
    for partition in SLOW_BARS:
        assert evaluations.count(("bars/bars", partition)) == 3
        assert evaluations.count(("features/features", partition)) == 5


def test_timeframes_that_a_coarse_source_cannot_give_are_passed_over(home, instance, ingest_frame, two_weeks):
    """Fault 67: the candles are hourly, and a backfill asks for all seven timeframes."""
    hourly = two_weeks.group_by_dynamic("ts_utc", every="1h").agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last()
    )
    ingest_frame(home, hourly)

    several = run(home, instance, [bars.bars], "EURUSD|1m", "EURUSD|1d")
    single = run(home, instance, [bars.bars], "EURUSD|15m")

    assert several.success
    assert newest(instance, BARS_KEY, "EURUSD|15m") is None
    assert newest(instance, BARS_KEY, "EURUSD|4h").metadata["dagster/partition_row_count"].value > 0
    assert not single.success


def test_one_refused_partition_does_not_stop_the_others(home, instance, ingest_frame, two_weeks):
    """Fault 47."""
    ingest_frame(home, two_weeks)
    run(home, instance, [bars.bars], SLOW_BARS[0], SLOW_BARS[-1])
    path = build_bars(home, "EURUSD", Timeframe.H4).path(".parquet")
    path.write_bytes(path.read_bytes()[:-1])

    result = run(home, instance, [features.features], SLOW_BARS[0], SLOW_BARS[-1])

    assert not result.success
    assert newest(instance, FEATURES_KEY, "EURUSD|4h") is None
    assert newest(instance, FEATURES_KEY, "EURUSD|1h").metadata["dagster/partition_row_count"].value > 0
    assert "1 of 3 partitions failed" in str(result.failure_data_for_node("features__features").error.to_string())


def test_a_single_run_reports_candles_with_their_files(home, instance, ingest_frame, two_weeks):
    ingest_frame(home, two_weeks)
    year = candle_partitions(home, "EURUSD")[0].card["year"]

    result = run(home, instance, [candles.candles, *candles.checks], f"EURUSD|{year}")

    event = newest(instance, CANDLES_KEY, f"EURUSD|{year}")
    assert result.success
    assert event.metadata["quarantined"].value == "no quarantined rows"
    assert "EURUSD_0.parquet" in event.metadata["sources"].value


@pytest.mark.parametrize("broken", ["schema", "clock"])
def test_a_check_is_red_on_a_broken_partition(home, ingest_frame, two_weeks, broken):
    """What is published is refused when broken; here the frame is swapped behind the domain's back."""
    from forecast_pipeline.core.publication import frame_writer, publish
    from forecast_pipeline.defs.checks import bar_checks

    ingest_frame(home, two_weeks)
    good = build_bars(home, "EURUSD", Timeframe.H1)
    frame = good.read_frame()
    bad = frame.drop("spread") if broken == "schema" else pl.concat([frame, frame.head(1)])
    facts = {name: value for name, value in good.card.items() if name not in ("files", "sha256")}
    stored = publish(good.folder, "broken", {".parquet": frame_writer(bad)}, facts)

    outcome = {check.name: check.passed for check in bar_checks(stored)}

    assert outcome[broken] is False
    assert all(check.passed for check in bar_checks(good))


def test_staleness_follows_content_and_not_the_clock(home, instance, on_home, ingest_frame, two_weeks):
    """Fault 48: writing the same bytes again leaves downstream fresh; other bytes make it stale."""
    ingest_frame(home, two_weeks)
    years = [year.card["year"] for year in candle_partitions(home, "EURUSD")]
    for year in years:
        run(home, instance, [candles.candles], f"EURUSD|{year}")
    run(home, instance, [bars.bars], SLOW_BARS[0], SLOW_BARS[-1])
    fresh = staleness(instance, on_home, BARS_KEY, SLOW_BARS[0])
    run(home, instance, [candles.candles], f"EURUSD|{years[-1]}")
    still_fresh = staleness(instance, on_home, BARS_KEY, SLOW_BARS[0])

    ingest_frame(
        home,
        two_weeks.tail(500).with_columns(pl.col("close", "high") + 0.0001, pl.col("ask_close", "ask_high") + 0.0001),
    )
    run(home, instance, [candles.candles], f"EURUSD|{years[-1]}")
    stale = staleness(instance, on_home, BARS_KEY, SLOW_BARS[0])

    assert (fresh, still_fresh, stale) == ("FRESH", "FRESH", "STALE")
