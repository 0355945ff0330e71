"""Asset checks by partition: schema, clock, leaks. They report; the domain has already refused bad data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dagster as dg
import polars as pl

from forecast_pipeline.backtests.lights import IDENTICAL
from forecast_pipeline.core.errors import PipelineError
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import Published
from forecast_pipeline.core.schema import BARS, CANDLES, check_clock, check_schema
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import is_open
from forecast_pipeline.defs.partitions import SYMBOL_TIMEFRAME, symbol_and_timeframe
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.stage_run import Check
from forecast_pipeline.splits.build import FOLDS
from forecast_pipeline.verification.cutoff_invariance import STATISTICS, ensure_cutoff_invariance

MAX_QUARANTINE_SHARE = 0.2
PROVEN = {
    "leak_by_truncation": "No value changes when later bars are cut away, at sampled cuts of every kind.",
    "leak_by_perturbation": "No value changes when later bars are replaced by invented ones.",
    "warm_up": "No value depends on bars before its declared warm-up by more than its tolerance allows.",
}
"""What was proven before features were published; publication is refused otherwise."""
INVARIANT = {
    "cutoff_invariance": "Refitted on the newest fold with everything after its cut-off replaced, it learns the same "
    "to the last bit. Rows and trees are capped; what was capped is said."
}
"""What is proven of every trained family, on its own split and with its own settings."""
Opener = Callable[[Home, str], Published]
Checker = Callable[[Published], Sequence[Check]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Checks of one asset: their names and texts, and the function that gives all of them.

    Attributes:
        asset: Asset key.
        partitions: Partitions of the asset.
        descriptions: Text by check name.
        opener: Opens the published partition of a key.
        checker: Its checks, in the order of ``descriptions``.
    """

    asset: dg.AssetKey
    partitions: dg.PartitionsDefinition
    descriptions: dict[str, str]
    opener: Opener
    checker: Checker


def check_definitions(checked: Checked) -> list[dg.AssetChecksDefinition]:
    """One blocking, partitioned asset check per name, for runs of one partition and on demand."""
    return [_definition(checked, name, text) for name, text in checked.descriptions.items()]


def candle_checks(stored: Published) -> list[Check]:
    """Schema, clock and share of quarantined rows of a year of candles."""
    frame = stored.read_frame()
    counts: dict[str, int] = stored.card["quarantined"]
    quarantined = sum(counts.values())
    share = quarantined / max(quarantined + frame.height, 1)
    closed = int((~is_open(frame["ts_utc"].cast(pl.Int64).to_numpy())).sum())
    return [
        _holds("schema", lambda: check_schema(frame, CANDLES, stored.name)),
        Check(
            name="clock",
            passed=not closed and not frame.select("ts_utc", "source_minutes").is_duplicated().any(),
            metadata={"rows in the closed session": closed},
        ),
        Check(
            name="quarantine",
            passed=share <= MAX_QUARANTINE_SHARE,
            metadata={"quarantined share": share} | {f"rows {name}": int(n) for name, n in counts.items()},
            is_warning=True,
        ),
    ]


def bar_checks(stored: Published) -> list[Check]:
    """Schema, clock and internal order of bars."""
    frame = stored.read_frame()
    top, bottom = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    broken = frame.filter((pl.col("high") < top) | (pl.col("low") > bottom)).height
    return [
        _holds("schema", lambda: check_schema(frame, BARS, stored.name)),
        _holds("clock", lambda: check_clock(frame, stored.name)),
        Check(name="prices", passed=broken == 0, metadata={"bars with open or close outside low to high": broken}),
    ]


def feature_checks(stored: Published) -> list[Check]:
    """Schema, clock, and the proof of causality that ran before publication; one file at a time."""
    leak, listed = stored.card["leak_check"], ["ts_utc", "close_ts_utc", *(c["name"] for c in stored.card["columns"])]
    infinite, odd, clocks = 0, 0, []
    for suffix in stored.parts:
        frame = stored.read_frame(suffix)
        odd += frame.columns != listed
        infinite += int(frame.select(pl.col(listed[2:]).is_infinite().sum()).sum_horizontal().sum())
        clocks.append(frame.select("ts_utc", "close_ts_utc"))
    proven = leak["n_findings"] == 0 and leak["n_cuts"] > 0
    return [
        Check(
            name="schema",
            passed=odd == 0 and infinite == 0,
            metadata={"columns": len(listed), "files with other columns": odd, "infinite values": infinite},
        ),
        _holds("clock", lambda: check_clock(pl.concat(clocks), stored.name, "close_ts_utc")),
        *(Check(name=name, passed=proven, metadata=dict(leak)) for name in PROVEN),
    ]


