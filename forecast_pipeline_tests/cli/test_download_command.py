"""Promise: ``download`` fetches, ingests and goes on where it stopped, and its key appears nowhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from forecast_pipeline_tests.candles.native_files import bi5_candles, oanda_page
from forecast_pipeline_tests.candles.vendor_files import tidy
from forecast_pipeline_tests.candles.vendor_server import VendorServer, serving

pytestmark = pytest.mark.slow

KEY = "canary-51c7"
DAY = date(2024, 1, 8)
FRAME = tidy(datetime(2024, 1, 8, tzinfo=UTC), n=60, has_ask=True)


@pytest.fixture
def server():
    with serving(VendorServer()) as started:
        started.bodies["/datafeed/EURUSD/2024/00/08/BID_candles_min_1.bi5"] = bi5_candles(FRAME, DAY)
        yield started


def download(folder, *arguments, key=""):
    environment = os.environ | {"FORECAST_HOME": str(folder / "home"), "COLUMNS": "200", "OANDA_API_TOKEN": key}
    command = [sys.executable, "-m", "forecast_pipeline.cli.main", "download", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


def test_what_is_downloaded_is_ingested_and_kept(tmp_path, server):
    arguments = (
        "dukascopy",
        "eur/usd",
        "--from",
        "2024-01-06",
        "--to",
        "2024-01-08",
        "--base-url",
        server.url,
        "--json",
    )

    first, again = (download(tmp_path, *arguments) for _ in range(2))

    assert (first.returncode, again.returncode) == (0, 0), first.stderr
    (row,) = json.loads(first.stdout)
    assert (row["rows"], row["format"], row["known"]) == (60, "dukascopy", "new")
    assert json.loads(again.stdout)[0]["known"] == "already landed"
    assert "1 fetched, 0 from the cache, 5 not on the server" in first.stderr
    assert "0 fetched, 1 from the cache, 5 not on the server" in again.stderr


def test_the_key_comes_from_the_environment_and_appears_nowhere(tmp_path, server):
    """Fault 33."""
    server.answer = lambda path, _: oanda_page(FRAME) if re.search("from=2024-01-08", path) else None
    arguments = ("oanda", "EURUSD", "--from", "2024-01-08", "--to", "2024-01-08", "--base-url", server.url)

    good = download(tmp_path, *arguments, key=KEY)
    bad = download(tmp_path, "oanda", "EURUSD", "--from", "2024-01-09", "--to", "2024-01-09", *arguments[6:], key=KEY)

    assert (good.returncode, bad.returncode) == (0, 1), good.stderr
    assert KEY not in good.stdout + good.stderr + bad.stdout + bad.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert [str(path) for path in files if KEY.encode() in path.read_bytes()] == []


REFUSALS = {
    "vendor": (("reuters", "EURUSD", "--from", "2024-01-08"), "vendor must be dukascopy, histdata or oanda"),
    "no key": (("oanda", "EURUSD", "--from", "2024-01-08"), "OANDA_API_TOKEN must hold the key"),
    "symbol": (("dukascopy", "../x", "--from", "2024-01-08"), "symbol must be"),
    "day": (("dukascopy", "EURUSD", "--from", "8.1.2024"), "--from must be a day like 2018-03-02"),
    "backwards": (("dukascopy", "EURUSD", "--from", "2024-01-08", "--to", "2024-01-01"), "must not be after --to"),
    "scheme": (("dukascopy", "EURUSD", "--from", "2024-01-08", "--base-url", "file:///x"), "by http or https"),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_download_that_cannot_be_is_one_line(tmp_path, arguments, message):
    done = download(tmp_path, *arguments)

    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_days_without_anything_are_said(tmp_path, server):
    done = download(
        tmp_path, "dukascopy", "EURUSD", "--from", "2024-01-06", "--to", "2024-01-06", "--base-url", server.url
    )

    assert done.returncode == 1
    assert (
        "the server must have something in those days, was 0 fetched, 0 from the cache, 2 not on the server"
        in done.stderr
    )
