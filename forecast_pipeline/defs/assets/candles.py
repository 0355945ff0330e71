"""Stage 1: landed vendor files and the candles computed from them."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from forecast_pipeline.candles.build import build_candles, candles_of_year
from forecast_pipeline.core.publication import Published
from forecast_pipeline.defs.checks import Checked, candle_checks, check_definitions
from forecast_pipeline.defs.lineage import CANDLES_KEY, VENDOR_FILES, candle_lineage
from forecast_pipeline.defs.metadata import card_metadata, counts_table, frame_table
from forecast_pipeline.defs.ownership import OWNERS
from forecast_pipeline.defs.partitions import SYMBOL_YEAR, TO_SYMBOL, symbol_and_year, symbols
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.stage_run import Stage, StageEvent, run_stage

CODE_VERSION = "2"

vendor_files = dg.AssetSpec(
    VENDOR_FILES,
    description="Vendor files as they were delivered, byte for byte, in the immutable landing area. Every ingest "
    "reports one event with the file's name, vendor, clock and sha256.",
    group_name="landing",
    kinds={"file"},
    owners=OWNERS,
    partitions_def=symbols,
)


@dg.asset(
    key=CANDLES_KEY,
    group_name="candles",
    description="Validated candles of a symbol and UTC year, computed from all landed files that touch it; rows "
    "that fail a check stand in the quarantine beside them, with the reason.",
    kinds={"polars", "parquet"},
    owners=OWNERS,
    code_version=CODE_VERSION,
    partitions_def=SYMBOL_YEAR,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
    deps=[dg.AssetDep(VENDOR_FILES, partition_mapping=TO_SYMBOL)],
)
def candles(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[StageEvent]:
    """Compute the candles of each symbol and year of the run."""
    folder = home.open()

    def build(key: str) -> Published:
        symbol, year = symbol_and_year(key)
        return next(iter(build_candles(folder, symbol, [year])))

    yield from run_stage(
        context,
        Stage(
            key=CANDLES_KEY,
            code_version=CODE_VERSION,
            upstream=[VENDOR_FILES],
            build=build,
            describe=_describe,
            check=candle_checks,
        ),
    )


def _describe(stored: Published) -> dict[str, Any]:
    card = stored.card
    files = {f"{source['name']} ({source['vendor']})": source["sha256"] for source in card["sources"]}
    return card_metadata(stored, lineage=candle_lineage()) | {
        "quarantined": counts_table("quarantined rows", card["quarantined"]),
        "examples of quarantined rows": counts_table("first rows of each reason", _joined(card["examples"])),
        "repaired": counts_table("repaired rows", card["repaired"]),
        "accepted": counts_table("accepted findings", card["accepted"]),
        "gaps": frame_table(pl.DataFrame(card["gaps"])) if card["gaps"] else "none of an hour or more",
        "replaced by later files": int(card["n_replaced"]),
        "sources": counts_table("vendor files", files),
    }


def _joined(examples: dict[str, list[str]]) -> dict[str, str]:
    return {reason: "<br>".join(rows) for reason, rows in examples.items()}


checks = check_definitions(
    Checked(
        asset=CANDLES_KEY,
        partitions=SYMBOL_YEAR,
        descriptions={
            "schema": "Columns, their order and types are those of a candle.",
            "clock": "No candle lies in the closed session, none stands twice.",
            "quarantine": "At most a fifth of the rows was set aside.",
        },
        opener=lambda home, key: candles_of_year(home, *symbol_and_year(key)),
        checker=candle_checks,
    )
)
