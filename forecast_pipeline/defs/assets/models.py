"""Stage 5: one asset a family, and one for all baselines; each fits the window that serves."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import dagster as dg

from forecast_pipeline.core.configuration import Configuration
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import Published
from forecast_pipeline.defs.checks import check_definitions, cutoff_checked, cutoff_checks_of_artifact
from forecast_pipeline.defs.configs import applied, chosen, config_of
from forecast_pipeline.defs.lineage import SPLITS_KEY
from forecast_pipeline.defs.metadata import card_metadata, counts_table
from forecast_pipeline.defs.neural_models import NeuralTraining
from forecast_pipeline.defs.ownership import OWNERS
from forecast_pipeline.defs.partitions import SYMBOL_TIMEFRAME, symbol_and_timeframe
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.stage_run import Stage, StageEvent, run_stage
from forecast_pipeline.models.registry import BASELINES, FAMILIES, MODELS
from forecast_pipeline.models.reserved import RESERVED, refuse_reserved
from forecast_pipeline.models.train import train_model

CODE_VERSION = "2"
BASELINES_KEY = dg.AssetKey(["models", "baselines"])


def model_key(name: str) -> dg.AssetKey:
    """Asset key of a family."""
    return dg.AssetKey(["models", name])


def train_baselines(home: Home, key: str) -> Published:
    """Train every baseline of a partition; the last one stands for all in the event."""
    symbol, timeframe = symbol_and_timeframe(key)
    return [train_model(home, symbol, timeframe, name) for name in BASELINES][-1]


def _model_asset(name: str) -> dg.AssetsDefinition:
    family = FAMILIES[name]
    config_class = config_of(*RESERVED, family.parameters_class(), name=f"{name.title().replace('_', '')}Config")

    @dg.asset(
        key=model_key(name),
        group_name="models",
        description=f"Artifact of the {family.summary}, fitted to the latest window. The walk-forward refits it in "
        "every fold with the same settings.",
        kinds={"pytorch", "lightning"} if family.is_neural else {"scikitlearn"},
        owners=OWNERS,
        code_version=CODE_VERSION,
        partitions_def=SYMBOL_TIMEFRAME,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        deps=[SPLITS_KEY],
    )
    def model(
        context: dg.AssetExecutionContext,
        config: config_class,  # type: ignore[valid-type]  # derived from the domain class
        home: HomeResource,
    ) -> Iterator[StageEvent]:
        """Fit the family to each partition of the run."""
        refuse_reserved(name, chosen(config))
        folder, parameters = home.open(), applied(home.settings().model(name), config)
        make = _neural_stage if family.is_neural else _family_stage
        yield from run_stage(context, make(context, folder, name, parameters))

    return model


@dg.asset(
    key=BASELINES_KEY,
    group_name="models",
    description=f"Artifacts of the baselines {', '.join(BASELINES)}: what any model has to beat.",
    kinds={"numpy"},
    owners=OWNERS,
    code_version=CODE_VERSION,
    partitions_def=SYMBOL_TIMEFRAME,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
    deps=[SPLITS_KEY],
)
def baselines(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[StageEvent]:
    """Fit every baseline to each partition of the run."""
    folder = home.open()
    yield from run_stage(context, _stage(folder, BASELINES_KEY, BASELINES, lambda key: train_baselines(folder, key)))


def _family_stage(context: dg.AssetExecutionContext, home: Home, name: str, parameters: Configuration) -> Stage:
    """Stage of a family that is fitted at once."""
    del context
    train = partial(_train, home, name, parameters)
    return _stage(home, model_key(name), (name,), train)


def _neural_stage(context: dg.AssetExecutionContext, home: Home, name: str, parameters: Configuration) -> Stage:
    """Stage of a family that learns in steps: its progress stands in the event log, its curves in the event."""
    training = NeuralTraining(context, home, name, parameters)
    stage = _stage(home, model_key(name), (name,), training.build)
    return replace(stage, describe=lambda stored: _describe(stored) | training.describe(stored))


def _train(home: Home, name: str, parameters: Configuration, key: str) -> Published:
    return train_model(home, *symbol_and_timeframe(key), name, parameters)


def _stage(home: Home, key: dg.AssetKey, names: Sequence[str], build: Callable[[str], Published]) -> Stage:
    return Stage(
        key=key,
        code_version=CODE_VERSION,
        upstream=[SPLITS_KEY],
        build=build,
        describe=_describe,
        check=lambda stored: cutoff_checks_of_artifact(home, stored, names),
    )


def _describe(stored: Published) -> dict[str, Any]:
    card = stored.card
    return card_metadata(stored, None) | {
        "artifact": stored.name,
        "validation MAE of the longest horizon": float(card["val_mae"]),
        "validation R2 against zero": float(card["val_r2"]),
        "inputs": len(card["feature_columns"]),
        "parameters": counts_table("parameters", card["parameters"]),
    }


assets = [_model_asset(name) for name in MODELS]
checks = [
    definition
    for key, names in ((BASELINES_KEY, BASELINES), *((model_key(name), (name,)) for name in MODELS))
    for definition in check_definitions(cutoff_checked(key, names))
]
