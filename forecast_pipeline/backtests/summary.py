"""Every number of the report, computed from the forecasts file and, for costs, the usual spread of the symbol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests import curves, tables
from forecast_pipeline.backtests.economics import cost_hurdle, trade
from forecast_pipeline.backtests.schema import FORECASTS, OUT_OF_SAMPLE
from forecast_pipeline.backtests.verdict import judge
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.schema import check_schema
from forecast_pipeline.core.symbol import pip_size

if TYPE_CHECKING:
    from forecast_pipeline.backtests.positions import CostModel
    from forecast_pipeline.backtests.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the report says, as frames.

    Attributes:
        costs: What a trade was charged.
        scores: Out-of-sample scores, a row per model and horizon.
        comparisons: CRPS skill against each baseline, a row per model, horizon, baseline.
        folds: Scores by fold.
        samples: In-sample beside out-of-sample.
        economics: Results of trading one horizon, a row per model.
        equity: The accounts behind ``economics``, a row per model and fill.
        curves: What the figures of the headline model show, by figure.
        verdict: Lights, conclusion and doubt.
    """

    costs: CostModel
    scores: pl.DataFrame
    comparisons: pl.DataFrame
    folds: pl.DataFrame
    samples: pl.DataFrame
    economics: pl.DataFrame
    equity: pl.DataFrame
    curves: dict[str, pl.DataFrame]
    verdict: Verdict


def summarise(
    forecasts: pl.DataFrame,
    facts: dict[str, Any],
    costs: CostModel,
    *,
    spread_profile: pl.DataFrame | None = None,
    trading_horizon_bars: int | None = None,
) -> Summary:
    """Compute the report.

    Args:
        forecasts: In the schema `backtests.schema.FORECASTS`.
        facts: The card of that file; only ``symbol`` (size of a pip) and ``leak_suite``
            (a light) matter here, and both may be missing.
        costs: What a trade costs.
        spread_profile: Usual spread by hour of the week, charged where none was measured.
        trading_horizon_bars: Horizon the policy trades; the longest by default.

    Raises:
        CorruptData: If the frame does not follow the schema.
        MissingData: If it has no out-of-sample row.
    """
    check_schema(forecasts, FORECASTS, "the forecasts file")
    ordered = forecasts.sort("horizon_bars", "is_baseline", "model", "issued_at_utc", "fold")
    tested = ordered.filter(pl.col("segment") == OUT_OF_SAMPLE)
    if tested.is_empty():
        raise MissingData(
            "a report needs out-of-sample forecasts", was="none", do="materialise them for this partition"
        )
    pip = pip_size(str(facts.get("symbol", "")))
    scores, comparisons = tables.scores_and_comparisons(tested)
    folds = tables.fold_scores(tested, scores)
    horizon_bars = trading_horizon_bars or scores["horizon_bars"].max()
    traded = tested.filter(pl.col("horizon_bars") == horizon_bars)
    economics, equity = trade(traded, costs, pip, spread_profile)
    hurdle = cost_hurdle(traded, costs, pip, spread_profile)
    verdict = judge(scores, folds, economics, hurdle, facts.get("leak_suite"))
    return Summary(
        costs=costs,
        scores=scores,
        comparisons=comparisons,
        folds=folds,
        samples=tables.sample_scores(ordered, scores),
        economics=economics,
        equity=equity,
        curves=curves.compute(tested, scores, verdict.headline_model, verdict.headline_horizon_bars),
        verdict=verdict,
    )
