"""The one file the report is computed from: out-of-sample forecasts, a row per model, decision, horizon."""

from __future__ import annotations

import polars as pl

from forecast_pipeline.core.schema import INSTANT

OUT_OF_SAMPLE = "out_of_sample"
IN_SAMPLE = "in_sample"

QUANTILE_LEVELS: tuple[float, ...] = (0.01, *(round(0.05 * k, 2) for k in range(1, 20)), 0.99)
"""The 21 probabilities at which every predictive distribution is stored."""


def quantile_column(level: float) -> str:
    """Column of the quantile at ``level``.

    Example:
        >>> quantile_column(0.05), quantile_column(0.5)
        ('q05', 'q50')
    """
    return f"q{round(100 * level):02d}"


TAIL_SCALES = 1.645
"""Where the tails of ``crps_tails`` begin, in units of ``scale``: 5 % of a normal law lie beyond, on each side."""

QUANTILE_COLUMNS: tuple[str, ...] = tuple(quantile_column(level) for level in QUANTILE_LEVELS)

FORECASTS: dict[str, pl.DataType] = {
    "fold": pl.Int32(),
    "segment": pl.String(),
    "model": pl.String(),
    "is_baseline": pl.Boolean(),
    "issued_at_utc": INSTANT,
    "horizon_bars": pl.Int32(),
    "target_ts_utc": INSTANT,
    "price": pl.Float64(),
    "outcome": pl.Float64(),
    "scale": pl.Float64(),
    "mean": pl.Float64(),
    **dict.fromkeys(QUANTILE_COLUMNS, pl.Float64()),
    "crps": pl.Float64(),
    "pit": pl.Float64(),
    "sd": pl.Float64(),
    "crps_tails": pl.Float64(),
    "energy": pl.Float64(),
    "regime": pl.String(),
    "fill_ts_utc": INSTANT,
    "fill_price": pl.Float64(),
    "spread": pl.Float64(),
}
"""``segment`` is ``out_of_sample`` or ``in_sample`` (an evenly spaced subset of the train rows). ``price`` is the
close at issue; ``outcome``, ``mean``, the quantiles, ``crps`` and ``sd`` are log returns over the horizon, ``scale``
their standard deviation as expected at issue, ``sd`` that of the draws (ddof 1; 0 for a single draw). ``pit`` is
randomised. ``crps_tails`` is the threshold-weighted CRPS that sees only what lies beyond `TAIL_SCALES` times ``scale``
on either side. ``energy`` is the energy score of the joint path of log returns over all horizons, the same on every
horizon row of a decision. ``regime`` is the state of the market known at issue, null where none was assigned.
``fill_ts_utc`` and ``fill_price`` are the next bar's open, the first price at which the decision can trade, null at the
end. ``spread`` is in price, null without asks."""
