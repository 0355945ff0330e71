"""Purge and embargo by event time: which rows may train beside the rows that test.

Row ``i`` is decided at ``decision[i]`` and its label is known at ``label_end[i]``; the label lives on the half-open
interval ``(decision, label_end]``. Only instants are compared, so no weekend and no hole can fool it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration, LeakDetected
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY, instants_of_trading_minutes, trading_minutes

if TYPE_CHECKING:
    import numpy.typing as npt

    Instants = npt.NDArray[np.int64]
    Positions = npt.NDArray[np.intp]

Convention = Literal["half_open", "closed", "exact", "strict"]
"""When two labels meet. ``half_open`` (in the settings ``exact``): when they share time, not one price point.
``closed`` (AFML 7.1; in the settings ``strict``): also when one ends where the other begins, so that the price
at either cut counts as unknown. Around a test run without holes they leave out h - 1 and h rows a side."""

Unit = Literal["trading_minutes", "clock"]


@dataclass(frozen=True, slots=True)
class Embargo:
    """How long after a test run nothing trains, and in which time.

    Attributes:
        length: Number of units, 0 for none.
        unit: ``trading_minutes`` of open session, for instants in UTC microseconds; or ``clock``, in the
            units of the instants themselves. A day is not the same over a weekend.

    Example:
        >>> Embargo.of_trading_days(2)
        Embargo(length=2880, unit='trading_minutes')
    """

    length: int
    unit: Unit = "trading_minutes"

    def __post_init__(self) -> None:
        """Refuse a negative length and an unknown unit."""
        if self.length < 0 or self.unit not in get_args(Unit):
            raise InvalidConfiguration(
                f"an embargo must be at least 0 long, in one of {', '.join(get_args(Unit))}",
                was=f"{self.length} {self.unit}",
            )

    @classmethod
    def of_trading_days(cls, days: float) -> Embargo:
        """An embargo in days of 1440 open minutes."""
        return cls(round(days * MINUTES_PER_DAY))

    def is_over(self, decision: Instants, run_end: int) -> npt.NDArray[np.bool_]:
        """Whether the embargo that begins at ``run_end`` has passed at each decision, shape ``(T,)``."""
        if self.unit == "clock":
            return np.asarray(decision >= run_end + self.length)
        minute = trading_minutes(np.array([run_end], dtype=np.int64)) + self.length
        return np.asarray(decision >= max(int(instants_of_trading_minutes(minute)[0]), run_end))


NO_EMBARGO = Embargo(0, "clock")


def test_runs(test: Positions) -> list[tuple[int, int]]:
    """Maximal runs of consecutive test rows as half-open ranges, in order.

    Example:
        >>> test_runs(np.array([2, 3, 8, 9]))
        [(2, 4), (8, 10)]
    """
    rows = test if (np.diff(test) > 0).all() else np.unique(test)  # nearly always in order already
    if rows.size == 0:
        return []
    breaks = np.flatnonzero(np.diff(rows) > 1)
    starts, stops = rows[np.append(0, breaks + 1)], rows[np.append(breaks, rows.size - 1)] + 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


# The field's word "test" is no test of pytest's.
test_runs.__test__ = False  # type: ignore[attr-defined]


def training_rows(
    decision: Instants,
    label_end: Instants,
    test: Positions,
    convention: Convention = "half_open",
    embargo: Embargo = NO_EMBARGO,
) -> Positions:
    """Rows that may train beside the test rows: purged on both sides of every run, embargoed after it.

    For each maximal run of consecutive test rows let ``a`` be its first decision and ``b`` its last label end. A
    row is left out if ``decision < b`` and ``label_end > a`` (``<=`` and ``>=`` if closed), or if it is decided
    within the embargo that begins at ``b``.

    Args:
        decision: Shape ``(T,)``, instants in any one unit, not decreasing.
        label_end: Shape ``(T,)``, end of each row's longest label, same unit.
        test: Positions of the test rows.
        convention: When two labels meet.
        embargo: What is left out after a run; in trading minutes only for UTC microseconds.

    Returns:
        Positions, increasing, none of them in ``test``.

    Raises:
        InvalidConfiguration: If the arrays do not belong together or run backwards.

    Example:
        >>> decision = np.arange(10) * 60
        >>> training_rows(decision, decision + 120, np.array([4, 5])).tolist()
        [0, 1, 2, 7, 8, 9]
        >>> training_rows(decision, decision + 120, np.array([4, 5]), "closed", Embargo(60, "clock")).tolist()
        [0, 1, 8, 9]

    Source: López de Prado, *Advances in Financial Machine Learning*, 2018, chapter 7.
    """
    check_events(decision, label_end)
    is_closed = _is_closed(convention)
    may_train = np.ones(decision.size, dtype=bool)
    may_train[test] = False
    for start, stop in test_runs(test):
        first, end = int(decision[start]), int(label_end[start:stop].max())
        before = label_end < first if is_closed else label_end <= first
        after = decision > end if is_closed else decision >= end
        if embargo.length:
            after &= embargo.is_over(decision, end)
        may_train &= before | after
    return np.flatnonzero(may_train)


def with_purge_of(decision_us: Instants, label_end_us: Instants, purge_minutes: int) -> Instants:
    """Label ends that are at least ``purge_minutes`` of trading time after their decision.

    Purging by these leaves out whichever is longer, the label or the purge that was asked for.

    Example:
        >>> friday = np.array(["2024-03-08T21:59"], "datetime64[us]").astype(np.int64)
        >>> with_purge_of(friday, friday, 2).astype("datetime64[us]").astype(str).tolist()  # a weekend counts nothing
        ['2024-03-10T21:01:00.000000']
    """
    if purge_minutes == 0:
        return label_end_us
    return np.maximum(label_end_us, instants_of_trading_minutes(trading_minutes(decision_us) + purge_minutes))


def check_no_overlap(
    decision: Instants, label_end: Instants, train: Positions, test: Positions, convention: Convention = "half_open"
) -> None:
    """Assert that no row trains and tests, and that no training label meets the labels of a test run.

    It does not trust `training_rows`: it compares with every run again, on the instants that are stored.

    Raises:
        LeakDetected: Naming the first training row that meets a test run.
    """
    is_tested = np.zeros(decision.size, dtype=bool)
    is_tested[test] = True
    both = train[is_tested[train]]
    if both.size:
        raise LeakDetected("no row may train and test", was=f"{both.size} rows, first {both[0]}")
    is_closed = _is_closed(convention)
    for start, stop in test_runs(test):
        first, end = decision[start], label_end[start:stop].max()
        begins, ends = decision[train], label_end[train]
        meets = (begins <= end) & (ends >= first) if is_closed else (begins < end) & (ends > first)
        if meets.any():
            raise LeakDetected(
                f"no training label may meet a test label ({convention})",
                was=f"{int(meets.sum())} that meet test rows {start} to {stop - 1}, first row {train[meets][0]}",
            )


def check_events(decision: Instants, label_end: Instants) -> None:
    """Refuse arrays of instants that do not describe rows in order of time.

    Raises:
        InvalidConfiguration: Saying what does not hold.
    """
    if decision.shape != label_end.shape or decision.ndim != 1:
        raise InvalidConfiguration(
            "decisions and label ends must be one instant a row", was=f"{decision.shape} and {label_end.shape}"
        )
    if (np.diff(decision) < 0).any():
        raise InvalidConfiguration("decisions must not decrease", was=f"{int((np.diff(decision) < 0).sum())} that do")
    if (label_end < decision).any():
        raise InvalidConfiguration(
            "no label may end before its row is decided", was=f"{int((label_end < decision).sum())} that do"
        )


def _is_closed(convention: Convention) -> bool:
    if convention not in get_args(Convention):
        raise InvalidConfiguration(
            f"a purge convention must be one of {', '.join(get_args(Convention))}", was=repr(convention)
        )
    return convention in ("closed", "strict")
