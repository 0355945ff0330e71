"""Settings of the specification that say how a network uses its device."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from forecast_pipeline.core.configuration import Configuration


class AcceleratorParameters(Configuration):
    """Read by neural families.

    Attributes:
        use_nvidia_opts: Turn on mixed precision, compilation, the fused optimiser and, where there is attention, flash.
        use_amp: Automatic mixed precision; scan kernels, transforms and losses stay in single precision.
        precision: Number format under mixed precision; a processor without fp16 takes bf16 instead, and says so.
        compile_model: Compile the networks before training.
        use_fused_optimizer: Fused optimiser steps.
        gradient_accumulation_steps: Batches of one optimiser step.
    """

    use_nvidia_opts: bool = False
    use_amp: bool = False
    precision: Literal["fp16", "bf16", "fp32"] = "fp16"
    compile_model: bool = False
    use_fused_optimizer: bool = False
    gradient_accumulation_steps: int = Field(default=1, ge=1)


class AttentionParameters(Configuration):
    """Read by families with attention.

    Attributes:
        use_flash_attention: Ask for flash attention first, then for memory-efficient, then for plain, where the device
            and the mask allow it; left out, torch chooses by itself.
    """

    use_flash_attention: bool = False
