"""Atomic publication of a partition: content-named files first, then the card that points to them.

A partition is one *card*, ``<name>.json``, and the files it lists with their
SHA-256. Files carry a part of their hash in their name, so a new version never
overwrites what a reader has open, and the card is replaced by one rename: readers
see the old version or the new one, never a mixture. Files that no card lists are
swept by the next publication.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import filelock
import polars as pl

from forecast_pipeline.core.errors import Busy, CorruptData, MissingData
from forecast_pipeline.core.hashing import sha256_of_bytes, sha256_of_file, sha256_of_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

SWEEP_AFTER_SECONDS = 600.0
LOCK_TIMEOUT_SECONDS = 120.0
TABLE = ".parquet"
PARTS = "parts"
_HASH_CHARACTERS = 12
_N_WRITERS = 2
_MANY_FILES = 8


@dataclass(frozen=True, slots=True)
class Published:
    """One published partition, as its card describes it.

    Attributes:
        folder: Folder that holds card and files.
        name: Name of the card without ``.json``.
        card: Everything the writer recorded; ``files`` maps a suffix to name, hash and size.
    """

    folder: Path
    name: str
    card: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Hash over all files and the recorded facts: the data version of the partition."""
        return str(self.card["sha256"])

    def path(self, suffix: str) -> Path:
        """Path of the file with ``suffix``."""
        return self.folder / str(self.card["files"][suffix]["name"])

    def read_bytes(self, suffix: str) -> bytes:
        """Content of one file, refused unless it is what was published.

        Raises:
            CorruptData: If the file is missing or its hash differs from the card's.
        """
        path, expected = self.path(suffix), self.card["files"][suffix]["sha256"]
        remedy = "build this partition again"
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise CorruptData(f"{path} must exist, its card lists it", do=remedy) from None
        found = sha256_of_bytes(content)
        if found != expected:
            raise CorruptData(f"{path} must have sha256 {expected[:12]}…", was=f"{found[:12]}…", do=remedy)
        return content

    @property
    def parts(self) -> list[str]:
        """Suffixes of the files that make up the main table, in order; a table is one file or several."""
        listed = self.card.get(PARTS, [TABLE])
        return [suffix for suffix in listed if suffix in self.card["files"]]

    def read_frame(self, suffix: str | None = None, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Frame in one file, or the main table from all its parts, verified like `read_bytes`.

        Args:
            suffix: Which file; the main table if None.
            columns: Columns to read; all if None.
        """
        frames = [self._read_part(each, columns) for each in ([suffix] if suffix else self.parts)]
        if not frames:
            raise CorruptData(f"{self.folder / self.name} must hold a table", do="build this partition again")
        return frames[0] if len(frames) == 1 else pl.concat(frames)

    def is_intact(self, suffix: str) -> bool:
        """Whether one file is there and is what was published."""
        try:
            return sha256_of_file(self.path(suffix)) == str(self.card["files"][suffix]["sha256"])
        except (OSError, KeyError):
            return False

    def _read_part(self, suffix: str, columns: Sequence[str] | None) -> pl.DataFrame:
        try:
            return pl.read_parquet(io.BytesIO(self.read_bytes(suffix)), columns=list(columns) if columns else None)
        except pl.exceptions.PolarsError as error:
            raise CorruptData(f"{self.path(suffix)} must be a Parquet file", was=str(error)) from None


def frame_writer(frame: pl.DataFrame) -> Callable[[Path], None]:
    """Writer of a frame as Parquet, in the layout that measured fastest for our widths."""
    return lambda path: frame.write_parquet(path, compression="zstd", compression_level=1, row_group_size=131_072)


def text_writer(text: str) -> Callable[[Path], None]:
    """Writer of a UTF-8 text file."""

    def write(path: Path) -> None:
        path.write_text(text, encoding="utf-8", newline="\n")

    return write


def bytes_writer(content: bytes) -> Callable[[Path], None]:
    """Writer of bytes as they are."""

    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def publish(
    folder: Path,
    name: str,
    files: Mapping[str, Callable[[Path], None]],
    facts: Mapping[str, Any],
    kept: Mapping[str, Mapping[str, Any]] | None = None,
) -> Published:
    """Write the files, then the card, each by an atomic rename.

    Publishing equal content again leaves every byte as it was.

    Args:
        folder: Where the partition lives; created if need be.
        name: Name of the card.
        files: Suffix to a function that writes that file at the path it is given.
        facts: JSON values to keep in the card, without any wall-clock time.
        kept: Files of the present version that the next one lists unchanged: suffix to entry of its card.

    Returns:
        The partition as published.

    Raises:
        Busy: If another process has been publishing it for two minutes.
        OSError: If the disk is full; the previous version stays readable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / f".{name}.lock"):
        entries: dict[str, Any] = {suffix: dict(entry) for suffix, entry in (kept or {}).items()}
        entries |= _write_files(folder, name, files)
        _crash_point("after_data")
        card: dict[str, Any] = {**facts, "files": entries}
        card["sha256"] = sha256_of_value(card)
        content = (json.dumps(card, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()
        listed = {str(entry["name"]) for entry in entries.values()}
        _start_grace(folder, name, listed)
        write_atomically(folder / f"{name}.json", content)
        _sweep(folder, name, listed)
    return Published(folder, name, card)


def find(folder: Path, name: str) -> Published | None:
    """The partition if it was published, else None.

    Raises:
        CorruptData: If its card cannot be read or was changed after it was written.
    """
    path = folder / f"{name}.json"
    try:
        card = json.loads(path.read_bytes())
        claimed = card.pop("sha256")
        found = sha256_of_value(card)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise CorruptData(f"{path} must be a card", was=str(error), do="build this partition again") from None
    if claimed != found:
        raise CorruptData(f"{path} must be unchanged since it was published", do="build this partition again")
    return Published(folder, name, {**card, "sha256": claimed})


def require(folder: Path, name: str, what: str, do: str) -> Published:
    """The partition, which has to exist.

    Raises:
        MissingData: If it does not; ``what`` names it and ``do`` says how to get it.
    """
    found = find(folder, name)
    if found is None:
        raise MissingData(f"{what} must be built first", do=do)
    return found


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file by one rename, after its bytes have reached the disk."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _write_files(folder: Path, name: str, files: Mapping[str, Callable[[Path], None]]) -> dict[str, Any]:
    if len(files) < _MANY_FILES:
        return {suffix: _write_file(folder, name, suffix, writer) for suffix, writer in files.items()}
    # Writers compute and compress outside Python's lock; two at a time fill two cores.
    with ThreadPoolExecutor(max_workers=_N_WRITERS) as pool:
        written = pool.map(lambda item: _write_file(folder, name, *item), files.items())
        return dict(zip(files, written, strict=True))


def _write_file(folder: Path, name: str, suffix: str, writer: Callable[[Path], None]) -> dict[str, str | int]:
    temporary = folder / f".{name}.{uuid.uuid4().hex}.tmp"
    try:
        writer(temporary)
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        sha256, size = sha256_of_file(temporary), temporary.stat().st_size
        final = f"{name}-{sha256[:_HASH_CHARACTERS]}{suffix}"
        temporary.replace(folder / final)
    except (OSError, pl.exceptions.PolarsError) as error:
        free = shutil.disk_usage(folder).free
        raise OSError(f"{folder / name}{suffix} must be written, {free} bytes are free there, was {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(folder)
    return {"name": final, "sha256": sha256, "bytes": size}


def _start_grace(folder: Path, name: str, keep: set[str]) -> None:
    """Let the age of the files that the present card lists and the next one does not count from now."""
    with contextlib.suppress(CorruptData):
        present = find(folder, name)
        for entry in present.card["files"].values() if present else ():
            if entry["name"] not in keep and (folder / entry["name"]).exists():
                os.utime(folder / entry["name"])


def _sweep(folder: Path, name: str, keep: set[str]) -> None:
    """Remove files of older versions once no reader can still be opening them."""
    ours = re.compile(rf"{re.escape(name)}-[0-9a-f]{{{_HASH_CHARACTERS}}}\..+|\.{re.escape(name)}\..*\.tmp")
    deadline = time.time() - SWEEP_AFTER_SECONDS
    for path in folder.iterdir():
        if path.name not in keep and ours.fullmatch(path.name) and path.stat().st_mtime < deadline:
            path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _crash_point(_name: str) -> None:
    """Named instant at which crash tests end the process."""


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; the system lets it go when the process ends.

    Raises:
        Busy: If another process holds it for two minutes.
    """
    lock = filelock.FileLock(path, timeout=LOCK_TIMEOUT_SECONDS)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise Busy(f"{path} must be free", was="held by another process", do="wait for the other run") from None
    try:
        yield
    finally:
        lock.release()
