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
MUTATION_SCORE, CUTOFF_INVARIANCE = "mutation_score", "cutoff_invariance"
"""Names of the cards with which the leak suite records planted leaks, and artefacts refitted without their future."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Each part may be missing; the report then says so.

    Attributes:
        ledger: All earlier trials.
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
    score = find(home.verification(), MUTATION_SCORE)
    cutoff = find(home.verification(symbol), f"{timeframe}.{CUTOFF_INVARIANCE}")
    stored = {MUTATION_SCORE: score, CUTOFF_INVARIANCE: cutoff}
    return Surroundings(
        ledger=None if known is None else read_ledger(known),
        drift=_frame(forecasts, DRIFT),
        features=_frame(forecasts, FEATURES),
        importance=_frame(forecasts, IMPORTANCE_SUFFIX),
        paths=_frame(forecasts, PATHS),
        planted=None if score is None else score.read_frame(),
        alarms=() if score is None else tuple(score.card.get("alarms", ())),
        invariance={} if cutoff is None else dict(cutoff.card.get("fold_invariance", {})),
        conversion=conversion_rates(home, symbol, timeframe),
        price_side=_price_side(home, symbol, timeframe),
        upstream={name: card.sha256 for name, card in stored.items() if card is not None},
    )


def conversion_rates(home: Home, symbol: str, timeframe: Timeframe, account: str = "USD") -> pl.DataFrame | None:
    """Rate from a pair's quote currency to that of the account, from the bars of the pair that has both.

    Args:
        home: State folder.
        symbol: The pair that is traded.
        timeframe: Length of the bars.
        account: Currency of the account.

    Returns:
        ``close_ts_utc`` and ``rate``, account currency for one unit of quote currency; None where the pair itself
        converts, or no bars of the other pair are in the lake.
    """
    base, quote = symbol[:3], symbol[3:6]
    if account in (base, quote) or len(symbol) < len("EURUSD"):
        return None
    for pair, rate in ((quote + account, pl.col("close")), (account + quote, 1.0 / pl.col("close"))):
        stored = find(home.bars(pair), timeframe)
        if stored is not None:
            return stored.read_frame(columns=["close_ts_utc", "close"]).select("close_ts_utc", rate=rate)
    return None


def _price_side(home: Home, symbol: str, timeframe: Timeframe) -> str | None:
    stored = find(home.bars(symbol), timeframe)
    side = None if stored is None else stored.card.get("price_side")
    return str(side) if side in {"bid", "ask", "mid"} else None


def _frame(forecasts: Published, suffix: str) -> pl.DataFrame | None:
    return forecasts.read_frame(suffix) if suffix in forecasts.card["files"] else None
