"""What a report needs besides the forecasts: what was published with them, the ledger, and the leak suite's record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from forecast_pipeline.backtests.ledger import LEDGER_NAME, read_ledger
from forecast_pipeline.core.publication import find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.core.home import Home
    from forecast_pipeline.core.publication import Published
    from forecast_pipeline.core.timeframe import Timeframe

DRIFT, FEATURES, IMPORTANCE_SUFFIX, PATHS = (
    f".{name}.parquet" for name in ("drift", "features", "importance", "paths")
)
"""Suffixes of the files that the walk-forward publishes beside its forecasts."""
REPORT_NAME = "report"
MUTATION_SCORE, CUTOFF_INVARIANCE = "mutation_score", "cutoff_invariance"
"""Names of the cards with which the leak suite records planted leaks, and artefacts refitted without their future."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Each part may be missing; the report then says so.

    Attributes:
        ledger: All earlier trials.
        n_trials_known: Trials that the report before this one counted.
        drift: ``fold column ks_stat psi``.
        features: ``column timeframe missing_fraction warmup_bars``.
        importance: ``fold model column importance``.
        paths: ``path day_utc cumulative_loss_difference_bps``.
        conversion: ``close_ts_utc`` and ``rate``, account currency for one unit of quote currency.
        price_side: ``bid``, ``ask`` or ``mid`` of the bars; None if not recorded.
        planted: Planted leaks and what caught them.
        alarms: What the leak suite found on the honest pipeline; nothing it should.
        invariance: Artefacts refitted without their future, by family.
        upstream: Hashes of what was read, by name.
    """

    ledger: pl.DataFrame | None = None
    n_trials_known: int = 0
    drift: pl.DataFrame | None = None
    features: pl.DataFrame | None = None
    importance: pl.DataFrame | None = None
    paths: pl.DataFrame | None = None
    conversion: pl.DataFrame | None = None
    price_side: str | None = None
    planted: pl.DataFrame | None = None
    alarms: tuple[str, ...] = ()
    invariance: Mapping[str, Any] = field(default_factory=dict)
    upstream: Mapping[str, str] = field(default_factory=dict)


def read_surroundings(home: Home, symbol: str, timeframe: Timeframe, forecasts: Published) -> Surroundings:
    """Read what lies around published forecasts.

    Args:
        home: State folder.
        symbol: Normalised symbol.
        timeframe: Base timeframe.
        forecasts: The out-of-sample partition.

    Raises:
        CorruptData: If any of it is not what was published.
    """
    known = find(home.reports(symbol, timeframe), LEDGER_NAME)
    earlier = find(home.reports(symbol, timeframe), REPORT_NAME)
    score = find(home.verification(), MUTATION_SCORE)
    cutoff = find(home.verification(symbol), f"{timeframe}.{CUTOFF_INVARIANCE}")
    split = f"splits/{timeframe}"
    if cutoff is not None and cutoff.card["upstream"].get(split) != forecasts.card.get("upstream", {}).get(split):
        cutoff = None  # of other rows than these forecasts
    bars = find(home.bars(symbol), timeframe)
    account = str((forecasts.card.get("trading") or {}).get("account_currency", "USD"))
    converting = conversion_bars(home, symbol, timeframe, account)
    stored = {MUTATION_SCORE: score, CUTOFF_INVARIANCE: cutoff, f"bars/{timeframe}": bars}
    stored |= {} if converting is None else {f"bars/{converting[0]}/{timeframe}": converting[1]}
    return Surroundings(
        ledger=None if known is None else read_ledger(known),
        n_trials_known=0 if earlier is None else int(earlier.card.get("n_trials") or 0),
        drift=_frame(forecasts, DRIFT),
        features=_frame(forecasts, FEATURES),
        importance=_frame(forecasts, IMPORTANCE_SUFFIX),
        paths=_frame(forecasts, PATHS),
        planted=None if score is None else score.read_frame(),
        alarms=() if score is None else tuple(score.card.get("alarms", ())),
        invariance={} if cutoff is None else dict(cutoff.card.get("fold_invariance", {})),
        conversion=None if converting is None else conversion_rates(*converting, account),
        price_side=_price_side(bars),
        upstream={name: card.sha256 for name, card in stored.items() if card is not None},
    )


def conversion_bars(home: Home, symbol: str, timeframe: Timeframe, account: str) -> tuple[str, Published] | None:
    """The pair that has a pair's quote currency and that of the account, and its bars.

    Returns:
        None where the pair itself converts, or no bars of the other pair are in the lake.
    """
    base, quote = symbol[:3], symbol[3:6]
    if account in (base, quote) or len(symbol) < len("EURUSD"):
        return None
    stored = ((pair, find(home.bars(pair), timeframe)) for pair in (quote + account, account + quote))
    return next(((pair, bars) for pair, bars in stored if bars is not None), None)


def conversion_rates(pair: str, bars: Published, account: str) -> pl.DataFrame:
    """``close_ts_utc`` and ``rate``, currency of the account for one unit of the other currency of the pair."""
    rate = pl.col("close") if pair.endswith(account) else 1.0 / pl.col("close")
    return bars.read_frame(columns=["close_ts_utc", "close"]).select("close_ts_utc", rate=rate)


def _price_side(bars: Published | None) -> str | None:
    side = None if bars is None else bars.card.get("price_side")
    return str(side) if side in {"bid", "ask", "mid"} else None


def _frame(forecasts: Published, suffix: str) -> pl.DataFrame | None:
    return forecasts.read_frame(suffix) if suffix in forecasts.card["files"] else None
