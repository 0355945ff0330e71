"""Promise: a reader sees one published version, whole and unchanged, or a typed error; never anything else."""

from __future__ import annotations

import contextlib
import json
import os
import time

import filelock
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core import publication
from forecast_pipeline.core.errors import Busy, CorruptData, MissingData
from forecast_pipeline.core.publication import bytes_writer, find, frame_writer, publish, require, text_writer

FRAME = pl.DataFrame({"x": np.arange(500, dtype=np.float64), "name": ["a", "b"] * 250})
FACTS = {"stage": "test", "n_rows": 500, "share": 0.1, "note": "ä", "nested": {"b": [1, 2], "a": None}}


def publish_both(folder, version=1, name="p"):
    files = {
        ".parquet": frame_writer(FRAME.with_columns(x=pl.col("x") * version)),
        ".txt": text_writer(f"v{version}\n"),
    }
    return publish(folder, name, files, {**FACTS, "version": version})


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def make_old(*paths):
    for path in paths:
        os.utime(path, (time.time() - 86_400, time.time() - 86_400))


def flip(path, position, mask):
    changed = bytearray(path.read_bytes())
    changed[position % len(changed)] ^= mask
    path.write_bytes(changed)


def test_what_was_published_is_found_again(tmp_path):
    published = publish_both(tmp_path / "new" / "folder")

    found = find(tmp_path / "new" / "folder", "p")

    assert found == published
    assert found.read_frame().equals(FRAME)
    assert found.read_bytes(".txt") == b"v1\n"
    assert {key: found.card[key] for key in FACTS} == FACTS
    assert set(found.card) == {*FACTS, "version", "files", "sha256"}


def test_what_was_never_published_is_none(tmp_path):
    assert find(tmp_path, "p") is None
    assert find(tmp_path / "absent", "p") is None
    with pytest.raises(MissingData, match=r"bars must be built first. To do: build them"):
        require(tmp_path, "p", "bars", "build them")


def test_equal_content_gives_equal_bytes_in_any_folder_and_again(tmp_path):
    """Fault 48."""
    first, second = publish_both(tmp_path / "a"), publish_both(tmp_path / "b")
    before = content(tmp_path / "a")
    again = publish_both(tmp_path / "a")

    assert first.sha256 == second.sha256 == again.sha256
    assert content(tmp_path / "a") == content(tmp_path / "b") == before


def test_another_fact_or_another_byte_is_another_version(tmp_path):
    versions = {
        publish_both(tmp_path).sha256,
        publish_both(tmp_path, 2).sha256,
        publish(tmp_path, "p", {".txt": text_writer("v1\n")}, {}).sha256,
        publish(tmp_path, "p", {".txt": text_writer("v2\n")}, {}).sha256,
    }

    assert len(versions) == 4


@given(position=st.integers(0, 1 << 20), mask=st.integers(1, 255))
@pytest.mark.parametrize("suffix", [".parquet", ".txt"])
def test_a_flipped_byte_in_a_file_is_refused(tmp_path_factory, suffix, position, mask):
    """Fault 6."""
    published = publish_both(tmp_path_factory.mktemp("p"))

    flip(published.path(suffix), position, mask)

    with pytest.raises(
        CorruptData, match=f"{published.path(suffix).name} must have sha256 .*build this partition again"
    ):
        find(published.folder, "p").read_bytes(suffix)


@given(position=st.integers(0, 1 << 20), mask=st.integers(1, 255))
def test_a_flipped_byte_in_a_card_is_refused_unless_it_changes_nothing(tmp_path_factory, position, mask):
    """Fault 6: only blanks between the values may turn into other blanks."""
    published = publish_both(tmp_path_factory.mktemp("p"))
    card = published.folder / "p.json"

    flip(card, position, mask)

    with contextlib.suppress(json.JSONDecodeError, UnicodeDecodeError):
        if json.loads(card.read_bytes()) == published.card:
            assert find(published.folder, "p") == published
            return
    with pytest.raises(CorruptData, match=r"p\.json must be .*build this partition again"):
        find(published.folder, "p")


