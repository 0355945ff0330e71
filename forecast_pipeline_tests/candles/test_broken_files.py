"""Promise: a broken file is read right, repaired, quarantined with the reason, or refused in one line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from forecast_pipeline.candles.build import QUARANTINE_SUFFIX, build_candles, landed_years
from forecast_pipeline.candles.findings import POLICY
from forecast_pipeline.candles.ingest import ingest_file
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.core.errors import NoRecords, PipelineError, RefusedFile
from forecast_pipeline_tests.candles import native_files as native
from forecast_pipeline_tests.candles.vendor_files import histdata_lines, tidy, wall_clock, write_zip

NOW = datetime(2031, 1, 1, tzinfo=UTC)
FRAME = tidy(datetime(2024, 1, 3, tzinfo=UTC), n=12_000)  # eight days of minutes over two weekly opens
ROWS = histdata_lines(FRAME, wall_clock(FRAME["ts_utc"], "America/New_York")).splitlines()
AUTO = SourceOptions(vendor="auto")


def text(rows):
    return ("\n".join(rows) + "\n").encode()


def with_row(row, **cells):
    """The rows with some cells of one row replaced; cells are stamp, open, high, low, close."""
    names = ("stamp", "open", "high", "low", "close", "volume")
    values = ROWS[row].split(";")
    for name, value in cells.items():
        values[names.index(name)] = value
    return [*ROWS[:row], ";".join(values), *ROWS[row + 1 :]]


def times_ten(rows, first, last):
    def raised(row):
        stamp, *prices, volume = row.split(";")
        return ";".join([stamp, *(f"{float(p) * 10:.5f}" for p in prices), volume])

    return [raised(row) if first <= n < last else row for n, row in enumerate(rows)]


SATURDAY = "20240106 120000;1.10000;1.10010;1.09990;1.10000;0"
STILL = [f"{ROWS[n].split(';')[0]};1.10000;1.10000;1.10000;1.10000;0" for n in range(300, 420)]
LATER = wall_clock(FRAME["ts_utc"], "America/New_York").dt.offset_by("1h")
READ = {
    "as it is": (ROWS, {}, {}),
    "CRLF": ("\r\n".join(ROWS).encode(), {}, {}),
    "byte order mark": (b"\xef\xbb\xbf" + text(ROWS), {}, {}),
    "no last line break": (text(ROWS).rstrip(), {}, {}),
}
REPAIRED = {
    "an identical row": ([*ROWS[:10], ROWS[9], *ROWS[10:]], {"exact_duplicate": 1}, {}),
    "a whole block twice": ([*ROWS, *ROWS[:500]], {"exact_duplicate": 500, "out_of_order": 1}, {}),
    "two rows swapped": ([*ROWS[:10], ROWS[11], ROWS[10], *ROWS[12:]], {"out_of_order": 1}, {}),
    "newest first": (ROWS[::-1], {"out_of_order": 11_999}, {}),
}
QUARANTINED = {
    "a conflicting row": (
        [*ROWS[:10], ROWS[9].replace(";0", ";0")[:16] + "1.09;1.2;1.08;1.10;0", *ROWS[10:]],
        {},
        {"conflicting_duplicate": 1},
    ),
    "NaN": (with_row(50, close="nan"), {}, {"not_finite": 1}),
    "infinite": (with_row(50, high="inf"), {}, {"not_finite": 1}),
    "zero": (with_row(50, low="0.0"), {}, {"not_positive": 1}),
    "negative": (with_row(50, close="-1.1"), {}, {"not_positive": 1}),
    "high below low": (with_row(50, high="1.0", low="1.2"), {}, {"high_below_low": 1}),
    "close above high": (with_row(50, close="1.3"), {}, {"outside_range": 1}),
    "open below low": (with_row(50, open="0.9"), {}, {"outside_range": 1}),
    "a decimal shift of one minute": (times_ten(ROWS, 50, 51), {}, {"spike": 1}),
    "a decimal shift of twenty minutes": (times_ten(ROWS, 5000, 5020), {}, {"spike": 20}),
    "a feed that hangs for two hours": ([*ROWS[:300], *STILL, *ROWS[420:]], {}, {"stale": 119}),
    "a row on Saturday": ([*ROWS[:4000], SATURDAY, *ROWS[4000:]], None, {"closed_session": 1}),
    "a row of the year 2099": ([*ROWS, "20990105 120000" + ROWS[0][15:]], {}, {"future": 1}),
    "a row of 1970": (["19700120 170000" + ROWS[0][15:], *ROWS], {}, {"before_1990": 1}),
    "off the minute": (with_row(50, stamp=ROWS[50][:13] + "37"), {}, {"off_grid": 1}),
}
REFUSED = {
    "truncated in a line": (text(ROWS)[:-20], r"was line 12000: '"),
    "truncated in the last price": (text(ROWS)[:-4], r"was line 12000: '"),
    "text in a number": (text(with_row(50, close="1.1O5")), r"was line 51: '.*1\.1O5"),
    "a column short": (text([*ROWS[:50], ROWS[50].rsplit(";", 2)[0], *ROWS[51:]]), "was line 51"),
    "decimal comma": (text(with_row(50, open="1,1")), "was line 51"),
    "a header in the middle": (
        text([*ROWS[:50], "Date;Open;High;Low;Close;Volume", *ROWS[50:]]),
        "was line 51: 'Date;",
    ),
    "month 13": (text(with_row(50, stamp="20241301 000000")), "was line 51"),
    "NUL bytes": (text(ROWS)[:5000] + bytes(100) + text(ROWS)[5000:], "was line"),
    "HTML": (b"<!DOCTYPE html><html>503</html>", "none of those tried"),
    "mostly zero": (
        text([r.split(";")[0] + ";0;0;0;0;0" if n % 3 else r for n, r in enumerate(ROWS)]),
        "most often not_positive",
    ),
    "an hour late": (histdata_lines(FRAME, LATER).encode(), "Sunday 17:00"),
    "times ten to the end": (text(times_ten(ROWS, 6000, 12_000)), "must keep one scale"),
    "a thousand times": (
        text([";".join([r.split(";")[0], *(f"{float(p) * 1000:.2f}" for p in r.split(";")[1:5]), "0"]) for r in ROWS]),
        "must lie between",
    ),
    "random bytes": (bytes((7 * n * n + 3 * n) % 256 for n in range(5000)), "none of those tried"),
}


def ingest(home, folder, content, options=AUTO, name="file.csv", symbol="EURUSD"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else text(content))
    return ingest_file(home, path, symbol, options, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("content", "repaired", "quarantined"),
    (READ | REPAIRED | QUARANTINED).values(),
    ids=(READ | REPAIRED | QUARANTINED).keys(),
)
def test_a_file_with_a_fault_in_its_rows_keeps_every_good_one(home, tmp_path, content, repaired, quarantined):
    """Faults 13, 15, 20, 56, 61 and 62: and the sum of all verdicts is the number of rows."""
    done = ingest(home, tmp_path, content, SourceOptions(vendor="histdata"))
    (year,) = build_candles(home, "EURUSD", landed_years(home, "EURUSD"))

    card, ticket = year.card, done.file.stored.card
    if repaired is not None:
        assert ticket["repaired"] == repaired
    assert (done.quarantined, card["quarantined"], year.read_frame(QUARANTINE_SUFFIX).height) == (
        quarantined,
        quarantined,
        sum(quarantined.values()),
    )
    assert card["n_rows"] + sum(quarantined.values()) + ticket["repaired"].get("exact_duplicate", 0) == done.n_rows
    assert set(card["examples"]) == set(quarantined)
    kept = year.read_frame().join(FRAME, on="ts_utc", suffix="_true")
    assert kept.filter((pl.col("close") - pl.col("close_true")).abs() > 6e-6).height <= (
        "conflicting_duplicate" in quarantined
    ) + len(STILL) * ("stale" in quarantined)


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("vendor", ["histdata", "auto"])
def test_a_file_that_is_broken_as_a_whole_is_refused_in_one_line(home, tmp_path, vendor, content, message):
    """Faults 5, 19, 58, 62 and 63."""
    if vendor == "histdata" and "none of those" in message:
        message = "was line 1: "

    with pytest.raises(RefusedFile, match=message) as refusal:
        ingest(home, tmp_path, content, SourceOptions(vendor=vendor))

    assert "\n" not in str(refusal.value)
    assert not home.root.exists()


def test_a_clock_that_changes_on_the_wrong_days_is_refused(home, tmp_path):
    """Fault 19: London's dates read as New York's are wrong in three weeks of March only."""
    spring = tidy(datetime(2024, 1, 7, 22, tzinfo=UTC), n=20_000, minutes=5)
    local = wall_clock(spring["ts_utc"], "Europe/London", 5)
    content = histdata_lines(spring, local).encode()

    with pytest.raises(RefusedFile, match=r"was 3 of 3 weeks from 2024-03-10 to 2024-03-31 with records in the closed"):
        ingest(home, tmp_path, content, SourceOptions(vendor="histdata", timezone="America/New_York"))
    done = ingest(home, tmp_path, content, SourceOptions(vendor="histdata"))
    assert done.file.stored.card["timezone"] == "Europe/London minus 5 h"


def test_a_broker_that_starts_its_week_late_is_not_taken_for_another_clock(home, tmp_path):
    """Fault 19: hours on Berlin's clock from Monday 00:00 look like New York plus 7 h at the open."""
    hours = tidy(datetime(2024, 1, 7, 22, tzinfo=UTC), n=1200, minutes=60)
    late = hours.filter(~((pl.col("ts_utc").dt.weekday() == 7) & (pl.col("ts_utc").dt.hour() < 23)))
    local = late.with_columns(local=wall_clock(late["ts_utc"], "Europe/Berlin"))
    content = native.lines(local, "%Y.%m.%d,%H:%M", (*native.PRICES, "volume")).encode()

    with pytest.raises(RefusedFile, match="must be given or show in its weeks"):
        ingest(home, tmp_path, content)
    done = ingest(home, tmp_path, content, SourceOptions(vendor="auto", timezone="Europe/Berlin"))
    assert (done.n_rows, done.quarantined) == (late.height, {})


