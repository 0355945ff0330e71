"""Instance settings load: the local one opens, the one for Postgres is valid, its URL needs a driver."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import dagster as dg
import pytest
import yaml

from forecast_pipeline.core.home import Home
from forecast_pipeline.defs.instance import LOCAL_INSTANCE, open_instance

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
URL = "DAGSTER_PG_URL"


@pytest.fixture
def postgres_home(tmp_path: Path) -> Path:
    (tmp_path / "dagster.yaml").write_bytes((DEPLOY / "dagster.yaml").read_bytes())
    return tmp_path


def test_an_instance_opens_with_the_local_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)

    with open_instance(Home(tmp_path)) as instance:
        assert (tmp_path / "dagster" / "dagster.yaml").read_text(encoding="utf-8") == LOCAL_INSTANCE
        assert type(instance.run_coordinator).__name__ == "QueuedRunCoordinator"
        assert (instance.run_monitoring_enabled, instance.run_retries_enabled) == (True, True)
        assert instance.telemetry_enabled is False


def test_the_postgres_settings_follow_the_schema_of_an_instance(
    postgres_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagster._core.instance.config import dagster_instance_config

    monkeypatch.setenv(URL, "postgresql+psycopg2://user:secret@localhost:5432/dagster")

    config, _ = dagster_instance_config(str(postgres_home))
    assert config["storage"] == {"postgres": {"postgres_url": {"env": URL}}}


def test_the_postgres_settings_differ_from_the_local_ones_in_what_postgres_allows() -> None:
    local, postgres = yaml.safe_load(LOCAL_INSTANCE), yaml.safe_load((DEPLOY / "dagster.yaml").read_bytes())

    assert set(local) - set(postgres) == set()
    assert set(postgres) - set(local) == {"storage", "run_coordinator", "sensors", "schedules", "backfills"}
    changed = {key for key in local if local[key] != postgres[key]}
    assert changed == {"concurrency", "run_monitoring"}


def test_a_mistyped_key_is_refused(postgres_home: Path) -> None:
    from dagster._core.instance.config import dagster_instance_config

    path = postgres_home / "dagster.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("run_retries:", "run_retry:"), encoding="utf-8")

    with pytest.raises(dg.DagsterInvalidConfigError, match="run_retry"):
        dagster_instance_config(str(postgres_home))


@pytest.mark.skipif(importlib.util.find_spec("psycopg") is not None, reason="psycopg 3 is installed: both URLs work")
def test_a_url_without_a_driver_fails_as_the_page_says(postgres_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, "postgresql://user:secret@localhost:5432/dagster")

    with pytest.raises(ModuleNotFoundError, match="psycopg") as caught:
        dg.DagsterInstance.from_config(str(postgres_home))
    page = (DEPLOY / "README.md").read_text(encoding="utf-8")
    assert f"ModuleNotFoundError: {caught.value}" in page
    assert "postgresql+psycopg2://" in page


def test_the_compose_file_names_the_driver_keeps_the_loopback_and_no_password() -> None:
    compose = yaml.safe_load((DEPLOY / "docker-compose.yaml").read_bytes())

    services = compose["services"]
    assert set(services) == {"postgres", "webserver", "daemon"}
    assert services["webserver"]["ports"] == ["127.0.0.1:3000:3000"]
    for name in ("webserver", "daemon"):
        assert services[name]["environment"][URL].startswith("postgresql+psycopg2://dagster:${DAGSTER_PG_PASSWORD:?")
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${DAGSTER_PG_PASSWORD:?")


@pytest.mark.parametrize("name", ["Dockerfile", "docker-compose.yaml"])
def test_what_was_never_tried_says_so(name: str) -> None:
    assert (DEPLOY / name).read_text(encoding="utf-8").startswith("# UNTESTED")
    assert f"[{name}]({name})" in (DEPLOY / "README.md").read_text(encoding="utf-8")
