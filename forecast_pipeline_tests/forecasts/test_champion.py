"""The gate: who may serve."""

from __future__ import annotations

import polars as pl
import pytest

from forecast_pipeline.forecasts.champion import gate


def table(*rows):
    names = ["model", "horizon_bars", "is_baseline", "crps_bps", "crps_skill", "dm_p_value", "dm_p_adjusted"]
    return pl.DataFrame(list(rows), schema=names, orient="row")


BASELINES = [
    ("ewma", 1, True, 5.0, None, None, None),
    ("ewma", 6, True, 9.0, None, None, None),
    ("random_walk", 1, True, 6.0, -0.2, 0.001, None),
    ("random_walk", 6, True, 9.1, -0.01, 0.5, None),
]


@pytest.mark.parametrize(
    ("contenders", "expected"),
    [
        ([("ridge", 1, False, 4.8, 0.04, 0.001, 0.01), ("ridge", 6, False, 8.8, 0.01, 0.2, 0.3)], "ridge"),
        ([("ridge", 1, False, 4.8, 0.04, 0.001, 0.01), ("ridge", 6, False, 9.1, -0.01, 0.2, 1.0)], "ridge"),
        ([("ridge", 1, False, 4.8, 0.04, 0.01, 0.06), ("ridge", 6, False, 8.8, 0.01, 0.2, 0.3)], "ewma"),
        ([("ridge", 1, False, 4.8, 0.04, 0.001, 0.01), ("ridge", 6, False, 9.9, -0.11, 0.03, 0.4)], "ewma"),
        ([("ridge", 1, False, 5.2, -0.04, 0.001, 0.01), ("ridge", 6, False, 8.8, 0.2, 0.1, 0.3)], "ewma"),
        ([("ridge", 1, False, 4.8, 0.04, 0.001, 0.01), ("lasso", 1, False, 4.7, 0.06, 0.001, 0.01)], "lasso"),
    ],
    ids=[
        "proven at one horizon",
        "and not shown to be worse elsewhere",
        "not significant after correction",
        "worse at another horizon",
        "significantly worse",
        "the better of two",
    ],
)
def test_a_model_serves_only_if_it_won_somewhere_and_lost_nowhere(contenders, expected):
    champion, reason = gate(table(*BASELINES, *contenders))

    assert champion == expected
    assert reason


def test_without_a_proven_model_the_baseline_that_is_best_most_often_serves():
    losses = {"ewma": (5.0, 5.0, 5.0), "random_walk": (6.0, 6.0, 4.0)}
    cells = [(m, h, loss) for m, each in losses.items() for h, loss in zip((1, 3, 6), each, strict=True)]
    rows = [(m, h, True, loss, None, None, None) for m, h, loss in cells]

    assert gate(table(*rows)) == (
        "ewma",
        "no model beat the best baseline significantly; this one is best at 2 of 3 horizons",
    )