def split_checks(stored: Published) -> list[Check]:
    """Fold order, labels that end in time, and the leak checks of every feature partition used."""
    frame, folds, leak = stored.read_frame(), stored.read_frame(FOLDS), stored.card["leak_suite"]
    label_end, decided = frame["label_end_utc"], frame["close_ts_utc"]
    overlapping = sum(
        int((label_end[row["train_start"] : row["validation_stop"]] > decided[row["test_start"]]).sum())
        for row in folds.filter(pl.col("test_start") < frame.height).iter_rows(named=True)
    )
    tested = sum(row["test_stop"] - row["test_start"] for row in folds.iter_rows(named=True))
    return [
        Check(name="labels", passed=overlapping == 0, metadata={"labels that reach a test block": overlapping}),
        Check(name="folds", passed=tested > 0, metadata={"folds": folds.height - 1, "tested rows": tested}),
        Check(name="leak_by_truncation", passed=leak["n_findings"] == 0 and leak["n_cuts"] > 0, metadata=dict(leak)),
        Check(name="visibility", passed=leak["n_rows_looked_up"] > 0, metadata=dict(leak)),
    ]


def cutoff_checked(asset: dg.AssetKey, names: Sequence[str]) -> Checked:
    """The check of artefact cut-off invariance of one asset, for runs of one partition and on demand.

    Args:
        asset: Asset that trains families.
        names: Families that it trains.
    """
    return Checked(
        asset=asset,
        partitions=SYMBOL_TIMEFRAME,
        descriptions=INVARIANT,
        opener=lambda home, key: ensure_cutoff_invariance(home, *symbol_and_timeframe(key), names),
        checker=lambda stored: cutoff_checks(stored, names),
    )


def cutoff_checks_of_artifact(home: Home, stored: Published, names: Sequence[str]) -> list[Check]:
    """The same check right after training, from the card of an artifact; published once per split and settings.

    Args:
        home: State folder.
        stored: Card of any artifact of the partition.
        names: Families that were trained.
    """
    symbol, timeframe = str(stored.card["symbol"]), Timeframe(stored.card["timeframe"])
    return cutoff_checks(ensure_cutoff_invariance(home, symbol, timeframe, names), names)


def cutoff_checks(stored: Published, names: Sequence[str]) -> list[Check]:
    """Whether the statistics of the split and each of some families came out identical beside other futures."""
    outcomes, notes = stored.card["fold_invariance"], stored.card["notes"]
    asked = (STATISTICS, *names)
    said = {name: "; ".join(part for part in (outcomes[name], notes.get(name)) if part) for name in asked}
    return [
        Check(
            name=name,
            passed=all(outcomes[each] == IDENTICAL for each in asked),
            metadata={"fold": int(stored.card["fold"])} | said,
        )
        for name in INVARIANT
    ]


def _holds(name: str, assertion: Callable[[], None]) -> Check:
    try:
        assertion()
    except PipelineError as error:
        return Check(name=name, passed=False, metadata={"finding": str(error)})
    return Check(name=name, passed=True, metadata={"finding": "none"})


def _definition(checked: Checked, name: str, description: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=checked.asset, name=name, description=description, blocking=True, partitions_def=checked.partitions
    )
    def check(context: dg.AssetCheckExecutionContext, home: HomeResource) -> dg.AssetCheckResult:
        outcomes = [_outcome(checked, name, home.open(), key) for key in context.partition_keys]
        failed = [key for key, outcome in zip(context.partition_keys, outcomes, strict=True) if not outcome.passed]
        found = dict(outcomes[0].metadata) if len(outcomes) == 1 else {"partitions": len(outcomes)}
        return dg.AssetCheckResult(
            passed=not failed, severity=outcomes[0].severity, metadata=found | {"failed": ", ".join(failed) or "none"}
        )

    return check


def _outcome(checked: Checked, name: str, home: Home, key: str) -> Check:
    return next(each for each in checked.checker(checked.opener(home, key)) if each.name == name)
