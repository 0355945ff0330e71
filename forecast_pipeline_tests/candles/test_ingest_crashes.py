"""Promise: whenever an ingest dies, and however many run at once, the landing area holds whole files, each once."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta

import pytest

from forecast_pipeline.candles.build import build_candles, candles_of_year
from forecast_pipeline.candles.ingest import ingest_file
from forecast_pipeline.candles.landing import landed_files
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.core.hashing import sha256_of_file
from forecast_pipeline_tests.candles.vendor_files import tidy

pytestmark = pytest.mark.slow

N_KILLS = 200
N_FILES = 40
INGEST = """
import os, random, signal, sys, time
from datetime import UTC, datetime
from pathlib import Path
from forecast_pipeline.candles.build import build_candles
from forecast_pipeline.candles.ingest import ingest_file
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.core.home import Home

home, files = Home(Path(sys.argv[1])), sorted(Path(sys.argv[2]).iterdir())
options = SourceOptions(vendor="parquet", source_timeframe="1m")

def take(path):
    return ingest_file(home, path, "EURUSD", options)
"""


def start(code, *arguments):
    command = [sys.executable, "-c", INGEST + textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def inbox(tmp_path):
    """Overlapping days; every file corrects a part of the one before."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    frame = tidy(n=200 * N_FILES // 10 + 400)
    for n in range(N_FILES):
        part = frame[20 * n : 20 * n + 300].with_columns(volume=frame["volume"][20 * n : 20 * n + 300] + n)
        part.write_parquet(folder / f"{n:03}.parquet")
    return folder


def check_landing(home):
    """Every ticket is whole and so is its file; places are taken once."""
    files = landed_files(home, "EURUSD")
    assert [sha256_of_file(file.path) for file in files] == [file.sha256 for file in files]
    assert len({file.sequence for file in files}) == len(files)
    assert len({file.sha256 for file in files}) == len(files)
    return files


def test_hundreds_of_kills_leave_whole_files_and_the_next_run_heals(tmp_path, inbox, home):
    """Faults 1 and 2: kill -9 at random moments, checked all the time."""
    killer = start(
        """
        moments = random.Random(3)
        for life in range(int(sys.argv[3])):
            reading, writing = os.pipe()
            child = os.fork()  # before any thread is started: this process only waits
            if child == 0:
                for path in random.Random(life).sample(files, len(files)):
                    take(path)
                    os.write(writing, b".")
                    list(build_candles(home, "EURUSD", [2024]))
            os.close(writing)
            if life % 2:  # however slow the disk is, every second life lands a file
                os.read(reading, 1)
            time.sleep(moments.uniform(0.02, 0.25))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(reading)
        """,
        home.root,
        inbox,
        N_KILLS,
    )
    seen = []
    while killer.poll() is None:
        seen.append(len(check_landing(home)))
    out = killer.communicate(timeout=60)

    assert (killer.returncode, *out) == (0, "", "")
    assert seen == sorted(seen)  # nothing that was landed is ever lost
    before = [(file.sha256, file.sequence) for file in check_landing(home)]
    assert len(before) > N_FILES // 4  # the children did land files between kills
    for path in sorted(inbox.iterdir()):
        ingest_file(home, path, "EURUSD", SourceOptions(vendor="parquet", source_timeframe="1m"))
    files = check_landing(home)
    assert len(files) == N_FILES
    assert [(file.sha256, file.sequence) for file in files][: len(before)] == before
    (year,) = build_candles(home, "EURUSD", [2024])
    assert year.read_frame()["ts_utc"].is_unique().all()
    assert candles_of_year(home, "EURUSD", 2024) == year


def test_two_ingests_at_once_land_every_file_once(tmp_path, inbox, home):
    """Fault 4."""
    code = """
    (home.root.parent / f"ready{sys.argv[3]}").touch()
    while len(list(home.root.parent.glob("ready*"))) < 2:
        time.sleep(0.001)
    order = files if sys.argv[3] == "0" else files[::-1]
    print(sum(not take(path).was_known for path in order + files))
    """
    both = [start(code, home.root, inbox, number) for number in (0, 1)]
    out = [process.communicate(timeout=120) for process in both]

    assert [(process.returncode, errors) for process, (_, errors) in zip(both, out, strict=True)] == [(0, "")] * 2
    assert sum(int(text) for text, _ in out) == N_FILES  # each file was new to exactly one of them
    files = check_landing(home)
    assert sorted(file.sequence for file in files) == list(range(1, N_FILES + 1))


def test_a_clock_set_back_does_not_turn_corrections_round(tmp_path, home):
    """Fault 20: the order of ingestion decides, whatever the host says about the time."""
    frame = tidy(n=100)
    now = datetime(2031, 1, 1, tzinfo=UTC)
    for n, (hours, volume) in enumerate(((0, 1.0), (-5, 2.0), (-9, 3.0))):
        path = tmp_path / f"{n}.parquet"
        frame.with_columns(volume=frame["volume"] * 0 + volume).write_parquet(path)
        instant = now + timedelta(hours=hours)
        ingest_file(home, path, "EURUSD", SourceOptions(vendor="parquet"), clock=lambda instant=instant: instant)

    (year,) = build_candles(home, "EURUSD", [2024])

    assert year.read_frame()["volume"].unique().to_list() == [3.0]
    assert year.card["n_replaced"] == 200
