"""What the candles record reaches the report: the usual spread as a cost, observed hours as a picture, gaps as rows."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.backtests.candle_record import (
    N_GAPS_SHOWN,
    CandleRecord,
    candle_record,
    coverage_sentences,
    gap_table,
)
from forecast_pipeline.backtests.coverage_plot import MAX_DAYS, MAX_WEEKS, columns_of_time, draw_coverage
from forecast_pipeline.backtests.report import build_report
from forecast_pipeline.candles.build import COVERAGE_SUFFIX
from forecast_pipeline.candles.calendar import COVERAGE
from forecast_pipeline.candles.weekly_spread import hour_of_week
from forecast_pipeline.core.home import Home
from forecast_pipeline.core.publication import find, frame_writer, publish
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline_tests.candles.vendor_files import tidy

MONDAY = date(2024, 3, 4)


@pytest.fixture(scope="module")
def built(tmp_path_factory, make_forecasts, facts, ingest_frame):
    """A report of decisions without a spread, over a fortnight of quoted candles with two holes."""
    home = Home(tmp_path_factory.mktemp("home"))
    minutes = tidy(datetime(2024, 3, 3, 22, tzinfo=UTC), n=2 * 7200, has_ask=True)
    hours = hour_of_week(minutes["ts_utc"].cast(pl.Int64).to_numpy())
    minutes = minutes.with_columns(ask_close=pl.col("close") + pl.Series(1e-4 + 1e-6 * hours))
    minutes = minutes.with_columns(ask_high=pl.max_horizontal("ask_high", "ask_close"))
    holes = [(datetime(2024, 3, 5, 22, tzinfo=UTC), 24), (datetime(2024, 3, 12, 3, tzinfo=UTC), 5)]
    for first, n_hours in holes:
        last = first + timedelta(hours=n_hours)
        minutes = minutes.filter(~pl.col("ts_utc").is_between(first, last, closed="left"))
    (year,) = ingest_frame(home, minutes)
    forecasts = make_forecasts(skill=0.4, n_rows=400, has_spread=False)
    publish(home.reports("EURUSD", Timeframe.H1), "out_of_sample", {".parquet": frame_writer(forecasts)}, facts)
    return home, year, build_report(home, "EURUSD", Timeframe.H1)


def test_costs_recomputed_from_the_stored_profile_equal_the_report(built):
    _, year, published = built
    numbers = json.loads(published.read_bytes(".json"))
    fills = published.read_frame(".equity.parquet")

    usual = np.array(published.card["spread_profile"]["spread"])
    charged = usual[hour_of_week(fills["fill_ts_utc"].dt.epoch("us").to_numpy())]

    assert fills["half_spread"].to_numpy() == pytest.approx(charged / 2.0, rel=1e-12)
    assert fills["traded"].sum() > 10
    assert usual == pytest.approx([1e-4 + 1e-6 * hour for hour in range(120)], abs=2e-8)
    assert numbers["spread_profile"] == published.card["spread_profile"]
    assert {row["profiled_spread_fraction"] for row in numbers["economics"]} == {1.0}
    assert published.card["upstream"]["candles/2024"] == year.sha256


def test_the_page_has_the_calendar_and_the_longest_gaps(built):
    _, _, published = built
    page = published.read_bytes(".html").decode()
    quality = page[page.index('<section id="data_quality"') : page.index('<section id="splits"')]

    assert 'aria-label="Observed share of the open session by day and hour"' in quality
    assert "87.9 % of the records expected of the open session from 2024-03-04 to 2024-03-15" in quality
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", quality)
    assert cells == [
        *("holiday", "2024-03-05 22:00", "2024-03-06 22:00", "1440"),
        *("hole", "2024-03-12 03:00", "2024-03-12 08:00", "300"),
    ]
    assert "modelled by the symbol&#39;s usual spread of the hour of the week at 100.0 % of decisions" in page


def test_building_again_changes_no_byte(built):
    home, _, published = built

    assert build_report(home, "EURUSD", Timeframe.H1).card == published.card


def test_candles_of_before_the_calendar_are_said_to_have_none(built, tmp_path):
    _, year, _ = built
    older = Home(tmp_path)
    card = {name: year.card[name] for name in ("year", "symbol", "spread_by_hour")}
    publish(older.candles("EURUSD"), "2024", {".parquet": frame_writer(year.read_frame())}, card)

    record = candle_record(older, "EURUSD")

    assert coverage_sentences(record) == [
        "No coverage file for 2024: those candles were built before it existed. Materialise candles to have it."
    ]
    assert gap_table(record) is None
    assert "No coverage calendar" in draw_coverage(record.coverage)
    assert record.spread_profile is not None


def test_a_symbol_without_candles_or_with_long_records_says_so(tmp_path):
    assert "no published candles" in coverage_sentences(candle_record(Home(tmp_path), "EURUSD"))[0]
    assert "longer than an hour" in coverage_sentences(CandleRecord(years=(2024,)))[0]


def test_no_more_than_ten_gaps_of_all_years_are_listed_longest_first(tmp_path):
    home = Home(tmp_path)
    for year in (2023, 2024):
        stamps = [f"{year}-03-{n + 1:02d}T03:00Z" for n in range(8)]
        gaps = [
            {"first_missing": ts, "next_candle": ts, "open_minutes": 100 * n + year, "kind": "hole"}
            for n, ts in enumerate(stamps)
        ]
        writers = {COVERAGE_SUFFIX: frame_writer(pl.DataFrame(schema=COVERAGE))}
        publish(home.candles("EURUSD"), str(year), writers, {"year": year, "gaps": gaps})

    minutes = [gap["open_minutes"] for gap in candle_record(home, "EURUSD").gaps]

    assert minutes == sorted((100 * n + year for n in range(8) for year in (2023, 2024)), reverse=True)[:N_GAPS_SHOWN]


def calendar_of(n_days, fraction=1.0):
    """Every open hour of the weekdays among ``n_days`` from a Monday."""
    days = [MONDAY + timedelta(days=k) for k in range(n_days) if k % 7 < 5]
    rows = [(day, hour, fraction) for day in days for hour in range(24)]
    frame = pl.DataFrame(rows, schema=["fx_day", "hour", "coverage_fraction"], orient="row")
    return frame.with_columns(pl.col("hour").cast(pl.Int32))


@pytest.mark.parametrize(
    ("n_days", "unit", "n_columns"),
    [
        (5, "day", 5),
        (MAX_DAYS - 1, "day", 85),
        (MAX_DAYS + 5, "week", 18),
        (7 * MAX_WEEKS - 2, "week", MAX_WEEKS),
        (7 * MAX_WEEKS + 5, "month", 61),
    ],
)
def test_long_histories_are_drawn_by_week_and_month(n_days, unit, n_columns):
    cells, found = columns_of_time(calendar_of(n_days))

    assert found == unit
    assert cells["start"].n_unique() == n_columns
    assert cells.height == 24 * n_columns
    assert (cells["start"] < cells["stop"]).all()


def test_a_week_shows_the_mean_of_its_days():
    calendar = calendar_of(MAX_DAYS + 5).with_columns(
        coverage_fraction=pl.when((pl.col("fx_day") == MONDAY) & (pl.col("hour") == 3)).then(0.5).otherwise(1.0)
    )

    cells, _ = columns_of_time(calendar)

    first = cells.filter(pl.col("start") == pl.col("start").min())
    assert first["coverage_fraction"].to_list() == pytest.approx([1.0] * 3 + [0.9] + [1.0] * 20)


def test_the_figure_is_small_has_no_image_and_the_colour_of_the_page():
    calendar = calendar_of(9000)
    shares = np.random.default_rng(0).random(calendar.height)
    calendar = calendar.with_columns(coverage_fraction=pl.Series(shares))

    svg = draw_coverage(calendar)

    assert len(svg) < 1_000_000
    assert "<image" not in svg
    assert "currentColor" in svg
    assert "viewBox" in svg
    assert svg == draw_coverage(calendar.clone())


def test_what_was_not_observed_is_drawn_apart_from_what_was():
    full = calendar_of(5)
    holed = full.with_columns(coverage_fraction=pl.when(pl.col("hour") < 6).then(0.0).otherwise(1.0))

    assert draw_coverage(full) != draw_coverage(holed)


def test_the_coverage_calendar_of_the_fortnight_is_the_published_one(built):
    home, year, _ = built

    record = candle_record(home, "EURUSD")

    assert record.coverage.equals(year.read_frame(COVERAGE_SUFFIX))
    assert find(home.candles("EURUSD"), "2024").sha256 == record.upstream["candles/2024"]
