"""The walk-forward report: one self-contained page, its numbers as JSON and Parquet, equal bytes every time.

Only this module of the reporting half publishes. Nothing here asks for the time: the page speaks of data times only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from forecast_pipeline.backtests import candle_record, plots, recalibration
from forecast_pipeline.backtests.data_quality import data_quality
from forecast_pipeline.backtests.ledger import add_to_ledger
from forecast_pipeline.backtests.page.render import render_page
from forecast_pipeline.backtests.positions import CostModel
from forecast_pipeline.backtests.report_files import report_frames, report_numbers
from forecast_pipeline.backtests.summary import summarise
from forecast_pipeline.backtests.surroundings import REPORT_NAME, read_surroundings
from forecast_pipeline.backtests.trading.parameters import TradingParameters
from forecast_pipeline.core.code_version import code_sha256
from forecast_pipeline.core.publication import (
    bytes_writer,
    frame_writer,
    publish,
    require,
    text_writer,
    write_atomically,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from forecast_pipeline.backtests.candle_record import CandleRecord
    from forecast_pipeline.backtests.summary import Summary
    from forecast_pipeline.backtests.surroundings import Surroundings
    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.core.timeframe import Timeframe

FORECASTS_NAME = "out_of_sample"
CALIBRATION = ".conformal.json"
"""Suffix of the file with the states of the calibration layer, from which live forecasts go on."""


def build_report(home: Home, symbol: str, timeframe: Timeframe, costs: CostModel | None = None) -> Published:
    """Compute the report of one symbol and timeframe, add its trials to the ledger, and publish it.

    Args:
        home: The state folder.
        symbol: Normalised symbol.
        timeframe: Base timeframe of the forecasts.
        costs: What a trade costs; if omitted, the ones in the card of the forecasts, else the defaults.
            Where a decision has no measured spread, the symbol's usual spread of the hour is read from its candles.

    Returns:
        The published report; ``report.html`` in the same folder is a copy of its page.

    Raises:
        MissingData: If the forecasts have not been built or hold no out-of-sample row.
        CorruptData: If they, the ledger or the candles of the symbol are not what was published.
    """
    folder = home.reports(symbol, timeframe)
    forecasts = require(
        folder,
        FORECASTS_NAME,
        what=f"out-of-sample forecasts of {symbol} {timeframe}",
        do="materialise them for this partition",
    )
    facts = {"symbol": symbol, "timeframe": str(timeframe)} | forecasts.card
    facts |= {"code_sha256": code_sha256(), "data_quality": data_quality(home, symbol, timeframe)}
    recorded = CostModel.parse(facts.get("costs") or {})
    record = candle_record.candle_record(home, symbol)
    around = read_surroundings(home, symbol, timeframe, forecasts)
    summary = summarise(
        forecasts.read_frame(),
        facts,
        costs or recorded,
        parameters=_trading(facts, around),
        spread_profile=record.spread_profile,
        surroundings=around,
    )
    # A trial that was made counts, whatever becomes of its report.
    add_to_ledger(folder, summary.trials)
    page, numbers = render_page(summary, facts, record, summary.evidence), report_numbers(summary, facts, record)
    states = json.dumps(recalibration.encode(summary.recalibration.states), allow_nan=False)
    files: dict[str, Callable[[Path], None]] = {
        ".html": text_writer(page),
        ".json": text_writer(json.dumps(numbers, indent=1, allow_nan=False) + "\n"),
        CALIBRATION: text_writer(states + "\n"),
        ".preview.png": bytes_writer(plots.preview_png(summary)),
    }
    files |= {f".{name}.parquet": frame_writer(frame) for name, frame in report_frames(summary).items()}
    upstream = {FORECASTS_NAME: forecasts.sha256} | record.upstream | dict(around.upstream)
    published = publish(folder, REPORT_NAME, files, _card_facts(facts, summary, record, upstream))
    write_atomically(folder / f"{REPORT_NAME}.html", page.encode())
    return published


def read_report(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """The published report of a symbol and timeframe.

    Raises:
        MissingData: If it has not been built.
    """
    do = f"forecast-pipeline build --symbol {symbol} --timeframe {timeframe}"
    return require(home.reports(symbol, timeframe), REPORT_NAME, f"report of {symbol} {timeframe}", do)


def _trading(facts: Mapping[str, Any], around: Surroundings) -> TradingParameters:
    """The policy recorded with the forecasts, on the side of the price that the bars are of unless one was chosen."""
    given = TradingParameters.parse(facts.get("trading") or {})
    if around.price_side is None or given.price_side != TradingParameters().price_side:
        return given
    return given.model_copy(update={"price_side": around.price_side})


def _card_facts(
    facts: Mapping[str, Any], summary: Summary, record: CandleRecord, upstream: Mapping[str, str]
) -> dict[str, Any]:
    verdict = summary.verdict
    return {
        "symbol": facts["symbol"],
        "timeframe": facts["timeframe"],
        "upstream": dict(upstream),
        "conclusion": verdict.conclusion,
        "doubt": verdict.doubt,
        "lights": {light.name: light.colour for light in verdict.lights},
        "headline_model": verdict.headline_model,
        "headline_horizon_bars": verdict.headline_horizon_bars,
        "n_trials": summary.evidence.overfitting.get("n_trials"),
        "costs": summary.costs.model_dump(),
        "spread_profile": candle_record.profile_values(record.spread_profile),
    }
