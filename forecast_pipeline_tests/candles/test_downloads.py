"""Promise: a download ends with whole files or a typed refusal, and goes on where it stopped."""

from __future__ import annotations

import re
import zipfile
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from forecast_pipeline.candles.downloads.cache import BodyCache, write_bundle
from forecast_pipeline.candles.downloads.dukascopy import download_dukascopy
from forecast_pipeline.candles.downloads.histdata import download_histdata
from forecast_pipeline.candles.downloads.http import Fetcher, Pace
from forecast_pipeline.candles.downloads.job import Wanted, parsed_day
from forecast_pipeline.candles.downloads.oanda import download_oanda
from forecast_pipeline.candles.ingest import ingest_file
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.core.errors import DownloadFailed, InvalidConfiguration
from forecast_pipeline_tests.candles.native_files import bi5_candles, json_candles, oanda_page
from forecast_pipeline_tests.candles.vendor_files import histdata_lines, tidy, wall_clock
from forecast_pipeline_tests.candles.vendor_server import VendorServer, serving

NOW = datetime(2024, 6, 5, tzinfo=UTC)
MONDAY, TUESDAY = date(2024, 1, 8), date(2024, 1, 9)
WANTED = Wanted(symbol="EURUSD", first=MONDAY, last=TUESDAY, now=NOW)
FAST = Pace(requests_per_second=1000, n_tries=4, first_wait_seconds=0.01, timeout_seconds=0.3)
FRAMES = {day: tidy(datetime(2024, 1, day.day, tzinfo=UTC), n=30, has_ask=True) for day in (MONDAY, TUESDAY)}
KEY = "canary-7f3a"


def asks(frame):
    return frame.select("ts_utc", *(pl.col(f"ask_{n}").alias(n) for n in ("open", "high", "low", "close")), "volume")


def bi5_path(day, side):
    return f"/datafeed/EURUSD/2024/00/{day.day:02}/{side}_candles_min_1.bi5"


@pytest.fixture
def server():
    with serving(VendorServer()) as started:
        for day, frame in FRAMES.items():
            started.bodies[bi5_path(day, "BID")] = bi5_candles(frame, day)
            started.bodies[bi5_path(day, "ASK")] = bi5_candles(asks(frame), day)
            started.bodies[f"/v1/candles/minute/EUR-USD/BID/2024/1/{day.day}"] = json_candles(frame)
            started.bodies[f"/v1/candles/minute/EUR-USD/ASK/2024/1/{day.day}"] = json_candles(asks(frame))
        yield started


@pytest.fixture
def waits():
    return []


@pytest.fixture
def fetcher(waits):
    return Fetcher(FAST, sleep=waits.append)


def ingested(home, files, vendor):
    done = [ingest_file(home, path, "EURUSD", SourceOptions(vendor=vendor), clock=lambda: NOW) for path in files]
    return pl.concat([d.file.path and _records(d) for d in done])


def _records(done):
    from forecast_pipeline.candles.reading import read_and_judge

    return read_and_judge(done.file.path, done.file.options, NOW).good


def expected():
    return pl.concat(FRAMES.values()).with_columns(pl.col("volume").cast(pl.Float64))


def assert_same(found, frame, *, decimals=5):
    names = [name for name in frame.columns if name not in ("ts_utc", "volume")]
    assert found["ts_utc"].to_list() == frame["ts_utc"].to_list()
    assert (
        found.select(names)
        .with_columns(pl.all().round(decimals))
        .equals(frame.select(names).with_columns(pl.all().round(decimals)))
    )


@pytest.mark.parametrize("uses_json", [False, True], ids=["bi5", "json"])
def test_both_interfaces_give_bid_and_ask_of_every_day(home, tmp_path, server, fetcher, uses_json):
    report = download_dukascopy(WANTED, fetcher, tmp_path, base_url=server.url, uses_json=uses_json)

    assert (report.n_fetched, report.n_cached, report.n_absent, len(report.files)) == (4, 0, 0, 1)
    assert_same(ingested(home, report.files, "dukascopy-json" if uses_json else "dukascopy"), expected())


def test_a_second_download_asks_for_nothing_and_gives_the_same_bytes(tmp_path, server, fetcher):
    first = download_dukascopy(WANTED, fetcher, tmp_path, base_url=server.url)
    content, asked = first.files[0].read_bytes(), sum(server.asked.values())

    again = download_dukascopy(WANTED, fetcher, tmp_path, base_url=server.url)

    assert (again.n_fetched, again.n_cached) == (0, 4)
    assert sum(server.asked.values()) == asked
    assert again.files[0].read_bytes() == content


