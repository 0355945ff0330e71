"""Three small worlds, taken through the whole chain by the domain functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast_pipeline.backtests.parameters import BacktestParameters
from forecast_pipeline.backtests.report import build_report
from forecast_pipeline.backtests.run import run_walk_forward
from forecast_pipeline.bars.build import build_bars, buildable_timeframes
from forecast_pipeline.features.build import build_features
from forecast_pipeline.forecasts.champion import choose_champion
from forecast_pipeline.forecasts.inference import publish_forecasts
from forecast_pipeline.models.registry import BASELINES, NEURAL, TABULAR, family_named
from forecast_pipeline.models.tabular.parameters import ForestParameters
from forecast_pipeline.models.train import train_model
from forecast_pipeline.splits.build import build_splits
from forecast_pipeline.verification.small_settings import small_parameters

if TYPE_CHECKING:
    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.core.timeframe import Timeframe
    from forecast_pipeline.splits.parameters import SplitParameters

SMALL_FOREST = ForestParameters(n_estimators=20)
NAMES = (*BASELINES, *TABULAR, "latent_diffusion")
"""Families of a walk: each kind is there, and one network stands for all, which are alike from here."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Every partition that one walk through the chain published."""

    features: list[Published]
    split: Published
    models: list[Published]
    out_of_sample: Published
    report: Published
    champion: Published
    forecasts: Published


def walk_through(home, symbol: str, timeframe: Timeframe, splits: SplitParameters, names=NAMES) -> Chain:
    """Build everything from candles that are already there."""
    timeframes = [each for each in buildable_timeframes(home, symbol) if each.minutes >= timeframe.minutes]
    for each in timeframes:
        build_bars(home, symbol, each)
    features = [build_features(home, symbol, each) for each in timeframes]
    split = build_splits(home, symbol, timeframe, splits)
    models = [train_model(home, symbol, timeframe, name, _quick(name)) for name in names]
    out_of_sample = run_walk_forward(home, symbol, timeframe, BacktestParameters(n_samples=200, in_sample_rows=60))
    report = build_report(home, symbol, timeframe)
    champion = choose_champion(home, symbol, timeframe)
    return Chain(features, split, models, out_of_sample, report, champion, publish_forecasts(home, symbol, timeframe))


def _quick(name: str) -> Configuration:
    """Settings that cost little."""
    if name == "forest":
        return SMALL_FOREST
    return small_parameters(name) if name in NEURAL else family_named(name).parameters_class()()
