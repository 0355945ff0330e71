"""Skill and coverage by block of the week: an interval that is right on average may be wrong every night."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.groups import ROW, floats, interval, labels
from forecast_pipeline.core.trading_clock import shifted_clock
from forecast_pipeline.scores.hits import coverage_by_group

if TYPE_CHECKING:
    import numpy.typing as npt

HOURS_PER_BLOCK = 4
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")
_US_PER_HOUR = 3_600_000_000
_HOURS_PER_DAY = 24
_MONDAY = 3  # the epoch was a Thursday
_SCHEMA: dict[str, pl.DataType] = {
    "block": pl.String(),
    "n_rows": pl.Int64(),
    "n_eff": pl.Int64(),
    "crps_skill": pl.Float64(),
    "coverage_90": pl.Float64(),
    "coverage_low": pl.Float64(),
    "coverage_high": pl.Float64(),
}


def hour_blocks(rows: pl.DataFrame, reference: pl.DataFrame | None, prefix: str = "") -> pl.DataFrame:
    """Skill and coverage of one model at one horizon by blocks of four hours of the FX week.

    The FX day begins at 17:00 New York; ``Mon 17-21`` is its first block, on Sunday evening by the calendar.

    Args:
        rows: Rows of one model and horizon in order of time, with quantiles; ``crps`` for the skill.
        reference: ``fold``, ``issued_at_utc`` and ``reference``, the CRPS of the baseline; None without one.
        prefix: "c" to judge the calibrated quantiles.

    Returns:
        ``block n_rows n_eff crps_skill coverage_90 coverage_low coverage_high`` in the order of the week; the last two
        are the exact binomial band of a calibrated interval at ``n_eff`` rows with disjoint labels.
    """
    start, end = labels(rows)
    number = week_blocks(start)
    lower, upper = interval(rows, 0.9, prefix)
    outcome = floats(rows, "outcome")
    is_covered = ((lower <= outcome) & (outcome <= upper)).astype(np.float64)
    covered = {int(each.group): each for each in coverage_by_group(is_covered, number, start, end, 0.9)}
    skill = _skills(rows, reference, number)
    found: list[dict[str, Any]] = [
        {
            "block": block_name(block),
            "n_rows": each.n_rows,
            "n_eff": each.n_eff,
            "crps_skill": skill.get(block, math.nan),
            "coverage_90": each.coverage,
            "coverage_low": each.low,
            "coverage_high": each.high,
        }
        for block, each in sorted(covered.items())
    ]
    return pl.DataFrame(found, schema=_SCHEMA)


def week_blocks(instants_us: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Number of each decision's block in the FX week, 0 for the first four hours after its open.

    Example:
        >>> closes = np.array(["2024-03-10T22:00", "2024-03-11T21:00"], "datetime64[us]").astype(np.int64)
        >>> [block_name(int(block)) for block in week_blocks(closes)]
        ['Mon 17-21', 'Mon 13-17']
    """
    # A close belongs to the block that it ends.
    day, within = np.divmod(shifted_clock(instants_us - 1), _HOURS_PER_DAY * _US_PER_HOUR)
    return np.asarray(
        (day + _MONDAY) % 7 * (_HOURS_PER_DAY // HOURS_PER_BLOCK) + within // (HOURS_PER_BLOCK * _US_PER_HOUR)
    )


def block_name(block: int) -> str:
    """FX day and New York hours of a block; a decision at the close of the week looks over the weekend.

    Example:
        >>> block_name(29), block_name(30)
        ('Fri 13-17', 'over the weekend')
    """
    day, place = divmod(block, _HOURS_PER_DAY // HOURS_PER_BLOCK)
    if day >= len(_DAYS):
        return "over the weekend"
    first = (17 + HOURS_PER_BLOCK * place) % _HOURS_PER_DAY
    last = (first + HOURS_PER_BLOCK) % _HOURS_PER_DAY
    return f"{_DAYS[day]} {first:02d}-{last:02d}"


def _skills(rows: pl.DataFrame, reference: pl.DataFrame | None, number: npt.NDArray[np.int64]) -> dict[int, float]:
    if reference is None or "crps" not in rows.columns:
        return {}
    paired = rows.select(*ROW, "crps").with_columns(block=pl.Series(number)).join(reference, on=ROW, how="inner")
    # Not by polars' group_by: its threads add up in an order of their own, and a last digit would differ.
    block, size = paired["block"].to_numpy(), int(number.max()) + 1
    loss, level = (np.bincount(block, floats(paired, name), size) for name in ("crps", "reference"))
    return {b: 1.0 - loss[b] / level[b] if level[b] > 0.0 else math.nan for b in set(block.tolist())}
