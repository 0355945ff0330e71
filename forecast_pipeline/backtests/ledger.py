"""The ledger of trials: losses and returns by day of every configuration ever tried, winners and losers alike.

What was tried decides how much the best result is worth. A ledger belongs to one symbol and timeframe, grows with
every report and forgets nothing: a trial that lost keeps its rows, a trial that is run again on more data gains some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests.groups import BPS, ROW, fx_day
from forecast_pipeline.core.hashing import sha256_of_value
from forecast_pipeline.core.publication import Published, find, frame_writer, publish
from forecast_pipeline.core.schema import check_schema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LEDGER_NAME = "ledger"
LEDGER: dict[str, pl.DataType] = {
    "trial": pl.String(),
    "model": pl.String(),
    "parameters_sha256": pl.String(),
    "fx_day": pl.Int32(),
    "horizon_bars": pl.Int32(),
    "crps_bps": pl.Float64(),
    "reference_bps": pl.Float64(),
    "net": pl.Float64(),
}
"""A row a trial, FX day (days since 1970, 17:00 to 17:00 New York) and horizon: mean CRPS of the day's decisions and
that of the best baseline, and at the traded horizon the net log return of the day, null at the others."""
_KEY = ["trial", "fx_day", "horizon_bars"]


def trials_of(
    tested: pl.DataFrame,
    scores: pl.DataFrame,
    daily_net: pl.DataFrame,
    trading_horizon_bars: int,
    facts: Mapping[str, Any],
) -> pl.DataFrame:
    """Rows of the ledger for one run, in the schema `LEDGER`; baselines are no trials.

    A trial is a model with its parameters on the same features, folds and policy; new data make no new trial.

    Args:
        tested: Out-of-sample rows.
        scores: Of `tables.scores_and_comparisons`: names the best baselines.
        daily_net: ``model``, ``fx_day``, ``net``.
        trading_horizon_bars: Horizon that was traded.
        facts: Card of the forecasts, for ``model_parameters`` and ``settings_sha256``.
    """
    best = scores.filter("is_baseline").sort("horizon_bars", "crps_bps", "model").unique("horizon_bars", keep="first")
    reference = tested.join(best.select("horizon_bars", "model"), on=["horizon_bars", "model"], how="semi")
    paired = tested.filter(~pl.col("is_baseline")).join(
        reference.select("horizon_bars", *ROW, reference="crps"), on=["horizon_bars", *ROW], how="left"
    )
    daily = (
        paired.with_columns(fx_day=fx_day(paired["issued_at_utc"]).cast(pl.Int32))
        .group_by("model", "fx_day", "horizon_bars", maintain_order=True)
        .agg(crps_bps=BPS * pl.col("crps").mean(), reference_bps=BPS * pl.col("reference").mean())
    )
    traded = daily_net.select(
        "model",
        pl.col("fx_day").cast(pl.Int32),
        pl.col("net").cast(pl.Float64),
        pl.lit(trading_horizon_bars, pl.Int32).alias("horizon_bars"),
    )
    rows = daily.join(traded, on=["model", "fx_day", "horizon_bars"], how="left")
    parameters = {name: facts.get("model_parameters", {}).get(name) for name in rows["model"].unique().sort()}
    names = pl.DataFrame(
        {
            "model": list(parameters),
            "trial": [trial_id(name, values, facts.get("settings_sha256")) for name, values in parameters.items()],
            "parameters_sha256": [sha256_of_value(values) for values in parameters.values()],
        },
        schema={"model": pl.String(), "trial": pl.String(), "parameters_sha256": pl.String()},
    )
    return (
        rows.join(names, on="model", how="left")
        .select([pl.col(n).cast(kind) for n, kind in LEDGER.items()])
        .sort(*_KEY)
    )


def trial_id(model: str, parameters: object, settings_sha256: object) -> str:
    """Name of a configuration: equal for equal ones.

    Example:
        >>> trial_id("ridge", {"alpha": 1.0}, None) == trial_id("ridge", {"alpha": 1.0}, None)
        True
    """
    return sha256_of_value([model, parameters, settings_sha256])[:16]


def merged(known: pl.DataFrame | None, run: pl.DataFrame) -> pl.DataFrame:
    """The ledger with a run added: days that the run covers take its values, all other rows stay.

    Example:
        >>> row = {"trial": "a", "model": "m", "parameters_sha256": "", "fx_day": 1, "horizon_bars": 1}
        >>> old = pl.DataFrame([row | {"crps_bps": 2.0, "reference_bps": 1.0, "net": None}], schema=LEDGER)
        >>> merged(old, old.with_columns(fx_day=pl.lit(2, pl.Int32))).height, merged(old, old).height
        (2, 1)
    """
    if known is None:
        return run
    kept = known.join(run, on=_KEY, how="anti")
    return pl.concat([kept, run]).sort(*_KEY)


def add_to_ledger(folder: Path, run: pl.DataFrame) -> Published:
    """Publish the ledger of a folder with a run added; adding the same run again changes nothing.

    Raises:
        CorruptData: If the ledger is not what was published: it is the memory of what was tried, so it is not
            started anew.
    """
    present = find(folder, LEDGER_NAME)
    whole = merged(None if present is None else read_ledger(present), run)
    facts = {"stage": "backtests", "n_trials": whole["trial"].n_unique(), "n_rows": whole.height}
    return publish(folder, LEDGER_NAME, {".parquet": frame_writer(whole)}, facts)


def read_ledger(published: Published) -> pl.DataFrame:
    """Rows of a published ledger.

    Raises:
        CorruptData: If they are not what was published.
    """
    frame = published.read_frame()
    check_schema(frame, LEDGER, "the ledger of trials")
    return frame
