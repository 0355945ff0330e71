"""The log of a training in the event log of Dagster while it runs, and how long each stage of it took."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

PACKAGE = "forecast_pipeline"
NEURAL = "forecast_pipeline.models.neural"
# "family, stage: …" of the text: the handler of Dagster puts a run before it and takes the arguments out of a record.
_OF_STAGE = re.compile(r"(?:^| - )\w+, (\w+): ")


class TrainingLog(logging.Handler):
    """Takes the lines of the package while a partition is built.

    A line of a neural family names family and stage first; the time since the line before is that stage's.

    Attributes:
        seconds: Seconds to the last line of each stage, by stage.
    """

    def __init__(self, forward: logging.Logger | None) -> None:
        super().__init__(logging.INFO)
        self.forward = forward
        self.seconds: dict[str, float] = {}
        self._last = logging.makeLogRecord({}).created  # in the clock of the records

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a line on, and count its time."""
        message = record.getMessage()
        if self.forward is not None:
            self.forward.log(record.levelno, message)
        last, self._last = self._last, record.created
        found = _OF_STAGE.search(message) if record.name == NEURAL else None
        if found is not None:
            stage = found.group(1)
            self.seconds[stage] = self.seconds.get(stage, 0.0) + record.created - last


@contextmanager
def training_log(context: dg.AssetExecutionContext) -> Iterator[TrainingLog]:
    """Lines of the package go to the event log of the run, whatever the instance manages by itself.

    Our own instance captures them already (``python_logs`` in ``dagster.yaml``); then they are only timed, or each
    would stand there twice.
    """
    is_captured = any(name in {"root", PACKAGE, NEURAL} for name in context.instance.managed_python_loggers)
    handler = TrainingLog(None if is_captured else context.log)
    logger = logging.getLogger(PACKAGE)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO if level == logging.NOTSET else min(level, logging.INFO))
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
