"""Encoding as bars close: each new bar moves the states of its timeframe in constant time."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.s4.compiled_step import can_take
from forecast_pipeline.models.sssd.compiled_stack import CompiledStack

if TYPE_CHECKING:
    from torch import Tensor

    from forecast_pipeline.models.s4.block import S4Block
    from forecast_pipeline.models.sssd.encoder import MultiScaleEncoder
    from forecast_pipeline.models.sssd.timeframe_encoder import TimeframeEncoder


class TimeframeStream:
    """The states of one timeframe's stack, its newest output and the sum of outputs.

    Attributes:
        states: Of all blocks, moved in place.
        n_bars: Bars seen.

    Args:
        encoder: In ``eval()``; its weights may not change while the stream runs.
        n_rows: Streams side by side ``B``.
    """

    def __init__(self, encoder: TimeframeEncoder, n_rows: int = 1) -> None:
        self.encoder = encoder
        self.blocks = [cast("S4Block", block) for block in encoder.blocks]
        self.states = torch.stack([block.initial_state(n_rows) for block in self.blocks])
        like = encoder.norm.weight
        self.last = like.new_zeros(n_rows, like.numel())
        self.total = self.last.double()
        self.n_bars = 0
        self._entry = encoder.entry
        self._stack: CompiledStack | None = None

    def push(self, bar: Tensor) -> None:
        """Take the bar that has just closed, shape ``(B, F)``."""
        with torch.inference_mode():
            stack = self._compiled(bar)
            if stack is not None:
                self.last, self.total = stack.push(bar, self.states, self.total)
            else:
                hidden: Tensor = self.encoder.entry(bar)
                for place, block in enumerate(self.blocks):
                    hidden, self.states[place] = block.step(hidden, self.states[place])
                self.last = self.encoder.norm(hidden)
                self.total = self.total + self.last
        self.n_bars += 1

    def warm_up(self, bars: Tensor) -> None:
        """Take many closed bars at once, shape ``(B, L, F)``, oldest first."""
        with torch.inference_mode():
            hidden: Tensor = self.encoder.entry(bars).transpose(1, 2)
            for place, block in enumerate(self.blocks):
                hidden, self.states[place] = block.advance(hidden, self.states[place])
            outputs = self.encoder.norm(hidden.transpose(1, 2))
            self.last = outputs[:, -1]
            self.total = self.total + outputs.double().sum(dim=1)
        self.n_bars += bars.shape[1]

    def token(self) -> Tensor:
        """Token of all bars seen, shape ``(B, n_token)``; before the first that of outputs of 0."""
        with torch.inference_mode():
            return self.encoder.token_of(self.last, (self.total / max(self.n_bars, 1)).to(self.last.dtype))

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_stack": None}

    def _compiled(self, bar: Tensor) -> CompiledStack | None:
        """What takes a bar without starting operations one by one, or nothing where torch has to."""
        if not can_take(bar, (len(self.last), self._entry.in_features)):
            return None
        if self._stack is None or not self._stack.is_current():
            self._stack = CompiledStack.of(self._entry, self.blocks, self.encoder.norm)
        return None if self._stack is None or self._stack.dtype != bar.dtype else self._stack


class StreamingEncoder:
    """`MultiScaleEncoder` with memory: after each push its context is that of re-encoding all bars seen.

    A served window is of fixed length and forgets what a stream still holds, so the two agree on all bars since the
    stream began, not on the newest ``window_bars``. Time of a push does not depend on how many bars came before.

    Args:
        encoder: In ``eval()``.
        n_rows: Streams side by side ``B``.

    Raises:
        InvalidConfiguration: If the encoder is in training.

    Example:
        >>> from forecast_pipeline.models.sssd.encoder import MultiScaleEncoder
        >>> from forecast_pipeline.models.sssd.parameters import SSSDParameters
        >>> encoder = MultiScaleEncoder(SSSDParameters(), [3, 2], [8, 8], 4, 0).eval()
        >>> stream = StreamingEncoder(encoder)
        >>> stream.push(0, torch.zeros(1, 3))
        >>> tuple(stream.context(torch.zeros(1, 2), torch.zeros(1, 4), torch.zeros(1, 0)).shape)
        (1, 64)
    """

    def __init__(self, encoder: MultiScaleEncoder, n_rows: int = 1) -> None:
        if encoder.training:
            raise InvalidConfiguration(
                "an encoder that streams must be in evaluation", was="training", do="call eval()"
            )
        self.encoder = encoder
        self.timeframes = [TimeframeStream(cast("TimeframeEncoder", each), n_rows) for each in encoder.timeframes]
        self.n_rows = n_rows

    def push(self, timeframe: int, bar: Tensor) -> None:
        """Take the bar of a timeframe, counted from the fastest, that has just closed, shape ``(B, F)``."""
        self.timeframes[timeframe].push(bar)

    def warm_up(self, timeframe: int, bars: Tensor) -> None:
        """Take many closed bars of a timeframe, shape ``(B, L, F)``, oldest first."""
        self.timeframes[timeframe].warm_up(bars)

    def context(self, age: Tensor, features: Tensor, slow: Tensor) -> Tensor:
        """Context now, shape ``(B, context_dim)``; arguments as of `MultiScaleEncoder.forward`."""
        tokens = torch.stack([each.token() for each in self.timeframes], dim=1)
        there = torch.tensor([each.n_bars > 0 for each in self.timeframes], device=tokens.device)
        with torch.inference_mode():
            return self.encoder.context(tokens, there.expand(self.n_rows, -1), age, features, slow)
