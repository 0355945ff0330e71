"""Permutation importance finds what a forecaster uses, and nothing where it uses nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

from forecast_pipeline.backtests.importance import permutation_importance, rank_stability
from forecast_pipeline.splits.arrays import Rows


@dataclasses.dataclass
class Weighted:
    """Forecasts the weighted inputs of each row."""

    weights: np.ndarray

    def mean(self, rows):
        return rows.scale * (rows.inputs @ self.weights)


def made_rows(n_rows=300, n_inputs=5, seed=0):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n_rows, n_inputs))
    scale = np.exp(0.3 * rng.normal(size=(n_rows, 2)))
    target = inputs[:, :2] + 0.1 * rng.normal(size=(n_rows, 2))
    return Rows(inputs, scale * target, scale, np.arange(n_rows) * 60_000_000)


def weights():
    found = np.zeros((5, 2))
    found[0, 0] = found[1, 1] = 1.0
    return found


def test_inputs_that_are_used_lose_skill_and_others_nothing():
    found = permutation_importance(Weighted(weights()), made_rows(), "abcde", 3, "m")

    assert found["column"].to_list() == list("abcde")
    assert found["importance"][2:].to_list() == [0.0] * 3
    # R² lost: the error of a permuted unit normal is twice its variance, over the two horizons' sum of squares.
    assert found["importance"][:2].to_list() == pytest.approx([1.0, 1.0], abs=0.25)
    assert set(found["fold"]) == {3}


def test_each_column_alone_gives_the_same_as_all_together(monkeypatch):
    whole = permutation_importance(Weighted(weights()), made_rows(), "abcde", 0, "m")
    monkeypatch.setattr("forecast_pipeline.backtests.importance._VALUES_AT_ONCE", 1)

    assert permutation_importance(Weighted(weights()), made_rows(), "abcde", 0, "m").equals(whole)


def test_rows_without_outcome_are_left_out_and_too_few_give_nothing():
    rows = made_rows(40)
    rows.increments[1:] = np.nan

    assert permutation_importance(Weighted(weights()), rows, "abcde", 0, "m").is_empty()


def test_stability_is_the_rank_correlation_of_neighbouring_folds():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 8))
    rows = [(f, "m", str(c), values[f, c]) for f in range(3) for c in range(8)]
    frame = pl.DataFrame(rows, schema=["fold", "model", "column", "importance"], orient="row")
    ranks = values.argsort(axis=1).argsort(axis=1)
    expected = np.mean([np.corrcoef(ranks[k], ranks[k + 1])[0, 1] for k in range(2)])

    assert rank_stability(frame) == pytest.approx(expected)
