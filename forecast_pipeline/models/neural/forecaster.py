"""What neural families share: a scale from the past, normal scores of future paths, a generator of them, and draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import torch

from forecast_pipeline.core.errors import NotEnoughHistory
from forecast_pipeline.models.neural.conditioning import Conditioner, Conditions
from forecast_pipeline.models.neural.path_targets import PathTargets, ScaledPaths, excursions, mirrored
from forecast_pipeline.models.neural.recalibration import Recalibration
from forecast_pipeline.models.neural.records import DirectArrays, Known, joined_paths, mean_slope
from forecast_pipeline.models.neural.scale_bend import SQUARE_CAP, ScaleBend
from forecast_pipeline.models.neural.seeds import decision_noise
from forecast_pipeline.models.neural.training_facts import training_facts
from forecast_pipeline.models.neural.trust import generator_trust, settle_trust
from forecast_pipeline.models.neural.weights import arrays_of, fits, load_arrays
from forecast_pipeline.models.paths import PathDraws
from forecast_pipeline.models.variance_mixture import fit_coefficients

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt
    from torch import Tensor

    from forecast_pipeline.core.configuration import Configuration
    from forecast_pipeline.models.neural.parameters import NeuralParameters
    from forecast_pipeline.models.neural.stage_module import StageModule
    from forecast_pipeline.splits.arrays import BarHistory, Rows

    Floats = npt.NDArray[np.float64]

MIN_TRAIN_ROWS = 128
MIN_VALIDATION_ROWS = 32
N_RECALIBRATION_DRAWS = 32_768
DRAWS_AT_ONCE = 4096
ROWS_AT_ONCE = 256


class NeuralForecaster:
    """Fit: variance mixture, direct head, marginals, generator, recalibration. Draw: the same backwards.

    1. Increments are measured in ``unit``, the deviation that the bank of past variances suggests; an encoder and a
       `ScaleHead` learn deviation, mean and tails of each increment (Student t likelihood and fair CRPS). How far the
       learned part is trusted over the plain mixture, and how much of the mean, is decided on validation rows; squares
       that came bend the deviations (`ScaleBend`).
    2. What is left is mapped to normal scores, with path extremes where bars have highs and lows.
    3. A generator learns their joint law given the context, as far as validation rows trust it. Its own norms and
       marginals are measured and mapped back.

    Draws of a decision use noise of its own (`seeds.decision_noise`) and matrix products of one decision only: a row's
    draws are the same in any batch.
    """

    def __init__(self, parameters: Any, seed: int) -> None:  # noqa: ANN401 - settings of the family
        self.parameters = parameters
        self.seed = seed
        self.note = ""
        self.run_folder: Path | None = None
        self.curves: dict[str, list[dict[str, float]]] = {}
        self.slope = 0.0
        self.n_slow = 0
        self.has_strays = False
        self.horizons: tuple[int, ...] = ()
        self.weights: Floats = np.zeros((0, 0))
        self.conditioner: Conditioner | None = None
        self.targets: PathTargets | None = None
        self.bend = ScaleBend.none(0)
        self.recalibration = Recalibration()
        self.context_centre = torch.zeros(1, 0)
        self.context_trust = 1.0
        self.module: Any = None
        self._warm: Mapping[str, np.ndarray] | None = None

    # -- what a family says --------------------------------------------------------------------------------------

    family = ""
    recalibration_draws = N_RECALIBRATION_DRAWS
    settles_context = True
    """Whether the context of the generator has to be worth its noise."""

    def build_module(self, path_channels: int) -> StageModule:
        """The untrained networks for `weights`, `n_slow` and the conditioner."""
        raise NotImplementedError

    def prepare(self, train: Rows) -> None:
        """Learn what the family's own inputs need, beyond the conditioner."""

    def batch_of(self, rows: Rows, conditions: Conditions) -> Any:  # noqa: ANN401 - a dataset of the family
        """Decisions as a dataset that gives the encoder's inputs; indexing it by a list gives a batch."""
        raise NotImplementedError

    def fit_direct(self, train: Known, validation: Known) -> None:
        """Train encoder and scale head."""
        raise NotImplementedError

    def fit_generator(self, train: dict[str, Tensor], validation: dict[str, Tensor]) -> None:
        """Train the generator on ``scores (B, C, K)`` given ``context (B, n)``."""
        raise NotImplementedError

    def generate(self, context: Tensor, noise: np.random.Generator, n_samples: int) -> Tensor:
        """Normal scores of paths given a context ``(1, n)``, or one for each sample ``(S, n)``: ``(S, C, K)``."""
        raise NotImplementedError

    def own_state(self) -> dict[str, object]:
        """What the family stores beyond what all do."""
        return {}

    def restore(self, state: Mapping[str, object]) -> None:
        """Take what `own_state` stored."""

    # -- the protocol --------------------------------------------------------------------------------------------

    @classmethod
    def from_parameters(cls, parameters: Configuration, seed: int) -> Self:
        """An unfitted forecaster."""
        return cls(parameters, seed)

    def start_from(self, previous: NeuralForecaster) -> None:
        """Begin training from the weights of the fold before, where they still fit; it saw earlier rows only."""
        if previous.module is not None:
            self._warm = arrays_of(previous.module)

    def fit(self, train: Rows, validation: Rows) -> None:
        """Learn from training rows; stop, trust and shrink by validation rows.

        Raises:
            NotEnoughHistory: If there are too few rows.
            TrainingFailed: If training diverges or the latent collapses.
        """
        for name, rows, least in (("train", train, MIN_TRAIN_ROWS), ("validation", validation, MIN_VALIDATION_ROWS)):
            if len(rows) < least:
                raise NotEnoughHistory(
                    f"{self.family} must have at least {least} {name} rows",
                    was=str(len(rows)),
                    do="ingest more history",
                )
        torch.set_num_threads(1)  # sums then round alike whatever the machine
        self.n_slow = train.standardised.shape[1]
        self.horizons = cast("BarHistory", train.history).horizons
        self.conditioner = Conditioner.fit(train)
        self.prepare(train)
        known = [self._known(rows) for rows in (train, validation)]
        capped = np.minimum(np.square(known[0].target), SQUARE_CAP)
        self.weights = fit_coefficients(known[0].conditions.states.astype(np.float64), capped)
        self.has_strays = excursions(train.increments, train.extremes) is not None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.module = self.build_module(3 if self.has_strays else 1)
            if self._warm is not None and fits(self.module, self._warm):
                load_arrays(self.module, self._warm)
                self.module.head.trust.fill_(1.0)
            else:
                self._warm = None
        self.bend = ScaleBend.none(len(self.horizons))
        self.fit_direct(*known)
        settle_trust(self.module.head, known[1], self._direct(known[1].rows, known[1].conditions), self.horizons)
        straight = [self._direct(each.rows, each.conditions) for each in known]
        increments = np.concatenate([each.rows.increments for each in known])
        self.bend = ScaleBend.fit(np.concatenate([each.deviation for each in straight]), increments, self.horizons)
        outputs = [each._replace(deviation=self.bend.apply(each.deviation)) for each in straight]
        self.slope = mean_slope(known[1], outputs[1], self.horizons)
        paths = [self._scaled(each, output) for each, output in zip(known, outputs, strict=True)]
        self.targets = PathTargets.fit(joined_paths(paths), is_symmetric=self.parameters.is_symmetric)
        rng = np.random.default_rng(self.seed)
        tensors = [
            {
                "context": output.context,
                "scores": torch.from_numpy(self.targets.scores(path, rng).astype(np.float32)),
            }
            for output, path in zip(outputs, paths, strict=True)
        ]
        self.fit_generator(*tensors)
        self.module.eval()
        self.context_centre = tensors[0]["context"].mean(dim=0, keepdim=True)
        if self.settles_context:
            self.context_trust = generator_trust(self.module, tensors[1], self.context_centre, self.horizons)
        everything = {name: torch.cat([part[name] for part in tensors]) for name in tensors[0]}
        self._recalibrate(everything["context"], everything["scores"].double().numpy())

    def sample(self, rows: Rows, n_samples: int) -> Floats:
        """Joint log-return increments, shape ``(S, B, K)``."""
        return self.sample_paths(rows, n_samples).increments

    def sample_paths(self, rows: Rows, n_samples: int, seed: int | None = None) -> PathDraws:
        """Joint increments with the highest and lowest price inside each.

        Args:
            rows: ``B`` decisions.
            n_samples: Draws of a decision.
            seed: Other noise than the model's own, where a request asks for it.
        """
        conditions = self._conditioner.conditions(rows)
        dataset = self.batch_of(rows, conditions)
        made = np.empty((3, n_samples, len(rows), conditions.unit.shape[1]))
        for row, issued_at_us in enumerate(rows.issued_at_us.tolist()):
            noise = decision_noise(self.seed if seed is None else seed, issued_at_us)
            made[:, :, row] = self._drawn(dataset[[row]], conditions.unit[row], noise, n_samples)
        return PathDraws(*made)

    def sample_each(self, rows: Rows, noise: np.random.Generator) -> PathDraws:
        """One draw of every row, shape ``(1, B, K)``, all in one batch: for many paths that are rolled forward.

        Unlike `sample_paths` it takes the noise as it comes: a row's draw depends on the rows asked with it.
        """
        conditions = self._conditioner.conditions(rows)
        batch = self.batch_of(rows, conditions)[list(range(len(rows)))]
        return PathDraws(*self._drawn(batch, conditions.unit, noise, len(rows))[:, None])

    def mean(self, rows: Rows) -> Floats:
        """Mean of each increment, shape ``(B, K)``: what of the direct head's mean held up on validation rows."""
        if self.slope == 0.0:
            return np.zeros((len(rows), len(self.horizons)))
        conditions = self._conditioner.conditions(rows)
        direct = self._direct(rows, conditions)
        return self.slope * direct.mean * direct.deviation

    def state(self) -> dict[str, object]:
        """Settings, weights and maps as plain values and arrays."""
        targets = cast("PathTargets", self.targets)
        return {
            "parameters": self.parameters.model_dump(),
            "seed": self.seed,
            "note": self.note,
            "slope": self.slope,
            "n_slow": self.n_slow,
            "horizons": list(self.horizons),
            "mixture": self.weights,
            "conditioner": self._conditioner.state(),
            "targets": targets.state(),
            "bend": [self.bend.centre, self.bend.spread, self.bend.coefficients],
            "recalibration": self.recalibration.state(),
            "context_centre": self.context_centre.numpy(),
            "context_trust": self.context_trust,
            "curves": self.curves,
            "weights": arrays_of(self.module),
            **self.own_state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The fitted forecaster that `state` described."""
        made = cls(cls.parameters_class().parse(state["parameters"]), state["seed"])
        made.note, made.slope, made.n_slow = state["note"], state["slope"], state["n_slow"]
        made.horizons, made.weights = tuple(state["horizons"]), state["mixture"]
        made.conditioner = Conditioner.from_state(state["conditioner"])
        made.targets = PathTargets.from_state(state["targets"])
        made.bend = ScaleBend(*state["bend"])
        made.recalibration = Recalibration.from_state(state["recalibration"])
        made.context_centre, made.context_trust = torch.from_numpy(state["context_centre"]), state["context_trust"]
        made.curves = state["curves"]
        made.restore(state)
        made.module = made.build_module(made.targets.n_channels)
        load_arrays(made.module, state["weights"])
        made.module.eval()
        return made

    @classmethod
    def parameters_class(cls) -> type[NeuralParameters]:
        """Settings of the family."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """What the card of an artifact records of the training (`training_facts`)."""
        return training_facts(self)

    # -- steps -----------------------------------------------------------------------------------------------------

    @property
    def is_warm(self) -> bool:
        """Whether training starts from weights of the fold before."""
        return self._warm is not None

    @property
    def _conditioner(self) -> Conditioner:
        return cast("Conditioner", self.conditioner)

    def _known(self, rows: Rows) -> Known:
        conditions = self._conditioner.conditions(rows)
        return Known(rows, conditions, rows.increments / conditions.unit)

    def _direct(self, rows: Rows, conditions: Conditions) -> DirectArrays:
        dataset = self.batch_of(rows, conditions)
        parts = []
        for first in range(0, len(rows), ROWS_AT_ONCE):
            # Batches of one size, filled up with the last row: so sums have the same shape for every row.
            wanted = list(range(first, min(first + ROWS_AT_ONCE, len(rows))))
            filled = wanted + [wanted[-1]] * (ROWS_AT_ONCE - len(wanted))
            parts.append(self._direct_batch(dataset[filled], conditions.unit[filled]).head(len(wanted)))
        return DirectArrays.joined(parts)

    def _direct_batch(self, batch: Any, unit: Floats) -> DirectArrays:  # noqa: ANN401 - tensors by name
        with torch.inference_mode():
            context = self.module.context(batch)
            direct = self.module.head(batch["states"], context)
            deviation = self.bend.apply(unit * np.exp(direct.log_scale.double().numpy()))
            return DirectArrays(context.clone(), deviation, direct.mean.double().numpy().copy())

    def _scaled(self, known: Known, output: DirectArrays) -> ScaledPaths:
        increments = known.rows.increments / output.deviation - self.slope * output.mean
        strays = excursions(known.rows.increments, known.rows.extremes)
        if strays is None or not self.has_strays:
            return ScaledPaths(increments)
        return ScaledPaths(increments, strays[0] / output.deviation, strays[1] / output.deviation)

    def _scores(self, context: Tensor, noise: np.random.Generator, n_samples: int) -> Floats:
        """Recalibrated normal scores of one decision, shape ``(S, C, K)``."""
        heeded = self.context_centre + self.context_trust * (context - self.context_centre)
        with torch.inference_mode():
            scores = self.generate(heeded, noise, n_samples).double().numpy().copy()
        if self.parameters.is_symmetric:
            flips = noise.random(n_samples) < 0.5  # noqa: PLR2004 - a fair coin
            scores[flips] = mirrored(scores[flips])
        return self.recalibration.apply(scores)

    def _drawn(self, batch: Any, unit: Floats, noise: np.random.Generator, n_samples: int) -> Floats:  # noqa: ANN401
        """Increments, highest and lowest of draws, shape ``(3, S, K)``, from one decision or one each."""
        direct = self._direct_batch(batch, unit)
        paths = cast("PathTargets", self.targets).paths(self._scores(direct.context, noise, n_samples))
        deviation = direct.deviation
        increments = (paths.increments + self.slope * direct.mean) * deviation
        above = 0.0 if paths.above is None else paths.above * deviation
        below = 0.0 if paths.below is None else paths.below * deviation
        return np.stack([increments, np.maximum(increments, 0.0) + above, np.minimum(increments, 0.0) - below])

    def _recalibrate(self, contexts: Tensor, scores: Floats) -> None:
        """Measure what the generator draws over contexts, and keep what gives it the law of the data."""
        self.recalibration = Recalibration()
        noise = decision_noise(self.seed, 0, stream=1)
        chosen = contexts[torch.from_numpy(noise.integers(0, contexts.shape[0], self.recalibration_draws))]
        parts = [chosen[first : first + DRAWS_AT_ONCE] for first in range(0, len(chosen), DRAWS_AT_ONCE)]
        drawn = np.concatenate([self._scores(part, noise, len(part)) for part in parts])
        self.recalibration = Recalibration.fit(drawn, scores, is_symmetric=bool(self.parameters.is_symmetric))
