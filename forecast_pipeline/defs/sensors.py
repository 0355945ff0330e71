"""Sensors and the schedule: new files, retraining, and the nightly repair."""

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from forecast_pipeline.candles.ingest import Ingested, ingest_file
from forecast_pipeline.candles.landing import landed_symbols
from forecast_pipeline.candles.vendors.protocol import SourceOptions
from forecast_pipeline.core.errors import PipelineError
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.assets.backtests import OUT_OF_SAMPLE_KEY, REPORTS_KEY
from forecast_pipeline.defs.assets.forecasts import CHAMPIONS_KEY, QUANTILES_KEY
from forecast_pipeline.defs.assets.models import BASELINES_KEY, model_key
from forecast_pipeline.defs.landing import landed_event
from forecast_pipeline.defs.lineage import BARS_KEY, CANDLES_KEY, CROSS_FEATURES_KEY, FEATURES_KEY, SPLITS_KEY
from forecast_pipeline.defs.partitions import symbol_timeframe, symbol_year, symbols
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.staleness import (
    new_bars_since_training,
    outdated_forecasts,
    partitions_to_repair,
    stale_cross_features,
    years_to_build,
)
from forecast_pipeline.features.cross import wants_cross_features
from forecast_pipeline.models.artifact import current_artifacts
from forecast_pipeline.models.registry import MODELS, NEURAL

Requests = dg.RunRequest | dg.SkipReason
POLL_SECONDS = 30
SETTLED_AFTER_SECONDS = 5.0
NIGHTLY = "30 22 * * 1-5"  # half an hour after the FX day has ended in winter, an hour and a half in summer

# Executors start no process per step: a step is a second of work, a process costs several.
candles_job = dg.define_asset_job("candles_job", selection=dg.AssetSelection.assets(CANDLES_KEY))
TRAINED = (
    SPLITS_KEY,
    BASELINES_KEY,
    *(model_key(name) for name in MODELS),
    OUT_OF_SAMPLE_KEY,
    REPORTS_KEY,
    CHAMPIONS_KEY,
    QUANTILES_KEY,
)
training_job = dg.define_asset_job(
    "training_job",
    selection=dg.AssetSelection.assets(*TRAINED),
    description="Everything from folds to the live forecast, for one symbol and timeframe; neural families train for "
    "minutes: leave them out of the selection where they are not wanted.",
)
cross_pair_job = dg.define_asset_job(
    "cross_pair_job",
    selection=dg.AssetSelection.assets(CROSS_FEATURES_KEY),
    description="Cross-pair features of one symbol and timeframe, after bars of any symbol have changed.",
)
forecast_job = dg.define_asset_job(
    "forecast_job",
    selection=dg.AssetSelection.assets(QUANTILES_KEY),
    description="The live forecast from the newest closed bar, by the models as they are.",
)
repair_job = dg.define_asset_job(
    "repair_job",
    selection=dg.AssetSelection.assets(BARS_KEY, FEATURES_KEY),
    description="Bars and features of one symbol and timeframe.",
)


