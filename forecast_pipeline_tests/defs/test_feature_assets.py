"""What the feature assets show and when they run: columns described by the catalogue, cross pairs only on demand."""

from __future__ import annotations

import dagster as dg
import polars as pl
import pytest

from forecast_pipeline.bars.build import build_bars
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs import sensors
from forecast_pipeline.defs.assets import features, splits
from forecast_pipeline.defs.lineage import CROSS_FEATURES_KEY, FEATURES_KEY, SPLITS_KEY, trace
from forecast_pipeline.defs.resources import HomeResource
from forecast_pipeline.defs.settings import PipelineSettings, keep_settings, read_settings
from forecast_pipeline.features.build import build_features, read_features
from forecast_pipeline.features.catalogue.table import CATALOGUE
from forecast_pipeline.splits.build import read_split

H1 = Timeframe.H1
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SPLITS = {"n_splits": 2, "max_warmup_fraction": 0.6, "horizon": 3, "purge_days": 0, "embargo_days": 0}


def materialize(home, instance, assets, key, **config):
    run_config = QUIET | ({"ops": config} if config else {})
    return dg.materialize(
        assets,
        instance=instance,
        resources={"home": HomeResource(path=str(home.root))},
        partition_key=key,
        run_config=run_config,
        raise_on_error=False,
    )


def newest(instance, key, partition):
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition]), limit=1
    ).records
    return records[0].asset_materialization


@pytest.fixture
def two_pairs(home, instance, ingest_frame, two_weeks):
    """Hourly bars of two pairs that share the dollar."""
    ingest_frame(home, two_weeks)
    prices = [name for name in two_weeks.columns if name not in ("ts_utc", "volume")]
    ingest_frame(home, two_weeks.with_columns(pl.col(prices) * 1.2), symbol="GBPUSD")
    instance.add_dynamic_partitions("symbols", ["GBPUSD"])
    for symbol in ("EURUSD", "GBPUSD"):
        build_bars(home, symbol, H1)
    return home


def test_columns_are_described_by_the_catalogue(two_pairs, instance):
    assert materialize(two_pairs, instance, [features.features], "EURUSD|1h").success

    event = newest(instance, FEATURES_KEY, "EURUSD|1h")
    shown = {column.name: column.description for column in event.metadata["dagster/column_schema"].schema.columns}
    output = CATALOGUE["atr"].outputs[0]
    assert shown["atr_1h_14"].startswith(f"{output.description} [{output.unit}]")
    assert "from bars.close, bars.high, bars.low" in shown["atr_1h_14"]
    lineage = event.metadata["dagster/column_lineage"].lineage.deps_by_column
    assert {dep.column_name for dep in lineage["mfi_1h_14"]} == {"high", "low", "close", "volume"}


def test_a_run_may_choose_indicators_and_numbers(two_pairs, instance):
    config = {"indicators": ["aroon"], "parameters": {"aroon": {"lookback_bars": 10}}}

    done = materialize(two_pairs, instance, [features.features], "EURUSD|1h", features__features={"config": config})

    assert done.success
    names = [column["name"] for column in read_features(two_pairs, "EURUSD", H1).card["columns"]]
    assert "aroon_up_1h_10" in names
    assert "mfi_1h_14" not in names
    assert "rsi_1h_14" in names  # the folds ask for it by their preset


def test_an_unknown_number_is_refused_by_the_run_configuration(two_pairs, instance):
    config = {"parameters": {"aroon": {"lookback": 10}}}

    with pytest.raises(dg.DagsterInvalidConfigError, match="lookback"):
        materialize(two_pairs, instance, [features.features], "EURUSD|1h", features__features={"config": config})


def test_features_hold_what_the_folds_ask_for(two_pairs):
    keep_settings(two_pairs, PipelineSettings.parse({"splits": {"indicator_tfs": {"yang_zhang": ["1h"]}}}))

    assert read_settings(two_pairs).feature_parameters().indicators == ("core18", "yang_zhang")


def test_a_matrix_without_a_feature_that_was_asked_for_says_how_to_get_it(two_pairs):
    from forecast_pipeline.core.errors import MissingData
    from forecast_pipeline.splits.build import build_splits
    from forecast_pipeline.splits.parameters import SplitParameters

    build_features(two_pairs, "EURUSD", H1)
    with pytest.raises(MissingData, match=r"was no yang_zhang 1h\. To do: build the features again"):
        build_splits(two_pairs, "EURUSD", H1, SplitParameters(indicator_tfs={"yang_zhang": ("1h",)}))


def test_cross_pairs_run_only_where_they_are_asked_for_and_once_per_change(two_pairs, instance):
    resource = HomeResource(path=str(two_pairs.root))

    assert isinstance(next(iter(sensors.cross_pair_sensor(home=resource))), dg.SkipReason)

    keep_settings(two_pairs, PipelineSettings.parse({"features": {"indicators": ["currency_strength"]}}))
    asked = list(sensors.cross_pair_sensor(home=resource))
    assert sorted(str(request.partition_key) for request in asked) == ["EURUSD|1h", "GBPUSD|1h"]

    for request in asked:
        assert materialize(two_pairs, instance, [features.cross_pairs], request.partition_key).success
    assert isinstance(next(iter(sensors.cross_pair_sensor(home=resource))), dg.SkipReason)


def test_strength_reaches_the_matrix_with_its_lineage(two_pairs, instance):
    wanted = {"indicator_tfs": {"currency_strength": ["1h"]}, **SPLITS}
    keep_settings(two_pairs, PipelineSettings.parse({"splits": wanted}))

    for assets in ([features.features], [features.cross_pairs], [splits.folds]):
        assert materialize(two_pairs, instance, assets, "EURUSD|1h").success

    split = read_split(two_pairs, "EURUSD", H1)
    strength = next(name for name in split.feature_columns if name.startswith("currency_strength_base"))
    deps = newest(instance, SPLITS_KEY, "EURUSD|1h").metadata["dagster/column_lineage"].lineage.deps_by_column
    assert [dep.asset_key for dep in deps[strength]] == [CROSS_FEATURES_KEY]
    steps = [(step["stage"], step["partition"]) for step in trace(split.stored.card, strength)]
    assert steps[1:3] == [("cross_features", "EURUSD|1h"), ("bars", "*|1h")]
