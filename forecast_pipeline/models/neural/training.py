"""One stage of training: Lightning's trainer with averaged weights, early stopping, checkpoints and resumption."""

from __future__ import annotations

import json
import logging
import math
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint, WeightAveraging
from torch.optim.swa_utils import get_ema_multi_avg_fn

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.core.publication import write_atomically
from forecast_pipeline.models.neural.checkpoint_files import VerifiedCheckpoints, newest_good, read_checkpoint
from forecast_pipeline.models.neural.guards import StopOnDivergence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch.utils.data import DataLoader

    from forecast_pipeline.models.neural.batches import Batch
    from forecast_pipeline.models.neural.forecaster import NeuralForecaster
    from forecast_pipeline.models.neural.parameters import NeuralParameters
    from forecast_pipeline.models.neural.stage_module import StageModule

LOGGER = logging.getLogger("forecast_pipeline.models.neural")
MONITORED = "validation/loss"
LAST = "last"
MIN_DELTA = 1e-5
_MEMORY_OF_STEPS = 10.0


class _Progress(Callback):
    """One line an epoch in the log, which Dagster and the command line show while training goes on."""

    def __init__(self, family: str, n_epochs: int) -> None:
        self.family, self.n_epochs = family, n_epochs

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        told = ", ".join(f"{name} {values[name]:.4f}" for name in ("train/loss", MONITORED) if name in values)
        epoch = trainer.current_epoch + 1
        LOGGER.info("%s, %s: epoch %d of at most %d: %s", self.family, pl_module.stage, epoch, self.n_epochs, told)


def train_stage(
    module: StageModule,
    stage: str,
    train: DataLoader[Batch],
    validation: DataLoader[Batch],
    *,
    family: str,
    n_epochs: int,
    folder: Path | None,
    min_delta: float = MIN_DELTA,
    patience: int | None = None,
) -> list[dict[str, float]]:
    """Train one stage, and leave the best averaged weights in the module.

    With a folder, ``<folder>/<stage>`` keeps the last and the best checkpoints; a stage that was cut off goes on from
    the newest one that can be read, and a finished one is read and not trained again.

    Args:
        module: What is trained.
        stage: Name of the stage.
        train: Training batches.
        validation: Validation batches.
        family: Name of the family, for the log.
        n_epochs: Most epochs.
        folder: Where checkpoints are kept; None keeps them only while the stage lasts.
        min_delta: Smallest fall of the validation loss that counts as one.
        patience: Epochs without one after which the stage ends; None takes that of the settings.

    Returns:
        One entry an epoch: losses by name.

    Raises:
        TrainingFailed: If the loss or the weights diverge; checkpoints written before are kept.
    """
    settings = module.settings
    n_batches = math.ceil(len(train) / settings.gradient_accumulation_steps)
    module.begin(stage, n_epochs * n_batches)
    with _folder(folder, stage) as place:
        finished = place / "finished.json"
        if finished.exists():
            return _restored(module, place, json.loads(finished.read_text()))
        checkpoint = ModelCheckpoint(
            dirpath=place,
            filename="epoch{epoch:03d}",
            auto_insert_metric_name=False,
            monitor=MONITORED,
            save_top_k=settings.save_top_k,
            save_last=True,
            enable_version_counter=False,
        )
        n_patient = patience or settings.patience
        stopping = EarlyStopping(MONITORED, patience=n_patient, min_delta=min_delta, check_finite=False)
        resumed = newest_good(_newest_first(place))
        if resumed is not None:
            LOGGER.info("%s, %s: goes on from %s", family, stage, resumed.name)
        if settings.compiles:
            for network in module.trained():
                network.compile()
        with _quiet(), torch.random.fork_rng(devices=[]):
            trainer = pl.Trainer(
                accelerator=settings.accelerator,
                devices=1,
                max_epochs=n_epochs,
                precision=_precision(settings),
                gradient_clip_val=settings.gradient_clip,
                accumulate_grad_batches=settings.gradient_accumulation_steps,
                callbacks=[
                    _averaging(averaging_decay(settings.ema_decay, module.n_steps)),
                    StopOnDivergence(),
                    checkpoint,
                    stopping,
                    _Progress(family, n_epochs),
                ],
                plugins=[VerifiedCheckpoints()],
                default_root_dir=place,
                logger=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                num_sanity_val_steps=0,
                use_distributed_sampler=False,
            )
            start = None if resumed is None else str(resumed)
            with _memory_told(f"{family}, {stage}", settings.batch_size):
                trainer.fit(module, train, validation, ckpt_path=start, weights_only=True)
        score = math.inf if checkpoint.best_model_score is None else float(checkpoint.best_model_score)
        best = Path(checkpoint.best_model_path)
        if not math.isfinite(score) or not best.is_file():
            raise TrainingFailed(f"{family}, {stage}: at least one epoch must end with a finite loss", was="none")
        outcome = {"best": best.name, "curve": module.curve}
        write_atomically(finished, json.dumps(outcome).encode())
        return _restored(module, place, outcome)


