"""The SSSD forecaster: windows of all timeframes in, two stages of training, joint paths out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from forecast_pipeline.core.errors import InvalidConfiguration, MissingData
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.models.neural.batches import ArrayDataset
from forecast_pipeline.models.neural.drawing import denoised
from forecast_pipeline.models.neural.forecaster import NeuralForecaster
from forecast_pipeline.models.neural.stage_module import DIFFUSION, DIRECT
from forecast_pipeline.models.sssd.ablations import measured
from forecast_pipeline.models.sssd.data_module import train_on
from forecast_pipeline.models.sssd.lit import SSSDLit
from forecast_pipeline.models.sssd.parameters import SSSDParameters
from forecast_pipeline.models.sssd.windows import (
    HistorySource,
    WindowDataset,
    n_history_channels,
    scales_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from forecast_pipeline.models.neural.conditioning import Conditions
    from forecast_pipeline.models.neural.records import Known
    from forecast_pipeline.models.sssd.windows import HistoryWindows
    from forecast_pipeline.splits.arrays import BarHistory, Rows
    from forecast_pipeline.splits.native import NativeWindows


class SSSD(NeuralForecaster):
    """State spaces over the closed bars of several timeframes, and diffusion of all increments at once given them.

    S4 of Gu et al. 2022; the diffusion head is that of TimeGrad (Rasul et al. 2021) for a whole path. Rows of a lake
    bring panels of features at native resolution; without them the past returns are aggregated at several scales.

    Attributes:
        statistics: Columns, means and deviations of the panels of training, by minutes; empty without panels.
        scales: Bars of an aggregate where there are no panels.
        ablations: Validation CRPS in units of the ex-ante scale by what was taken away, ``none`` among them.
    """

    family = "sssd"

    def __init__(self, parameters: Any, seed: int) -> None:  # noqa: ANN401 - settings of the family
        super().__init__(parameters, seed)
        self.statistics: dict[str, Any] = {}
        self.scales: tuple[int, ...] = ()
        self.ablations: dict[str, float] = {}
        self.order: npt.NDArray[np.intp] | None = None
        self._source = HistorySource(())

    @classmethod
    def parameters_class(cls) -> type[SSSDParameters]:
        """Settings of the family."""
        return SSSDParameters

    def fit(self, train: Rows, validation: Rows) -> None:
        """Learn, and measure what encoder and context are worth on validation rows.

        Raises:
            InvalidConfiguration: If there are weights for another number of horizons.
            MissingData: If the features of a timeframe that the settings ask for have not been built.
            NotEnoughHistory: If there are too few rows.
            TrainingFailed: If training diverges.
        """
        super().fit(train, validation)
        if not self.is_warm:  # a refit of the walk-forward is no other model
            self.ablations = measured(self, validation)

    def prepare(self, train: Rows) -> None:
        """Choose the timeframes, and learn statistics of their panels from training bars."""
        settings, history = self.parameters, cast("BarHistory", train.history)
        n_horizons = len(history.horizons)
        if len(settings.horizon_weights) not in {0, n_horizons}:
            raise InvalidConfiguration(
                f"horizon_weights must be given for each of the {n_horizons} horizons of the split",
                was=f"{len(settings.horizon_weights)} weights",
                do="leave them out, or build the split with the horizons that they are for",
            )
        if train.native is None or not train.native.minutes:
            self.scales = scales_of(history)
            return
        wanted = [Timeframe(name).minutes for name in settings.timeframes]
        native = train.native.of_minutes([m for m in wanted if m >= history.slot_minutes] or train.native.minutes)
        self.statistics = native.statistics()

    def build_module(self, path_channels: int) -> SSSDLit:
        """The untrained networks."""
        return SSSDLit(
            self.parameters,
            self.seed,
            n_columns=self._n_columns,
            window_bars=self._window_bars,
            n_features=self._conditioner.mean.size,
            n_slow=self.n_slow,
            horizons=self.horizons,
            weights=self.weights,
            path_channels=path_channels,
        )

    def batch_of(self, rows: Rows, conditions: Conditions) -> WindowDataset:
        """Windows of decisions; where `order` says so, those of other decisions."""
        if self.order is None:
            return WindowDataset(self._windows(rows), self._window_bars, conditions)
        other = conditions.take(self.order)
        return WindowDataset(self._windows(rows.take(self.order)), self._window_bars, other)

    def fit_direct(self, train: Known, validation: Known) -> None:
        """Train encoder and scale head on the increments."""
        datasets = [
            WindowDataset(self._windows(known.rows), self._window_bars, known.conditions, known.target)
            for known in (train, validation)
        ]
        settings = self.parameters
        train_on(self, DIRECT, *datasets, n_epochs=settings.encoder_epochs, num_workers=settings.num_workers)

    def fit_generator(self, train: dict[str, Tensor], validation: dict[str, Tensor]) -> None:
        """Train the diffusion head."""
        train_on(self, DIFFUSION, ArrayDataset(**train), ArrayDataset(**validation), n_epochs=self.parameters.epochs)

    def generate(self, context: Tensor, noise: np.random.Generator, n_samples: int) -> Tensor:
        """Scores from noise."""
        head = self.module.diffusion
        shape = head.noise_shape(n_samples)
        values = denoised(head.conditioned(context), head.schedule, noise, shape, self.parameters)
        scores: Tensor = head.scores(values)
        return scores

    def own_state(self) -> dict[str, object]:
        """Statistics of panels, scales and ablations."""
        return {"statistics": self.statistics, "scales": list(self.scales), "ablations": self.ablations}

    def restore(self, state: Mapping[str, object]) -> None:
        """Take what `own_state` gave."""
        self.statistics = cast("dict[str, Any]", state["statistics"])
        self.scales = tuple(cast("list[int]", state["scales"]))
        self.ablations = cast("dict[str, float]", state["ablations"])

    @property
    def _minutes(self) -> list[int]:
        return sorted(map(int, self.statistics))

    @property
    def _n_columns(self) -> list[int]:
        if self.statistics:
            return [len(self.statistics[str(minutes)]["columns"]) for minutes in self._minutes]
        return [n_history_channels(self._conditioner.variance)] * len(self.scales)

    @property
    def _window_bars(self) -> list[int]:
        if self.statistics:
            return [self.parameters.window_length(minutes) for minutes in self._minutes]
        return [self.parameters.window_bars] * len(self.scales)

    def _windows(self, rows: Rows) -> NativeWindows | HistoryWindows:
        if self.statistics:
            if rows.native is None:
                raise MissingData(
                    "rows must bring the panels that the model was trained on",
                    was="rows without panels",
                    do=f"build the features of {', '.join(map(str, self._minutes))} minutes",
                )
            return rows.native.with_statistics(self.statistics)
        if self._source.scales != self.scales:
            self._source = HistorySource(self.scales)
        return self._source.windows(cast("BarHistory", rows.history), self._conditioner.variance)
