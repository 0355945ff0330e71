"""How the asset of a neural family trains with its progress in the log, and what its event shows."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import numpy as np

from forecast_pipeline.core.configuration import Configuration
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import Published
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.metadata import Metadata, counts_table, picture
from forecast_pipeline.defs.partitions import symbol_and_timeframe
from forecast_pipeline.defs.training_log import training_log
from forecast_pipeline.models.artifact import open_artifact
from forecast_pipeline.models.train import train_model
from forecast_pipeline.splits.build import read_split, rows_of
from forecast_pipeline.splits.plan import LIVE

N_DRAWS = 1000
LEAST_ACTIVE_KL = 0.01  # nats; a dimension that carries less is the prior for all that a reader can see


class NeuralTraining:
    """Trains one family on partitions, and describes what came of it.

    Args:
        context: Of the run.
        home: State folder.
        name: Family.
        parameters: Its settings.
    """

    def __init__(self, context: dg.AssetExecutionContext, home: Home, name: str, parameters: Configuration) -> None:
        self.context, self.home, self.name, self.parameters = context, home, name, parameters
        self.seconds: dict[str, dict[str, float]] = {}

    def build(self, key: str) -> Published:
        """Train on a partition; every epoch is a line in the event log while it runs."""
        with training_log(self.context) as log:
            stored = train_model(self.home, *symbol_and_timeframe(key), self.name, self.parameters)
        self.seconds[stored.sha256] = log.seconds
        return stored

    def describe(self, stored: Published) -> Metadata:
        """Pictures and numbers of a training."""
        return neural_metadata(self.home, stored, self.seconds.get(stored.sha256, {}))


def neural_metadata(home: Home, stored: Published, seconds: Mapping[str, float]) -> Metadata:
    """Loss curves, fan of the newest row of the split, latent use, epochs and seconds of each stage.

    Args:
        home: State folder.
        stored: Artifact of a neural family, trained on the present split.
        seconds: Seconds of each stage that was trained in this run; one that was read from a finished run has none.
    """
    from forecast_pipeline.backtests.training_plots import loss_curves_png

    card = stored.card
    stages = {
        stage: f"{len(curve['epoch'])} epochs" + (f", {seconds[stage]:.1f} s" if stage in seconds else "")
        for stage, curve in card["training"].items()
    }
    shown: dict[str, Any] = {
        "loss curves": picture("loss curves", loss_curves_png(card["training"])),
        "fan chart": picture("fan chart", _fan(home, stored)),
        "stages": counts_table("stage", stages, "trained"),
        "training seconds": float(sum(seconds.values())),
        "device": str(card["device"]),
        "sampler": f"{card['sampler']}, {card['sampling_steps']} steps",
        "channels": ", ".join(card["channel_order"]),
    }
    if "latent" in card:
        kl = card["latent"]["kl"]
        shown["active latent dimensions"] = float(card["latent"]["active_fraction"])
        shown["latent dimensions above 0.01 nats"] = sum(each > LEAST_ACTIVE_KL for each in kl)
    if "ablations" in card:
        shown["ablations"] = dg.MetadataValue.json(card["ablations"])
    return shown


def _fan(home: Home, stored: Published) -> bytes:
    """Draws from the newest row of the split that the artifact was trained on."""
    from forecast_pipeline.backtests.training_plots import fan_png

    symbol, timeframe = str(stored.card["symbol"]), Timeframe(stored.card["timeframe"])
    artifact, split = open_artifact(stored), read_split(home, symbol, timeframe)
    stop = split.frame.height
    statistics = (split.standardiser(LIVE), split.target_scale(LIVE), split.horizons, split.native_statistics(LIVE))
    newest = rows_of(split.frame, stop - 1, stop, *statistics)
    draws = np.asarray(artifact.forecaster.sample(newest, N_DRAWS))[:, 0]
    instant = split.frame["close_ts_utc"][-1]
    title = f"{symbol} {timeframe}, {artifact.model_name}: {N_DRAWS} joint draws from {instant:%Y-%m-%d %H:%M} UTC"
    return fan_png(draws, split.horizons, title)