def test_another_scale_than_the_file_before_is_refused(home, tmp_path):
    """Fault 58, over the seam of two files of a symbol that no table knows."""
    ingest(home, tmp_path, ROWS[:6000], SourceOptions(vendor="histdata"), symbol="ABCDEF")

    with pytest.raises(RefusedFile, match=r"must be on the scale of file\.csv, around 1\.1"):
        ingest(home, tmp_path, times_ten(ROWS, 0, 12_000), SourceOptions(vendor="histdata"), "b.csv", "ABCDEF")


def test_the_wrong_symbol_is_seen_by_the_price(home, tmp_path):
    with pytest.raises(
        RefusedFile, match=r"prices of USDJPY in file\.csv must lie between 37\.04 and 363\.6, was a median"
    ):
        ingest(home, tmp_path, ROWS, symbol="USDJPY")


CONTAINERS = {
    "cut zip": (lambda f: cut(write_zip(f, {"a.csv": text(ROWS)})), "must be a complete zip file"),
    "two members": (
        lambda f: write_zip(f, {"a.csv": text(ROWS), "b.csv": text(ROWS)}),
        "must hold one .csv file, was 2",
    ),
    "bomb": (lambda f: write_zip(f, {"a.csv": text([ROWS[0]] * 300_000)}), "must unpack to at most"),
    "nothing inside": (lambda f: write_zip(f, {}), "file.zip must"),
    "only a picture": (lambda f: write_zip(f, {"a.png": b"x"}), "file.zip must"),
}


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])
    return path


