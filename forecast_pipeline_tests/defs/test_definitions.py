"""The graph: it loads, it reads like the stages, it points one way, and it is cheap to import."""

from __future__ import annotations

import subprocess
import sys

import dagster as dg
import pytest

from forecast_pipeline.backtests.parameters import BacktestParameters
from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.definitions import build_definitions
from forecast_pipeline.defs.assets import backtests, bars, candles, features, models, splits
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.models.registry import FAMILIES, MODELS, NEURAL, TABULAR
from forecast_pipeline.models.reserved import (
    AcceleratorParameters,
    AttentionParameters,
    DeepParameters,
    SearchParameters,
    refuse_reserved,
    unread_by,
)
from forecast_pipeline.splits.parameters import SplitParameters

STAGES = ["landing", "candles", "bars", "features", "splits", "models", "backtests", "forecasts"]
KEYS = [
    "backtests/comparison",
    "backtests/out_of_sample",
    "backtests/reports",
    "bars/bars",
    "candles/candles",
    "features/cross_pairs",
    "features/features",
    "forecasts/champions",
    "forecasts/quantiles",
    "landing/vendor_files",
    "models/baselines",
    "models/elastic_net",
    "models/forest",
    "models/lasso",
    "models/latent_diffusion",
    "models/ridge",
    "models/sssd",
    "models/sssd_s4",
    "splits/folds",
]


@pytest.fixture(scope="module")
def graph():
    return build_definitions().resolve_asset_graph()


def test_definitions_can_be_loaded():
    dg.Definitions.validate_loadable(build_definitions())


def test_the_asset_keys_are_these(graph):
    assert sorted(key.to_user_string() for key in graph.get_all_asset_keys()) == KEYS


def test_stage_names_are_the_groups_and_the_folders(graph):
    for key in graph.get_all_asset_keys():
        assert graph.get(key).group_name == key.path[0]
        assert key.path[0] in STAGES


def test_no_asset_reads_a_later_stage(graph):
    for key in graph.get_all_asset_keys():
        for parent in graph.get(key).parent_keys:
            assert STAGES.index(parent.path[0]) <= STAGES.index(key.path[0])


def test_every_asset_says_what_it_is(graph):
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key
        assert node.code_version or key.path[0] == "landing", key


@pytest.mark.parametrize("stage", [candles, bars, features, splits], ids=lambda stage: stage.__name__.split(".")[-1])
def test_checks_are_partitioned_like_their_asset_and_block(stage):
    asset = next(value for value in vars(stage).values() if isinstance(value, dg.AssetsDefinition) and value.keys)

    assert stage.checks
    for check in stage.checks:
        for spec in check.check_specs:
            assert spec.partitions_def == asset.partitions_def
            assert spec.blocking


def test_no_edge_has_a_hundred_upstream_partitions(graph):
    """Dagster skips the data versions of a partition with that many. Fault 45."""
    from forecast_pipeline.defs.partitions import timeframes, years

    assert len(years.get_partition_keys()) < 100
    assert len(timeframes.get_partition_keys()) < 100


def test_loading_the_definitions_imports_no_training_library():
    """Every run of every asset pays for what is imported here."""
    code = (
        "import sys, forecast_pipeline.definitions as d; d.build_definitions();"
        "print([m for m in ('torch', 'lightning', 'sklearn', 'talib', 'matplotlib', 'duckdb') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("config", "classes"),
    [
        (features.FeaturesConfig, [FeatureParameters]),
        (splits.SplitsConfig, [SplitParameters]),
        (backtests.BacktestConfig, [BacktestParameters]),
    ],
    ids=["features", "splits", "backtests"],
)
def test_run_configuration_has_the_defaults_of_the_domain(config, classes):
    shown = config().model_dump()

    for each in classes:
        for name, value in each().model_dump(mode="json").items():
            assert shown[name] == (list(value) if isinstance(value, tuple) else value)


