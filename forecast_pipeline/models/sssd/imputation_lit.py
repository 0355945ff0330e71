"""``ImputationLit``: a scale head of features, and the residual S4 network that imputes the masked future."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from forecast_pipeline.models.diffusion.schedule import NoiseSchedule
from forecast_pipeline.models.neural.direct_losses import direct_losses
from forecast_pipeline.models.neural.scale_head import Direct, ScaleHead
from forecast_pipeline.models.neural.stage_module import DIRECT, StageModule
from forecast_pipeline.models.s4.settings import S4Settings
from forecast_pipeline.models.sssd.imputation import ImputationModel, imputation_loss
from forecast_pipeline.models.sssd.linear_schedule import LinearNoiseSchedule
from forecast_pipeline.models.sssd.residual_s4 import ResidualS4
from forecast_pipeline.models.sssd.state_space_groups import state_space_groups

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    import numpy as np
    import numpy.typing as npt

    from forecast_pipeline.models.neural.batches import Batch
    from forecast_pipeline.models.sssd.imputation_parameters import ImputationParameters


class FeatureScaleHead(ScaleHead):
    """`ScaleHead` that reads the features at the begin of a context through a layer of its own.

    Args:
        weights: Shape ``(V, K)``, of the starting mixture.
        n_features: Length of the features.
        width: Width of the layer.
        dropout: Share of features dropped while training.
    """

    def __init__(self, weights: npt.NDArray[np.float64], n_features: int, width: int, dropout: float) -> None:
        super().__init__(weights, width)
        self.n_features = n_features
        self.layer = nn.Sequential(nn.Dropout(dropout), nn.Linear(n_features, width), nn.SiLU())

    def forward(self, states: Tensor, context: Tensor) -> Direct:
        """Law of each increment."""
        return super().forward(states, self.layer(context[:, : self.n_features]))


class ImputationLit(StageModule):
    """The networks of SSSD^S4, trained in two stages.

    ``direct`` trains the scale head; ``diffusion`` the residual network on sequences of past scaled returns and normal
    scores of the future, of which the future is missing. A context is features, indicators and the past one after the
    other.

    Args:
        settings: Sizes.
        seed: Seed of all noise.
        n_features: Variance and clock features, and indicators.
        weights: Shape ``(V, K)``, the starting variance mixture.
        path_channels: Channels of a future path.
    """

    def __init__(
        self,
        settings: ImputationParameters,
        seed: int,
        *,
        n_features: int,
        weights: npt.NDArray[np.float64],
        path_channels: int,
    ) -> None:
        super().__init__(settings, seed)
        self.own = settings
        self.n_features = n_features
        self.n_horizons, self.path_channels = weights.shape[1], path_channels
        self.head = FeatureScaleHead(weights, n_features, settings.context_dim, settings.dropout)
        length = settings.window_bars + self.n_horizons
        self.network = ResidualS4(
            path_channels,
            width=settings.residual_channels,
            n_blocks=settings.residual_blocks,
            step_width=settings.step_width,
            settings=S4Settings(
                kernel=settings.s4_kernel,
                state_size=settings.s4_state_dim,
                bidirectional=settings.is_bidirectional,
                kernel_length=length,
            ),
        )
        is_linear = settings.beta_schedule == "linear"
        self.schedule = LinearNoiseSchedule(settings.T) if is_linear else NoiseSchedule(settings.T, "epsilon")

    @property
    def model(self) -> ImputationModel:
        """Network and schedule, as `imputation` takes them."""
        return ImputationModel(self.network, self.schedule, self.own.parameterization == "v")

    def trained(self) -> Iterable[nn.Module]:
        """Networks of the present stage."""
        return (self.head,) if self.stage == DIRECT else (self.network,)

    def context(self, batch: Batch) -> Tensor:
        """Features, indicators and past returns, shape ``(B, n_features + window_bars)``."""
        past = batch["bars_0"][..., 0]
        return torch.cat([batch["features"], batch["slow"], past], dim=1)

    def sequence(self, context: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Past and future one after the other, and the mask of the past, each of shape ``(B, C, L + K)``.

        Args:
            context: Shape ``(B, n_features + L)``.
            scores: Shape ``(B, C, K)``; channels beyond the first have a past of zeros.
        """
        past = scores.new_zeros(context.shape[0], self.path_channels, self.own.window_bars)
        past[:, 0] = context[:, self.n_features :]
        values = torch.cat([past, scores.expand(context.shape[0], -1, -1)], dim=2)
        mask = torch.ones_like(values)
        mask[..., self.own.window_bars :] = 0.0
        return values, mask

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses of the present stage."""
        if self.stage == DIRECT:
            return direct_losses(self.head, batch, self.context(batch), generator, lambda_crps=self.own.lambda_crps)
        scores = self.mirrored_by_chance(batch["scores"], generator)
        values, mask = self.sequence(batch["context"], scores)
        squared = imputation_loss(self.model, values, mask, generator)
        error = squared.sum() / (1.0 - mask).sum()
        return {"loss": error, "epsilon": error}

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Weights with decay; biases, gains and single numbers without; poles and steps without and slowly."""
        return state_space_groups(self, self.learning_rate, self.own.weight_decay)