@given(keep=st.floats(0, 1, exclude_max=True))
@pytest.mark.parametrize("what", [".parquet", ".txt", "card"])
def test_a_truncated_file_is_refused(tmp_path_factory, what, keep):
    """Fault 5."""
    published = publish_both(tmp_path_factory.mktemp("p"))
    path = published.folder / "p.json" if what == "card" else published.path(what)
    whole = path.read_bytes()
    # The last byte of a card is a line break; without it nothing is lost.
    path.write_bytes(whole[: int(keep * (len(whole) - (what == "card")))])

    with pytest.raises(CorruptData, match=path.name):
        find(published.folder, "p").read_bytes(what)


def test_a_missing_file_is_refused_by_path(tmp_path):
    published = publish_both(tmp_path)
    published.path(".txt").unlink()

    with pytest.raises(CorruptData, match=f"{published.path('.txt').name} must exist, its card lists it"):
        find(tmp_path, "p").read_bytes(".txt")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", '"text"', "{}", '{"sha256": 3}', '{"sha256": "x", "a": NaN}']
)
def test_what_is_not_a_card_is_refused(tmp_path, text):
    """Fault 5."""
    (tmp_path / "p.json").write_text(text)

    with pytest.raises(CorruptData, match=r"p.json must be"):
        find(tmp_path, "p")


@pytest.mark.parametrize(
    "edit",
    [
        lambda card: card | {"n_rows": 501},
        lambda card: card | {"share": 0.10000000000000002},
        lambda card: card | {"new": 1},
        lambda card: {key: value for key, value in card.items() if key != "note"},
        lambda card: card | {"nested": {"a": None, "b": [2, 1]}},
        lambda card: card | {"n_rows": "500"},
    ],
    ids=["number", "last digit", "added", "removed", "order of a list", "type"],
)
def test_an_edited_card_is_refused(tmp_path, edit):
    """Fault 6."""
    publish_both(tmp_path)
    path = tmp_path / "p.json"
    path.write_text(json.dumps(edit(json.loads(path.read_text()))))

    with pytest.raises(CorruptData, match="must be unchanged since it was published"):
        find(tmp_path, "p")


def test_a_card_may_be_laid_out_anew(tmp_path):
    published = publish_both(tmp_path)
    path = tmp_path / "p.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=8))

    assert find(tmp_path, "p") == published


def test_files_of_two_writes_are_not_mixed(tmp_path):
    """Fault 39."""
    first, second = publish_both(tmp_path / "a", 1), publish_both(tmp_path / "b", 2)
    first.path(".txt").write_bytes(second.read_bytes(".txt"))

    with pytest.raises(CorruptData, match="must have sha256"):
        find(tmp_path / "a", "p").read_bytes(".txt")
    (tmp_path / "a" / "p.json").write_bytes((tmp_path / "b" / "p.json").read_bytes())
    with pytest.raises(CorruptData, match="must exist"):
        find(tmp_path / "a", "p").read_bytes(".parquet")


@pytest.mark.parametrize("damage", [".parquet", ".txt", "card"])
def test_publishing_again_heals(tmp_path, damage):
    """Fault 5."""
    published = publish_both(tmp_path)
    good = content(tmp_path)
    path = tmp_path / "p.json" if damage == "card" else published.path(damage)
    path.write_bytes(path.read_bytes()[:10])

    publish_both(tmp_path)

    assert content(tmp_path) == good


def test_a_writer_that_fails_leaves_the_old_version_and_no_litter(tmp_path):
    """Fault 3."""
    publish_both(tmp_path)
    good = content(tmp_path)

    def fail(path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"p\.txt must be written, \d+ bytes are free there, was .*No space left"):
        publish(tmp_path, "p", {".txt": fail}, {"version": 2})
    assert content(tmp_path) == good