@pytest.mark.parametrize(("make", "message"), CONTAINERS.values(), ids=CONTAINERS.keys())
@pytest.mark.parametrize("vendor", ["histdata", "auto"])
def test_a_broken_container_is_refused(home, tmp_path, make, message, vendor):
    """Faults 5 and 29."""
    path = make(tmp_path / "file.zip")

    with pytest.raises(RefusedFile, match=message if vendor == "histdata" else "file.zip"):
        ingest_file(home, path, "EURUSD", SourceOptions(vendor=vendor), clock=lambda: NOW)
    assert not home.root.exists()


def test_a_crossed_quote_and_a_missing_side_leave_with_their_reasons(home, tmp_path):
    """Fault 15."""
    quoted = tidy(n=300, has_ask=True)
    page = native.json.loads(native.oanda_page(quoted))
    for n, side in ((5, "bid"), (9, "bid")):
        low, high = page["candles"][n]["ask"], page["candles"][n][side]
        page["candles"][n]["ask"], page["candles"][n][side] = high, low
    page["candles"][20]["ask"]["c"] = None

    done = ingest(home, tmp_path, native.json.dumps(page).encode(), name="a.json")

    assert done.quarantined == {"crossed_quote": 2, "not_finite": 1}


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"Gmt time,Open,High,Low,Close,Volume\n"], ids=["empty", "blank", "header"]
)
def test_a_file_without_rows_is_no_data(home, tmp_path, content):
    """Fault 63."""
    with pytest.raises(NoRecords):
        ingest(home, tmp_path, content, SourceOptions(vendor="dukascopy-csv"))
    assert not home.root.exists()


