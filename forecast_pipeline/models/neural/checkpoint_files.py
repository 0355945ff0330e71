"""Checkpoints that are written whole or not at all, and read only if they are what was written."""

from __future__ import annotations

import hashlib
import io
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.core.publication import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable

LOGGER = logging.getLogger(__name__)
_DIGEST_BYTES = 32


class VerifiedCheckpoints(TorchCheckpointIO):
    """Lightning checkpoints followed by their sha256, renamed into place after the disk has them.

    Lightning's own writer can leave half a file, and torch notices a flipped bit only by luck.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:  # noqa: ANN401
        """Write a checkpoint and its digest."""
        del storage_options
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        content = buffer.getvalue()
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, content + hashlib.sha256(content).digest())

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:  # noqa: ANN401, FBT001
        """Read a checkpoint; no code in it is run, whatever is asked for.

        Raises:
            CorruptData: If it is not what was written.
        """
        del weights_only
        return read_checkpoint(Path(path), map_location or "cpu")


def read_checkpoint(path: Path, map_location: Any = "cpu") -> dict[str, Any]:  # noqa: ANN401 - torch's own type
    """A checkpoint of `VerifiedCheckpoints`.

    Raises:
        CorruptData: If it is missing, cut, changed, or holds more than tensors and plain values.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorruptData(f"checkpoint {path.name} must be readable", was=str(error), do="train again") from None
    body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        raise CorruptData(
            f"checkpoint {path.name} must have the sha256 that it was written with",
            was="another",
            why="it was cut or changed",
            do="delete it; training goes on from the one before",
        )
    try:
        loaded = torch.load(io.BytesIO(body), map_location=map_location, weights_only=True)
    except Exception as error:  # noqa: BLE001 - torch raises another type for each way in which a file can be wrong
        raise CorruptData(f"checkpoint {path.name} must hold tensors only", was=str(error)[:200]) from None
    if not isinstance(loaded, dict):
        raise CorruptData(f"checkpoint {path.name} must hold a table", was=type(loaded).__name__)
    return loaded


def newest_good(paths: Iterable[Path]) -> Path | None:
    """The first checkpoint, of those given newest first, that can be read; what is passed over is logged."""
    for path in paths:
        try:
            read_checkpoint(path)
        except CorruptData as error:
            LOGGER.warning("%s; the one before is taken", error)
        else:
            return path
    return None
