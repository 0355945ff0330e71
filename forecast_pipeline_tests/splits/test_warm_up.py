"""Guards where a matrix begins to count, which features a history is too short for, and what may be forecast from."""

from __future__ import annotations

import numpy as np
import pytest

from forecast_pipeline.core.errors import NotEnoughHistory
from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.splits.assemble import FeatureOrigin
from forecast_pipeline.splits.warm_up import require_warm, warm_up

HOUR = 3_600_000_000
NOW = HOUR * np.arange(1, 101)


def origin(name: str, defined_from_us: int | None, timeframe: Timeframe = Timeframe.H1, bars: int = 10):
    return FeatureOrigin(name, timeframe, bars, "unit", "what", ("close",), defined_from_us)


def test_rows_count_after_the_slowest_feature_that_is_kept():
    found = warm_up([origin("fast", 5 * HOUR), origin("slow", 21 * HOUR, Timeframe.H4)], NOW, 8, 0.25)

    assert found.n_rows == 20  # the first row that closes at or after hour 21
    assert [each.name for each in found.kept] == ["fast", "slow"]
    assert found.absent == {}


def test_a_feature_that_would_take_too_much_of_the_history_is_left_out_with_the_reason():
    found = warm_up([origin("fast", 5 * HOUR), origin("daily", 60 * HOUR, Timeframe.D1, 3)], NOW, 8, 0.25)

    assert found.n_rows == 8  # the floor
    assert found.absent == {
        "daily": "its warm-up of 3 bars of 1d takes 59% of the history, more than max_warmup_fraction=0.25"
    }


def test_a_history_shorter_than_the_warm_up_says_so():
    found = warm_up([origin("daily", None, Timeframe.D1, 227)], NOW, 8, 0.9)

    assert found.absent["daily"].startswith("its warm-up of 227 bars of 1d takes more than the whole history")
    assert found.kept == ()


def test_the_floor_alone_never_drops_a_feature():
    assert warm_up([origin("fast", 5 * HOUR)], NOW, 90, 0.0).absent == {}


def test_a_forecast_from_a_cold_row_is_refused():
    origins = [origin("fast", 5 * HOUR), origin("slow", 50 * HOUR, Timeframe.H4, 12), origin("unused", None)]

    require_warm(origins, ["fast", "slow"], NOW[60:])
    with pytest.raises(NotEnoughHistory, match=r"needs 12 closed bars of 4h for slow, was fewer at .*, for 1 inputs"):
        require_warm(origins, ["fast", "slow"], NOW[40:])
