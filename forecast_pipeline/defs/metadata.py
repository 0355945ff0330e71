"""What an event shows in the UI, made from the card of what was published."""

import base64
import math
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


def counts_table(title: str, counts: Mapping[str, Any], head: str = "n") -> dg.MetadataValue:
    """Markdown table of counts or other values by name, or a line that says there are none."""
    if not counts:
        return dg.MetadataValue.md(f"no {title}")
    rows = "\n".join(f"| {name} | {count} |" for name, count in counts.items())
    return dg.MetadataValue.md(f"| {title} | {head} |\n|---|---|\n{rows}")


def frame_table(frame: pl.DataFrame, digits: int = 6) -> dg.MetadataValue:
    """A small frame as a Markdown table."""
    head = f"| {' | '.join(frame.columns)} |\n|{'---|' * frame.width}\n"
    return dg.MetadataValue.md(
        head + "\n".join(f"| {' | '.join(_cell(v, digits) for v in row)} |" for row in frame.rows())
    )


def picture(alternative: str, png: bytes) -> dg.MetadataValue:
    """A small PNG inside the event; ``alternative`` is the text in its place."""
    return dg.MetadataValue.md(f"![{alternative}](data:image/png;base64,{base64.b64encode(png).decode()})")


def report_metadata(stored: Published) -> Metadata:
    """Verdict, picture, key tables and headline numbers of a report; the numbers are drawn over time by the UI.

    A table that the report does not hold is left out, as is a number that is undefined.
    """
    card = stored.card
    metadata = card_metadata(stored, ".scores.parquet") | {
        "report": dg.MetadataValue.path(str(stored.path(".html"))),
        "conclusion": str(card["conclusion"]),
        "doubt": str(card["doubt"]),
        "lights": counts_table("light", card["lights"], "colour"),
        "green_lights": sum(colour == "green" for colour in card["lights"].values()),
    }
    if ".preview.png" in card["files"]:
        metadata["preview"] = picture("report preview", stored.read_bytes(".preview.png"))
    headline = {"model": card["headline_model"], "horizon_bars": card["headline_horizon_bars"]}
    for name, suffix, columns in _REPORT_TABLES:
        if suffix not in card["files"]:
            continue
        frame = stored.read_frame(suffix)
        shown = frame.select([column for column in columns if column in frame.columns])
        if name == "folds":
            shown = shown.filter(_is(headline))
        metadata[name] = frame_table(shown, 4)
        metadata |= _numbers(frame, headline)
    return metadata


_REPORT_TABLES = (
    (
        "scores",
        ".scores.parquet",
        (
            *("horizon_bars", "model", "n_eff", "crps_bps", "baseline", "crps_skill", "crps_skill_low"),
            *("crps_skill_high", "dm_p_adjusted", "coverage_90", "kupiec_p_value", "pit_p_value", "ic", "r2"),
        ),
    ),
    (
        "folds",
        ".folds.parquet",
        ("fold", "horizon_bars", "model", "n_rows", "n_disjoint", "crps_bps", "crps_skill", "coverage_90"),
    ),
    (
        "economics",
        ".economics.parquet",
        (
            *("model", "horizon_bars", "n_round_trips", "gross", "cost", "net", "break_even_pips", "paid_pips"),
            *("sharpe_annual", "sharpe_low", "sharpe_high", "max_drawdown"),
        ),
    ),
)
# Numbers of the headline model that are worth a line over the builds of a partition, by the table they stand in.
_HEADLINE_NUMBERS = ("n_eff", "crps_skill", "dm_p_adjusted", "coverage_90", "detectable_ic")
_ACCOUNT_NUMBERS = ("net", "sharpe_annual", "max_drawdown", "break_even_pips", "paid_pips")


def _numbers(frame: pl.DataFrame, headline: Mapping[str, Any]) -> Metadata:
    """Headline numbers of a table with one row for the headline model; a table of folds has none."""
    if "fold" in frame.columns:
        return {}
    own = (
        frame.filter(_is(headline))
        if "crps_skill" in frame.columns
        else frame.filter(_is({"model": headline["model"]}))
    )
    if own.height != 1:
        return {}
    row = own.row(0, named=True)
    wanted = [name for name in (*_HEADLINE_NUMBERS, *_ACCOUNT_NUMBERS) if row.get(name) is not None]
    return {f"headline_{name}": row[name] for name in wanted if math.isfinite(row[name])}


def _is(values: Mapping[str, Any]) -> pl.Expr:
    return pl.all_horizontal(pl.col(name) == value for name, value in values.items())


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
        "training",
    )
    return {name: value for name, value in card.items() if name not in long}
