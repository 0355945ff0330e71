"""Section 3: what was observed, what was missing, what a trade usually costs, and how fat the tails are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests import candle_record
from forecast_pipeline.backtests.coverage_plot import draw_coverage
from forecast_pipeline.backtests.page import data_plots
from forecast_pipeline.backtests.page.blocks import NOT_MODELLED, Facts, Figure, Missing, Sentence
from forecast_pipeline.backtests.page.cells import plain
from forecast_pipeline.backtests.page.drawing import figure
from forecast_pipeline.backtests.wording import number
from forecast_pipeline.core.symbol import pip_size

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.blocks import Block
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_QUALITY = (
    ("Price side", "price_side"),
    ("Volume", "volume_kind"),
    ("Spikes repaired", "repaired"),
    ("Rows set aside", "quarantined"),
    ("Crossed quotes", "crossed_quotes"),
    ("Sessions cut short", "stubs"),
    ("Clock change check", "dst_check"),
)


def context(source: Source) -> Context:
    """Coverage, gaps, spread and tails."""
    record, curves = source.record, source.summary.curves
    has_calendar = record.coverage.height > 0
    gaps: Block | None = candle_record.gap_table(record)
    if gaps is None:
        said = "No gap of an hour or more of open session is listed in the cards."
        gaps = Sentence(said) if record.years and has_calendar else Missing("Gaps")
    quality = source.facts.get("data_quality") or {}
    return {
        "coverage_sentences": [Sentence(text) for text in candle_record.coverage_sentences(record)],
        "coverage": _coverage(source) if has_calendar else Missing("Coverage by day and hour"),
        "gaps": gaps,
        "spread": _spread(source),
        "tails": figure(
            "return_tails",
            curves.get("return_tails"),
            data_plots.return_tails,
            "Tails of the moves",
            _tail_caption(curves.get("return_tails")),
        ),
        "quality": Facts([(name, _shown(quality.get(key))) for name, key in _QUALITY]),
    }


def _coverage(source: Source) -> Figure:
    from markupsafe import Markup

    observed = candle_record.coverage_values(source.record)["observed_fraction"]
    caption = (
        f"On average {100.0 * observed:.1f} % of an open hour was observed (17:00 New York is the top row). Cells in "
        "the colour of this page's text were not observed at all; an empty place is outside the session or the candles."
    )
    return Figure(Markup(draw_coverage(source.record.coverage)), caption)  # noqa: S704 - our own SVG


def _spread(source: Source) -> Block:
    profile = source.record.spread_profile
    pip = pip_size(str(source.facts.get("symbol", "")))
    known = None if profile is None else profile.filter(pl.col("spread").is_finite())
    caption = ""
    if known is not None and known.height:
        pips = (known["spread"] / pip).to_numpy()
        dearest = known.sort("spread", "hour_of_week", descending=[True, False]).row(0, named=True)
        caption = (
            f"The median hour costs {number(float(sorted(pips)[len(pips) // 2]), 2)} pips, the dearest "
            f"{number(dearest['spread'] / pip, 2)} ({_hour_name(int(dearest['hour_of_week']))}). Medians of "
            f"{int(known['n_candles'].sum())} candles; hours without quotes are gaps."
        )
    return figure(
        "spread_by_hour",
        known,
        lambda axes, frame: data_plots.spread_by_hour(axes, frame, pip),
        "Usual spread by hour of the week",
        caption,
        why=f"{NOT_MODELLED}: no year of candles has ask prices",
    )


def _hour_name(hour_of_week: int) -> str:
    """New York day and hour; hour 0 is Sunday 17:00.

    Example:
        >>> _hour_name(6), _hour_name(23), _hour_name(119)
        ('Sun 23:00 New York', 'Mon 16:00 New York', 'Fri 16:00 New York')
    """
    day, hour = divmod(17 + hour_of_week, 24)
    return f"{('Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri')[day]} {hour:02d}:00 New York"


def _tail_caption(tails: pl.DataFrame | None) -> str:
    if tails is None or tails.is_empty():
        return ""
    row = tails.filter(pl.col("sds") == 3.0).row(0, named=True)  # noqa: PLR2004 - three standard deviations
    share = row["above"] + row["below"]
    times = share / (2.0 * row["normal"])
    return (
        f"Moves beyond three expected standard deviations came {number(times, 1)} times as often as a normal law says "
        f"({100.0 * share:.2f} % of {row['n_rows']} disjoint moves at the headline horizon)."
    )


def _shown(value: object) -> str | None:
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(each)}" for name, each in sorted(value.items())) or "none"
    return None if value is None else plain(value)
