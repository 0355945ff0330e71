"""Any family of the registry on a plain array of closes: fit, sample jointly over a horizon grid, save and load.

What belongs here: reading closes, candle frames and panels, mending their defects, and the rows that a forecaster
sees. What does not: files of the lake, folds of a walk-forward, and any rule of a family.

`fit_series`, `fit_panel`, `load_series` and `load_panel` are imported when they are asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast_pipeline.forecasts.series.fit import fit_series
    from forecast_pipeline.forecasts.series.panel import fit_panel
    from forecast_pipeline.forecasts.series.storage import load_panel, load_series

__all__ = ["fit_panel", "fit_series", "load_panel", "load_series"]

_MODULES = {"fit_series": "fit", "fit_panel": "panel", "load_series": "storage", "load_panel": "storage"}


def __getattr__(name: str) -> object:
    """The function of that name, from its module."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
