"""What an event shows in the UI, made from the card of what was published."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from forecast_pipeline.core.publication import PARTS, TABLE, Published

Metadata = dict[str, Any]


def card_metadata(
    stored: Published, frame_suffix: str | None = TABLE, lineage: dg.TableColumnLineage | None = None
) -> Metadata:
    """Row count, span, hashes and files of a partition, the schema of its table, and where its columns come from.

    A table of many parts shows its newest file; the folder holds the others.
    """
    card = stored.card
    metadata: Metadata = {"sha256": stored.sha256, "card": dg.MetadataValue.json(_brief(card))}
    if card.get("n_rows") is not None:
        metadata["dagster/partition_row_count"] = int(card["n_rows"])
        metadata["rows"] = int(card["n_rows"])
    for name in ("first_ts_utc", "last_ts_utc", "price_side"):
        if card.get(name):
            metadata[name] = str(card[name])
    metadata["bytes"] = sum(int(entry["bytes"]) for entry in card["files"].values())
    is_in_parts = frame_suffix == TABLE and PARTS in card
    if is_in_parts:
        frame_suffix = stored.parts[-1]
        metadata["files"] = len(stored.parts)
        metadata["folder"] = dg.MetadataValue.path(str(stored.folder))
    for suffix in [frame_suffix] if is_in_parts else card["files"]:
        metadata[f"file{suffix}"] = dg.MetadataValue.path(str(stored.path(str(suffix))))
    if frame_suffix in card["files"]:
        metadata["dagster/uri"] = str(stored.path(str(frame_suffix)))
        metadata["dagster/column_schema"] = table_schema(stored, str(frame_suffix), lineage)
    if lineage is not None:
        metadata["dagster/column_lineage"] = lineage
    return metadata


def table_schema(stored: Published, suffix: str, lineage: dg.TableColumnLineage | None = None) -> dg.TableSchema:
    """Columns of a published table: what each measures, its unit, and what it is made of."""
    known = {column["name"]: column for column in [*stored.card.get("columns", []), *stored.card.get("origins", [])]}
    schema = pl.read_parquet_schema(stored.path(suffix))
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, str(dtype), description=_describe(known.get(name), name, lineage))
            for name, dtype in schema.items()
        ]
    )


def counts_table(title: str, counts: Mapping[str, Any]) -> dg.MetadataValue:
    """Markdown table of counts, or a line that says there are none."""
    if not counts:
        return dg.MetadataValue.md(f"no {title}")
    rows = "\n".join(f"| {name} | {count} |" for name, count in counts.items())
    return dg.MetadataValue.md(f"| {title} | n |\n|---|---|\n{rows}")


def frame_table(frame: pl.DataFrame, digits: int = 6) -> dg.MetadataValue:
    """A small frame as a Markdown table."""
    head = f"| {' | '.join(frame.columns)} |\n|{'---|' * frame.width}\n"
    return dg.MetadataValue.md(
        head + "\n".join(f"| {' | '.join(_cell(v, digits) for v in row)} |" for row in frame.rows())
    )


def _cell(value: object, digits: int) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value).replace("|", "\\|")


def _describe(column: Mapping[str, Any] | None, name: str, lineage: dg.TableColumnLineage | None) -> str | None:
    meaning = f"{column['description']} [{column['unit']}]" if column else ""
    sources = lineage.deps_by_column.get(name, ()) if lineage else ()
    origin = ", ".join(f"{each.asset_key.path[0]}.{each.column_name}" for each in sources)
    return "; ".join(part for part in (meaning, f"from {origin}" if origin else "") if part) or None


def _brief(card: Mapping[str, Any]) -> Metadata:
    """The card without its long lists, which have metadata of their own."""
    long = (
        "columns",
        "origins",
        "feature_columns",
        "mu",
        "sigma",
        "fold_plan",
        "sources",
        "gaps",
        "examples",
        "spread_by_hour",
        "spread_profile",
        "files",
        "blocks",
        "parts",
    )
    return {name: value for name, value in card.items() if name not in long}
