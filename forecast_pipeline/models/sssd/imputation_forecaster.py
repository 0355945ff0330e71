"""The SSSD^S4 forecaster: the future is what is missing of a sequence whose past is observed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from forecast_pipeline.models.neural.batches import ArrayDataset
from forecast_pipeline.models.neural.drawing import denoised
from forecast_pipeline.models.neural.forecaster import NeuralForecaster
from forecast_pipeline.models.neural.stage_module import DIFFUSION, DIRECT
from forecast_pipeline.models.sssd.data_module import train_on
from forecast_pipeline.models.sssd.imputation import conditioned
from forecast_pipeline.models.sssd.imputation_lit import ImputationLit
from forecast_pipeline.models.sssd.imputation_parameters import ImputationParameters
from forecast_pipeline.models.sssd.windows import HistorySource, WindowDataset

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from forecast_pipeline.models.neural.conditioning import Conditions
    from forecast_pipeline.models.neural.records import Known
    from forecast_pipeline.splits.arrays import BarHistory, Rows

RETURNS_ONLY = (0,)


class ImputationForecaster(NeuralForecaster):
    """SSSD^S4: forecasting as imputation of a masked future, after the scale that all neural families share.

    Alcaraz and Strodthoff 2022. The observed part is the past of scaled returns, the missing part the normal scores of
    the future; the published benchmarks forecast unscaled values with the same network (`imputation.impute`).
    """

    family = "sssd_s4"
    settles_context = False  # the observed part is the method
    recalibration_draws = 8192  # a draw runs through a whole sequence, not through a vector

    def __init__(self, parameters: Any, seed: int) -> None:  # noqa: ANN401 - settings of the family
        super().__init__(parameters, seed)
        self._source = HistorySource((1,), RETURNS_ONLY)

    @classmethod
    def parameters_class(cls) -> type[ImputationParameters]:
        """Settings of the family."""
        return ImputationParameters

    def build_module(self, path_channels: int) -> ImputationLit:
        """The untrained networks."""
        return ImputationLit(
            self.parameters,
            self.seed,
            n_features=self._conditioner.mean.size + self.n_slow,
            weights=self.weights,
            path_channels=path_channels,
        )

    def batch_of(self, rows: Rows, conditions: Conditions) -> WindowDataset:
        """Windows of past returns."""
        return self._dataset(rows, conditions, None)

    def fit_direct(self, train: Known, validation: Known) -> None:
        """Train the scale head on the increments."""
        datasets = [self._dataset(known.rows, known.conditions, known.target) for known in (train, validation)]
        train_on(self, DIRECT, *datasets, n_epochs=self.parameters.epochs)

    def fit_generator(self, train: dict[str, Tensor], validation: dict[str, Tensor]) -> None:
        """Train the residual network on the missing part."""
        n_epochs = self.parameters.network_epochs
        train_on(self, DIFFUSION, ArrayDataset(**train), ArrayDataset(**validation), n_epochs=n_epochs)

    def generate(self, context: Tensor, noise: np.random.Generator, n_samples: int) -> Tensor:
        """Scores of the missing future."""
        settings, module = self.parameters, self.module
        values, mask = module.sequence(context, context.new_zeros(1, module.path_channels, module.n_horizons))
        shape = (n_samples, *values.shape[1:])
        drawn = denoised(conditioned(module.model, values, mask), module.schedule, noise, shape, settings)
        scores: Tensor = drawn[..., settings.window_bars :]
        return scores

    def _dataset(self, rows: Rows, conditions: Conditions, target: Any) -> WindowDataset:  # noqa: ANN401 - or None
        windows = self._source.windows(cast("BarHistory", rows.history), self._conditioner.variance)
        return WindowDataset(windows, [self.parameters.window_bars], conditions, target)
