"""The fan of recombined paths of combinatorial purged cross-validation: one history, tested out of sample many times.

A walk-forward gives one path, which luck may have drawn. Here every row is tested by several fits whose training rows
lie before *and* after it, purged and embargoed; the paths share rows and are no independent draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.groups import BPS
from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.core.schema import INSTANT
from forecast_pipeline.scores.crps import gaussian_crps
from forecast_pipeline.splits.combinatorial import CombinatorialPurged
from forecast_pipeline.splits.splitter import EventPurge
from forecast_pipeline.splits.standardise import Standardiser

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from forecast_pipeline.splits.purge import Convention

    Floats = npt.NDArray[np.float64]
    Instants = npt.NDArray[np.int64]
    Positions = npt.NDArray[np.intp]
    FitAndScore = Callable[[Positions, Positions], Floats]

MAX_ROWS = 5000


def combinatorial_paths(
    fit_and_score: FitAndScore,
    decision_us: Instants,
    label_end_us: Instants,
    *,
    n_groups: int = 10,
    n_test_groups: int = 2,
    purge_days: float = 0.0,
    embargo_days: float = 2.0,
    convention: Convention = "strict",
    max_rows: int = MAX_ROWS,
) -> pl.DataFrame:
    """Loss differences of every split, put together to paths and summed up day by day.

    Args:
        fit_and_score: Given train and test rows, positions in the arrays below, fits on the former and returns the
            loss of a baseline minus its own loss for each of the latter, shape ``(n_test,)``, in log return.
        decision_us: Shape ``(T,)``, decision instant of each row in UTC microseconds, not decreasing.
        label_end_us: Shape ``(T,)``, end of each row's label. Rows without a label must be left out before.
        n_groups: Number of groups.
        n_test_groups: Groups that each split tests.
        purge_days: Purge in trading days; the label's length counts if it is longer.
        embargo_days: Embargo after each run of test rows in trading days.
        convention: When two labels meet.
        max_rows: With more rows, only every so many-th is fitted and scored, so that there are at most as many.

    Returns:
        ``path`` (from 0), ``day_utc`` (day of decision) and ``cumulative_loss_difference_bps``, the running sum over
        scored rows to the end of that day; positive where the baseline lost more. By path and day, one row each.

    Raises:
        NotEnoughHistory: If a split has no row to train on.
        InvalidConfiguration: If ``fit_and_score`` does not return one finite number a test row.

    Example:
        >>> hours = np.datetime64("2024-03-11T00:00", "us").astype(np.int64) + np.arange(96) * 3_600_000_000
        >>> always = lambda train, test: np.full(test.size, 1e-4)
        >>> paths = combinatorial_paths(always, hours, hours + 1, n_groups=4, n_test_groups=2, embargo_days=0.25)
        >>> paths.filter(path=2)["cumulative_loss_difference_bps"].round(9).to_list()
        [24.0, 48.0, 72.0, 96.0]
        >>> paths["path"].n_unique()
        3

    Source: López de Prado, *Advances in Financial Machine Learning*, 2018, section 12.4.
    """
    if max_rows < n_groups:
        raise InvalidConfiguration(f"max_rows must be at least n_groups={n_groups}", was=str(max_rows))
    thinned = np.arange(0, decision_us.size, max(-(-decision_us.size // max_rows), 1))
    decision, label_end = decision_us[thinned], label_end_us[thinned]
    purge = EventPurge.of_trading_days(decision, label_end, purge_days, embargo_days, convention)
    splitter = CombinatorialPurged(n_groups, n_test_groups, purge)
    differences = [
        _checked(fit_and_score(thinned[train], thinned[test]), test.size) for train, test in splitter.split(decision)
    ]
    histories = splitter.recombined(differences, decision.size)
    day = pl.Series(decision).cast(INSTANT).dt.date()
    last_of_day = np.append(np.flatnonzero((day[1:] != day[:-1]).to_numpy()), decision.size - 1)
    sums = BPS * np.cumsum(histories, axis=1)[:, last_of_day]
    return pl.DataFrame(
        {
            "path": np.repeat(np.arange(splitter.n_paths, dtype=np.int32), last_of_day.size),
            "day_utc": pl.concat([day[last_of_day]] * splitter.n_paths),
            "cumulative_loss_difference_bps": sums.ravel(),
        }
    )


def ridge_crps_gain(features: Floats, outcomes: Floats, scale: Floats, penalty: float | None = None) -> FitAndScore:
    """What `combinatorial_paths` calls to score a ridge: CRPS of a normal around zero minus around the ridge's mean.

    Both normals have the ex-ante standard deviation, so that only the mean is judged. The ridge has no intercept and
    is fitted to outcomes over their scale; features are standardised on the training rows of each split alone.

    Args:
        features: Shape ``(T, p)``; NaN is not defined and becomes the training mean.
        outcomes: Shape ``(T,)``, log return from the decision to the label end, finite.
        scale: Shape ``(T,)``, its ex-ante standard deviation, positive.
        penalty: Added to each diagonal element of the Gram matrix of the standardised features; if omitted, the number
            of training rows, which halves the weight of a feature that stands alone.

    Returns:
        ``(train, test) -> (n_test,)``, in log return; positive where the ridge is better.

    Raises:
        InvalidConfiguration: If the arrays do not belong together, hold what is not finite, or nothing is penalised.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> features = rng.normal(size=(400, 1))
        >>> outcomes = 1e-3 * (features[:, 0] + rng.normal(size=400))
        >>> gain = ridge_crps_gain(features, outcomes, np.full(400, 1.4e-3))
        >>> bool(gain(np.arange(300), np.arange(300, 400)).mean() > 1e-4)
        True
    """
    shapes = (features.shape[:1], outcomes.shape, scale.shape)
    if features.ndim != 2 or len(set(shapes)) > 1:  # noqa: PLR2004 - rows and columns
        raise InvalidConfiguration("features, outcomes and scale must have one row a decision", was=str(shapes))
    if not (
        np.isfinite(outcomes).all()
        and (np.isfinite(scale) & (scale > 0.0)).all()
        and (penalty is None or penalty > 0.0)
    ):
        raise InvalidConfiguration(
            "outcomes must be finite, and scale and penalty positive",
            was=f"{int((~np.isfinite(outcomes)).sum())} outcomes and {int((~(scale > 0.0)).sum())} scales that are "
            f"not, and penalty={penalty}",
            do="leave out rows whose label is not known",
        )
    names = tuple(str(k) for k in range(features.shape[1]))

    def gain(train: Positions, test: Positions) -> Floats:
        standardiser = Standardiser.fit(features[train], names, 0.0)
        inputs = standardiser.transform(features[train])
        gram = inputs.T @ inputs
        gram.flat[:: gram.shape[0] + 1] += train.size if penalty is None else penalty
        weights = np.linalg.solve(gram, inputs.T @ (outcomes[train] / scale[train]))
        mean = scale[test] * (standardiser.transform(features[test]) @ weights)
        outcome, sd = outcomes[test], scale[test]
        return gaussian_crps(np.zeros_like(mean), sd, outcome) - gaussian_crps(mean, sd, outcome)

    return gain


def _checked(differences: Floats, n_test: int) -> Floats:
    if differences.shape != (n_test,) or not np.isfinite(differences).all():
        raise InvalidConfiguration(
            "fit_and_score must return one finite loss difference a test row",
            was=f"shape {differences.shape} for {n_test} rows, "
            f"{int((~np.isfinite(differences)).sum())} of them not finite",
            do="leave out rows whose label is not known",
        )
    return differences
