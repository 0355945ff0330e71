"""Families against the best of baselines on some folds of a published split, before the calibration layer.

A walk-forward of a network over ten folds takes long; this fits the folds that are asked for, each from nothing, and
scores evenly spaced test decisions. It reads the split of a state folder, which any build leaves there::

    FORECAST_HOME=data python benchmarks/folds.py --symbol EURUSD --timeframe 1h --folds 2,8 --models latent_diffusion

CRPS is the fair one over the mean ex-ante scale of each horizon. The test is Diebold and Mariano's on the mean over the
horizons against the one baseline that is best overall; overlapping labels are counted by its lags.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.defs.settings import home_from_environment
from forecast_pipeline.models.registry import family_named
from forecast_pipeline.models.train import fit_fold
from forecast_pipeline.scores.crps import crps_from_draws
from forecast_pipeline.scores.significance import diebold_mariano
from forecast_pipeline.splits.build import Split, read_split

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.splits.arrays import FoldArrays, Rows

    Floats = npt.NDArray[np.float64]

BASELINES = ("ewma_fhs", "garch_t", "har")
LEVELS = (0.05, 0.95)


def scored(
    name: str, arrays: FoldArrays, rows: Rows, number: int, n_draws: int
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """CRPS in ex-ante scales, and whether the nominal 90 % interval covers, each ``(B, K)``."""
    forecaster = fit_fold(name, family_named(name).parameters_class()(), arrays, number)
    drawn, outcome = np.cumsum(forecaster.sample(rows, n_draws), axis=2), rows.outcomes
    unit = np.sqrt(np.cumsum(np.square(rows.scale), axis=1)).mean(axis=0)
    columns = [crps_from_draws(drawn[..., k], outcome[:, k]) / unit[k] for k in range(unit.size)]
    lower, upper = np.quantile(drawn, LEVELS, axis=0)
    return np.stack(columns, axis=1), (lower <= outcome) & (outcome <= upper)


def compared(split: Split, folds: Sequence[int], models: Sequence[str], n_decisions: int, n_draws: int) -> None:
    """Fit, score and print."""
    names = [*BASELINES, *models]
    losses: dict[str, list[Floats]] = {name: [] for name in names}
    covered: dict[str, list[npt.NDArray[np.bool_]]] = {name: [] for name in names}
    for number in folds:
        arrays = split.arrays(number)
        known = arrays.test.labelled()
        rows = known.take(np.unique(np.linspace(0, len(known) - 1, n_decisions).astype(np.intp)))
        for name in names:
            loss, is_inside = scored(name, arrays, rows, number, n_draws)
            losses[name].append(loss)
            covered[name].append(is_inside)
        print(f"# fold {number}: {len(rows)} of {len(known)} decisions", flush=True)
    whole = {name: np.concatenate(parts) for name, parts in losses.items()}
    best = np.min([whole[name].mean(axis=0) for name in BASELINES], axis=0)
    overall = min(BASELINES, key=lambda name: whole[name].mean())
    every = max(len(known) // n_decisions, 1)
    overlap = max(-(-split.horizons[-1] // every), 1)
    print(f"horizons {split.horizons} bars; pooled: mean of the horizons against {overall}")
    print(f"{'model':<18} {'% of the best baseline at each horizon':<42} {'pooled':>7} {'t':>5} {'p':>6}  covers 90 %")
    for name in models:
        by_horizon = ", ".join(f"{100 * share:+.2f}" for share in whole[name].mean(axis=0) / best - 1.0)
        test = diebold_mariano(whole[name].mean(axis=1), whole[overall].mean(axis=1), overlap)
        inside = ", ".join(f"{100 * share:.1f}" for share in np.concatenate(covered[name]).mean(axis=0))
        pooled = 100.0 * test.mean_difference / whole[overall].mean()
        print(f"{name:<18} {by_horizon:<42} {pooled:>+7.2f} {test.statistic:>5.1f} {test.p_value:>6.3f}  {inside}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbol", required=True)
    parser.add_argument("--timeframe", required=True)
    parser.add_argument("--folds", required=True, help="numbers of folds, by commas")
    parser.add_argument("--models", default="latent_diffusion", help="families, by commas")
    parser.add_argument("--decisions", type=int, default=400, help="decisions of a fold")
    parser.add_argument("--draws", type=int, default=300)
    chosen = parser.parse_args()
    split = read_split(home_from_environment(), chosen.symbol, Timeframe.parse(chosen.timeframe))
    folds = [int(number) for number in chosen.folds.split(",")]
    if unknown := sorted(set(folds) - set(split.fold_numbers)):
        raise SystemExit(f"--folds must be among {split.fold_numbers}, was {unknown}")
    compared(split, folds, chosen.models.split(","), chosen.decisions, chosen.draws)


if __name__ == "__main__":
    main()
