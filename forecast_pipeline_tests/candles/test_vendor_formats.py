"""Promise: a native file of every vendor, made byte by byte, is found by its content and read to the candles in it."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast_pipeline.candles.reading import read_and_judge
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.candles.vendors.registry import READERS, reader_named, resolved_options
from forecast_pipeline.core.errors import NoRecords, PipelineError, RefusedFile
from forecast_pipeline_tests.candles import native_files as native
from forecast_pipeline_tests.candles.vendor_files import histdata_lines, replaced, tidy, wall_clock, write_zip

NOW = datetime(2031, 1, 1, tzinfo=UTC)
PRICES = native.PRICES
WEEKS = tidy(datetime(2024, 1, 3, tzinfo=UTC), n=2400, minutes=5, has_ask=True)  # over two weekly opens
DAY = tidy(datetime(2024, 1, 8, tzinfo=UTC), n=300, has_ask=True)
AUTO = SourceOptions(vendor="auto")


def on_clock(frame, zone, minutes=0):
    return frame.with_columns(local=wall_clock(frame["ts_utc"], zone).dt.offset_by(f"{minutes}m"))


ATHENS = on_clock(WEEKS, "Europe/Athens")
NEWYORK7 = on_clock(WEEKS, "America/New_York", 420)
OHLCV = (*PRICES, "volume")
WITH_SPREAD = ATHENS.with_columns(real=pl.lit(0), spread=pl.lit(7.0))
BRACKETS = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"
TEXTS = {
    "histdata ascii": (
        "histdata",
        histdata_lines(WEEKS, wall_clock(WEEKS["ts_utc"], "America/New_York")).encode(),
    ),
    "mt5 tab, header in brackets, spread, CRLF": (
        "metatrader",
        native.lines(WITH_SPREAD, "%Y.%m.%d\t%H:%M:%S", (*OHLCV, "real", "spread"), "\t", BRACKETS, "\r\n").encode(),
    ),
    "mt5 UTF-16": (
        "metatrader",
        native.lines(WITH_SPREAD, "%Y.%m.%d\t%H:%M:%S", (*OHLCV, "real", "spread"), "\t", BRACKETS, "\r\n").encode(
            "utf-16"
        ),
    ),
    "mt5 UTF-16 without a mark": (
        "metatrader",
        native.lines(ATHENS, "%Y.%m.%d,%H:%M", OHLCV).encode("utf-16-le"),
    ),
    "mt4 comma, no header": ("metatrader", native.lines(ATHENS, "%Y.%m.%d,%H:%M", OHLCV).encode()),
    "mt4 semicolon, seconds": ("metatrader", native.lines(NEWYORK7, "%Y.%m.%d;%H:%M:%S", OHLCV, ";").encode()),
    "mt4 one stamp column": ("metatrader", native.lines(ATHENS, "%Y-%m-%d %H:%M", OHLCV).encode()),
    "mt5 quoted lines": (
        "metatrader",
        "\r\n".join(
            f'"{line}"'
            for line in native.lines(
                ATHENS, "%Y-%m-%d %H:%M:%S", OHLCV, "\t", "Time\tOpen\tHigh\tLow\tClose\tVolume"
            ).split("\n")[:-1]
        ).encode(),
    ),
    "dukascopy csv": (
        "dukascopy-csv",
        native.lines(WEEKS, "%d.%m.%Y %H:%M:%S.000", OHLCV, header="Gmt time,Open,High,Low,Close,Volume").encode(),
    ),
    "dukascopy csv, zone as header": (
        "dukascopy-csv",
        native.lines(
            ATHENS, "%d.%m.%Y %H:%M:%S.000", OHLCV, header="Europe/Athens,Open,High,Low,Close,Volume"
        ).encode(),
    ),
    "dukascopy csv, local time with offset": (
        "dukascopy-csv",
        native.lines(
            on_clock(WEEKS, "Etc/GMT-3"),
            "%d.%m.%Y %H:%M:%S.000 GMT+0300",
            OHLCV,
            header="Local time,Open,High,Low,Close,Volume",
        ).encode(),
    ),
    "csv, ISO stamps with a zone": (
        "csv",
        native.lines(WEEKS, "%Y-%m-%dT%H:%M:%SZ", OHLCV, header="timestamp,open,high,low,close,volume").encode(),
    ),
    "csv, offset stamps": (
        "csv",
        native.lines(WEEKS, "%Y-%m-%d %H:%M:%S+00:00", OHLCV, header="timestamp,open,high,low,close,volume").encode(),
    ),
    "csv, month first": (
        "csv",
        native.lines(ATHENS, "%m/%d/%Y %H:%M", OHLCV, ";", header="date;open;high;low;close;volume").encode(),
    ),
    "csv, order open close high low": (
        "csv",
        native.lines(WEEKS, "%s", ("open", "close", "high", "low"), header="utc,open,close,high,low").encode(),
    ),
}


def read(path, symbol="EURUSD", options=AUTO):
    resolved = resolved_options(path, symbol, options)
    return resolved, read_and_judge(path, resolved, NOW)


def refusal_of(action):
    """Text of the typed refusal, empty if there is none; any other error goes through."""
    try:
        action()
    except PipelineError as error:
        return str(error)
    return ""


def assert_candles(reading, frame, columns=PRICES):
    good = reading.good.sort("ts_utc")
    assert good["ts_utc"].to_list() == frame["ts_utc"].to_list()
    assert good.select(pl.col(columns).round(5)).equals(frame.select(pl.col(columns).round(5)))


@pytest.mark.parametrize(("vendor", "content"), TEXTS.values(), ids=TEXTS.keys())
def test_a_text_file_is_found_and_read(tmp_path, vendor, content):
    """Fault 62."""
    path = tmp_path / "file.csv"
    path.write_bytes(content)

    options, reading = read(path)

    assert options.vendor == vendor
    assert_candles(reading, WEEKS)
    assert (reading.parsed.source_minutes, reading.parsed.n_rows) == (5, WEEKS.height)


@pytest.mark.parametrize(("vendor", "content"), TEXTS.values(), ids=TEXTS.keys())
def test_the_same_text_in_a_zip_is_the_same(tmp_path, vendor, content):
    options, reading = read(write_zip(tmp_path / "file.zip", {"../../any.csv": content}))

    assert options.vendor == vendor
    assert_candles(reading, WEEKS)


def test_the_spread_of_a_record_becomes_its_ask(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(TEXTS["mt5 tab, header in brackets, spread, CRLF"][1])

    _, reading = read(path)

    assert (reading.good["ask_close"] - reading.good["close"]).round(7).unique().to_list() == [7e-5]
    assert "ask = bid + the record's spread in points of 1e-05" in reading.parsed.notes


def bi5_file(folder, side="BID", volume=None):
    path = folder / "EURUSD" / "2024" / "00" / "08" / f"{side}_candles_min_1.bi5"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(native.bi5_candles(DAY, date(2024, 1, 8), volume=volume))
    return path


@pytest.mark.parametrize("side", ["BID", "ASK"])
def test_a_bi5_takes_day_and_side_from_its_place_and_the_point_from_the_symbol(tmp_path, side):
    options, reading = read(bi5_file(tmp_path, side))

    assert (options.vendor, options.start, options.point) == ("dukascopy", "2024-01-08T00:00:00+00:00", 1e-5)
    assert_candles(reading, DAY)
    assert reading.good["volume"].to_list() == DAY["volume"].to_list()
    assert reading.parsed.price_side == side.lower()


def test_a_bi5_away_from_its_place_needs_its_day(tmp_path):
    path = tmp_path / "renamed.bi5"
    path.write_bytes(bi5_file(tmp_path).read_bytes())

    with pytest.raises(RefusedFile, match=r"a path that does not tell the day\. To do: pass --start"):
        read(path)
    _, reading = read(path, options=SourceOptions(vendor="auto", start="2024-01-08"))
    assert_candles(reading, DAY)


def test_a_pair_of_yen_has_points_of_a_thousandth_and_an_unknown_symbol_none(tmp_path):
    path = bi5_file(tmp_path)

    assert resolved_options(path.rename(tmp_path / "x.bi5"), "USDJPY", AUTO).point == 0.001
    with pytest.raises(RefusedFile, match=r"the price of a point in x\.bi5 must be known.*To do: pass --point"):
        read(tmp_path / "x.bi5", "BTCUSD", SourceOptions(vendor="auto", start="2024-01-08"))


def test_a_bi5_in_the_folder_of_another_symbol_is_refused(tmp_path):
    with pytest.raises(RefusedFile, match="must be of GBPUSD, was in the folder of EURUSD"):
        read(bi5_file(tmp_path), "GBPUSD")


def test_minutes_without_a_quote_are_left_out_and_counted(tmp_path):
    """Fault 56: Dukascopy writes them with volume 0 and four equal prices."""
    filler = DAY.with_columns(pl.lit(1.1).alias(name) for name in PRICES)[-40:].with_columns(volume=pl.lit(0.0))
    frame = pl.concat([replaced(DAY[:-40], 3, volume=0.0), filler])
    path = bi5_file(tmp_path)
    path.write_bytes(native.bi5_candles(frame, date(2024, 1, 8)))

    _, reading = read(path)

    assert_candles(reading, DAY[:-40])  # of which one more moves without a volume, and stays
    assert (reading.repaired, reading.parsed.n_rows) == ({"filler": 40}, 300)
    path.write_bytes(native.bi5_candles(filler, date(2024, 1, 8)))
    with pytest.raises(NoRecords, match="nothing traded"):
        read(path)


DAMAGE = {
    "cut": (lambda b: b[: len(b) // 2], "must be a whole LZMA body, was a body that breaks off"),
    "no LZMA": (lambda _: b"<html>busy</html>", "must be LZMA as the vendor sends it"),
    "half a record": (
        lambda _: native.lzma.compress(bytes(35), native.lzma.FORMAT_ALONE),
        "must hold records of 24 bytes",
    ),
    "a bomb": (lambda _: native.lzma.compress(bytes(60_000_000), native.lzma.FORMAT_ALONE), "more than 50000000 bytes"),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_bi5_is_refused(tmp_path, damage, message):
    """Faults 5, 6 and 29."""
    path = bi5_file(tmp_path)
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(RefusedFile, match=message):
        read(path)


@pytest.mark.parametrize("month", ["12", "13", "99"])
def test_a_month_that_the_server_does_not_have_is_refused(tmp_path, month):
    path = bi5_file(tmp_path)
    moved = tmp_path / "EURUSD" / "2024" / month / "08" / path.name
    moved.parent.mkdir(parents=True)
    path.rename(moved)

    with pytest.raises(RefusedFile, match="months from 00 to 11"):
        read(moved)


TICKS = [
    (m * 60_000 + s, 1.1 + 1e-5 * (m + k), 1.1001 + 1e-5 * (m + 2 * k), 1.25 * (k + 1))
    for m in range(50)
    for k, s in enumerate((0, 7_000, 30_000, 59_999))
    if (m, k) != (3, 0)
]


def candles_by_hand():
    """One obvious loop."""
    rows = []
    for minute in range(50):
        here = [tick for tick in TICKS if tick[0] // 60_000 == minute]
        bid, ask, mid = [t[1] for t in here], [t[2] for t in here], [(t[1] + t[2]) / 2 for t in here]
        row = {"ts_utc": datetime(2024, 1, 8, 9, minute, tzinfo=UTC)}
        for side, quotes in (("bid", bid), ("ask", ask), ("mid", mid)):
            row |= {
                f"{side}_open": quotes[0],
                f"{side}_high": max(quotes),
                f"{side}_low": min(quotes),
                f"{side}_close": quotes[-1],
            }
        rows.append(row | {"bid_volume": sum(t[3] for t in here), "n": float(len(here))})
    return pl.DataFrame(rows)


def tick_files():
    start = datetime(2024, 1, 8, 9, tzinfo=UTC)
    stamps = [start + timedelta(milliseconds=t[0]) for t in TICKS]
    ny = [t.astimezone(__import__("zoneinfo").ZoneInfo("America/New_York")) for t in stamps]
    ms = [f"{t.microsecond // 1000:03}" for t in stamps]
    header = {"timestamp": 1704704400000, "multiplier": 1e-05, "bid": TICKS[0][1], "ask": TICKS[0][2]}
    points = {
        side: pl.Series([round(t[k] * 1e5) for t in TICKS]).diff().fill_null(0).to_list()
        for k, side in ((1, "bids"), (2, "asks"))
    }
    body = (
        header
        | points
        | {
            "times": pl.Series([t[0] for t in TICKS]).diff().fill_null(0).to_list(),
            "bidVolumes": [t[3] * 1e6 for t in TICKS],
            "askVolumes": [1e6 for _ in TICKS],
        }
    )
    lean = "\n".join(f"{9 * 3_600_000 + t[0]},{t[1]:.5f},{t[2]:.5f}" for t in TICKS)
    return {
        "dukascopy": ("EURUSD/2024/00/08/09h_ticks.bi5", native.bi5_ticks(TICKS), "bid_volume"),
        "dukascopy-json": ("ticks.json", native.json.dumps(body).encode(), "bid_volume"),
        "histdata": (
            "DAT_ASCII_EURUSD_T_202401.csv",
            "\n".join(
                f"{t:%Y%m%d %H%M%S}{m},{q[1]:.6f},{q[2]:.6f},0" for t, m, q in zip(ny, ms, TICKS, strict=True)
            ).encode(),
            "n",
        ),
        "truefx": (
            "EURUSD-2024-01.csv",
            "\n".join(
                f"EUR/USD,{t:%Y%m%d %H:%M:%S}.{m},{q[1]:.5f},{q[2]:.5f}"
                for t, m, q in zip(stamps, ms, TICKS, strict=True)
            ).encode(),
            "n",
        ),
        "lean": ("forex/oanda/tick/eurusd/20240108_quote.zip", {"20240108_eurusd_tick_quote.csv": lean}, "n"),
        "csv": (
            "ticks.csv",
            (
                "datetime;ask;bid\n"
                + "\n".join(
                    f"{t:%Y-%m-%d %H:%M:%S}.{m}+00:00;{q[2]:.5f};{q[1]:.5f}"
                    for t, m, q in zip(stamps, ms, TICKS, strict=True)
                )
            ).encode(),
            "n",
        ),
    }


@pytest.mark.parametrize("side", ["bid", "ask", "mid"])
@pytest.mark.parametrize("vendor", ["dukascopy", "dukascopy-json", "histdata", "truefx", "lean", "csv"])
def test_ticks_become_exactly_the_candles_made_by_hand(tmp_path, vendor, side):
    name, content, volume = tick_files()[vendor]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_zip(path, content) if isinstance(content, dict) else path.write_bytes(content)

    options, reading = read(path, options=SourceOptions(vendor="auto", price_side=side))

    expected = candles_by_hand()
    assert options.vendor == vendor
    assert (reading.parsed.price_side, reading.parsed.n_rows) == (side, len(TICKS))
    good = reading.good
    assert good["ts_utc"].to_list() == expected["ts_utc"].to_list()
    for n in PRICES:
        assert good[n].to_list() == pytest.approx(expected[f"{side}_{n}"].to_list(), abs=1e-12)
        if side == "bid":
            assert good[f"ask_{n}"].to_list() == pytest.approx(expected[f"ask_{n}"].to_list(), abs=1e-12)
    assert good["volume"].to_list() == expected[volume].to_list()


def test_a_bad_tick_leaves_with_its_reason_and_spoils_no_candle(tmp_path):
    """Fault 15."""
    bad = [(500, 0.0, 1.2, 1.0), (600, 1.2, 1.1, 1.0)]
    path = tmp_path / "EURUSD" / "2024" / "00" / "08" / "09h_ticks.bi5"
    path.parent.mkdir(parents=True)
    path.write_bytes(native.bi5_ticks([TICKS[0], *bad, *TICKS[1:]]))

    _, reading = read(path)

    assert reading.good["low"].to_list() == pytest.approx(candles_by_hand()["bid_low"].to_list())
    set_aside = reading.rows.filter(pl.col("reason").is_not_null())
    assert set_aside["reason"].to_list() == ["not_positive", "crossed_quote"]
    assert set_aside["ts_utc"].dt.millisecond().to_list() == [500, 600]


JSON_FILES = {
    "dukascopy-json": native.json_candles(DAY),
    "oanda": native.oanda_page(DAY),
    "yahoo": native.yahoo_chart(DAY),
}


@pytest.mark.parametrize(("vendor", "content"), JSON_FILES.items(), ids=JSON_FILES.keys())
def test_a_json_answer_is_found_and_read(tmp_path, vendor, content):
    path = tmp_path / "answer.json"
    path.write_bytes(content)

    options, reading = read(path)

    assert options.vendor == vendor
    assert_candles(reading, DAY)
    if vendor == "oanda":
        assert_candles(reading, DAY, [f"ask_{name}" for name in PRICES])


@pytest.mark.parametrize(("vendor", "content"), JSON_FILES.items(), ids=JSON_FILES.keys())
@settings(max_examples=25)
@given(keep=st.floats(0, 1, exclude_max=True))
def test_a_json_answer_that_breaks_off_is_refused(tmp_path_factory, vendor, content, keep):
    """Faults 5 and 65."""
    path = tmp_path_factory.mktemp("cut") / "answer.json"
    path.write_bytes(content[: int(keep * len(content))])

    with pytest.raises(RefusedFile):
        read_and_judge(path, SourceOptions(vendor=vendor), NOW)


def test_the_forming_candle_and_empty_rows_are_left_out_and_counted(tmp_path):
    """Fault 20."""
    oanda, yahoo = tmp_path / "o.json", tmp_path / "y.json"
    oanda.write_bytes(native.oanda_page(DAY, n_forming=1))
    yahoo.write_bytes(native.yahoo_chart(DAY, empty=(3, 4)))

    assert read(oanda)[1].repaired == {"incomplete": 1}
    assert read(yahoo)[1].repaired == {"empty": 2}
    assert [read(path)[1].good.height for path in (oanda, yahoo)] == [299, 298]


BAD_JSON = {
    "an error of oanda": (
        b'{"errorMessage": "Invalid value", "granularity": "M1", "candles": []}',
        "the error 'Invalid value'",
    ),
    "an unknown granularity": (
        b'{"instrument": "EUR_USD", "granularity": "W", "candles": []}',
        "must have a granularity of",
    ),
    "lists of two lengths": (
        native.json_candles(DAY).replace(b'"times": [0, ', b'"times": [0, 0, '),
        "lists of .* must be of one length",
    ),
    "text among numbers": (
        native.json_candles(DAY).replace(b'"times": [0, ', b'"times": ["x", '),
        "must have a list of numbers 'times'",
    ),
    "an error of yahoo": (b'{"chart": {"result": null, "error": {"code": "Not Found"}}}', "the error"),
    "prices without times": (native.yahoo_chart(DAY).replace(b'"timestamp"', b'"t"'), "prices without timestamps"),
    "any JSON": (b'{"a": 1}', "must be of a known format, was .* none of those tried"),
}


@pytest.mark.parametrize(("content", "message"), BAD_JSON.values(), ids=BAD_JSON.keys())
def test_json_that_holds_no_candles_is_refused(tmp_path, content, message):
    path = tmp_path / "a.json"
    path.write_bytes(content)

    with pytest.raises(RefusedFile, match=message):
        read(path)


def lean_zip(folder, market="oanda"):
    path = folder / "forex" / market / "minute" / "eurusd" / "20240108_quote.zip"
    path.parent.mkdir(parents=True)
    rows = []
    for n, row in enumerate(DAY.iter_rows(named=True)):
        bid = ",".join(f"{row[name]:.5f}" for name in PRICES)
        ask = ",".join(f"{row[f'ask_{name}']:.5f}" for name in PRICES)
        rows.append(f"{n * 60_000},{bid},0,{ask},0")
    return write_zip(path, {"20240108_eurusd_minute_quote.csv": "\n".join(rows)})


@pytest.mark.parametrize(("market", "hours"), [("oanda", 0), ("fxcm", 5)])
def test_lean_takes_day_from_the_member_and_zone_from_the_market(tmp_path, market, hours):
    options, reading = read(lean_zip(tmp_path, market))

    assert options.vendor == "lean"
    frame = DAY.with_columns(pl.col("ts_utc") + pl.duration(hours=hours))
    assert_candles(reading, frame)
    assert_candles(reading, frame, [f"ask_{name}" for name in PRICES])


def test_lean_hours_carry_their_own_stamps(tmp_path):
    hours = tidy(datetime(2024, 1, 7, 22, tzinfo=UTC), n=200, minutes=60, has_ask=True)
    columns = [*PRICES, "z", *(f"ask_{n}" for n in PRICES), "z"]
    text = native.lines(hours.with_columns(z=pl.lit(0)), "%Y%m%d %H:%M", columns)

    _, reading = read(
        write_zip(tmp_path / "eurusd.zip", {"eurusd.csv": text}), options=SourceOptions(vendor="auto", timezone="UTC")
    )

    assert reading.parsed.source_minutes == 60
    assert_candles(reading, hours)


def test_a_dialect_may_be_declared(tmp_path):
    """Fault 62: no header, decimal commas, a strange order."""
    rows = [
        f"{t:%d/%m/%Y %H.%M};{o:.5f};{c:.5f};{h:.5f};{low:.5f}".replace(";1.", ";1,")
        for t, o, h, low, c in DAY.select("ts_utc", *PRICES).iter_rows()
    ]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(rows))
    options = SourceOptions(
        vendor="csv",
        separator=";",
        columns="stamp,open,close,high,low",
        stamp_format="%d/%m/%Y %H.%M",
        decimal_comma=True,
        timezone="UTC",
    )

    assert_candles(read_and_judge(path, options, NOW), DAY)
    with pytest.raises(RefusedFile):
        read(path)


def test_a_day_that_may_be_a_month_needs_the_pattern(tmp_path):
    """Fault 62: 01/02/2024 alone cannot say which it is."""
    path = tmp_path / "a.csv"
    path.write_text(
        "timestamp,open,high,low,close\n" + "".join(f"01/02/2024 10:{m:02},1.1,1.1,1.1,1.1\n" for m in range(9))
    )

    with pytest.raises(RefusedFile, match=r"day and month cannot be told apart\. To do: pass --stamp-format"):
        read(path, options=SourceOptions(vendor="csv", timezone="UTC"))


@pytest.mark.parametrize("factor", [1, 1000, 1_000_000, 1_000_000_000], ids=["s", "ms", "us", "ns"])
def test_an_epoch_is_read_in_the_unit_that_its_size_shows(tmp_path, factor):
    """Fault 61."""
    path = tmp_path / "a.csv"
    stamps = (WEEKS["ts_utc"].dt.epoch("s") * factor).alias("timestamp")
    pl.DataFrame([stamps, *WEEKS.select(OHLCV)]).write_csv(path)

    _, reading = read(path)

    assert_candles(reading, WEEKS)
    assert reading.repaired == {}


def test_mixed_units_of_epoch_are_read_row_by_row_and_counted(tmp_path):
    """Fault 61."""
    seconds = DAY["ts_utc"].dt.epoch("s")
    mixed = pl.Series("timestamp", [s * 1000 if n % 10 == 0 else s for n, s in enumerate(seconds)])
    path = tmp_path / "a.csv"
    pl.DataFrame([mixed, *DAY.select(OHLCV)]).write_csv(path)

    _, reading = read(path)

    assert_candles(reading, DAY)
    assert reading.repaired == {"epoch_unit": 30}


def test_integer_points_are_read_as_prices(tmp_path, home):
    """Fault 58."""
    from forecast_pipeline.candles.ingest import ingest_file

    path = tmp_path / "a.csv"
    whole = WEEKS.select(
        pl.col("ts_utc").dt.strftime("%Y-%m-%d %H:%M:%S+00:00").alias("timestamp"),
        *[(pl.col(n) * 1e5).round() for n in PRICES],
    )
    whole.write_csv(path)

    done = ingest_file(home, path, "EURUSD", AUTO, clock=lambda: NOW)

    assert done.file.options.point == 1e-5
    assert_candles(read_and_judge(done.file.path, done.file.options, NOW), WEEKS)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@settings(max_examples=60)
@given(content=st.binary(max_size=300) | st.text('0123456789 .,;:\n\t"{}[]<>-abcdeopntz', max_size=200).map(str.encode))
def test_no_bytes_make_a_reader_do_anything_but_read_or_refuse(tmp_path_factory, reader, content):
    """Faults 62 and 63."""
    path = tmp_path_factory.mktemp("bytes") / "file.csv"
    path.write_bytes(content)

    by_name = refusal_of(
        lambda: read_and_judge(path, SourceOptions(vendor=reader.name, start="2024-01-08", point=1e-5), NOW)
    )
    detected = refusal_of(lambda: read(path))

    assert "\n" not in by_name + detected


@pytest.mark.parametrize(("vendor", "content"), TEXTS.values(), ids=TEXTS.keys())
@settings(max_examples=12)
@given(data=st.data())
def test_a_flipped_byte_of_a_text_is_read_or_refused(tmp_path_factory, vendor, content, data):
    """Fault 6."""
    position = data.draw(st.integers(0, min(len(content), 4000) - 1))
    damaged = bytearray(content)
    damaged[position] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("flip") / "file.csv"
    path.write_bytes(damaged)

    assert "\n" not in refusal_of(lambda: read_and_judge(path, SourceOptions(vendor=vendor), NOW))


@pytest.mark.parametrize("content", [b"", b"  \n\n", b"\xef\xbb\xbf", b"timestamp,open,high,low,close\n"])
def test_a_file_without_rows_is_no_data_and_no_fault(tmp_path, content):
    """Fault 63."""
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    with pytest.raises(NoRecords):
        read_and_judge(path, SourceOptions(vendor="csv"), NOW)


@pytest.mark.parametrize("vendor", [name for name in READERS if name not in ("parquet", "histdata")])
def test_a_page_of_html_is_refused_as_what_it_is(tmp_path, vendor):
    """Fault 63."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"<!DOCTYPE html>\n<html><body>Too many requests</body></html>")

    with pytest.raises(RefusedFile, match=r"HTML|LZMA|doctype"):
        read_and_judge(path, SourceOptions(vendor=vendor, start="2024-01-08", point=1e-5), NOW)


