"""Sensors, schedule and condition: new files are taken once, exactly what changed is asked for."""

from __future__ import annotations

import os
import time

import dagster as dg
import pytest

from forecast_pipeline.bars.build import build_bars
from forecast_pipeline.candles.landing import landed_files
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs import sensors
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.staleness import partitions_to_repair
from forecast_pipeline.features.build import build_features

SLOW = [Timeframe.H1, Timeframe.H4, Timeframe.D1]


def look(sensor, home, instance, definitions):
    context = dg.build_sensor_context(
        instance=instance,
        resources={"home": HomeResource(path=str(home.root))},
        repository_def=definitions.get_repository_def(),
    )
    return sensor(context) if "context" in sensor._raw_fn.__code__.co_varnames else sensor()


def drop(home, frame, vendor="parquet", symbol="EUR-USD", name="week.parquet"):
    folder = home.inbox / vendor / symbol
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    frame.write_parquet(path) if frame is not None else path.write_bytes(b"not a parquet file")
    long_ago = time.time() - 60
    os.utime(path, (long_ago, long_ago))
    return path


def test_a_dropped_file_is_landed_and_its_years_are_requested_once(home, on_home, two_weeks):
    with dg.DagsterInstance.ephemeral() as instance:
        path = drop(home, two_weeks)

        first = look(sensors.landing_sensor, home, instance, on_home)
        again = look(sensors.landing_sensor, home, instance, on_home)

    assert not path.exists()
    assert len(landed_files(home, "EURUSD")) == 1
    assert [str(request.partition_key) for request in first.run_requests] == ["EURUSD|2022", "EURUSD|2023"]
    assert [list(r.partition_keys) for r in first.dynamic_partitions_requests] == [["EURUSD"]]
    assert [event.partition for event in first.asset_events] == ["EURUSD"]
    # Until the candles are built the request is repeated under the same key, which starts nothing twice.
    assert [r.run_key for r in again.run_requests] == [r.run_key for r in first.run_requests]


def test_built_candles_are_not_requested_again(home, on_home, instance, ingest_frame, two_weeks):
    ingest_frame(home, two_weeks)

    outcome = look(sensors.landing_sensor, home, instance, on_home)

    assert outcome.run_requests == []


def test_a_refused_file_leaves_the_inbox_with_its_reason(home, on_home, instance):
    drop(home, None)

    outcome = look(sensors.landing_sensor, home, instance, on_home)

    assert outcome.run_requests == []
    assert "must be a Parquet file" in (home.inbox / ".refused" / "week.parquet.reason.txt").read_text()
    assert not (home.inbox / "parquet" / "EUR-USD" / "week.parquet").exists()


def test_a_link_out_of_the_inbox_is_not_followed(home, on_home, instance, two_weeks, tmp_path):
    """Fault 80."""
    outside = tmp_path / "outside.parquet"
    two_weeks.write_parquet(outside)
    folder = home.inbox / "parquet" / "EURUSD"
    folder.mkdir(parents=True)
    (folder / "week.parquet").symlink_to(outside)

    look(sensors.landing_sensor, home, instance, on_home)

    assert landed_files(home, "EURUSD") == []
    assert outside.exists()


def test_a_file_that_is_still_being_written_is_left_alone(home, on_home, instance, two_weeks):
    """Fault 64."""
    path = drop(home, two_weeks)
    os.utime(path)

    look(sensors.landing_sensor, home, instance, on_home)

    assert path.exists()
    assert landed_files(home, "EURUSD") == []


def test_the_nightly_schedule_asks_for_what_is_missing_or_old(home, ingest_frame, two_weeks):
    ingest_frame(home, two_weeks)
    for timeframe in SLOW:
        build_bars(home, "EURUSD", timeframe)
        build_features(home, "EURUSD", timeframe)
    missing = list(partitions_to_repair(home))

    ingest_frame(home, two_weeks.tail(10).with_columns(volume=dg_volume(two_weeks)))
    changed = list(partitions_to_repair(home))

    assert missing == [("EURUSD", t) for t in ("1m", "5m", "15m", "30m")]
    assert changed == [("EURUSD", t.value) for t in Timeframe]


def dg_volume(frame):
    return frame["volume"].tail(10) + 1


@pytest.mark.parametrize("n_weeks", [3])
def test_training_is_asked_for_when_enough_bars_are_new(home, ingest_frame, two_weeks, monkeypatch, n_weeks):
    del n_weeks
    ingest_frame(home, two_weeks)
    resource = HomeResource(path=str(home.root))
    monkeypatch.setattr(
        sensors, "new_bars_since_training", lambda _: iter([("EURUSD", "1h", 119, "a"), ("EURUSD", "4h", 120, "b")])
    )

    outcome = list(sensors.retrain_sensor(home=resource))

    assert [str(request.partition_key) for request in outcome] == ["EURUSD|4h"]


def test_a_new_symbol_without_data_starts_nothing(on_home):
    """Fault 52."""
    with dg.DagsterInstance.ephemeral() as instance:
        first = dg.evaluate_automation_conditions(defs=on_home, instance=instance)
        instance.add_dynamic_partitions("symbols", ["GBPUSD"])
        second = dg.evaluate_automation_conditions(defs=on_home, instance=instance, cursor=first.cursor)

    assert first.total_requested == 0
    assert second.total_requested == 0


def test_new_candles_ask_for_exactly_the_bars_of_their_symbol(on_home):
    from forecast_pipeline.defs.lineage import BARS_KEY, CANDLES_KEY, FEATURES_KEY
    from forecast_pipeline.defs.partitions import symbol_year

    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("symbols", ["EURUSD", "GBPUSD"])
        start = dg.evaluate_automation_conditions(defs=on_home, instance=instance)
        instance.report_runless_asset_event(dg.AssetMaterialization(CANDLES_KEY, partition=symbol_year("EURUSD", 2023)))
        after = dg.evaluate_automation_conditions(defs=on_home, instance=instance, cursor=start.cursor)
        repeat = dg.evaluate_automation_conditions(defs=on_home, instance=instance, cursor=after.cursor)

    assert {str(key) for key in after.get_requested_partitions(BARS_KEY)} == {f"EURUSD|{t.value}" for t in Timeframe}
    assert after.get_requested_partitions(FEATURES_KEY) == set()
    assert repeat.total_requested == 0
