"""The blocking check of cut-off invariance refits what was trained on a partition and says what came of it."""

from __future__ import annotations

import dagster as dg
import pytest

from forecast_pipeline.bars.build import build_bars
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs import checks
from forecast_pipeline.defs.assets.models import model_key
from forecast_pipeline.defs.checks import check_definitions, cutoff_checked, cutoff_checks_of_artifact
from forecast_pipeline.defs.partitions import SYMBOL_TIMEFRAME
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.features.build import build_features
from forecast_pipeline.models.train import train_model
from forecast_pipeline.splits.build import build_splits
from forecast_pipeline.splits.parameters import SplitParameters
from forecast_pipeline.verification import cutoff_invariance
from forecast_pipeline.verification.cutoff_invariance import read_cutoff_invariance

H1 = Timeframe.H1
SPLIT = SplitParameters(n_splits=2, max_warmup_fraction=0.6, horizon=3, purge_days=0, embargo_days=0)
KEY = model_key("ridge")


@pytest.fixture
def trained(home, ingest_frame, two_weeks):
    """A state folder with hourly ridge, and the card of its artifact."""
    ingest_frame(home, two_weeks)
    build_bars(home, "EURUSD", H1)
    build_features(home, "EURUSD", H1)
    build_splits(home, "EURUSD", H1, SPLIT)
    return home, train_model(home, "EURUSD", H1, "ridge")


@dg.asset(key=KEY, partitions_def=SYMBOL_TIMEFRAME)
def fitted():
    """Stands for the model, which the state folder holds already."""


@dg.asset(partitions_def=SYMBOL_TIMEFRAME, deps=[KEY])
def served():
    """What must not be made of a model that looked ahead."""


@pytest.fixture
def evaluate(trained, instance):
    """Runs model, check and what comes after it for EURUSD 1h: the evaluation, and whether the next asset was made."""
    home, _ = trained

    def run():
        result = dg.materialize(
            [fitted, served, *check_definitions(cutoff_checked(KEY, ["ridge"]))],
            instance=instance,
            resources={"home": HomeResource(path=str(home.root))},
            partition_key="EURUSD|1h",
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
        (evaluation,) = result.get_asset_check_evaluations()
        return evaluation, bool(result.asset_materializations_for_node("served"))

    return run


def test_the_check_is_blocking_and_partitioned_like_the_model():
    (check,) = check_definitions(cutoff_checked(KEY, ["ridge"]))
    (spec,) = check.check_specs

    assert (spec.asset_key, spec.name, spec.blocking) == (KEY, "cutoff_invariance", True)


def test_an_honest_family_passes_and_the_outcome_is_recorded(trained, evaluate):
    home, _ = trained

    evaluation, is_served = evaluate()

    assert evaluation.passed
    assert is_served
    assert evaluation.metadata["ridge"].value == "identical"
    assert read_cutoff_invariance(home, "EURUSD", H1) == {"published statistics": "identical", "ridge": "identical"}


def test_a_family_that_saw_the_future_stops_what_comes_after_it(trained, evaluate, monkeypatch):
    honest = cutoff_invariance._artefact
    seen = iter(range(100))
    monkeypatch.setattr(
        cutoff_invariance, "_artefact", lambda *given: honest(*given) | {"ridge": f"another hash {next(seen)}"}
    )

    evaluation, is_served = evaluate()

    assert not evaluation.passed
    assert not is_served
    assert evaluation.severity is dg.AssetCheckSeverity.ERROR
    assert evaluation.metadata["ridge"].value.startswith("ridge changed when the future was replaced (wild)")


def test_training_reports_the_same_check_once(trained, monkeypatch):
    home, artifact = trained

    (first,) = cutoff_checks_of_artifact(home, artifact, ["ridge"])
    monkeypatch.setattr(cutoff_invariance, "fold_invariance", None)  # would fail if it were called again
    (again,) = cutoff_checks_of_artifact(home, artifact, ["ridge"])

    assert (first.passed, first.name) == (True, *checks.INVARIANT)
    assert first == again
    assert set(first.metadata) == {"fold", "published statistics", "ridge"}
