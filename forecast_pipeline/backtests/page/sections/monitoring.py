"""Section 13: what happened after promotion, once something has been promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast_pipeline.backtests.page.blocks import Missing

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_WHY = "not recorded: forecasts that were served are not scored here"


def context(_source: Source) -> Context:
    """Every item as a visible line: nothing is monitored yet."""
    items = (
        "Realised against expected CRPS of served forecasts",
        "Cumulative sum of coverage",
        "Drift since training",
        "Age of the model and log of retraining",
        "Champion and challenger",
    )
    return {"missing": [Missing(item, _WHY) for item in items]}