@dg.sensor(job=candles_job, minimum_interval_seconds=POLL_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
def landing_sensor(context: dg.SensorEvaluationContext, home: HomeResource) -> dg.SensorResult:
    """Ingest what stands in the inbox, then request the candles of every file that they lack.

    A file dropped as ``inbox/<vendor>/<symbol>/<file>`` is landed; one that is refused
    moves to ``inbox/.refused`` with the reason beside it.
    """
    folder = home.open()
    landed, n_refused = _take_inbox(folder)
    known = set(context.instance.get_dynamic_partitions(str(symbols.name)))
    new = [symbol for symbol in landed_symbols(folder) if symbol not in known]
    requests = [
        dg.RunRequest(
            run_key=f"{symbol}|{year}:{sha256}", partition_key=symbol_year(symbol, year), tags={"symbol": symbol}
        )
        for symbol, year, sha256 in years_to_build(folder)
    ]
    return dg.SensorResult(
        run_requests=requests,
        dynamic_partitions_requests=[symbols.build_add_request(new)] if new else [],
        asset_events=[landed_event(each.symbol, each.file) for each in landed],
        skip_reason=None if requests else dg.SkipReason(f"no new file; {n_refused} refused in the inbox"),
    )


@dg.sensor(job=cross_pair_job, minimum_interval_seconds=POLL_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
def cross_pair_sensor(home: HomeResource) -> Iterator[Requests]:
    """Rebuild cross-pair features wherever bars of any symbol have changed; silent where none are asked for."""
    folder = home.open()
    stale = list(stale_cross_features(folder)) if wants_cross_features(home.settings().feature_parameters()) else []
    for symbol, timeframe, sha256 in stale:
        yield dg.RunRequest(
            run_key=f"cross:{symbol}|{timeframe}:{sha256}",
            partition_key=symbol_timeframe(symbol, timeframe),
            tags={"symbol": symbol},
        )
    if not stale:
        yield dg.SkipReason("no cross-pair feature is asked for, or all of them are up to date")


@dg.sensor(job=training_job, minimum_interval_seconds=POLL_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
def retrain_sensor(home: HomeResource) -> Iterator[Requests]:
    """Start training where enough new closed bars have arrived since the models were trained.

    A neural family is trained again only where it was trained before: it was chosen there.
    """
    folder, threshold = home.open(), home.settings().automation.retrain_after_bars
    n_requests = 0
    for symbol, timeframe, n_bars, sha256 in new_bars_since_training(folder):
        if n_bars < threshold:
            continue
        n_requests += 1
        yield dg.RunRequest(
            run_key=f"train:{symbol}|{timeframe}:{sha256}",
            partition_key=symbol_timeframe(symbol, timeframe),
            tags={"symbol": symbol},
            asset_selection=_retrained(folder, symbol, Timeframe(timeframe)),
        )
    if not n_requests:
        yield dg.SkipReason(f"no trained timeframe has {threshold} new bars")


@dg.sensor(job=forecast_job, minimum_interval_seconds=POLL_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
def forecast_sensor(home: HomeResource) -> Iterator[Requests]:
    """Forecast anew wherever a bar has closed since the last forecast."""
    n_requests = 0
    for symbol, timeframe, sha256 in outdated_forecasts(home.open()):
        n_requests += 1
        yield dg.RunRequest(
            run_key=f"forecast:{symbol}|{timeframe}:{sha256}",
            partition_key=symbol_timeframe(symbol, timeframe),
            tags={"symbol": symbol},
        )
    if not n_requests:
        yield dg.SkipReason("every forecast starts from the newest closed bar")


@dg.schedule(job=repair_job, cron_schedule=NIGHTLY, default_status=dg.DefaultScheduleStatus.RUNNING)
def nightly_backfill(
    context: dg.ScheduleEvaluationContext, home: HomeResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request again every partition that is missing or older than what it was made of."""
    night = context.scheduled_execution_time.date().isoformat()
    keys = list(partitions_to_repair(home.open()))
    for symbol, timeframe in keys:
        yield dg.RunRequest(
            run_key=f"{night}:{symbol}|{timeframe}",
            partition_key=symbol_timeframe(symbol, timeframe),
            tags={"symbol": symbol},
        )
    if not keys:
        yield dg.SkipReason("every partition is up to date")


def _retrained(folder: Home, symbol: str, timeframe: Timeframe) -> list[dg.AssetKey]:
    """Assets of a retraining: all of `TRAINED` but neural families that this partition has no artifact of."""
    chosen = {str(stored.card["model_name"]) for stored in current_artifacts(folder, symbol, timeframe)}
    left_out = {model_key(name) for name in NEURAL if name not in chosen}
    return [key for key in TRAINED if key not in left_out]


def _take_inbox(folder: Home) -> tuple[list[Ingested], int]:
    """Land what stands in the inbox; return that, and how many files were refused so far."""
    refused = folder.inbox / ".refused"
    landed = []
    for path in sorted(folder.inbox.glob("*/*/*")) if folder.inbox.is_dir() else []:
        if refused in path.parents or path.name.startswith(".") or not _is_settled(path, folder.inbox):
            continue
        vendor, symbol = path.parts[-3], path.parts[-2]
        try:
            landed.append(ingest_file(folder, path, symbol, SourceOptions(vendor=vendor)))
        except PipelineError as error:
            refused.mkdir(parents=True, exist_ok=True)
            (refused / f"{path.name}.reason.txt").write_text(f"{error}\n", encoding="utf-8")
            path.replace(refused / path.name)
        else:
            path.unlink()
    return landed, len(list(refused.glob("*.reason.txt"))) if refused.is_dir() else 0


def _is_settled(path: Path, root: Path) -> bool:
    """Whether an entry is a file of its own inside the inbox that nobody is still writing."""
    is_own = path.is_file() and not path.is_symlink() and root.resolve() in path.resolve().parents
    return is_own and time.time() - path.stat().st_mtime > SETTLED_AFTER_SECONDS