FAULTS = {
    "busy": [429],
    "broken": [500, 503],
    "gateway": [502, 504, 500],
    "cut": ["cut"],
    "hangs": ["hang"],
    "drops": ["drop", "drop"],
    "page": ["page"],
    "all at once": ["cut", "page", 429],
}


@pytest.mark.parametrize("uses_json", [False, True], ids=["bi5", "json"])
@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_a_server_that_stumbles_is_asked_again(home, tmp_path, server, fetcher, waits, faults, uses_json):
    """Fault 65."""
    path = "/v1/candles/minute/EUR-USD/BID/2024/1/8" if uses_json else bi5_path(MONDAY, "BID")
    server.faults[path] = list(faults)

    report = download_dukascopy(WANTED, fetcher, tmp_path, base_url=server.url, uses_json=uses_json)

    assert server.asked[path] == len(faults) + 1
    assert_same(ingested(home, report.files, "dukascopy-json" if uses_json else "dukascopy"), expected())


@pytest.mark.parametrize("fault", [500, "cut", "hang", "page", "drop", "loop"])
def test_a_server_that_never_recovers_is_given_up_and_nothing_partial_stays(tmp_path, server, fetcher, fault):
    """Fault 65: the day before stays in the cache, the broken one is not there."""
    path = bi5_path(TUESDAY, "BID")
    server.faults[path] = [fault] * 10

    with pytest.raises(DownloadFailed, match="To do: "):
        download_dukascopy(WANTED, fetcher, tmp_path, base_url=server.url)

    kept = sorted(p.name for p in tmp_path.rglob("*.body"))
    assert kept == ["ASK_candles_min_1.bi5.body", "BID_candles_min_1.bi5.body"]
    assert list(tmp_path.rglob("*.zip")) == list(tmp_path.rglob("*.tmp")) == []
    server.faults.clear()
    report = download_dukascopy(WANTED, fetcher, tmp_path, base_url=server.url)
    assert (report.n_fetched, report.n_cached) == (2, 2)


def test_waits_double_and_a_server_that_names_a_time_is_obeyed(tmp_path, server, waits):
    """Fault 65."""
    patient = Fetcher(Pace(requests_per_second=1e6, n_tries=5, first_wait_seconds=0.5), sleep=waits.append)
    server.faults["/drops"] = ["drop"] * 5
    with pytest.raises(DownloadFailed, match="within 5 tries"):
        patient.body(f"{server.url}/drops")
    assert [wait for wait in waits if wait > 0.1] == [0.5, 1.0, 2.0, 4.0]

    waits.clear()
    server.bodies["/busy"], server.faults["/busy"] = b"x", [429]
    assert patient.body(f"{server.url}/busy") == b"x"
    assert [wait for wait in waits if wait > 0.1] == [7.0]


def test_a_body_shorter_than_announced_is_never_whole(server, fetcher):
    """Fault 65: also where nothing but the length can tell."""
    server.bodies["/x"], server.faults["/x"] = b"0123456789", ["cut"] * 4

    with pytest.raises(DownloadFailed, match="was 5 of 10 bytes"):
        fetcher.body(f"{server.url}/x")


def test_requests_keep_their_distance(server):
    now, waits = [0.0], []

    def sleep(seconds):
        waits.append(round(seconds, 6))
        now[0] += seconds

    paced = Fetcher(Pace(requests_per_second=4), sleep=sleep, tick=lambda: now[0])
    server.bodies["/x"] = b"x"

    for _ in range(3):
        paced.body(f"{server.url}/x")

    assert waits == [0.25, 0.25]


def test_a_day_that_the_server_does_not_have_is_no_fault(tmp_path, server, fetcher):
    weekend = Wanted(symbol="EURUSD", first=date(2024, 1, 6), last=MONDAY, now=NOW)
    server.bodies["/datafeed/EURUSD/2024/00/07/BID_candles_min_1.bi5"] = b""

    report = download_dukascopy(weekend, fetcher, tmp_path, base_url=server.url)

    assert (report.n_absent, report.n_fetched) == (3, 3)
    with zipfile.ZipFile(report.files[0]) as bundle:
        assert len(bundle.namelist()) == 2


