"""Group B of the planted errors, what is chosen: a backtest whose earlier folds know how the later ones ended.

The policy is the real one; only its forecasts are simulated. What is traded stands in `planted_trading_errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.regimes.choice import choose
from forecast_pipeline.backtests.regimes.losses import decision_regimes, horizon_losses
from forecast_pipeline.backtests.regimes.policy import evaluate_policy
from forecast_pipeline.backtests.schema import OUT_OF_SAMPLE, QUANTILE_COLUMNS, QUANTILE_LEVELS
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.core.trading_clock import instants_of_trading_minutes, trading_minutes
from forecast_pipeline.verification.mutants import Mutant, first_findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Choices = Callable[[pl.DataFrame], pl.DataFrame]

PREFIX = "L4 prefix stability"
N_FOLDS = 4
_ROWS_PER_FOLD = 480
_HORIZONS = (1, 4)
_BASELINE, _LATE_BLOOMER = "random_walk", "ridge"
_REGIMES = ("calm", "turbulent")
_LEVEL, _GAIN = 1e-3, 0.5
_FIRST_US = int(np.datetime64("2024-01-08T00:00", "us").astype(np.int64))


def simulated_backtest(seed: int) -> pl.DataFrame:
    """Hourly out-of-sample rows of a baseline and of a model that is better in the last two folds only.

    Args:
        seed: Seed of the losses.

    Returns:
        The columns of `backtests.schema.FORECASTS` that the policy reads.
    """
    rng = np.random.default_rng(seed)
    n_rows = N_FOLDS * _ROWS_PER_FOLD
    first = int(trading_minutes(np.array([_FIRST_US]))[0])
    decided = instants_of_trading_minutes(first + 60 * np.arange(n_rows + _HORIZONS[-1]))
    fold = np.arange(n_rows) // _ROWS_PER_FOLD
    regime = np.asarray(_REGIMES)[np.arange(n_rows) // 24 % 2]
    frames = []
    for horizon in _HORIZONS:
        level = _LEVEL * np.sqrt(horizon)
        common = 1.0 + 0.2 * rng.standard_normal(n_rows)
        for name in (_BASELINE, _LATE_BLOOMER):
            gain = _GAIN * (fold >= N_FOLDS - 2) if name == _LATE_BLOOMER else 0.0
            crps = level * (common + 0.1 * rng.standard_normal(n_rows) - gain)
            frames.append(
                pl.DataFrame(
                    {
                        "fold": pl.Series(fold, dtype=pl.Int32),
                        "segment": [OUT_OF_SAMPLE] * n_rows,
                        "model": [name] * n_rows,
                        "is_baseline": [name == _BASELINE] * n_rows,
                        "issued_at_utc": pl.Series(decided[:n_rows]).cast(INSTANT),
                        "horizon_bars": pl.Series([horizon] * n_rows, dtype=pl.Int32),
                        "target_ts_utc": pl.Series(decided[horizon : n_rows + horizon]).cast(INSTANT),
                        "outcome": level * rng.standard_normal(n_rows),
                        **{
                            column: np.full(n_rows, 2.0 * level * (q - 0.5))
                            for column, q in zip(QUANTILE_COLUMNS, QUANTILE_LEVELS, strict=True)
                        },
                        "crps": crps,
                        "regime": regime,
                    }
                )
            )
    return pl.concat(frames)


def real_choices(tested: pl.DataFrame) -> pl.DataFrame:
    """Who serves in each fold and regime, as the policy of the report chooses."""
    return evaluate_policy(tested, n_placebos=0).choices


def prefix_stability(choices: Choices, tested: pl.DataFrame) -> Iterator[str]:
    """L4: what a backtest chose for its first folds is what it chooses when the later ones have not been tested yet."""
    whole = choices(tested)
    for last in sorted(set(tested["fold"].to_list()))[:-1]:
        expected = whole.filter(pl.col("fold") <= last)
        found = choices(tested.filter(pl.col("fold") <= last))
        differing = [name for name in whole.columns if not found[name].equals(expected[name], null_equal=True)]
        if differing:
            yield f"folds 0 to {last} differ in {', '.join(differing)} once later folds are added"


BACKTEST_TESTS: dict[str, Callable[[Choices, pl.DataFrame], Iterator[str]]] = {PREFIX: prefix_stability}


def backtest_mutants(tested: pl.DataFrame) -> list[Mutant]:
    """B7, on simulated forecasts."""
    tests = {name: (lambda of, test=test: test(of, tested)) for name, test in BACKTEST_TESTS.items()}
    text = "champion chosen with later folds"
    return [Mutant("B7", text, (PREFIX,), lambda: first_findings(tests, chosen_with_later_folds))]


def chosen_with_later_folds(tested: pl.DataFrame) -> pl.DataFrame:
    """The rule of the policy, given all folds, names the champion of every one of them."""
    horizons = horizon_losses(tested)
    labels, regimes = decision_regimes(tested)
    sums = [each.sums(labels, len(regimes)) for each in horizons]
    n_folds = int(horizons[0].fold_of_block.max()) + 1
    chosen = choose(sums, horizons[0].is_baseline, n_folds, 0)
    champions = {each.horizon_bars: each.models[by.champion] for each, by in zip(horizons, chosen, strict=True)}
    return real_choices(tested).with_columns(pl.col("horizon_bars").replace_strict(champions).alias("champion"))
