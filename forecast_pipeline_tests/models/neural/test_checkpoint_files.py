"""Promise: a checkpoint is written whole, read only if nothing changed, and never runs code."""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
from pathlib import Path

import pytest
import torch

from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.models.neural.checkpoint_files import VerifiedCheckpoints, newest_good, read_checkpoint

CONTENT = {"state_dict": {"weight": torch.arange(6.0)}, "epoch": 3, "curve": [{"loss": 0.5}]}


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "folder" / "epoch003.ckpt"
    VerifiedCheckpoints().save_checkpoint(CONTENT, path)
    return path


class Canary:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def signed(path, content):
    """A file with a good digest: what someone writes who knows the format."""
    path.write_bytes(content + hashlib.sha256(content).digest())
    return path


def test_what_was_written_is_read(checkpoint):
    for found in (read_checkpoint(checkpoint), VerifiedCheckpoints().load_checkpoint(checkpoint, weights_only=False)):
        assert torch.equal(found["state_dict"]["weight"], CONTENT["state_dict"]["weight"])
        assert (found["epoch"], found["curve"]) == (3, [{"loss": 0.5}])
    assert [path.name for path in checkpoint.parent.iterdir()] == ["epoch003.ckpt"]


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99, -1])
def test_a_cut_file_is_refused(checkpoint, kept):
    """Fault 26."""
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[:-1] if kept < 0 else content[: int(kept * len(content))])

    with pytest.raises(CorruptData, match="sha256"):
        read_checkpoint(checkpoint)


def test_any_flipped_byte_is_noticed(checkpoint):
    """Fault 26: torch itself notices hardly any."""
    content = checkpoint.read_bytes()
    for place in range(0, len(content), len(content) // 20):
        changed = bytearray(content)
        changed[place] ^= 0x10
        checkpoint.write_bytes(bytes(changed))

        with pytest.raises(CorruptData, match=r"epoch003\.ckpt must have the sha256"):
            read_checkpoint(checkpoint)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(CorruptData, match="must be readable"):
        read_checkpoint(tmp_path / "none.ckpt")


@pytest.mark.parametrize("form", ["pickle", "torch"])
def test_code_in_a_checkpoint_is_not_run(tmp_path, form):
    """Fault 28: with a good digest, and whatever Lightning asks for."""
    canary = tmp_path / "canary"
    if form == "pickle":
        content = pickle.dumps({"state_dict": Canary(canary)})
    else:
        buffer = io.BytesIO()
        torch.save({"state_dict": Canary(canary)}, buffer)
        content = buffer.getvalue()
    path = signed(tmp_path / "evil.ckpt", content)

    for read in (read_checkpoint, lambda each: VerifiedCheckpoints().load_checkpoint(each, weights_only=False)):
        with pytest.raises(CorruptData, match="must hold tensors only"):
            read(path)

    assert not canary.exists()
    torch.load(io.BytesIO(content), weights_only=False) if form == "torch" else pickle.loads(content)  # noqa: S301
    assert canary.exists()  # it would have been


def test_a_checkpoint_is_a_table(tmp_path):
    buffer = io.BytesIO()
    torch.save([torch.zeros(1)], buffer)

    with pytest.raises(CorruptData, match="must hold a table"):
        read_checkpoint(signed(tmp_path / "list.ckpt", buffer.getvalue()))


def test_the_one_before_is_taken_and_said(checkpoint, caplog):
    """Fault 26."""
    newer = checkpoint.with_name("epoch004.ckpt")
    newer.write_bytes(checkpoint.read_bytes()[:-40])

    with caplog.at_level(logging.WARNING):
        found = newest_good([newer, checkpoint])

    assert found == checkpoint
    assert "epoch004.ckpt" in caplog.text
    assert newest_good([newer]) is None
    assert newest_good([]) is None


def test_a_writer_that_fails_leaves_the_checkpoint_before(checkpoint, monkeypatch):
    before = checkpoint.read_bytes()
    monkeypatch.setattr("forecast_pipeline.core.publication.os.fsync", lambda _: (_ for _ in ()).throw(OSError("full")))

    with pytest.raises(OSError, match="full"):
        VerifiedCheckpoints().save_checkpoint(CONTENT | {"epoch": 4}, checkpoint)

    assert checkpoint.read_bytes() == before
    assert [path.name for path in checkpoint.parent.iterdir()] == ["epoch003.ckpt"]