def test_a_day_that_is_not_over_is_never_cached(tmp_path, server, fetcher):
    """Fault 65: partial days never cached."""
    noon = datetime(2024, 1, 9, 12, tzinfo=UTC)
    open_day = Wanted(symbol="EURUSD", first=MONDAY, last=date(2024, 1, 20), now=noon)

    report = download_dukascopy(open_day, fetcher, tmp_path, base_url=server.url)
    again = download_dukascopy(open_day, fetcher, tmp_path, base_url=server.url)

    assert (report.n_fetched, again.n_fetched, again.n_cached) == (4, 2, 2)
    assert not any("/09/" in str(path) for path in tmp_path.rglob("*.body"))


def test_a_damaged_body_in_the_cache_is_fetched_again(tmp_path, server, fetcher):
    """Fault 6."""
    download_dukascopy(WANTED, fetcher, tmp_path, base_url=server.url)
    body = next(iter(sorted(tmp_path.rglob("*.body"))))
    content = bytearray(body.read_bytes())
    content[-1] ^= 1
    body.write_bytes(content)

    report = download_dukascopy(WANTED, fetcher, tmp_path, base_url=server.url)

    assert (report.n_fetched, report.n_cached) == (1, 3)


@pytest.mark.parametrize("name", ["../x", "a/../b", "/etc/x", "a//b", "", "a\0b", "x" * 200])
def test_a_name_never_leaves_the_cache(tmp_path, name):
    with pytest.raises(DownloadFailed, match="plain path"):
        BodyCache(tmp_path).keep(name, b"x")


def test_bundles_of_equal_bodies_are_equal_bytes(tmp_path):
    one = write_bundle(tmp_path / "a.zip", {"b": b"2", "a": b"1"}).read_bytes()
    two = write_bundle(tmp_path / "b.zip", {"a": b"1", "b": b"2"}).read_bytes()

    assert one == two


def form_page(month, token="t0k3n"):  # noqa: S107 - a made-up token
    fields = {
        "tk": token,
        "date": "2024",
        "datemonth": month,
        "platform": "ASCII",
        "timeframe": "M1",
        "fxpair": "EURUSD",
    }
    inputs = "".join(f'<input type="hidden" name="{k}" id="{k}" value="{v}" />' for k, v in fields.items())
    return f"<html><form id='file_down'>{inputs}</form></html>".encode()


@pytest.fixture
def histdata_server(server, tmp_path):
    frame = pl.concat(FRAMES.values())
    text = histdata_lines(frame, wall_clock(frame["ts_utc"], "America/New_York"))
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("DAT_ASCII_EURUSD_M1_202401.csv", text)
    page = "/download-free-forex-historical-data/?/ascii/1-minute-bar-quotes/eurusd/2024/1"
    server.bodies[page], server.forms["/get.php"] = form_page("202401"), path.read_bytes()
    server.page = page
    return server


JANUARY = Wanted(symbol="EURUSD", first=MONDAY, last=date(2024, 1, 31), now=NOW)


def test_histdata_is_fetched_through_its_form(home, tmp_path, histdata_server, fetcher):
    report = download_histdata(JANUARY, fetcher, tmp_path, base_url=histdata_server.url)

    assert (report.n_fetched, len(report.files)) == (1, 1)
    assert b"tk=t0k3n" in histdata_server.posted[0]
    assert histdata_server.headers[-1]["Referer"].endswith(histdata_server.page)
    done = ingest_file(home, report.files[0], "EURUSD", SourceOptions(vendor="histdata"), clock=lambda: NOW)
    assert done.n_rows == 60
    again = download_histdata(JANUARY, fetcher, tmp_path, base_url=histdata_server.url)
    assert (again.n_fetched, again.n_cached) == (0, 1)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (b"<html>maintenance</html>", "must hold a form with a token, was a page without one"),
        (form_page("202402"), r"the form must be for EURUSD 202401, was \{'datemonth': '202402'\}"),
    ],
    ids=["no form", "another month"],
)
def test_a_page_that_is_not_the_one_is_refused(tmp_path, histdata_server, fetcher, page, message):
    histdata_server.bodies[histdata_server.page] = page

    with pytest.raises(DownloadFailed, match=message):
        download_histdata(JANUARY, fetcher, tmp_path, base_url=histdata_server.url)
    assert list(tmp_path.rglob("*.body")) == []


def test_a_cut_zip_is_fetched_again(tmp_path, histdata_server, fetcher):
    """Fault 65."""
    histdata_server.faults["/get.php"] = ["cut", "page", 503]

    assert download_histdata(JANUARY, fetcher, tmp_path, base_url=histdata_server.url).n_fetched == 1


