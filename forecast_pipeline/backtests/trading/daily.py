"""Net results by FX day, from equity at 17:00 New York, and the ratios that rest on them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from forecast_pipeline.scores.bootstrap import block_length, stationary_interval
from forecast_pipeline.scores.sharpe import annualised_sharpe, probabilistic_sharpe, sharpe_moments
from forecast_pipeline.scores.significance import mean_interval

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.trading.ledger import Ledger

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]

MIN_DAYS_FOR_RATIOS = 20
_MAX_DAYS_BETWEEN = 7  # a longer pause in the data is a gap between folds, not a weekend or a holiday
_DAYS_PER_YEAR = 365.25


class DailyNet(NamedTuple):
    """Net result of each FX day on which a decision was made or a position closed, as a fraction of the capital.

    ``day`` counts days since 1970, ascending; both have shape ``(D,)``.
    """

    day: Instants
    net: Floats

    @property
    def days_per_year(self) -> float:
        """FX days a year that the data has, gaps between folds left out; NaN without a day."""
        if not self.day.size:
            return math.nan
        between = np.diff(self.day)
        open_span = 1.0 + float(np.where(between > _MAX_DAYS_BETWEEN, 1, between).sum())
        return _DAYS_PER_YEAR * self.day.size / open_span

    def frame(self, model: str) -> pl.DataFrame:
        """Columns ``fx_day`` (date of the trading day), ``model``, ``net``."""
        day = pl.Series("fx_day", self.day, dtype=pl.Int32).cast(pl.Date)
        return pl.DataFrame([day, pl.Series("model", [model] * self.day.size, dtype=pl.String), self.net_series()])

    def net_series(self) -> pl.Series:
        """Net as a column."""
        return pl.Series("net", self.net, dtype=pl.Float64)


def daily_net(ledger: Ledger) -> DailyNet:
    """Changes of equity from one 17:00 New York to the next.

    Equity is marked at each decision (a close belongs to the day that it ends) and after the last
    fill of each fold, always at the side that would liquidate. The days sum to the net of the account.

    Args:
        ledger: Of one model.
    """
    market = ledger.market
    n_rows = market.fold.size
    if n_rows == 0:
        return DailyNet(np.empty(0, dtype=np.int64), np.empty(0))
    is_last = np.append(np.diff(market.fold) != 0, True)
    closing = np.flatnonzero(is_last)
    day = np.concatenate([market.issued_day, market.fill_day[closing]])
    equity = np.concatenate([ledger.equity_at_issue, ledger.equity[closing]])
    order = np.argsort(np.concatenate([np.arange(n_rows), closing + 0.5]), kind="stable")
    days, number = np.unique(day[order], return_inverse=True)
    net = np.bincount(number, weights=np.diff(equity[order], prepend=0.0), minlength=days.size)
    return DailyNet(days.astype(np.int64), net.astype(np.float64))


def ratios(daily: DailyNet, *, seed: int, n_bootstraps: int) -> dict[str, float | int]:
    """Ratios of net results by FX day; NaN where there are fewer than 20 days or no variation.

    ``sharpe_annual`` is the daily ratio times the root of the FX days a year, its interval ``sharpe_low`` to
    ``sharpe_high`` is HAC; ``sharpe_boot_low`` to ``sharpe_boot_high`` is a stationary bootstrap's;
    ``sharpe_lo_annual`` annualises with autocorrelation. ``kurtosis`` is 3 for a normal law.

    Args:
        daily: Of one model.
        seed: Of the bootstrap.
        n_bootstraps: Resamples; 0 for none.
    """
    names = (
        "sharpe_annual sharpe_low sharpe_high sharpe_boot_low sharpe_boot_high sharpe_lo_annual "
        "psr sortino_annual skew kurtosis"
    )
    per_year = daily.days_per_year
    figures: dict[str, float | int] = {"n_days": daily.day.size, "days_per_year": per_year}
    figures |= dict.fromkeys(names.split(), math.nan)
    moments = sharpe_moments(daily.net)
    if daily.day.size < MIN_DAYS_FOR_RATIOS or math.isnan(moments.sharpe):
        return figures
    root = math.sqrt(per_year)
    interval = mean_interval(daily.net, horizon_bars=1)
    per_day = root / float(np.std(daily.net, ddof=1))
    downside = math.sqrt(float(np.mean(np.minimum(daily.net, 0.0) ** 2)))
    figures |= {
        "sharpe_annual": moments.sharpe * root,
        "sharpe_low": interval.low * per_day,
        "sharpe_high": interval.high * per_day,
        "sharpe_lo_annual": annualised_sharpe(daily.net, per_year),
        "psr": probabilistic_sharpe(moments),
        "sortino_annual": root * float(np.mean(daily.net)) / downside if downside > 0.0 else math.nan,
        "skew": moments.skewness,
        "kurtosis": moments.kurtosis,
    }
    if n_bootstraps:
        found = stationary_interval(
            _sharpe, daily.net, seed=seed, block_rows=block_length(daily.net), n_repetitions=n_bootstraps
        )
        figures |= {"sharpe_boot_low": found.low * root, "sharpe_boot_high": found.high * root}
    return figures


def sharpe_annual(daily: DailyNet) -> float:
    """Daily Sharpe ratio times the root of the FX days a year; NaN where it is not defined."""
    if daily.day.size < MIN_DAYS_FOR_RATIOS:
        return math.nan
    return sharpe_moments(daily.net).sharpe * math.sqrt(daily.days_per_year)


def _sharpe(net: Floats) -> float:
    spread = float(net.std(ddof=1))
    return float(net.mean()) / spread if spread > 0.0 else math.nan
