"""The version of the code: a hash of the package's sources."""

from __future__ import annotations

import functools
from pathlib import Path

from forecast_pipeline.core.hashing import sha256_of_bytes, sha256_of_value

PACKAGE = Path(__file__).parents[1]


def sha256_of_sources(package: Path) -> str:
    """SHA-256 over name and content of every Python file below a folder, in order of their names.

    Example:
        >>> len(sha256_of_sources(PACKAGE))
        64
    """
    files = sorted(package.rglob("*.py"))
    return sha256_of_value(
        [[path.relative_to(package).as_posix(), sha256_of_bytes(path.read_bytes())] for path in files]
    )


@functools.cache
def code_sha256() -> str:
    """SHA-256 of the sources of this package, as they were when it was first asked for."""
    return sha256_of_sources(PACKAGE)
