"""Whole bodies kept by their place on the server, so that an interrupted download goes on where it stopped."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast_pipeline.core.errors import DownloadFailed
from forecast_pipeline.core.hashing import sha256_of_bytes
from forecast_pipeline.core.publication import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]{0,80}(/[A-Za-z0-9][A-Za-z0-9._=-]{0,80}){0,9}")
_HASH_BYTES = 64
# One instant for all members: equal bodies give equal bundles, whenever they were fetched.
_MEMBER_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class BodyCache:
    """Bodies below a folder; each file begins with the hash of what follows.

    Attributes:
        folder: Root of the cache.
    """

    folder: Path

    def find(self, name: str) -> bytes | None:
        """The body kept under a name; None if there is none or it was damaged."""
        path = self._path(name)
        if not path.is_file():
            return None
        content = path.read_bytes()
        claimed, body = content[:_HASH_BYTES], content[_HASH_BYTES:]
        return body if sha256_of_bytes(body).encode() == claimed else None

    def keep(self, name: str, body: bytes) -> None:
        """Keep a whole body."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, sha256_of_bytes(body).encode() + body)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name) or ".." in name:
            raise DownloadFailed("a place in the cache must be a plain path", was=repr(name[:80]))
        return self.folder / f"{name}.body"


def write_bundle(path: Path, bodies: Mapping[str, bytes]) -> Path:
    """Bodies as the members of one zip, the same bytes for the same bodies; an equal file is left alone."""
    import io

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(bodies):
            archive.writestr(zipfile.ZipInfo(name, _MEMBER_TIME), bodies[name])
    content = buffer.getvalue()
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    return path