def test_every_quarantine_reason_and_refusal_is_met_somewhere_in_these_tests():
    met = {reason for _, _, quarantined in QUARANTINED.values() for reason in quarantined}
    elsewhere = {"no_clock", "crossed_quote", "ask_without_bid"}  # test_validation, above, test_sides

    assert {n for n, each in POLICY.items() if each.verdict == "quarantine"} == met | elsewhere


def test_a_week_of_bi5_with_one_broken_day_takes_the_others(home, tmp_path):
    """One bad file never stops the others."""
    taken, refused = [], []
    for day in range(8, 13):
        frame = tidy(datetime(2024, 1, day, tzinfo=UTC), n=600)
        body = native.bi5_candles(frame, date(2024, 1, day))
        path = tmp_path / "EURUSD" / "2024" / "00" / f"{day:02}" / "BID_candles_min_1.bi5"
        try:
            taken.append(
                ingest(home, tmp_path, body[:-40] if day == 10 else body, name=str(path.relative_to(tmp_path)))
            )
        except PipelineError as error:
            refused.append(str(error))

    (year,) = build_candles(home, "EURUSD", [2024])
    assert (len(taken), len(refused), year.card["n_rows"]) == (4, 1, 2400)
    assert {gap["kind"] for gap in year.card["gaps"]} <= {
        "holiday",
        "hole",
        "early close",
        "late open",
        "early close and late open",
    }
    assert timedelta(minutes=max(g["open_minutes"] for g in year.card["gaps"])) > timedelta(days=1)


@pytest.mark.parametrize("broken", ["20240109 120500;1.1;1.1;abc;1.1;0", "20240109 120500;1.1;1.1"])
def test_a_broken_line_at_the_beginning_is_named_and_does_not_hide_the_format(home, tmp_path, broken):
    """Detection looks at the first lines; one of them that is broken makes no other format."""
    lines = [f"20240109 12{minute:02};1.1;1.1002;1.0999;1.1001;0".replace(";", "00;", 1) for minute in range(30)]
    lines[5] = broken
    path = tmp_path / "broken.csv"
    path.write_text("\n".join(lines) + "\n", encoding="ascii")

    with pytest.raises(RefusedFile, match=r"must hold HistData M1 lines .* was line 6: '20240109 120500;1\.1;1\.1"):
        ingest_file(home, path, "EURUSD", SourceOptions(vendor="auto"), clock=lambda: NOW)
