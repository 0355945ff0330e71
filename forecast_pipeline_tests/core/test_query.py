"""SQL over the lake: answers what is there, reaches nothing else, changes nothing."""

from __future__ import annotations

import pytest

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.core.query import run_query


@pytest.fixture
def lake(home, ingest_frame, simulated_candles):
    ingest_frame(home, simulated_candles.head(5000))
    return home


def test_a_view_holds_every_partition_with_its_keys(lake):
    answer = run_query(lake, "select symbol, year, count(*) as n from candles group by all")

    assert answer.rows() == [("EURUSD", "2023", 5000)]


def test_values_are_parameters_and_not_text(lake):
    """Fault 30."""
    hostile = "EURUSD' or '1' = '1"

    assert run_query(lake, "select count(*) from candles where symbol = ?", [hostile]).item() == 0
    assert run_query(lake, "select count(*) from candles where symbol = ?", ["EURUSD"]).item() == 5000


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('/etc/hostname')",
        "copy candles to '/tmp/stolen.csv'",
        "attach '/tmp/other.db' as other",
        "set enable_external_access = true",
        "install httpfs",
        "drop view candles; select 1 from candles",
        "selekt 1",
    ],
)
def test_what_is_not_a_question_about_the_lake_is_refused(lake, statement):
    """Fault 30."""
    with pytest.raises(InvalidConfiguration, match="the query must"):
        run_query(lake, statement)


def test_an_empty_lake_says_so(home):
    with pytest.raises(InvalidConfiguration, match="candles does not exist"):
        run_query(home, "select * from candles")
