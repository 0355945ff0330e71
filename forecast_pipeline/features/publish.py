"""Publish features block by block: what its inputs left unchanged is listed again, the rest is computed."""

from __future__ import annotations

import hashlib
import importlib.metadata
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.core import publication
from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.core.hashing import sha256_of_value
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.features.blocks import Block, blocks_of
from forecast_pipeline.features.compute import compute_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.features.bar_arrays import BarArrays
    from forecast_pipeline.features.compute import FeaturePlan

FEATURES_VERSION = "2"
"""Raise it with any change of a formula: it makes every block be computed again, and partitions stale."""

_LIBRARIES = ("numpy", "TA-Lib")
_HASHED = ("open", "high", "low", "close", "volume", "opens_us", "closes_us")


def publish_blocks(folder: Path, name: str, bars: BarArrays, plan: FeaturePlan, facts: Mapping[str, Any]) -> Published:
    """Publish every column of the plan, one file a block, in single precision.

    A block is computed only if a bar of it, or of the warm-up before it, differs from what its file was computed
    from, if another column or number was chosen, or if the file is no longer what was published. So appending a
    day to ten years computes one block, and what is published does not depend on the way that led there.

    Args:
        folder: Where the partition lives.
        name: Name of its card.
        bars: All bars.
        plan: What is computed from them.
        facts: JSON values for the card.
    """
    blocks = blocks_of(bars.shifted_us, bars.minutes)
    fingerprints = block_fingerprints(bars, plan, blocks)
    known = _present_blocks(folder, name)
    files: dict[str, Callable[[Path], None]] = {}
    kept: dict[str, Mapping[str, Any]] = {}
    entries: list[dict[str, Any]] = []
    for block, fingerprint in zip(blocks, fingerprints, strict=True):
        suffix = f".{block.label}.parquet"
        if fingerprint in known:
            kept[suffix] = known[fingerprint]
        else:
            files[suffix] = _writer(bars, plan, block)
        entries.append({"suffix": suffix, "n_rows": block.stop - block.start, "inputs_sha256": fingerprint})
    if not blocks:
        files[publication.TABLE] = _writer(bars, plan, Block("", 0, 0))
    parts = [str(entry["suffix"]) for entry in entries] or [publication.TABLE]
    return publication.publish(folder, name, files, {**facts, "blocks": entries, publication.PARTS: parts}, kept)


def block_fingerprints(bars: BarArrays, plan: FeaturePlan, blocks: Sequence[Block]) -> list[str]:
    """Hash over everything the values of each block depend on.

    Bars are hashed block by block; a block depends on its own and on those that its longest warm-up reaches into.
    """
    what = sha256_of_value(
        {
            "version": FEATURES_VERSION,
            "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
            "columns": [column.name for column in plan.columns],
            "values": [dict(each.values) for each in plan.planned],
            "required_bars": [each.required_bars for each in plan.planned],
            "symbol": bars.symbol,
            "minutes": bars.minutes,
        }
    )
    own = [_rows_sha256(bars, block) for block in blocks]
    starts = np.array([block.start for block in blocks], dtype=np.int64)
    fingerprints = []
    for position, block in enumerate(blocks):
        # The rows before the warm-up decide nothing, but whether there are any decides which rows are NaN.
        reached = int(np.searchsorted(starts, max(0, block.start - plan.required_bars + 1), side="right")) - 1
        n_before = min(block.start, plan.required_bars)
        hashed = hashlib.sha256(f"{what} {n_before} {' '.join(own[reached : position + 1])}".encode())
        fingerprints.append(hashed.hexdigest())
    return fingerprints


def _rows_sha256(bars: BarArrays, block: Block) -> str:
    digest = hashlib.sha256()
    for name in _HASHED:
        digest.update(np.ascontiguousarray(getattr(bars, name)[block.start : block.stop]).data)
    for name, closes in sorted(bars.peers.items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(closes[block.start : block.stop]).data)
    return digest.hexdigest()


def _present_blocks(folder: Path, name: str) -> dict[str, Mapping[str, Any]]:
    """Files of the present version that are what was published, by the hash of what they were computed from."""
    try:
        present = publication.find(folder, name)
    except CorruptData:
        return {}  # a broken card is replaced
    if present is None:
        return {}
    return {
        str(entry["inputs_sha256"]): present.card["files"][entry["suffix"]]
        for entry in present.card.get("blocks", [])
        if present.is_intact(str(entry["suffix"]))
    }


def _writer(bars: BarArrays, plan: FeaturePlan, block: Block) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        part = bars.rows(block.start, block.stop)
        columns = compute_rows(bars, plan, block.start, block.stop)
        frame = pl.DataFrame(
            [
                pl.Series("ts_utc", part.opens_us).cast(INSTANT),
                pl.Series("close_ts_utc", part.closes_us).cast(INSTANT),
                *(pl.Series(name, values.astype(np.float32)) for name, values in columns.items()),
            ]
        )
        publication.frame_writer(frame)(path)

    return write
