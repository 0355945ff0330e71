"""Where the checkpoints of a training are kept: a folder named by all that decides it, so that a killed one goes on."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from forecast_pipeline.core.code_version import code_sha256
from forecast_pipeline.core.hashing import sha256_of_value
from forecast_pipeline.core.publication import locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.timeframe import Timeframe

_HASH_CHARACTERS = 16


@runtime_checkable
class LearnsInSteps(Protocol):
    """A forecaster whose training can be cut off, resumed and started from another one's weights.

    Attributes:
        run_folder: Where it keeps checkpoints; None keeps none beyond the fit.
        is_warm: Whether its fit began with the weights of another one.
    """

    run_folder: Path | None

    @property
    def is_warm(self) -> bool:
        """Whether the fit began with the weights of another one; known after it."""
        ...

    def start_from(self, previous: Any) -> None:  # noqa: ANN401 - a forecaster of the same family
        """Begin with the weights of an earlier fold, where they still fit."""
        ...

    def facts(self) -> dict[str, Any]:
        """What a card records of the training."""
        ...


def checkpoints(home: Home) -> Path:
    """Where run folders stand: below no folder of a symbol, where every JSON file is a card of a partition."""
    return home.root / "cache" / "checkpoints"


def run_folder(
    home: Home, symbol: str, timeframe: Timeframe, family: str, split_sha256: str, parameters: Configuration, seed: int
) -> Path:
    """Folder of one training: ``cache/checkpoints/<symbol>_<timeframe>_<family>-<hash>``, which may be deleted.

    The hash is of the split, the settings, the seed and the sources of this package: a training that differs in any
    of them never reads another's checkpoints.
    """
    decides = [split_sha256, parameters.model_dump(mode="json"), seed, code_sha256()]
    return checkpoints(home) / f"{symbol}_{timeframe}_{family}-{sha256_of_value(decides)[:_HASH_CHARACTERS]}"


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a run folder for this process: two trainings of the same thing would overwrite each other's checkpoints.

    Raises:
        Busy: If another process has been training it for two minutes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent / f".{folder.name.rpartition('-')[0]}.lock"):
        yield


def sweep_older(kept: Path) -> list[Path]:
    """Remove the run folders of the same symbol, timeframe and family but ``kept``; returns what was removed.

    To be called after the artifact is published: until then the checkpoints of an earlier training are the last good
    ones.
    """
    trained = kept.name.rpartition("-")[0]
    older = [path for path in sorted(kept.parent.glob(f"{trained}-*")) if path.is_dir() and path != kept]
    removed = [path for path in older if path.name.rpartition("-")[0] == trained]
    for path in removed:
        shutil.rmtree(path, ignore_errors=True)
    return removed
