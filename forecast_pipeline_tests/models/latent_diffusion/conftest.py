"""Every test of this room runs on one thread."""

from forecast_pipeline_tests.models.one_torch_thread import one_thread

__all__ = ["one_thread"]
