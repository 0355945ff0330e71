"""Promise: whenever a writer dies, readers keep a whole version and the next writer puts things right."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import pytest

from forecast_pipeline.core import publication
from forecast_pipeline.core.publication import bytes_writer, find, publish

pytestmark = pytest.mark.slow

N_KILLS = 100
N_ROUNDS = 30

# A version is three files that repeat its number; a mixture of versions shows at once.
WRITE = """
import os, random, signal, sys, time
from pathlib import Path
from forecast_pipeline.core import publication
from forecast_pipeline.core.publication import bytes_writer, find, publish

folder = Path(sys.argv[1])

def write(version):
    size = 1 + version * 7919 % 200_000
    files = {suffix: bytes_writer(str(version).encode().rjust(size)) for suffix in (".a", ".b", ".c")}
    return publish(folder, "p", files, {"version": version})
"""


def start(code, *arguments):
    command = [sys.executable, "-c", WRITE + textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, timeout=120):
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err


def version_seen(folder):
    """Number of the visible version; None before the first. Raises if it is not whole."""
    found = find(folder, "p")
    if found is None:
        return None
    numbers = {int(found.read_bytes(suffix)) for suffix in (".a", ".b", ".c")}
    assert numbers == {found.card["version"]}
    return found.card["version"]


def write(folder, version):
    return publish(
        folder, "p", {s: bytes_writer(str(version).encode()) for s in (".a", ".b", ".c")}, {"version": version}
    )


def test_readers_never_notice_a_writer_that_is_killed_again_and_again(tmp_path, monkeypatch):
    """Faults 1 and 2: kill -9 at random moments."""
    killer = start(
        """
        publication.SWEEP_AFTER_SECONDS = 2.0
        moments = random.Random(1)
        for life in range(int(sys.argv[2])):
            reading, writing = os.pipe()
            child = os.fork()  # before any thread is started: this process only waits
            if child == 0:
                for version in range(life * 1000, life * 1000 + 1000):
                    write(version)
                    os.write(writing, b".")
                    write(version)  # again: what is visible already is written a second time
            os.close(writing)
            if life % 2:  # however slow the disk is, every second life gets past its first version
                os.read(reading, 1)
            time.sleep(moments.uniform(0.0, 0.05))
            os.kill(child, signal.SIGKILL)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
            os.close(reading)
        """,
        tmp_path,
        N_KILLS,
    )
    seen = []
    while killer.poll() is None:
        seen.append(version_seen(tmp_path))

    assert finish(killer)[::2] == (0, "")
    numbers = [number for number in seen if number is not None]
    assert numbers == sorted(numbers)  # nobody is ever thrown back to an older version
    assert version_seen(tmp_path) >= (N_KILLS - 1) * 1000  # the last life did write
    assert len(set(numbers)) > 1  # and the writers were seen at work
    assert any(path.suffix == ".tmp" for path in tmp_path.iterdir())  # the kills did hit files in the making

    monkeypatch.setattr(publication, "SWEEP_AFTER_SECONDS", -1.0)
    last = write(tmp_path, 10**9)
    names = {entry["name"] for entry in last.card["files"].values()}
    assert {path.name for path in tmp_path.iterdir()} == {".p.lock", "p.json", *names}


def test_dying_between_data_and_card_leaves_the_old_version_and_heals(tmp_path):
    """Fault 2."""
    old = write(tmp_path, 1)
    code = 'publication._crash_point = lambda name: os._exit(9) if name == "after_data" else None\nwrite(2)'

    assert finish(start(code, tmp_path))[0] == 9
    assert version_seen(tmp_path) == 1
    assert find(tmp_path, "p") == old
    orphans = [path for path in tmp_path.iterdir() if path.suffix in (".a", ".b", ".c")]
    assert len(orphans) == 6
    assert finish(start("write(2)", tmp_path))[0] == 0  # the lock of the dead is free
    assert version_seen(tmp_path) == 2


def test_two_processes_that_publish_one_partition_take_turns(tmp_path):
    """Fault 4."""
    code = """
    (folder / f"ready{sys.argv[2]}").touch()
    while len(list(folder.glob("ready*"))) < 2:
        time.sleep(0.001)
    for number in range(int(sys.argv[3])):
        version = 2 * number + int(sys.argv[2])
        assert write(version).card["version"] == version
    """
    writers = [start(code, tmp_path, parity, N_ROUNDS) for parity in (0, 1)]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        seen.add(version_seen(tmp_path))

    assert [finish(writer)[::2] for writer in writers] == [(0, ""), (0, "")]
    assert version_seen(tmp_path) in {2 * N_ROUNDS - 2, 2 * N_ROUNDS - 1}
    assert len(seen) > 2


@pytest.mark.parametrize("kind", ["bytes", "frame"])
def test_a_full_disk_keeps_the_old_version_and_says_where(tmp_path, kind):
    """Fault 3: a limit on the size of a file stands for the end of the disk."""
    write(tmp_path, 1)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    code = f"""
    import resource
    import numpy as np, polars as pl
    from forecast_pipeline.core.publication import frame_writer
    frame = pl.DataFrame({{"x": np.random.default_rng(0).standard_normal(100_000)}})
    writers = {{"bytes": bytes_writer(bytes(400_000)), "frame": frame_writer(frame)}}
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    publish(folder, "p", {{".a": writers["{kind}"]}}, {{}})
    """

    code, _, errors = finish(start(code, tmp_path))

    assert code == 1
    assert errors.splitlines()[-1].startswith(f"OSError: {tmp_path}/p.a must be written, ")
    assert "bytes are free there, was" in errors.splitlines()[-1]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_writer_stopped_by_the_operator_leaves_no_litter(tmp_path):
    """Fault 1, the polite kind: interrupted by a signal that Python turns into an exception."""
    code = """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    print("ready", flush=True)
    version = 0
    while True:
        version += 1
        write(version)
    """
    writer = start(code, tmp_path)
    writer.stdout.readline()
    while version_seen(tmp_path) is None:
        pass
    writer.send_signal(signal.SIGTERM)

    assert finish(writer)[0] == 3
    assert version_seen(tmp_path) >= 1
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []
