"""Typed errors whose text says what must hold, what was found, why it matters and what to do."""

from __future__ import annotations


class PipelineError(Exception):
    """A refusal that a person can act on; nothing was written.

    Args:
        must: The condition that has to hold.
        was: What was found instead.
        why: Why it matters.
        do: What to do about it.

    Example:
        >>> str(PipelineError("purge_bars must be at least horizon_bars=3", was="2", do="raise purge_bars"))
        'purge_bars must be at least horizon_bars=3, was 2. To do: raise purge_bars.'
    """

    def __init__(self, must: str, *, was: str | None = None, why: str | None = None, do: str | None = None) -> None:
        text = must if was is None else f"{must}, was {was}"
        text += f": {why}" if why else ""
        text += f". To do: {do}." if do else ""
        super().__init__(text)


class InvalidConfiguration(PipelineError):
    """A setting is unknown, has the wrong type, or contradicts another one."""


class UnknownSymbol(PipelineError):
    """A symbol is malformed or has no data in the lake."""


class UnknownTimeframe(PipelineError):
    """A timeframe is not one of ours."""


class RefusedFile(PipelineError):
    """A vendor file cannot be read as what it was said to be."""


class NoRecords(RefusedFile):
    """A vendor file is well formed and holds nothing: no data, not a fault."""


class DownloadFailed(PipelineError):
    """A server does not give a whole body; what was fetched before stays in the cache."""


class MissingData(PipelineError):
    """A partition that is needed has not been built."""


class TooCoarse(MissingData):
    """A timeframe is asked for that the symbol's sources cannot give: nothing is wrong, it does not exist."""


class NotEnoughHistory(PipelineError):
    """There are fewer rows than warm-up, folds and horizon need."""


class CorruptData(PipelineError):
    """Bytes on disk are not the bytes that were published."""


class LeakDetected(PipelineError):
    """A value would change if the future changed."""


class TrainingFailed(PipelineError):
    """A model could not be fitted to its training rows."""


class Busy(PipelineError):
    """Another process holds the partition."""