@pytest.mark.parametrize("fact", [float("nan"), float("inf"), {"a": float("nan")}], ids=repr)
def test_a_fact_that_json_cannot_say_publishes_nothing(tmp_path, fact):
    publish_both(tmp_path)
    card = (tmp_path / "p.json").read_bytes()

    with pytest.raises(ValueError, match="not JSON compliant"):
        publish(tmp_path, "p", {".txt": text_writer("v2\n")}, {"fact": fact})
    assert (tmp_path / "p.json").read_bytes() == card


def test_a_crash_between_data_and_card_shows_the_old_version_and_heals(tmp_path, monkeypatch):
    """Fault 2: the in-process half; `test_publication_crashes` ends a real process there."""
    old = publish_both(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(publication, "_crash_point", pytest.fail)
        with pytest.raises(pytest.fail.Exception, match="after_data"):
            publish_both(tmp_path, 2)

    assert find(tmp_path, "p") == old
    assert old.read_frame().equals(FRAME)
    assert publish_both(tmp_path, 2) == find(tmp_path, "p")


def test_files_that_no_card_lists_are_swept_once_they_are_old(tmp_path):
    """Faults 1 and 2."""
    litter = [
        *("p-0123456789ab.parquet", "p-0123456789ab.folds.parquet"),  # data of a run that died before its card
        *(".p.4e2f.tmp", ".p.json.4e2f.tmp"),  # half of a file, half of a card
    ]
    others = ["pp-0123456789ab.parquet", "xp-0123456789ab.parquet", ".pp.4e2f.tmp", "p.txt", "p-notes.txt", "p2.json"]
    for name in (*litter, *others):
        (tmp_path / name).write_bytes(b"x")
        make_old(tmp_path / name)
    (tmp_path / "p-ba9876543210.parquet").write_bytes(b"young: perhaps its card is being written")

    published = publish_both(tmp_path)

    files = [entry["name"] for entry in published.card["files"].values()]
    assert {path.name for path in tmp_path.iterdir()} == {
        *(".p.lock", "p.json", "p-ba9876543210.parquet"),
        *files,
        *others,
    }


def test_a_reader_that_holds_an_old_card_can_still_read_its_files(tmp_path):
    """Fault 40: grace begins when a version is replaced, not when it was written."""
    held = publish_both(tmp_path)
    make_old(*tmp_path.iterdir())

    publish_both(tmp_path, 2)
    publish_both(tmp_path, 3)

    assert held.read_frame().equals(FRAME)
    make_old(*tmp_path.iterdir())
    latest = publish_both(tmp_path, 3)
    names = {entry["name"] for entry in latest.card["files"].values()}
    assert {path.name for path in tmp_path.iterdir()} == {".p.lock", "p.json", *names}


def test_a_file_that_two_versions_share_is_kept(tmp_path):
    """Fault 40."""
    for version in (1, 2):
        publish(tmp_path, "p", {".txt": text_writer("same")}, {"version": version})
        make_old(*tmp_path.iterdir())

    latest = publish(tmp_path, "p", {".txt": text_writer("same")}, {"version": 3})

    assert find(tmp_path, "p").read_bytes(".txt") == b"same"
    assert find(tmp_path, "p") == latest


def test_a_partition_that_is_held_is_said_to_be_busy(tmp_path, monkeypatch):
    """Fault 41."""
    monkeypatch.setattr(publication, "LOCK_TIMEOUT_SECONDS", 0.05)
    publish_both(tmp_path)

    with (
        filelock.FileLock(tmp_path / ".p.lock"),
        pytest.raises(Busy, match=r"p.lock must be free, was held by another process"),
    ):
        publish_both(tmp_path, 2)
    assert find(tmp_path, "p").card["version"] == 1


def test_two_partitions_of_a_folder_do_not_meet(tmp_path):
    first, second = publish_both(tmp_path, 1, "5m"), publish_both(tmp_path, 2, "15m")

    assert (find(tmp_path, "5m"), find(tmp_path, "15m")) == (first, second)


def test_a_file_that_is_not_a_frame_is_refused_as_one(tmp_path):
    published = publish(tmp_path, "p", {".parquet": bytes_writer(b"not a frame at all")}, {})

    with pytest.raises(CorruptData, match="must be a Parquet file"):
        published.read_frame()
