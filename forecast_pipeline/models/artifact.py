"""Artifacts: a fitted forecaster with everything that serving it needs, and its card."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.core.publication import Published, bytes_writer, find, publish, require
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.models.registry import FAMILIES, family_named
from forecast_pipeline.models.storage import dump_state, load_state
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.splits.target_scale import TargetScale

if TYPE_CHECKING:
    from forecast_pipeline.core.home import Home
    from forecast_pipeline.models.forecaster import Forecaster

SCHEMA_VERSION = 2
LIBRARIES = ("numpy", "scikit-learn", "scipy", "skops", "polars", "TA-Lib", "arch", "torch", "lightning")
# A change of these may change what a stored model means; others are recorded only. Weights of networks are stored as
# plain arrays under the names of our own layers, so that torch only computes with them.
BINDING_LIBRARIES = ("scikit-learn", "skops")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A fitted forecaster and how to feed it.

    Attributes:
        stored: Card and files.
        forecaster: The fitted forecaster.
        standardiser: Statistics of its training rows.
        target_scale: Variance model of its training bars.
        horizons: Horizon grid in slots.
        timeframe: Base timeframe.
    """

    stored: Published
    forecaster: Forecaster
    standardiser: Standardiser
    target_scale: TargetScale
    horizons: tuple[int, ...]
    timeframe: Timeframe

    @property
    def model_name(self) -> str:
        """Name of the family."""
        return str(self.stored.card["model_name"])


def artifact_name(symbol: str, timeframe: Timeframe, model_name: str, horizon_bars: int) -> str:
    """Name of an artifact, as the specification has it.

    Example:
        >>> artifact_name("EURUSD", Timeframe.H1, "ridge", 12)
        'EURUSD_1h_ridge_h12'
    """
    return f"{symbol}_{timeframe}_{model_name}_h{horizon_bars}"


def library_versions() -> dict[str, str]:
    """Versions of the libraries that shape a model."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def save_artifact(
    home: Home,
    symbol: str,
    timeframe: Timeframe,
    model_name: str,
    forecaster: Forecaster,
    standardiser: Standardiser,
    target_scale: TargetScale,
    facts: dict[str, Any],
) -> Published:
    """Publish a fitted forecaster; the card is written last and is the commit.

    ``facts`` are further card entries and must hold ``horizons_bars``.
    """
    horizon = int(facts["horizons_bars"][-1])
    content = dump_state(forecaster.state())
    card = {
        "schema_version": SCHEMA_VERSION,
        "stage": "models",
        "symbol": symbol,
        "timeframe": timeframe.value,
        "model_name": model_name,
        "horizon_bars": horizon,
        "feature_columns": list(standardiser.kept_columns),
        # The specification's names for mean and standard deviation of the inputs.
        "mu": standardiser.mean[standardiser.is_kept].tolist(),
        "sigma": standardiser.std[standardiser.is_kept].tolist(),
        "dropped_columns": [c for c in standardiser.columns if c not in standardiser.kept_columns],
        "target_scale": {
            "slot_minutes": target_scale.slot_minutes,
            "profile": list(target_scale.profile),
            "decay": target_scale.decay,
            "floor": target_scale.floor,
            "start": target_scale.start,
        },
        "library_versions": library_versions(),
        **facts,
    }
    name = artifact_name(symbol, timeframe, model_name, horizon)
    return publish(home.models(symbol, timeframe), name, {".skops": bytes_writer(content)}, card)


def load_artifact(home: Home, symbol: str, timeframe: Timeframe, model_name: str, horizon_bars: int) -> Artifact:
    """Open an artifact, verified.

    Raises:
        MissingData: If it has not been trained.
        CorruptData: If a hash, a type or a binding library version does not match.
    """
    name = artifact_name(symbol, timeframe, family_named(model_name).name, horizon_bars)
    do = f"forecast-pipeline build --symbol {symbol} --timeframe {timeframe}"
    return open_artifact(require(home.models(symbol, timeframe), name, f"model {name}", do))


def artifacts_of(home: Home, symbol: str, timeframe: Timeframe) -> list[Published]:
    """Cards of all artifacts of a symbol and timeframe, in registry order."""
    folder = home.models(symbol, timeframe)
    cards = [find(folder, path.stem) for path in sorted(folder.glob("*.json"))] if folder.is_dir() else []
    order = list(FAMILIES)
    known = [card for card in cards if card is not None and card.card["model_name"] in order]
    return sorted(known, key=lambda card: order.index(card.card["model_name"]))


def current_artifacts(home: Home, symbol: str, timeframe: Timeframe) -> list[Published]:
    """Artifacts for the horizon grid of the present split; those of earlier settings stay on disk, unserved."""
    split = find(home.splits(symbol), timeframe)
    grid = None if split is None else split.card["horizons_bars"]
    return [card for card in artifacts_of(home, symbol, timeframe) if card.card["horizons_bars"] == grid]


def open_artifact(stored: Published) -> Artifact:
    """Load the forecaster that a card describes; see `load_artifact`."""
    card = stored.card
    _check_versions(stored)
    state = load_state(stored.read_bytes(".skops"), stored.name)
    mean, std = np.asarray(card["mu"]), np.asarray(card["sigma"])
    columns = tuple(card["feature_columns"])
    if not len(columns) == mean.size == std.size:
        raise CorruptData(f"{stored.name}: columns, mu and sigma must have one length", do="train it again")
    complete = np.ones(len(columns))
    try:
        forecaster = family_named(card["model_name"]).forecaster_class().from_state(state)
    except (KeyError, TypeError) as error:
        found = f"{type(error).__name__} {error}"
        raise CorruptData(f"{stored.name} must hold the state of its family", was=found, do="train it again") from None
    return Artifact(
        stored=stored,
        forecaster=forecaster,
        standardiser=Standardiser(columns, mean, std, complete, complete.astype(bool)),
        target_scale=TargetScale(**{**card["target_scale"], "profile": tuple(card["target_scale"]["profile"])}),
        horizons=tuple(card["horizons_bars"]),
        timeframe=Timeframe(card["timeframe"]),
    )


def _check_versions(stored: Published) -> None:
    saved, present = stored.card["library_versions"], library_versions()
    if stored.card["schema_version"] != SCHEMA_VERSION:
        found = str(stored.card["schema_version"])
        raise CorruptData(f"{stored.name} must have card version {SCHEMA_VERSION}", was=found, do="train it again")
    changed = [f"{n} {saved.get(n)} then, {present[n]} now" for n in BINDING_LIBRARIES if saved.get(n) != present[n]]
    if changed:
        raise CorruptData(
            f"{stored.name} must be read with the libraries that wrote it",
            was="; ".join(changed),
            do="train it again, or install those versions",
        )