SPECIFICATION = {
    "days_history": 90,
    "warmup_bars": 64,
    "val_frac": 0.2,
    "alpha": 0.001,
    "l1_ratio": 0.5,
    "n_estimators": 400,
    "max_depth": None,
    "pca_components": 0,
    "patch_len": 64,
    "z_dim": 128,
    "hidden_channels": 256,
    "n_down": 6,
    "T": 1000,
    "epochs": 30,
    "batch_size": 64,
    "learning_rate": 0.001,
    "atr_n": 14,
    "rsi_n": 14,
    "bb_n": 20,
    "hurst_window": 64,
    "rv_window": 60,
    "min_feature_coverage": 0.15,
    "indicator_tfs": {},
    "optimization_method": "none",
    "population_size": 50,
    "generations": 100,
    "mutation_rate": 0.1,
    "crossover_rate": 0.8,
    "use_nvidia_opts": False,
    "use_amp": False,
    "precision": "fp16",
    "compile_model": False,
    "use_fused_optimizer": False,
    "use_flash_attention": False,
    "gradient_accumulation_steps": 1,
}


def run_configuration(name):
    """Fields of the run configuration of a model asset with their defaults."""
    asset = next(each for each in models.assets if each.key == models.model_key(name))
    fields = asset.op.config_schema.as_field().config_type.fields
    return {field: (f.default_value if f.default_provided else None) for field, f in fields.items()}


def test_every_parameter_of_the_specification_has_its_name_and_default():
    """``symbol`` and ``timeframe`` are the partition, ``algo`` the choice of asset."""
    shown = {}
    for config in (features.FeaturesConfig, splits.SplitsConfig):
        shown |= config().model_dump()
    for name in TABULAR:
        shown |= run_configuration(name)

    assert {name: shown[name] for name in SPECIFICATION} == SPECIFICATION


@pytest.mark.parametrize("name", NEURAL)
def test_a_network_shows_every_setting_with_its_own_default(name):
    """Its defaults are smaller than the specification's sizes, which stand in a file (decision 28)."""
    shown, settings = run_configuration(name), FAMILIES[name].parameters_class()().model_dump(mode="json")

    assert {field: shown[field] for field in settings} == settings
    assert set(shown) == set(settings) | set(unread_by(name))


@pytest.mark.parametrize("name", MODELS)
def test_every_setting_of_a_run_says_what_it_means_inherited_ones_too(name):
    asset = next(each for each in models.assets if each.key == models.model_key(name))
    fields = asset.op.config_schema.as_field().config_type.fields

    assert [field for field, shown in fields.items() if not shown.description] == []


@pytest.mark.parametrize(
    ("family", "values", "told"),
    [
        ("ridge", {"z_dim": 16, "alpha": 1.0}, "z_dim: read by latent_diffusion"),
        ("sssd", {"z_dim": 16}, "z_dim: read by latent_diffusion"),
        ("latent_diffusion", {"use_flash_attention": True}, "use_flash_attention: read by sssd"),
        ("lasso", {"epochs": 3}, f"epochs: read by {', '.join(NEURAL)}"),
        ("latent_diffusion", {"population_size": 9, "z_dim": 8}, "population_size: read by the search stage"),
    ],
)
def test_a_parameter_that_a_family_does_not_read_is_refused_with_its_readers(family, values, told):
    with pytest.raises(InvalidConfiguration, match=f"{family} must be given only parameters that it reads.*{told}"):
        refuse_reserved(family, values)


@pytest.mark.parametrize("name", MODELS)
def test_a_parameter_that_a_family_reads_is_not_refused(name):
    refuse_reserved(name, dict.fromkeys(FAMILIES[name].parameters_class().model_fields))


def test_every_parameter_of_networks_is_read_by_one():
    """What is reserved from all families is planned, and only that."""
    fields = {name for family in NEURAL for name in FAMILIES[family].parameters_class().model_fields}

    reserved = (DeepParameters, AcceleratorParameters, AttentionParameters)
    assert {name for each in reserved for name in each.model_fields} <= fields
    assert not fields & set(SearchParameters.model_fields)
