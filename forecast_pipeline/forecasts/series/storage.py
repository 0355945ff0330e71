"""One file a fitted series or panel: arrays and plain values in a skops archive, no pickle and no code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from forecast_pipeline.core.errors import CorruptData, MissingData
from forecast_pipeline.core.publication import write_atomically
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.forecasts.series.fitted import FittedSeries
from forecast_pipeline.forecasts.series.panel import FittedPanel
from forecast_pipeline.models.artifact import library_versions
from forecast_pipeline.models.registry import family_named
from forecast_pipeline.models.storage import dump_state, load_state
from forecast_pipeline.splits.standardise import Standardiser
from forecast_pipeline.splits.target_scale import TargetScale

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.models.forecaster import Forecaster

SCHEMA_VERSION = 1
_STANDARDISER_ARRAYS = ("mean", "std", "coverage_fraction", "is_kept")


def save_series(fitted: FittedSeries, path: Path | str) -> None:
    """Write a fitted series; equal ones give equal bytes."""
    _write({"kind": "series", "series": [_packed(fitted, own=0)], "forecasters": [fitted.forecaster.state()]}, path)


def load_series(path: Path | str) -> FittedSeries:
    """Read what `FittedSeries.save` wrote; its draws are the same.

    Raises:
        MissingData: If there is no such file.
        CorruptData: If it is damaged, holds code, or is of another kind or version.
    """
    state = _read("series", path)
    return _unpacked(state["series"][0], _forecasters(state, path))


def save_panel(panel: FittedPanel, path: Path | str) -> None:
    """Write a fitted panel; a forecaster that series share is written once."""
    forecasters: list[Forecaster] = []
    for each in panel.series:
        if not any(each.forecaster is other for other in forecasters):
            forecasters.append(each.forecaster)
    own = [next(n for n, other in enumerate(forecasters) if other is each.forecaster) for each in panel.series]
    state = {
        "kind": "panel",
        "series": [_packed(each, number) for each, number in zip(panel.series, own, strict=True)],
        "forecasters": [each.state() for each in forecasters],
        "template": panel.template,
        "notes": list(panel.notes),
    }
    _write(state, path)


def load_panel(path: Path | str) -> FittedPanel:
    """Read what `FittedPanel.save` wrote; its draws are the same.

    Raises:
        MissingData: If there is no such file.
        CorruptData: If it is damaged, holds code, or is of another kind or version.
    """
    state = _read("panel", path)
    forecasters = _forecasters(state, path)
    series = tuple(_unpacked(each, forecasters) for each in state["series"])
    return FittedPanel(series, np.asarray(state["template"]), tuple(state["notes"]))


def _write(state: Mapping[str, object], path: Path | str) -> None:
    card = {"schema_version": SCHEMA_VERSION, "library_versions": library_versions()}
    write_atomically(Path(path), dump_state({**state, "card": json.dumps(card, sort_keys=True)}))


def _read(kind: str, path: Path | str) -> dict[str, Any]:
    place = Path(path)
    if not place.is_file():
        raise MissingData(f"a fitted {kind} must be there", was=f"no file {place}")
    state: dict[str, Any] = load_state(place.read_bytes(), str(place))
    card = json.loads(cast("str", state.get("card", "{}")))
    if state.get("kind") != kind or card.get("schema_version") != SCHEMA_VERSION:
        found = f"{state.get('kind')}, version {card.get('schema_version')}"
        raise CorruptData(f"{place} must hold a {kind} of version {SCHEMA_VERSION}", was=found, do="fit it again")
    return state


def _forecasters(state: Mapping[str, Any], path: Path | str) -> list[Forecaster]:
    """The forecasters of a file, the family taken from the first series that has each."""
    families = {int(each["own"]): str(each["family"]) for each in state["series"]}
    try:
        return [
            family_named(families[number]).forecaster_class().from_state(each)
            for number, each in enumerate(state["forecasters"])
        ]
    except (KeyError, TypeError) as error:
        found = f"{type(error).__name__} {error}"
        raise CorruptData(f"{path} must hold the state of its families", was=found, do="fit it again") from None


def _packed(fitted: FittedSeries, own: int) -> dict[str, object]:
    scale, standardiser = fitted.scale, fitted.standardiser
    return {
        "family": fitted.family,
        "own": own,
        "horizons": list(fitted.horizons),
        "timeframe": fitted.timeframe.value,
        "unit": fitted.unit,
        "parameters": json.dumps(fitted.parameters, sort_keys=True),
        "seed": fitted.seed,
        "notes": list(fitted.notes),
        "columns": list(standardiser.columns),
        **{name: getattr(standardiser, name) for name in _STANDARDISER_ARRAYS},
        "scale": [scale.slot_minutes, list(scale.profile), scale.decay, scale.floor, scale.start],
    }


def _unpacked(packed: Mapping[str, Any], forecasters: list[Forecaster]) -> FittedSeries:
    slot_minutes, profile, decay, floor, start = packed["scale"]
    return FittedSeries(
        family=packed["family"],
        forecaster=forecasters[packed["own"]],
        standardiser=Standardiser(tuple(packed["columns"]), *(packed[name] for name in _STANDARDISER_ARRAYS)),
        scale=TargetScale(slot_minutes, tuple(profile), decay, floor, start),
        horizons=tuple(packed["horizons"]),
        timeframe=Timeframe(packed["timeframe"]),
        unit=packed["unit"],
        parameters=json.loads(packed["parameters"]),
        seed=packed["seed"],
        notes=tuple(packed["notes"]),
    )
