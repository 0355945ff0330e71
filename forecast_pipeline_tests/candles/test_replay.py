"""Promise: what was known at an instant can be asked again, and a large file is read once and not once a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.candles import slices
from forecast_pipeline.candles.build import build_candles, candles_as_known_at, landed_years
from forecast_pipeline.candles.ingest import ingest_file
from forecast_pipeline.candles.landing import landed_files
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.home import Home
from forecast_pipeline_tests.candles.vendor_files import replaced, tidy

NOW = datetime(2031, 1, 1, tzinfo=UTC)
OPTIONS = SourceOptions(vendor="parquet", source_timeframe="1m")
FRAME = tidy(n=60)


def land(home, tmp_path, frame, now, name):
    path = tmp_path / name
    frame.write_parquet(path)
    return ingest_file(home, path, "EURUSD", OPTIONS, clock=lambda: now)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 60)), min_size=1, max_size=5), st.integers(-1, 6))
def test_candles_as_known_at_an_instant_are_those_of_an_obvious_loop(tmp_path_factory, parts, asked):
    """Fault 14."""
    folder = tmp_path_factory.mktemp("replay")
    home, known = Home(folder / "home"), {}
    for n, (first, length) in enumerate(parts):
        part = FRAME[first : first + length].with_columns(pl.lit(float(n + 1)).alias("volume"))
        land(home, folder, part, NOW + timedelta(hours=n), f"{n}.parquet")
        if n <= asked:
            known |= dict.fromkeys(part["ts_utc"], float(n + 1))

    if not known:
        with pytest.raises(MissingData, match="must have been ingested by"):
            candles_as_known_at(home, "EURUSD", 2024, NOW + timedelta(hours=asked))
        return
    candles = candles_as_known_at(home, "EURUSD", 2024, NOW + timedelta(hours=asked))
    assert dict(zip(candles["ts_utc"], candles["volume"], strict=True)) == known
    assert candles["ts_utc"].is_sorted()


def two_years():
    frame = tidy(datetime(2023, 12, 28, tzinfo=UTC), n=3000)
    return replaced(replaced(frame, 5, close=-1.0), 7, ts_utc=None)


def test_slices_give_the_same_bytes_as_reading_the_file(home, tmp_path, monkeypatch):
    land(home, tmp_path, two_years(), NOW, "a.parquet")
    plain = [year.card for year in build_candles(home, "EURUSD", [2023, 2024])]

    monkeypatch.setattr(slices, "SLICE_ROWS", 100)
    first = [year.card for year in build_candles(home, "EURUSD", [2023, 2024])]
    monkeypatch.setattr(slices, "read_and_judge", lambda *_: pytest.fail("the file was read again"))
    again = [year.card for year in build_candles(home, "EURUSD", [2024, 2023])]

    assert landed_years(home, "EURUSD") == [2023, 2024]
    assert first == plain
    assert again == plain[::-1]


@pytest.mark.parametrize("damage", ["flip", "remove", "card", "version"])
def test_a_damaged_or_old_slice_is_made_again(home, tmp_path, monkeypatch, damage):
    """Faults 5 and 6."""
    monkeypatch.setattr(slices, "SLICE_ROWS", 100)
    land(home, tmp_path, two_years(), NOW, "a.parquet")
    plain = [year.card for year in build_candles(home, "EURUSD", [2023, 2024])]
    folder = home.slices("EURUSD")
    for path in list(folder.glob("*.json" if damage == "card" else "*.parquet")):
        if damage == "remove":
            path.unlink()
        elif damage in ("flip", "card"):
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
    if damage == "version":
        monkeypatch.setattr(slices, "READING_VERSION", 99)
    reads, read = [], slices.read_and_judge
    monkeypatch.setattr(slices, "read_and_judge", lambda *arguments: reads.append(1) or read(*arguments))

    assert [year.card for year in build_candles(home, "EURUSD", [2023, 2024])] == plain
    assert reads == [1]


def test_rows_of_a_wrong_year_stand_in_the_quarantine_of_the_nearest(home, tmp_path):
    """Fault 61: none is lost between the years."""
    frame = replaced(
        replaced(FRAME, 3, ts_utc=datetime(1970, 1, 20, tzinfo=UTC)), 9, ts_utc=datetime(2100, 1, 1, tzinfo=UTC)
    )

    done = land(home, tmp_path, frame, NOW, "a.parquet")
    (year,) = build_candles(home, "EURUSD", [2024])

    assert year.card["quarantined"] == done.quarantined == {"before_1990": 1, "future": 1}
    assert year.card["n_rows"] + sum(year.card["quarantined"].values()) == FRAME.height
    assert landed_files(home, "EURUSD")[0].stored.card["examples"]["future"][0].startswith("2100-01-01")
