"""Every number of the report: a pure function of the forecasts file, the costs, and what lies around them."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests import curves, gather, tables
from forecast_pipeline.backtests.ledger import merged, trials_of
from forecast_pipeline.backtests.lights import LeakRecord
from forecast_pipeline.backtests.model_sets import model_sets
from forecast_pipeline.backtests.overfitting import overfitting_evidence
from forecast_pipeline.backtests.page.evidence import Evidence, TradingEvidence
from forecast_pipeline.backtests.page.policy import policy_sentences
from forecast_pipeline.backtests.recalibration import recalibrate
from forecast_pipeline.backtests.schema import FORECASTS, OUT_OF_SAMPLE
from forecast_pipeline.backtests.surroundings import Surroundings
from forecast_pipeline.backtests.trading.parameters import TradingParameters
from forecast_pipeline.backtests.trading.report import trade_report
from forecast_pipeline.backtests.trading.spread import profile_before_test
from forecast_pipeline.backtests.verdict import headline_row, judge
from forecast_pipeline.core.errors import MissingData
from forecast_pipeline.core.schema import check_schema
from forecast_pipeline.core.symbol import pip_size
from forecast_pipeline.core.timeframe import Timeframe

if TYPE_CHECKING:
    from forecast_pipeline.backtests.positions import CostModel
    from forecast_pipeline.backtests.recalibration import Recalibration
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
        recalibration: The forecasts through the calibration layer, and its last states.
        trials: This run's rows of the ledger of trials.
        evidence: Everything else the page shows.
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
    recalibration: Recalibration
    trials: pl.DataFrame
    evidence: Evidence
    verdict: Verdict


_HURDLE = {
    "round_trip_pips": "round_trip_pips",
    "mean_move_pips": "mean_move_pips",
    "hit_rate": "hit_rate_needed",
    "information_coefficient": "ic_needed",
}
SEED = 20_140_501
"""Of bootstraps and of draws that the result is compared with."""


def summarise(
    forecasts: pl.DataFrame,
    facts: dict[str, Any],
    costs: CostModel,
    *,
    parameters: TradingParameters | None = None,
    spread_profile: pl.DataFrame | None = None,
    trading_horizon_bars: int | None = None,
    surroundings: Surroundings | None = None,
) -> Summary:
    """Compute the report.

    Args:
        forecasts: In the schema `backtests.schema.FORECASTS`.
        facts: The card of that file; every fact may be missing. ``symbol`` sets the size of a pip, ``timeframe`` the
            length of a bar, ``decision_stride_bars`` the overlap of labels, ``leak_suite`` a light.
        costs: What a trade costs.
        parameters: Policy, fills and account; the defaults if omitted.
        spread_profile: Usual spread by hour of the week, charged where none was measured and the rows before the
            first test row measured none either.
        trading_horizon_bars: Horizon the policy trades; the longest by default.
        surroundings: Ledger, importances and the rest; each part may be missing.

    Raises:
        CorruptData: If the frame does not follow the schema.
        MissingData: If it has no out-of-sample row.
    """
    check_schema(forecasts, FORECASTS, "the forecasts file")
    around = surroundings or Surroundings()
    ordered = forecasts.sort("horizon_bars", "is_baseline", "model", "issued_at_utc", "fold")
    tested = ordered.filter(pl.col("segment") == OUT_OF_SAMPLE)
    if tested.is_empty():
        raise MissingData(
            "a report needs out-of-sample forecasts", was="none", do="materialise them for this partition"
        )
    pip, stride = pip_size(str(facts.get("symbol", ""))), int(facts.get("decision_stride_bars", 1))
    timeframe = Timeframe(str(facts.get("timeframe", "1h")))
    scores, comparisons = tables.scores_and_comparisons(tested, stride)
    folds, samples = tables.fold_scores(tested, scores), tables.sample_scores(ordered, scores)
    headline = headline_row(scores)
    model, horizon_bars = str(headline["model"]), int(headline["horizon_bars"])
    traded_bars = trading_horizon_bars or int(scores["horizon_bars"].max())  # type: ignore[arg-type]
    traded = tested.filter(pl.col("horizon_bars") == traded_bars)
    policy = parameters or TradingParameters()
    trading = trade_report(
        traded,
        costs,
        policy,
        pip=pip,
        symbol=str(facts.get("symbol", "")),
        headline_model=model,
        seed=SEED,
        spread_profile=_usual_spread(ordered, spread_profile),
        conversion=around.conversion,
        all_horizons=tested,
    )
    recalibration = recalibrate(tested, stride)
    calibration = gather.calibration_evidence(recalibration, tested, headline["baseline"], model, horizon_bars)
    trials = trials_of(tested, scores, trading.daily_net, traded_bars, facts)
    overfitting = overfitting_evidence(
        merged(around.ledger, trials),
        trials,
        model,
        horizon_bars,
        n_known=around.n_trials_known,
        n_penalties=facts.get("n_penalties_tried"),
    )
    evidence = Evidence(
        calibration=calibration.table,
        conformal_width=calibration.width,
        hours=calibration.hours,
        model_set=model_sets(tested, scores, timeframe),
        overfitting=overfitting.statistics,
        pbo_logits=overfitting.logits,
        dsr_by_trials=overfitting.dsr_by_trials,
        trials=overfitting.trials,
        paths=around.paths,
        power=gather.power_curve(int(headline["n_eff"]), scores.filter(~pl.col("is_baseline")).height),
        degradation=gather.degradation(tables.fold_samples(ordered, scores)),
        drift=around.drift,
        leaks=around.planted,
        fold_invariance=around.invariance,
        trading=dataclasses.replace(
            TradingEvidence.of(trading), policy=policy_sentences(costs, policy, trading.economics)
        ),
        **gather.regime_evidence(tested, stride, horizon_bars),
        **gather.feature_evidence(around.features, around.importance, model),
    )
    verdict = judge(
        scores,
        folds,
        trading.economics,
        _hurdle(trading.hurdle, traded_bars),
        needed=dict(trading.hurdle.select("horizon_bars", "ic_needed").iter_rows()),
        calibration=calibration,
        overfitting=overfitting.statistics,
        leaks=LeakRecord(
            suite=facts.get("leak_suite"),
            planted=around.planted,
            alarms=around.alarms,
            invariance=around.invariance,
        ),
    )
    return Summary(
        costs=costs,
        scores=scores,
        comparisons=comparisons,
        folds=folds,
        samples=samples,
        economics=trading.economics,
        equity=trading.equity,
        curves=curves.compute(tested, scores, model, horizon_bars),
        recalibration=recalibration,
        trials=trials,
        evidence=evidence,
        verdict=verdict,
    )


def _usual_spread(forecasts: pl.DataFrame, whole_history: pl.DataFrame | None) -> pl.DataFrame | None:
    """Measured before the test where there is any; else that of the whole history, an assumption about costs."""
    before = profile_before_test(forecasts)
    return whole_history if before is None else before


def _hurdle(table: pl.DataFrame, horizon_bars: int) -> dict[str, float]:
    """What a forecast must achieve to pay its costs at one horizon; undefined where nothing could be filled."""
    rows = table.filter(pl.col("horizon_bars") == horizon_bars).to_dicts()
    return {name: float(rows[0][column]) if rows else math.nan for name, column in _HURDLE.items()}
