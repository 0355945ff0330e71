"""The Dagster instance of a state folder: made on first use, SQLite and local files by default."""

import os

import dagster as dg

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import write_atomically

DAGSTER_HOME = "DAGSTER_HOME"
POSTGRES_URL = "DAGSTER_PG_URL"
LOCAL_INSTANCE = """\
# Written once by forecast-pipeline; yours to edit. deploy/dagster.yaml is the one for Postgres.
telemetry: {enabled: false}
nux: {enabled: false}
python_logs: {managed_python_loggers: [forecast_pipeline], python_log_level: INFO}
concurrency:
  runs:
    max_concurrent_runs: 2  # SQLite locks beyond that
    tag_concurrency_limits: [{key: symbol, value: {applyLimitPerUniqueValue: true}, limit: 1}]
run_monitoring: {enabled: true, start_timeout_seconds: 180, poll_interval_seconds: 30}
run_retries: {enabled: true, max_retries: 1, retry_on_asset_or_op_failure: false}
retention:
  sensor: {purge_after_days: {skipped: 7, success: 30, failure: 30}}
  schedule: {purge_after_days: 30}
"""


def prepare_instance(home: Home) -> str:
    """Folder of the Dagster instance: ``DAGSTER_HOME`` if set, else one inside the state folder."""
    url = os.environ.get(POSTGRES_URL, "")
    if url.startswith(("postgresql://", "postgres://")):
        raise InvalidConfiguration(
            f"{POSTGRES_URL} must name its driver",
            was=url.split(":", 1)[0] + "://…",
            why="SQLAlchemy would look for psycopg 3, which Dagster does not use",
            do="write postgresql+psycopg2://user:password@host:5432/database",
        )
    chosen = os.environ.get(DAGSTER_HOME)
    if chosen:
        return chosen
    home.dagster.mkdir(parents=True, exist_ok=True)
    settings = home.dagster / "dagster.yaml"
    if not settings.exists():
        write_atomically(settings, LOCAL_INSTANCE.encode())
    return str(home.dagster)


def open_instance(home: Home) -> dg.DagsterInstance:
    """Open the instance of a state folder."""
    return dg.DagsterInstance.from_config(prepare_instance(home))
