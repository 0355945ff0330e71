"""Content hashes that do not depend on dictionary order, float spelling or the process."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def sha256_of_bytes(content: bytes) -> str:
    """Hexadecimal SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def canonical_json(value: object) -> str:
    """JSON text that is the same for equal values.

    Example:
        >>> canonical_json({"b": -0.0, "a": 1}) == canonical_json({"a": 1, "b": 0.0})
        True

    Raises:
        ValueError: If the value holds NaN or an infinity.
    """
    return json.dumps(_canonical(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256_of_value(value: object) -> str:
    """Hexadecimal SHA-256 of a JSON value."""
    return sha256_of_bytes(canonical_json(value).encode())


def _canonical(value: object) -> object:
    if isinstance(value, float):
        return value + 0.0  # turns -0.0 into 0.0
    if isinstance(value, dict):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return value