@pytest.fixture
def oanda_server(server):
    answers = {str(day): oanda_page(frame) for day, frame in FRAMES.items()}

    def answer(path, _form):
        day = re.search(r"from=(\d{4}-\d\d-\d\d)T", path)
        return answers.get(day.group(1)) if day and path.startswith("/v3/instruments/EUR_USD/candles?") else None

    server.answer = answer
    return server


def test_oanda_is_asked_day_by_day_with_the_key_in_the_header_only(home, tmp_path, oanda_server, fetcher):
    """Fault 33."""
    report = download_oanda(WANTED, fetcher, tmp_path, key=KEY, base_url=oanda_server.url)

    assert_same(ingested(home, report.files, "oanda"), expected())
    assert {headers["Authorization"] for headers in oanda_server.headers} == {f"Bearer {KEY}"}
    assert not any(KEY in path for path in oanda_server.asked)
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize("status", [401, 403, 400])
def test_a_refused_key_is_said_without_the_key(tmp_path, oanda_server, fetcher, status):
    """Fault 33."""
    oanda_server.faults = {path: [status] for path in _oanda_paths(oanda_server, fetcher, tmp_path)}

    with pytest.raises(DownloadFailed, match=f"status {status}") as refusal:
        download_oanda(WANTED, fetcher, tmp_path / "new", key=KEY, base_url=oanda_server.url)
    assert KEY not in str(refusal.value)
    assert "granularity" not in str(refusal.value)


def _oanda_paths(server, fetcher, folder):
    download_oanda(WANTED, fetcher, folder / "first", key=KEY, base_url=server.url)
    return list(server.asked)


def test_a_key_never_travels_in_the_clear_to_another_machine(tmp_path, fetcher):
    """Fault 33."""
    with pytest.raises(DownloadFailed, match=r"a key must travel by https, was http://example\.org") as refusal:
        download_oanda(WANTED, fetcher, tmp_path, key=KEY, base_url="http://example.org")
    assert KEY not in str(refusal.value)


def test_a_key_is_not_carried_to_another_host(server, fetcher):
    """Fault 33."""
    with serving(VendorServer()) as other:
        other.bodies["/x"] = b"x"
        server.faults["/x"] = []
        server.answer = lambda _path, _form: None
        request = _redirected(f"{server.url}/x", f"{other.url}/x")

    assert not request.has_header("Authorization")


def _redirected(old, new):
    import urllib.request

    from forecast_pipeline.candles.downloads.http import _NoRedirect

    request = urllib.request.Request(old, headers={"Authorization": KEY})  # noqa: S310 - the loopback
    return _NoRedirect().redirect_request(request, None, 302, "Found", {}, new)


def test_days_that_cannot_be_downloaded_are_refused():
    with pytest.raises(InvalidConfiguration, match="--from must not be after --to"):
        Wanted(symbol="EURUSD", first=TUESDAY, last=MONDAY, now=NOW)
    with pytest.raises(InvalidConfiguration, match="between 1990 and today"):
        Wanted(symbol="EURUSD", first=NOW.date() + timedelta(days=1), last=date(2025, 1, 1), now=NOW)
    with pytest.raises(InvalidConfiguration, match=r"--to must be a day like 2018-03-02, was '2\.3\.2018'"):
        parsed_day("2.3.2018", "--to")
    with pytest.raises(DownloadFailed, match="must come by http or https"):
        Fetcher().body("file:///etc/passwd")


def test_the_servers_real_tree_is_downloaded_and_read(home, tmp_path, server, fetcher, market_data):
    tree = market_data / "mock_http"
    server.bodies |= {f"/{p.relative_to(tree)}": p.read_bytes() for p in tree.rglob("*") if p.is_file()}
    march = Wanted(symbol="EURUSD", first=date(2018, 3, 2), last=date(2018, 3, 6), now=NOW)

    classic = download_dukascopy(march, fetcher, tmp_path / "a", base_url=server.url, sides=["BID"])
    modern = download_dukascopy(march, fetcher, tmp_path / "b", base_url=server.url, sides=["BID"], uses_json=True)

    bars = [ingested(home, r.files, v) for r, v in ((classic, "dukascopy"), (modern, "dukascopy-json"))]
    assert bars[0].height == bars[1].height == 1320 + 119 + 2 * 1439
    names = ["ts_utc", "open", "high", "low", "close"]
    assert bars[0].select(names).equals(bars[1].select(names))