def train_for(
    forecaster: NeuralForecaster,
    stage: str,
    train: DataLoader[Batch],
    validation: DataLoader[Batch],
    *,
    n_epochs: int,
    min_delta: float = MIN_DELTA,
    patience: int | None = None,
) -> None:
    """Train a stage of a forecaster's module, and keep its curve; other arguments as of `train_stage`.

    Args:
        forecaster: With the module built.
        stage: Name of the stage.
        train: Training batches.
        validation: Validation batches.
        n_epochs: Most epochs, fewer where training starts from the weights of the fold before.
        min_delta: Smallest fall of the validation loss that counts as one.
        patience: Epochs without one after which the stage ends.

    Raises:
        TrainingFailed: If training diverges.
    """
    forecaster.curves[stage] = train_stage(
        forecaster.module,
        stage,
        train,
        validation,
        family=forecaster.family,
        n_epochs=min(forecaster.parameters.refit_epochs, n_epochs) if forecaster.is_warm else n_epochs,
        folder=forecaster.run_folder,
        min_delta=min_delta,
        patience=patience,
    )


def averaging_decay(decay: float, n_steps: int) -> float:
    """Decay of averaged weights that forgets the start within a tenth of the steps, where these are few.

    Example:
        >>> averaging_decay(0.999, 100_000), averaging_decay(0.999, 100)
        (0.999, 0.9)
    """
    return min(decay, 1.0 - min(_MEMORY_OF_STEPS / n_steps, 1.0))


def _averaging(decay: float) -> WeightAveraging:
    """Lightning's averaging of weights, all tensors in one call: one by one they cost as much as a small step."""
    return WeightAveraging(use_buffers=False, multi_avg_fn=get_ema_multi_avg_fn(decay))  # type: ignore[no-untyped-call]


def _restored(module: StageModule, place: Path, outcome: dict[str, Any]) -> list[dict[str, float]]:
    saved = read_checkpoint(place / outcome["best"])
    module.load_state_dict(saved["state_dict"])
    module.eval()
    return list(outcome["curve"])


def _newest_first(place: Path) -> list[Path]:
    others = sorted(place.glob("epoch*.ckpt"), reverse=True)
    return [path for path in (place / f"{LAST}.ckpt", *others) if path.exists()]


@contextmanager
def _folder(folder: Path | None, stage: str) -> Iterator[Path]:
    if folder is not None:
        place = folder / stage
        place.mkdir(parents=True, exist_ok=True)
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="forecast-pipeline-") as scratch:
        yield Path(scratch)


@contextmanager
def _memory_told(what: str, batch_size: int) -> Iterator[None]:
    """Say what to do where memory, of the machine or of a device, does not suffice."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch has a type of its own for devices only; the processor's allocator raises a plain RuntimeError.
        told = str(error) or type(error).__name__
        if not isinstance(error, MemoryError) and "memory" not in told:
            raise
        raise TrainingFailed(
            f"{what} must fit into memory",
            was=f"batches of {batch_size} rows: {' '.join(told.split())[:160]}",
            do="lower batch_size or the sizes of the networks; checkpoints written before are kept",
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Lightning's advice to users of its command line; our own log lines stay."""
    lightning = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric", "lightning")]
    levels = [logger.level for logger in lightning]
    for logger in lightning:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(lightning, levels, strict=True):
            logger.setLevel(level)


def _precision(settings: NeuralParameters) -> Any:  # noqa: ANN401 - Lightning's literal
    if not settings.mixes_precision or settings.precision == "fp32":
        return "32-true"
    has_gpu = settings.accelerator != "cpu" and torch.cuda.is_available()
    if settings.precision == "fp16" and not has_gpu:
        LOGGER.warning("a processor has no fp16 training: bf16 is taken instead")
        return "bf16-mixed"
    return {"fp16": "16-mixed", "bf16": "bf16-mixed"}[settings.precision]