def test_a_refusal_lists_every_format_that_was_tried(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(256)))

    with pytest.raises(RefusedFile) as refusal:
        read(path)

    assert all(f"{name}: " in str(refusal.value) for name in READERS)


def test_a_line_in_the_middle_is_shown_with_its_number(tmp_path):
    """Fault 62."""
    text = TEXTS["csv, ISO stamps with a zone"][1].decode().split("\n")
    text[7] = "2024-01-03T00:30:00Z,1.1,abc,1.1,1.1,5"
    path = tmp_path / "a.csv"
    path.write_text("\n".join(text))

    with pytest.raises(RefusedFile, match=r"was line 8: '2024-01-03T00:30:00Z,1\.1,abc"):
        read(path)


def test_an_empty_or_nan_price_is_a_row_to_set_aside(tmp_path):
    """Fault 15."""
    text = TEXTS["csv, ISO stamps with a zone"][1].decode().split("\n")
    for line, value in ((7, ""), (8, "nan"), (9, "null"), (10, "inf")):
        cells = text[line].split(",")
        text[line] = ",".join([cells[0], cells[1], value, *cells[3:]])
    path = tmp_path / "a.csv"
    path.write_text("\n".join(text))

    _, reading = read(path)

    assert reading.rows.filter(pl.col("reason").is_not_null())["reason"].to_list() == ["not_finite"] * 4


