"""Promise: what is ingested is landed whole or refused whole, and candles depend on content, not on how it came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from forecast_pipeline.candles.build import (
    QUARANTINE_SUFFIX,
    build_candles,
    candle_partitions,
    candles_of_year,
    landed_years,
)
from forecast_pipeline.candles.ingest import ingest_file
from forecast_pipeline.candles.landing import landed_files, landed_symbols
from forecast_pipeline.candles.vendors.protocol import SourceOptions, complete_columns
from forecast_pipeline.core.errors import CorruptData, InvalidConfiguration, MissingData, RefusedFile, UnknownSymbol
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.schema import CANDLES, QUARANTINE
from forecast_pipeline_tests.candles.vendor_files import replaced, tidy

NOW = datetime(2024, 6, 5, tzinfo=UTC)
PARQUET = SourceOptions(vendor="parquet")
FRAME = tidy(n=300)
VALUES = [name for name in CANDLES if name != "source"]


def tree(root):
    """Every file below a folder with its content; a lock file holds nothing."""
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def write(folder, frame, name="file.parquet"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    frame.write_parquet(path)
    return path


def expected(frame, minutes=1):
    return complete_columns(frame).with_columns(source_minutes=pl.lit(minutes, pl.Int32)).select(VALUES)


def all_candles(home, symbol="EURUSD"):
    return pl.concat([year.read_frame() for year in candle_partitions(home, symbol)])


def test_candles_are_the_rows_that_were_ingested(home, ingest_frame):
    (year,) = ingest_frame(home, FRAME)

    candles = year.read_frame()
    assert dict(candles.schema) == CANDLES
    assert_frame_equal(candles.select(VALUES), expected(FRAME))
    assert candles["source"].unique().to_list() == [0]
    card = year.card
    assert (card["symbol"], card["year"], card["n_rows"], card["n_replaced"]) == ("EURUSD", 2024, 300, 0)
    assert (card["quarantined"], card["price_side"]) == ({}, "unspecified")
    assert (card["first_ts_utc"], card["last_ts_utc"]) == ("2024-01-08T00:00:00+00:00", "2024-01-08T04:59:00+00:00")
    assert [source["name"] for source in card["sources"]] == ["EURUSD_0.parquet"]
    assert candles_of_year(home, "EURUSD", 2024) == year


def test_what_ingesting_did_is_said(home, tmp_path):
    bad = replaced(pl.concat([FRAME, FRAME[:5], FRAME[9].with_columns(volume=pl.lit(1e6))]), 3, close=-1.0)

    report = ingest_file(home, write(tmp_path, bad), "eur/usd", PARQUET, clock=lambda: NOW)

    assert (report.symbol, report.n_rows, report.n_duplicates, report.was_known) == ("EURUSD", 306, 4, False)
    assert report.quarantined == {"conflicting_duplicate": 1, "not_positive": 1}
    card = report.file.stored.card
    assert (card["ingested_at"], card["n_good"], card["n_rows"]) == (NOW.isoformat(), 300, 306)
    assert report.file.path.read_bytes() == (tmp_path / "file.parquet").read_bytes()


def test_ingesting_again_changes_nothing(home, tmp_path, ingest_frame):
    """Fault 13."""
    ingest_frame(home, FRAME)
    before = tree(home.root)
    later = NOW + timedelta(days=3650)

    again = ingest_file(home, home.inbox / "EURUSD_0.parquet", "EURUSD", PARQUET, clock=lambda: later)
    list(build_candles(home, "EURUSD", [2024]))

    assert again.was_known
    assert tree(home.root) == before


@settings(max_examples=15)
@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 299), max_size=60))
def test_the_order_and_copies_of_rows_do_not_change_a_byte(tmp_path_factory, ingest_frame, random, copies):
    """Fault 13."""
    rows = [*range(300), *copies]
    random.shuffle(rows)
    folder = tmp_path_factory.mktemp("order")

    (sorted_once,) = ingest_frame(Home(folder / "a"), FRAME)
    (shuffled,) = ingest_frame(Home(folder / "b"), FRAME[rows])

    assert shuffled.card["files"][".parquet"] == sorted_once.card["files"][".parquet"]


@settings(max_examples=15)
@given(
    st.lists(st.integers(1, 299), min_size=0, max_size=5, unique=True).map(sorted),
    st.integers(0, 40),
    st.randoms(use_true_random=False),
)
def test_however_a_series_is_cut_into_files_the_candles_are_the_same(
    tmp_path_factory, ingest_frame, cuts, overlap, random
):
    """Fault 13: any chunking, any overlap, any order of files."""
    home = Home(tmp_path_factory.mktemp("chunks"))
    chunks = [FRAME[max(a - overlap, 0) : b] for a, b in zip([0, *cuts], [*cuts, 300], strict=True)]
    random.shuffle(chunks)

    for chunk in chunks:
        (year,) = ingest_frame(home, chunk, source_timeframe="1m")

    assert_frame_equal(year.read_frame().select(VALUES), expected(FRAME))
    assert year.card["n_replaced"] == 0
    assert len(year.card["sources"]) == len(chunks)


def test_where_files_disagree_the_later_one_wins_and_is_counted(home, ingest_frame):
    """Faults 13 and 14."""
    corrected = FRAME[100:120].with_columns(pl.col("volume") + 1000)
    ingest_frame(home, FRAME)

    (year,) = ingest_frame(home, corrected)

    candles = year.read_frame()
    assert_frame_equal(candles[100:120].select(VALUES), expected(corrected))
    assert_frame_equal(candles.select(VALUES)[:100], expected(FRAME[:100]))
    assert candles["source"].to_list() == [0] * 100 + [1] * 20 + [0] * 180
    assert (year.card["n_rows"], year.card["n_replaced"]) == (300, 20)


def test_a_file_that_comes_again_does_not_win_back(home, ingest_frame):
    """Fault 14."""
    ingest_frame(home, FRAME)
    (corrected,) = ingest_frame(home, FRAME.with_columns(pl.col("volume") + 1000))

    ingest_file(home, home.inbox / "EURUSD_0.parquet", "EURUSD", PARQUET, clock=lambda: NOW + timedelta(days=9999))

    assert list(build_candles(home, "EURUSD", [2024])) == [corrected]


def test_bad_rows_of_a_file_do_not_replace_good_ones_of_another(home, ingest_frame):
    """Fault 15."""
    ingest_frame(home, FRAME)

    (year,) = ingest_frame(home, replaced(FRAME[:50], 7, close=-1.0))

    assert_frame_equal(year.read_frame().select(VALUES), expected(FRAME))
    quarantine = year.read_frame(QUARANTINE_SUFFIX)
    assert dict(quarantine.schema) == QUARANTINE
    assert quarantine.select("ts_utc", "close", "source", "reason").rows() == [
        (FRAME["ts_utc"][7], -1.0, 1, "not_positive")
    ]
    assert year.card["quarantined"] == {"not_positive": 1}


def test_rows_without_a_stamp_are_reported_with_the_first_year_of_their_file(home, ingest_frame):
    """Fault 15."""
    frame = replaced(replaced(FRAME, 3, ts_utc=None), 4, ts_utc=None)

    (year,) = ingest_frame(home, frame)

    assert year.card["quarantined"] == {"no_clock": 2}
    assert year.read_frame(QUARANTINE_SUFFIX)["volume"].to_list() == FRAME["volume"][3:5].to_list()
    assert year.card["n_rows"] == 298


def test_candles_from_the_future_are_left_out_and_counted(home, tmp_path):
    """Fault 20: the clock is the one of the ingest, not the one of the build."""
    path = write(tmp_path, FRAME)
    now = FRAME["ts_utc"][199] - timedelta(days=1)

    report = ingest_file(home, path, "EURUSD", PARQUET, clock=lambda: now)
    (year,) = build_candles(home, "EURUSD", [2024])

    assert report.quarantined == year.card["quarantined"] == {"future": 100}
    assert_frame_equal(year.read_frame().select(VALUES), expected(FRAME[:200]))


def test_a_year_is_a_calendar_year_in_utc(home, ingest_frame):
    frame = tidy(datetime(2023, 12, 29, 20, tzinfo=UTC), n=3000)

    years = ingest_frame(home, frame)

    assert [year.name for year in years] == ["2023", "2024"]
    assert landed_years(home, "EURUSD") == [2023, 2024]
    assert [year.read_frame()["ts_utc"].dt.year().unique().to_list() for year in years] == [[2023], [2024]]
    assert_frame_equal(all_candles(home).select(VALUES), expected(frame))


def test_candles_of_two_lengths_stand_side_by_side(home, ingest_frame):
    hourly = tidy(datetime(2024, 1, 7, 22, tzinfo=UTC), n=100, minutes=60)
    ingest_frame(home, FRAME)

    (year,) = ingest_frame(home, hourly)

    candles = year.read_frame()
    for minutes, frame in ((1, FRAME), (60, hourly)):
        part = candles.filter(pl.col("source_minutes") == minutes).select(VALUES)
        assert_frame_equal(part, expected(frame, minutes))
    assert year.card["n_replaced"] == 0


def test_another_price_side_is_refused_and_nothing_is_written(home, tmp_path, ingest_frame):
    """Fault 59."""
    ingest_frame(home, FRAME, price_side="bid")
    before = tree(home.root)
    path = write(tmp_path, FRAME[:10])

    with pytest.raises(RefusedFile, match="EURUSD must keep one price side, its files so far are bid, was mid"):
        ingest_file(home, path, "EURUSD", PARQUET.model_copy(update={"price_side": "mid"}), clock=lambda: NOW)
    assert tree(home.root) == before


def test_a_side_that_is_not_known_goes_with_any(home, ingest_frame):
    """Fault 59."""
    ingest_frame(home, FRAME[:100], price_side="mid")

    (year,) = ingest_frame(home, FRAME[100:])

    assert year.card["price_side"] == "mid"


REFUSED = {
    "mostly negative": FRAME.with_columns(close=pl.when(pl.int_range(300) < 160).then(-1.0).otherwise("close")),
    "all in the weekend": FRAME.with_columns(pl.col("ts_utc") + pl.duration(days=5)),
    "crossed": FRAME.with_columns(pl.lit(0.5).alias(f"ask_{p}") for p in ("open", "high", "low", "close")),
}


@pytest.mark.parametrize("frame", REFUSED.values(), ids=REFUSED.keys())
def test_a_file_of_mostly_bad_rows_is_refused_and_nothing_is_written(home, tmp_path, ingest_frame, frame):
    """Faults 15, 58 and 61."""
    ingest_frame(home, tidy(n=50, seed=1))
    before = tree(home.root)
    path = write(tmp_path, frame)

    with pytest.raises(RefusedFile, match=r"at most 50% of the rows may be unusable, was \d+ of 300, most often"):
        ingest_file(home, path, "EURUSD", PARQUET, clock=lambda: NOW)
    assert tree(home.root) == before


@pytest.mark.parametrize(
    ("factor", "message"),
    [(1e-3, "was 300 of 300, most often before_1990"), (100, "must open the week Sunday 17:00")],
)
def test_stamps_in_another_unit_are_refused(home, tmp_path, factor, message):
    """Fault 61."""
    epoch = (pl.col("ts_utc").dt.epoch("us") * factor).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
    path = write(tmp_path, FRAME.with_columns(epoch))

    with pytest.raises(RefusedFile, match=r"records must be .* apart"):
        ingest_file(home, path, "EURUSD", PARQUET, clock=lambda: NOW)
    with pytest.raises(RefusedFile, match=message):
        ingest_file(home, path, "EURUSD", PARQUET.model_copy(update={"source_timeframe": "1m"}), clock=lambda: NOW)
    assert not home.root.exists()


def test_half_of_the_rows_may_be_bad(home, ingest_frame):
    """Fault 15: the limit itself."""
    half = FRAME.with_columns(close=pl.when(pl.int_range(300) < 150).then(-1.0).otherwise("close"))

    (year,) = ingest_frame(home, half)

    assert (year.card["n_rows"], year.card["quarantined"]) == (150, {"not_positive": 150})


@pytest.mark.parametrize(
    ("name", "symbol", "vendor", "error"),
    [
        ("absent.parquet", "EURUSD", "parquet", RefusedFile),
        (".", "EURUSD", "parquet", RefusedFile),
        ("empty.parquet", "EURUSD", "parquet", RefusedFile),
        ("empty.parquet", "EURUSD", "histdata", RefusedFile),
        ("file.parquet", "EURUSD", "histdata", RefusedFile),
        ("file.parquet", "../EURUSD", "parquet", UnknownSymbol),
        ("file.parquet", "EUR\0USD", "parquet", UnknownSymbol),
        ("file.parquet", "EURUSD", "reuters", InvalidConfiguration),
    ],
    ids=[
        "no file",
        "folder",
        "empty",
        "empty text",
        "wrong vendor",
        "path as symbol",
        "NUL in symbol",
        "unknown vendor",
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_is_written(home, tmp_path, name, symbol, vendor, error):
    """Faults 11, 12 and 63."""
    folder = tmp_path / "in"
    write(folder, FRAME)
    (folder / "empty.parquet").touch()

    with pytest.raises(error):
        ingest_file(home, folder / name, symbol, SourceOptions(vendor=vendor), clock=lambda: NOW)
    assert not home.root.exists()


def test_a_damaged_landing_file_is_refused_and_ingesting_again_heals(home, ingest_frame):
    """Faults 5 and 6."""
    (good,) = ingest_frame(home, FRAME)
    ingest_frame(home, FRAME[:10].with_columns(pl.col("volume") + 1))
    landed = landed_files(home, "EURUSD")[0].path
    content = landed.read_bytes()
    whole = tree(home.root)
    landed.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])

    with pytest.raises(CorruptData, match=f"{landed.name} must have sha256 .*To do: ingest it again"):
        list(build_candles(home, "EURUSD", [2024]))

    for damage in ("flipped", "removed"):
        if damage == "removed":
            landed.unlink()
        report = ingest_file(home, home.inbox / "EURUSD_0.parquet", "EURUSD", PARQUET, clock=lambda: NOW)
        assert report.was_known
        assert tree(home.root) == whole  # also its place: the later file still wins
    assert next(build_candles(home, "EURUSD", [2024])).card["n_replaced"] == 10
    assert good.card["n_replaced"] == 0


def test_a_missing_landing_file_is_refused(home, ingest_frame):
    """Fault 5."""
    ingest_frame(home, FRAME)
    landed_files(home, "EURUSD")[0].path.unlink()

    with pytest.raises(CorruptData, match=r"must have sha256 .*, was no file"):
        list(build_candles(home, "EURUSD", [2024]))


def test_the_landing_area_does_not_need_the_inbox(home, ingest_frame):
    (built,) = ingest_frame(home, FRAME)
    (home.inbox / "EURUSD_0.parquet").unlink()

    assert list(build_candles(home, "EURUSD", [2024])) == [built]


def test_building_again_writes_the_same_bytes(home, ingest_frame):
    """Fault 48."""
    ingest_frame(home, replaced(replaced(FRAME, 3, ts_utc=None), 9, close=-1.0))
    before = tree(home.root)

    list(build_candles(home, "EURUSD", [2024]))

    assert tree(home.root) == before


def test_quarantined_rows_keep_the_order_of_their_file(home, ingest_frame):
    """Fault 72: rows without a stamp all compare equal, their order must not depend on the sort."""
    frame = FRAME.with_columns(ts_utc=pl.when(pl.int_range(300) % 3 == 0).then(None).otherwise("ts_utc"))

    (year,) = ingest_frame(home, frame)

    assert year.read_frame(QUARANTINE_SUFFIX)["volume"].to_list() == FRAME["volume"][::3].to_list()


def test_a_year_that_nobody_ingested_is_missing(home, ingest_frame):
    ingest_frame(home, FRAME)

    with pytest.raises(MissingData, match=r"EURUSD 2019 must have been ingested. To do: ingest a file of that year"):
        list(build_candles(home, "EURUSD", [2019]))
    with pytest.raises(MissingData, match="candles of EURUSD 2019 must be built first"):
        candles_of_year(home, "EURUSD", 2019)


def test_nothing_landed_is_an_empty_list(home):
    assert (landed_files(home, "EURUSD"), landed_symbols(home), landed_years(home, "EURUSD")) == ([], [], [])
    assert candle_partitions(home, "EURUSD") == []


def test_symbols_do_not_meet(home, ingest_frame):
    ingest_frame(home, FRAME, "EURUSD")
    ingest_frame(home, FRAME[:10], "GBP/USD".replace("/", ""))

    assert landed_symbols(home) == ["EURUSD", "GBPUSD"]
    assert [all_candles(home, symbol).height for symbol in landed_symbols(home)] == [300, 10]


@pytest.mark.parametrize(
    "name", ["file", "file.", "file.p*r|q", "file.PARQUET", "file.averyverylongsuffix", "a b.par quet"]
)
def test_the_name_of_a_vendor_file_stays_a_note(home, tmp_path, name):
    """Fault 11."""
    report = ingest_file(home, write(tmp_path, FRAME, name), "EURUSD", PARQUET, clock=lambda: NOW)

    assert report.file.stored.card["name"] == name
    assert report.file.path.parent == home.landing("EURUSD")
    assert report.file.path.name.isascii()
    assert next(build_candles(home, "EURUSD", [2024])).card["n_rows"] == 300
