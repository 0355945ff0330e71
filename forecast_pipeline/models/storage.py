"""Byte-reproducible skops files: no pickle, a fixed list of trusted types, no addresses and no clock."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from forecast_pipeline.core.errors import CorruptData

if TYPE_CHECKING:
    from collections.abc import Mapping

TRUSTED_TYPES = ("sklearn.tree._tree.Tree",)
"""Types that skops does not trust by itself and our families need. Never derived from a file."""

_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def dump_state(state: Mapping[str, object]) -> bytes:
    """Serialise arrays, plain values and scikit-learn estimators; equal states give equal bytes."""
    import skops.io

    return _reproducible(skops.io.dumps(dict(state)))


def load_state(content: bytes, what: str) -> dict[str, object]:
    """Read what `dump_state` wrote, running no code from it.

    Raises:
        CorruptData: If the bytes are damaged or hold a type that is not trusted.
    """
    import skops.io

    try:
        state = skops.io.loads(content, trusted=list(TRUSTED_TYPES))
    except Exception as error:  # noqa: BLE001 - skops raises another type for each way in which a file can be wrong
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise CorruptData(
            f"{what} must be a model file with trusted types only", was=reason, do="train it again"
        ) from None
    if not isinstance(state, dict):
        raise CorruptData(f"{what} must hold a state", was=type(state).__name__, do="train it again")
    return state


def _reproducible(content: bytes) -> bytes:
    """Renumber the object identities, which are memory addresses, and drop the time stamps."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        schema = json.loads(archive.read(_SCHEMA))
        numbers: dict[str, int] = {}
        renamed = _renumber(schema, numbers)
        members = {_new_name(name, numbers): archive.read(name) for name in archive.namelist() if name != _SCHEMA}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(members):
            archive.writestr(_entry(name), members[name], compresslevel=1)
        archive.writestr(_entry(_SCHEMA), json.dumps(renamed, sort_keys=True), compresslevel=1)
    return buffer.getvalue()


def _renumber(node: Any, numbers: dict[str, int]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(node, list):
        return [_renumber(item, numbers) for item in node]
    if not isinstance(node, dict):
        return node
    result: dict[str, Any] = {}
    for key in sorted(node):
        value = node[key]
        if key == "__id__":
            result[key] = numbers.setdefault(str(value), len(numbers) + 1)
        elif key == "file" and isinstance(value, str):
            numbers.setdefault(value.split(".")[0], len(numbers) + 1)
            result[key] = _new_name(value, numbers)
        else:
            result[key] = _renumber(value, numbers)
    return result


def _new_name(name: str, numbers: dict[str, int]) -> str:
    stem, dot, suffix = name.partition(".")
    return f"{numbers.get(stem, stem)}{dot}{suffix}"


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
