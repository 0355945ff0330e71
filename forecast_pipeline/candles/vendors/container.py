"""What a vendor delivered, unpacked within limits: plain bytes, the only member of a zip, or all of them."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from forecast_pipeline.core.errors import NoRecords, RefusedFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_TEXT_BYTES = 1_000_000_000
MAX_COMPRESSION_RATIO = 100.0
MAX_MEMBERS = 20_000
HEAD_BYTES = 65_536
TEXT_SUFFIXES = (".csv", ".txt", ".prn", ".tsv")
_DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError, NotImplementedError)
_UTF16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True)
class Head:
    """The beginning of a file, for telling its format.

    Attributes:
        path: The file.
        members: Names of the members if it is a zip, never used as paths.
        content: First bytes of the file, or of its only text member.
    """

    path: Path
    members: tuple[str, ...]
    content: bytes

    @cached_property
    def lines(self) -> list[str]:
        """The first lines as text; none if it is no text."""
        try:
            text = as_utf8(self.content, self.path.name)
        except RefusedFile:
            return []
        if b"\0" in text[:1000]:
            return []
        return [line.strip() for line in text.decode("utf-8", "replace").split("\n")[:50]]

    @property
    def first_line(self) -> str:
        """The first line as text, empty if it is no text."""
        return self.lines[0] if self.lines else ""


def head_of(path: Path) -> Head:
    """The beginning of a file; of a damaged zip its own first bytes."""
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                names = tuple(entry.filename for entry in archive.infolist())
                texts = [entry for entry in archive.infolist() if entry.filename.lower().endswith(TEXT_SUFFIXES)]
                chosen = [each for each in texts if each.filename.lower().endswith(".csv")] or texts
                if not chosen:
                    return Head(path, names, b"")
                with archive.open(chosen[0]) as stream:
                    return Head(path, names, stream.read(HEAD_BYTES))
        except _DAMAGE:
            pass
    with path.open("rb") as stream:
        return Head(path, (), stream.read(HEAD_BYTES))


def delivered_bytes(path: Path, suffix: str = ".csv") -> bytes:
    """Content of the file, or of the only member of a zip with that ending.

    Raises:
        RefusedFile: If the zip is damaged, holds another number of members, or would unpack beyond the limits.
    """
    if not _is_zip(path):
        return path.read_bytes()
    members = list(_members(path, suffix, only=True))
    return members[0][1]


def delivered_members(path: Path, suffix: str) -> list[tuple[str, bytes]]:
    """Names and contents of all members of a zip with that ending, by name; the file itself if it is none.

    Names serve as notes, such as the day of a member, never as paths.

    Raises:
        RefusedFile: As for `delivered_bytes`, but any number of members from one is right.
    """
    if not _is_zip(path):
        return [(path.name, path.read_bytes())]
    return sorted(_members(path, suffix, only=False))


def _is_zip(path: Path) -> bool:
    if zipfile.is_zipfile(path):
        return True
    with path.open("rb") as stream:
        if stream.read(2) == b"PK":
            raise RefusedFile(f"{path.name} must be a complete zip file", was="a truncated one", do="fetch it again")
    return False


def _members(path: Path, suffix: str, *, only: bool) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.lower().endswith(suffix)]
            if not entries or (only and len(entries) != 1) or len(entries) > MAX_MEMBERS:
                names = [entry.filename for entry in archive.infolist()][:5]
                raise RefusedFile(
                    f"{path.name} must hold {'one' if only else 'any'} {suffix} file",
                    was=f"{len(entries)} among {names}",
                )
            _check_limits(path.name, entries)
            for entry in entries:
                yield entry.filename, archive.read(entry)
    except _DAMAGE as error:
        raise RefusedFile(f"{path.name} must be an intact zip file", was=str(error), do="fetch it again") from None


def _check_limits(name: str, entries: list[zipfile.ZipInfo]) -> None:
    size = sum(entry.file_size for entry in entries)
    ratio = max(entry.file_size / max(entry.compress_size, 1) for entry in entries)
    if size > MAX_TEXT_BYTES or ratio > MAX_COMPRESSION_RATIO:
        limit = f"at most {MAX_TEXT_BYTES} bytes and {MAX_COMPRESSION_RATIO:g} times its packed size"
        raise RefusedFile(f"{name} must unpack to {limit}", was=f"{size} bytes, {ratio:.0f} times")


def as_utf8(content: bytes, name: str) -> bytes:
    """Text as UTF-8 without a byte order mark; UTF-16 is recoded.

    Raises:
        NoRecords: If there is nothing but white space.
        RefusedFile: If it is a page of HTML, or UTF-16 that cannot be decoded.
    """
    text = content.removeprefix(b"\xef\xbb\xbf")
    encoding = _UTF16.get(content[:2]) or _guessed_utf16(content)
    if encoding:
        try:
            text = content[: len(content) // 2 * 2].decode(encoding).encode()
        except UnicodeDecodeError as error:
            raise RefusedFile(f"{name} must be text", was=f"{encoding} that breaks off: {error.reason}") from None
    if not text.strip():
        raise NoRecords(f"{name} must hold candles", was="an empty file")
    start = text[:400].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")) or re.match(rb"<(head|body|title)\b", start):
        raise RefusedFile(
            f"{name} must hold a vendor's data",
            was=f"line 1: {start[:60].decode('latin-1')!r}, a page of HTML",
            do="fetch it again, the server answered with a page",
        )
    return text


def _guessed_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of plain text is zero."""
    sample = content[:400]
    if len(sample) < 8 or b"\0" not in sample:  # noqa: PLR2004 - too short to tell
        return None
    odd, even = sample[1::2], sample[::2]
    if not any(odd) and all(even):
        return "utf-16-le"
    return "utf-16-be" if not any(even) and all(odd) else None
