"""One file read and judged: the same way when it is ingested and whenever its candles are built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.candles.price_checks import check_scale
from forecast_pipeline.candles.validation import judged
from forecast_pipeline.candles.vendors.registry import reader_named

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from forecast_pipeline.candles.vendors.protocol import ParsedSource, SourceOptions


@dataclass(frozen=True, slots=True)
class Reading:
    """A parsed file and the verdicts on its rows.

    Attributes:
        parsed: As the reader gave it.
        rows: Rows and what was set aside before, with their ``reason``.
        repaired: Rows put right or left out, by finding.
        accepted: Rows kept that a person should know, by finding.
    """

    parsed: ParsedSource
    rows: pl.DataFrame
    repaired: dict[str, int]
    accepted: dict[str, int]

    @property
    def good(self) -> pl.DataFrame:
        """Rows that become candles."""
        return self.rows.filter(pl.col("reason").is_null())


def read_and_judge(path: Path, options: SourceOptions, ingested_at: datetime) -> Reading:
    """Read a file by the reader that the options name, and judge its rows.

    Raises:
        RefusedFile: As the reader does, or if prices change their scale inside the file.
    """
    parsed = reader_named(options.vendor).read(path, options)
    verdict = judged(parsed.records, parsed.source_minutes, ingested_at)
    check_scale(verdict.good.sort("ts_utc"), path.name)
    rows = verdict.rows if parsed.set_aside is None else pl.concat([verdict.rows, parsed.set_aside])
    repaired = {name: count for source in (parsed.dropped, parsed.repaired) for name, count in source.items()}
    return Reading(parsed, rows, repaired | verdict.repaired, verdict.accepted)
