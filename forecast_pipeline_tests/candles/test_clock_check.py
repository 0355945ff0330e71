"""Promise: a clock that is an hour off shows, whichever way; a vendor's holidays do not look like one."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from forecast_pipeline.candles.clock_check import best_clock, check_clock_fits, misfit_fraction
from forecast_pipeline.candles.local_clock import LocalClock
from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles
from forecast_pipeline.core.errors import RefusedFile
from forecast_pipeline_tests.candles.vendor_files import wall_clock


@pytest.fixture(scope="module")
def half_year():
    """Minutes from October to April, with Christmas, New Year and three changes of clock."""
    return simulate_candles(SimulatedWorld(start=date(2023, 10, 1), n_weeks=28, seed=2))["ts_utc"]


def test_the_right_clock_fits_every_week(half_year):
    assert misfit_fraction(half_year) == 0.0
    check_clock_fits(half_year, "stamps")


@pytest.mark.parametrize("hours", [-5, -1, 1, 2])
def test_a_clock_that_is_off_by_whole_hours_is_refused(half_year, hours):
    """Fault 19."""
    shifted = half_year.dt.offset_by(f"{hours}h")

    assert misfit_fraction(shifted) > 0.85  # Christmas and New Year have no Sunday open
    with pytest.raises(RefusedFile, match=r"stamps must open the week Sunday 17:00 .*To do: pass the right --timezone"):
        check_clock_fits(shifted, "stamps")


def test_a_few_candles_in_the_closed_session_are_no_misread_clock(half_year):
    """Fault 19: real vendors have some (Binary.com: 10 of 105 weeks)."""
    saturday = pl.Series(
        [datetime(2023, 10, 7, 12, tzinfo=UTC), datetime(2023, 11, 4, 12, tzinfo=UTC)], dtype=half_year.dtype
    )
    mostly_good = pl.concat([half_year, saturday])

    assert 0 < misfit_fraction(mostly_good) < 0.1
    check_clock_fits(mostly_good, "stamps")


def test_one_week_is_too_little_to_refuse():
    saturday = pl.Series([datetime(2024, 1, 6, 12, tzinfo=UTC)]).dt.cast_time_unit("us")

    check_clock_fits(saturday, "stamps")
    assert misfit_fraction(saturday) == 1.0
    assert misfit_fraction(saturday.clear()) == 0.0


def test_the_best_clock_is_the_one_under_which_weeks_open_on_time(half_year):
    """Fault 19."""
    candidates = (LocalClock("America/New_York"), LocalClock("Asia/Tokyo"), LocalClock("Europe/London", 5))

    for candidate in candidates:
        local = wall_clock(half_year, candidate.zone, candidate.behind_hours)
        assert best_clock(local, candidates) == candidate
        assert candidate.to_utc(local).equals(half_year)


def test_of_clocks_that_agree_the_first_is_taken():
    winter = simulate_candles(SimulatedWorld(start=date(2024, 1, 7), n_weeks=3, seed=2))["ts_utc"]
    candidates = (LocalClock("America/New_York"), LocalClock("Etc/GMT+5"))

    assert best_clock(wall_clock(winter, "Etc/GMT+5"), candidates) == candidates[0]
    assert best_clock(wall_clock(winter, "Etc/GMT+5"), candidates[::-1]) == candidates[1]


def test_stamps_without_any_fitting_clock_are_refused_with_what_was_tried(half_year):
    """Fault 19."""
    with pytest.raises(RefusedFile, match=r"stamps read as any of America/New_York, Etc/GMT.5 must open the week"):
        best_clock(wall_clock(half_year, "Asia/Tokyo"), (LocalClock("America/New_York"), LocalClock("Etc/GMT+5")))


@pytest.mark.parametrize(("clock", "text"), [(("UTC",), "UTC"), (("Europe/London", 5), "Europe/London minus 5 h")])
def test_a_clock_is_recorded_by_name(clock, text):
    assert str(LocalClock(*clock)) == text
