"""Quote currency into account currency: the rate at an instant, and what converting costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]

_LETTERS_OF_A_PAIR = 6


class Conversion(NamedTuple):
    """Account currency for one unit of quote currency, half the relative spread of that, and why there is none.

    ``rate`` and ``half_spread_fraction`` have shape ``(T,)``; without a rate they are 1 and 0, the
    result stays in quote currency, and ``gap`` says so.
    """

    rate: Floats
    half_spread_fraction: Floats
    gap: str | None = None


def conversion_at(
    symbol: str,
    account_currency: str,
    instants_us: Instants,
    mid: Floats,
    half_spread: Floats,
    series: pl.DataFrame | None = None,
) -> Conversion:
    """The rate into the account currency, from the pair itself where it has that currency, else from a series.

    Args:
        symbol: Pair, in our spelling.
        account_currency: Three letters.
        instants_us: Shape ``(T,)``, UTC microseconds, ascending.
        mid: Shape ``(T,)``, the pair's own price.
        half_spread: Shape ``(T,)``, in price.
        series: ``close_ts_utc`` and ``rate`` (account currency for one unit of quote currency, mid), perhaps
            ``spread`` in the same unit; the last value closed by each instant counts.

    Raises:
        ValueError: If a series is given without its columns.

    Example:
        >>> at = np.array([0])
        >>> conversion_at("USDJPY", "USD", at, np.array([125.0]), np.array([0.0])).rate.tolist()
        [0.008]
        >>> conversion_at("EURGBP", "USD", at, np.array([0.8]), np.array([0.0])).gap
        'conversion of GBP into USD (no rate was given; results are in GBP)'
    """
    ones, zeros = np.ones(mid.shape), np.zeros(mid.shape)
    base, quote = (symbol[:3], symbol[3:]) if len(symbol) == _LETTERS_OF_A_PAIR else ("", symbol)
    if quote == account_currency:
        return Conversion(ones, zeros)
    if base == account_currency:
        return Conversion(1.0 / mid, half_spread / mid)
    found = None if series is None else _from_series(series, instants_us)
    if found is None:
        why = "no rate was given" if series is None else "its rates begin after the first trade"
        where = quote if base else "quote currency"
        return Conversion(ones, zeros, f"conversion of {where} into {account_currency} ({why}; results are in {where})")
    return found


def _from_series(series: pl.DataFrame, instants_us: Instants) -> Conversion | None:
    """The last rate closed by each instant; None if it begins too late."""
    absent = {"close_ts_utc", "rate"} - set(series.columns)
    if absent:
        raise ValueError(
            f"a conversion series must have close_ts_utc and rate, was without {', '.join(sorted(absent))}"
        )
    known = series.drop_nulls(["close_ts_utc", "rate"]).sort("close_ts_utc")
    latest = np.searchsorted(known["close_ts_utc"].dt.epoch("us").to_numpy(), instants_us, side="right") - 1
    if known.is_empty() or (latest.size and latest.min() < 0):
        return None
    rate = known["rate"].to_numpy().astype(np.float64)[latest]
    if "spread" not in known.columns:
        return Conversion(rate, np.zeros(rate.shape))
    spread = known["spread"].fill_nan(None).fill_null(0.0).clip(lower_bound=0.0).to_numpy()[latest]
    return Conversion(rate, np.asarray(spread / (2.0 * rate)))
