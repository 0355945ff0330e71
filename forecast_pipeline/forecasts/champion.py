"""The gate: a model serves only if it has beaten the best baseline; otherwise that baseline serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests.report import read_report
from forecast_pipeline.core.publication import Published, publish, require

if TYPE_CHECKING:
    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.timeframe import Timeframe

SIGNIFICANCE = 0.05
RULE = (
    f"among models with positive CRPS skill against the best baseline at one horizon at least, adjusted "
    f"Diebold-Mariano p below {SIGNIFICANCE}, and at no horizon significantly worse than it, the one with the largest "
    "such skill; if there is none, the baseline that is best at most horizons"
)


def choose_champion(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """Apply the gate to the newest report and publish who serves, and why.

    Raises:
        MissingData: If there is no report.
    """
    report = read_report(home, symbol, timeframe)
    champion, reason = gate(report.read_frame(".scores.parquet"))
    facts = {
        "stage": "forecasts",
        "symbol": symbol,
        "timeframe": timeframe.value,
        "champion": champion,
        "reason": reason,
        "rule": RULE,
        "upstream": {"report": report.sha256},
    }
    return publish(home.forecasts(symbol), f"{timeframe}.champion", {}, facts)


def read_champion(home: Home, symbol: str, timeframe: Timeframe) -> Published:
    """The published champion of a symbol and timeframe.

    Raises:
        MissingData: If none was chosen yet.
    """
    do = f"forecast-pipeline build --symbol {symbol} --timeframe {timeframe}"
    what = f"champion of {symbol} {timeframe}"
    return require(home.forecasts(symbol), f"{timeframe}.champion", what, do)


def gate(scores: pl.DataFrame) -> tuple[str, str]:
    """Name of the model that serves and the reason, from the report's score table.

    Args:
        scores: One row a model and horizon with ``is_baseline``, ``crps_bps``, ``crps_skill``
            against the best baseline, ``dm_p_value`` and ``dm_p_adjusted``.
    """
    # To serve, a win must survive the correction for many tries; to be turned away, a loss need not.
    won = (pl.col("dm_p_adjusted") < SIGNIFICANCE) & (pl.col("crps_skill") > 0)
    lost = (pl.col("dm_p_value") < SIGNIFICANCE) & (pl.col("crps_skill") < 0)
    contenders = (
        scores.filter(~pl.col("is_baseline"))
        .with_columns(won.fill_null(value=False).alias("won"), lost.fill_null(value=False).alias("lost"))
        .group_by("model", maintain_order=True)
        .agg(
            pl.col("lost").any(),
            pl.col("horizon_bars").filter("won").sort(),
            pl.col("crps_skill").filter("won").max().alias("skill"),
        )
        .filter(~pl.col("lost") & (pl.col("horizon_bars").list.len() > 0))
        .sort("skill", "model", descending=[True, False])
    )
    if contenders.height:
        name, skill = str(contenders["model"][0]), float(contenders["skill"][0])
        bars = ", ".join(str(h) for h in contenders["horizon_bars"][0])
        return name, f"beats the best baseline significantly at {bars} bars, by up to {skill:.2%} of CRPS"
    best = scores.filter("is_baseline").sort("crps_bps", "model").group_by("horizon_bars").agg(pl.col("model").first())
    wins = best.group_by("model").len().sort("len", "model", descending=[True, False])
    name, count = str(wins["model"][0]), int(wins["len"][0])
    return (
        name,
        f"no model beat the best baseline significantly; this one is best at {count} of {best.height} horizons",
    )
