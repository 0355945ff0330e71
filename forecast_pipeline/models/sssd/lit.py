"""``SSSDLit``: multi-scale encoder, direct head and diffusion head, and the losses of each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from forecast_pipeline.models.diffusion.steps import loss_weight, stratified_steps
from forecast_pipeline.models.neural.direct_losses import direct_losses
from forecast_pipeline.models.neural.scale_head import ScaleHead
from forecast_pipeline.models.neural.stage_module import DIRECT, StageModule
from forecast_pipeline.models.sssd.encoder import MultiScaleEncoder
from forecast_pipeline.models.sssd.head import DiffusionHead, weights_of
from forecast_pipeline.models.sssd.state_space_groups import state_space_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    import numpy.typing as npt

    from forecast_pipeline.models.neural.batches import Batch
    from forecast_pipeline.models.sssd.parameters import SSSDParameters


class SSSDLit(StageModule):
    """The networks of the family, trained in two stages.

    ``direct`` trains encoder and scale head on increments; ``diffusion`` the diffusion head on normal scores of paths,
    with the encoder at rest: it would change the scale that the scores are measured in. Losses of horizons are
    weighted. Poles and steps of state spaces take small steps and no weight decay.

    Args:
        settings: Sizes and weights.
        seed: Seed of all noise.
        n_columns: Values of a bar of each timeframe.
        window_bars: Bars of the window of each timeframe.
        n_features: Variance and clock features.
        n_slow: Indicators.
        horizons: Ends of the increments in bars.
        weights: Shape ``(V, K)``, the starting variance mixture.
        path_channels: Channels of a future path.
    """

    horizon_weights: Tensor

    def __init__(
        self,
        settings: SSSDParameters,
        seed: int,
        *,
        n_columns: Sequence[int],
        window_bars: Sequence[int],
        n_features: int,
        n_slow: int,
        horizons: Sequence[int],
        weights: npt.NDArray[np.float64],
        path_channels: int,
    ) -> None:
        super().__init__(settings, seed)
        self.own = settings
        self.encoder = MultiScaleEncoder(settings, n_columns, window_bars, n_features, n_slow)
        self.head = ScaleHead(weights, settings.context_dim)
        self.diffusion = DiffusionHead(settings, path_channels, horizons)
        each = weights_of(settings.horizon_weights, len(horizons))
        self.register_buffer("horizon_weights", each, persistent=False)

    def trained(self) -> Iterable[nn.Module]:
        """Networks of the present stage."""
        return (self.encoder, self.head) if self.stage == DIRECT else (self.diffusion,)

    def context(self, batch: Batch) -> Tensor:
        """Context of each row, shape ``(B, context_dim)``."""
        n_panels = len(self.encoder.timeframes)
        bars = [batch[f"bars_{each}"] for each in range(n_panels)]
        is_known = [batch[f"is_known_{each}"] for each in range(n_panels)]
        context: Tensor = self.encoder(bars, is_known, batch["age"], batch["features"], batch["slow"])
        return context

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses of the present stage."""
        if self.stage == DIRECT:
            return direct_losses(
                self.head,
                batch,
                self.context(batch),
                generator,
                lambda_crps=self.own.lambda_crps,
                horizon_weights=self.horizon_weights,
            )
        scores = self.mirrored_by_chance(batch["scores"], generator)
        return self._diffusion_losses(scores, batch["context"], generator)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Weights with decay; biases, gains and single numbers without; poles and steps without and slowly."""
        return state_space_groups(self, self.learning_rate, self.own.weight_decay)

    def _diffusion_losses(self, scores: Tensor, context: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        head, n_rows = self.diffusion, scores.shape[0]
        clean = head.values(scores)
        step = stratified_steps(n_rows, head.schedule.n_steps, torch.rand(n_rows, generator=generator)).to(
            scores.device
        )
        noise = torch.randn(clean.shape, generator=generator).to(clean)
        noisy = head.schedule.noised(clean, noise, step)
        predicted = head.conditioned(context)(noisy, step)
        with torch.autocast(scores.device.type, enabled=False):
            predicted = predicted.float()
            squared = (predicted - head.schedule.target(clean, noise, step)).square()
            weight = loss_weight(head.schedule, step, self.own.loss_weight).to(clean)
            each = self._by_horizon(squared)  # (B, K)
            error = (weight[:, None] * each * self.horizon_weights).mean()
            contradiction = head.contradiction(predicted, noisy, step)
        loss = error + self.own.consistency_weight * contradiction
        return {"loss": loss, self.own.parameterization: error, "consistency": contradiction}

    def _by_horizon(self, squared: Tensor) -> Tensor:
        if self.diffusion.is_joint:
            return squared.view(squared.shape[0], -1, self.diffusion.n_horizons).mean(dim=1)
        return squared.mean(dim=2)