def test_days_cut_at_midnight_are_refused_because_they_know_the_future(tmp_path, home):
    from forecast_pipeline.candles.ingest import ingest_file

    days = tidy(datetime(2024, 1, 1, tzinfo=UTC), n=40, minutes=1440)
    days = days.with_columns(
        ts_utc=pl.datetime_range(
            datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 9, tzinfo=UTC), "1d", eager=True, time_unit="us"
        )
    )
    chart = tmp_path / "chart.json"
    chart.write_bytes(native.yahoo_chart(days, "1d"))

    assert reader_named("yahoo").read(chart, AUTO).records.height == 40
    with pytest.raises(RefusedFile, match="must run from 17:00 to 17:00 New York, was 40 of 40 cut at another hour"):
        ingest_file(home, chart, "EURUSD", AUTO, clock=lambda: NOW)


def test_two_bodies_of_equal_bytes_and_another_day_are_two_files(tmp_path, home):
    from forecast_pipeline.candles.ingest import ingest_file

    first = bi5_file(tmp_path)
    second = tmp_path / "EURUSD" / "2024" / "00" / "09" / first.name
    second.parent.mkdir()
    second.write_bytes(first.read_bytes())

    done = [ingest_file(home, path, "EURUSD", AUTO, clock=lambda: NOW) for path in (first, second)]

    assert [each.was_known for each in done] == [False, False]
    assert len({each.file.path for each in done}) == 2
    assert done[1].file.first_ts_utc - done[0].file.first_ts_utc == timedelta(days=1)


def test_members_of_a_bundle_are_never_paths(tmp_path):
    """Fault 29."""
    body = native.bi5_candles(DAY, date(2024, 1, 8))
    path = tmp_path / "in" / "bundle.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../datafeed/EURUSD/2024/00/08/BID_candles_min_1.bi5", body)
    before = set(tmp_path.rglob("*"))

    assert_candles(read(path)[1], DAY)
    assert set(tmp_path.rglob("*")) == before
