"""The one loop of the graph: build each partition of a run and report it exactly.

A run of one partition yields an ordinary result. A run over a range yields one more
event per partition with its own content hash, because Dagster writes a single data
version to all of them. Downstream assets of the same run follow in both cases.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from forecast_pipeline.core.errors import PipelineError, TooCoarse
from forecast_pipeline.core.publication import Published

StageEvent = dg.AssetMaterialization | dg.MaterializeResult[None]
N_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Outcome of one check of a published partition.

    Attributes:
        name: Name of the asset check.
        passed: Whether it holds.
        metadata: What was found.
        is_warning: Whether a failure is worth a look but stops nothing.
    """

    name: str
    passed: bool
    metadata: Mapping[str, Any]
    is_warning: bool = False

    @property
    def severity(self) -> dg.AssetCheckSeverity:
        """Severity of a failure."""
        return dg.AssetCheckSeverity.WARN if self.is_warning else dg.AssetCheckSeverity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How one asset builds, describes and checks a partition.

    Attributes:
        key: Asset key.
        code_version: Version of the code, part of the provenance.
        upstream: Assets whose newest event is recorded before anything is read.
        build: Partition keys to published partitions, in order; lazily, so that one failure
            leaves the earlier ones in place.
        describe: Metadata of a published partition.
        check: Its checks.
    """

    key: dg.AssetKey
    code_version: str
    upstream: Sequence[dg.AssetKey]
    build: Callable[[str], Published]
    describe: Callable[[Published], Mapping[str, Any]]
    check: Callable[[Published], Sequence[Check]]


def run_stage(context: dg.AssetExecutionContext, stage: Stage) -> Iterator[StageEvent]:
    """Build every partition of the run; fail at the end, naming those that failed.

    A partition that the sources are too coarse for is passed over in a range run, as
    backfills ask for all timeframes. Over a range, each partition is recorded the moment
    it is published, so that a crash loses nothing. The result that lets downstream assets
    of the same run start then stamps one data version on all partitions; the exact event
    of each follows it and, being the newest, counts.

    Raises:
        dagster.Failure: If a partition was refused; the others are published.
    """
    keys = list(context.partition_keys)
    tags = _upstream_pointers(context, stage)
    published: dict[str, Published] = {}
    failed: list[str] = []
    for key in keys:
        try:
            stored = published[key] = stage.build(key)
        except PipelineError as error:
            context.log.warning("%s: %s", key, error)
            if len(keys) == 1 or not isinstance(error, TooCoarse):
                failed.append(f"{key}: {error}")
            continue
        for check in stage.check(stored):
            context.log_event(_evaluation(stage.key, check, key))
        if len(keys) > 1:
            yield _exact_event(stage, key, stored, tags, {"sha256": stored.sha256})
    yield from _results(stage, keys, published, tags)
    if failed:
        shown = "; ".join(failed[:N_SHOWN])
        raise dg.Failure(shown if len(keys) == 1 else f"{len(failed)} of {len(keys)} partitions failed: {shown}")


def _results(
    stage: Stage, keys: Sequence[str], published: Mapping[str, Published], tags: Mapping[str, str]
) -> Iterator[StageEvent]:
    if len(keys) == 1:
        for stored in published.values():
            yield dg.MaterializeResult(metadata=stage.describe(stored), data_version=dg.DataVersion(stored.sha256))
        return
    if len(published) == len(keys):
        yield dg.MaterializeResult()
    for key, stored in published.items():
        yield _exact_event(stage, key, stored, tags, stage.describe(stored))


def _exact_event(
    stage: Stage, key: str, stored: Published, tags: Mapping[str, str], metadata: Mapping[str, Any]
) -> dg.AssetMaterialization:
    version = {"dagster/data_version": stored.sha256, "dagster/code_version": stage.code_version}
    dimensions = key.keys_by_dimension if isinstance(key, dg.MultiPartitionKey) else {}
    named = {f"dagster/partition/{dimension}": value for dimension, value in dimensions.items()}
    return dg.AssetMaterialization(stage.key, partition=key, metadata=dict(metadata), tags={**tags, **version, **named})


def _evaluation(key: dg.AssetKey, check: Check, partition: str) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=check.name,
        passed=check.passed,
        severity=check.severity,
        metadata=dict(check.metadata),
        partition=partition,
    )


def _upstream_pointers(context: dg.AssetExecutionContext, stage: Stage) -> dict[str, str]:
    """Newest event of each upstream asset, taken before any input is read.

    These are Dagster's internal tags; staleness of a partition is decided by them.
    """
    tags = {}
    for asset in stage.upstream:
        newest = context.instance.fetch_materializations(asset, limit=1).records
        tags[f"dagster/input_data_version/{asset.to_user_string()}"] = "by-pointer"
        pointer = str(newest[0].storage_id) if newest else "NULL"
        tags[f"dagster/input_event_pointer/{asset.to_user_string()}"] = pointer
    return tags
