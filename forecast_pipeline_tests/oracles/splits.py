"""Alignment, labels, purging, folds and the variance recursion as obvious loops; slow and never optimised."""

from __future__ import annotations

import math

from forecast_pipeline_tests.oracles.trading_clock import after_open_minutes, bar_open, is_open, open_minutes_between

MINUTE = 60_000_000


def visible_row(base_close_us: int, other_close_us: list[int], limit_minutes: int) -> int | None:
    """Row of another timeframe that may be shown at a close of the base, or None."""
    closed = [row for row, close in enumerate(other_close_us) if close <= base_close_us]
    if not closed:
        return None
    age = open_minutes_between(other_close_us[closed[-1]], base_close_us)
    return closed[-1] if age < limit_minutes else None


def label_end(close_us: int, minutes: int) -> int:
    """Earliest instant at which so many open minutes have passed since a close."""
    return after_open_minutes(close_us, minutes)


def forward_log_return(row: int, close_us: list[int], close: list[float], slot_minutes: int, horizon: int) -> float:
    """Log return to the last close at or before the label end; NaN if not known or stale."""
    end = label_end(close_us[row], horizon * slot_minutes)
    if end > close_us[-1]:
        return math.nan
    last = max(k for k, each in enumerate(close_us) if each <= end)
    if end - close_us[last] > max(5, slot_minutes) * MINUTE:
        return math.nan
    return math.log(close[last]) - math.log(close[row])


def slot_variance(squared: list[float], decay: float, start: float, floor: float) -> list[float]:
    """Exponentially weighted mean of known values; an unknown one leaves it as it was."""
    variance, variances = start, []
    for value in squared:
        if not math.isnan(value):
            variance = decay * variance + (1 - decay) * value
        variances.append(max(variance, floor))
    return variances


def expected_slots(close_us: int, first: int, last: int, slot_minutes: int, cell_minutes: int, profile) -> float:
    """Profile summed over the open minutes ahead from slot ``first`` to slot ``last``, in slots."""
    total, moment, passed = 0.0, close_us, 0
    while passed < last * slot_minutes:
        if is_open(moment):
            if passed >= first * slot_minutes:
                total += profile[minute_of_day(moment) // cell_minutes]
            passed += 1
        moment += MINUTE
    return total / slot_minutes


def minute_of_day(moment_us: int) -> int:
    """Minutes since the FX day of an open instant began."""
    return (moment_us - bar_open(moment_us, 1440)) // MINUTE


def runs_of(rows: list[int]) -> list[list[int]]:
    """Maximal runs of consecutive rows."""
    runs: list[list[int]] = []
    for row in sorted(rows):
        if runs and runs[-1][-1] == row - 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def training_rows(
    decision: list[int], label_end: list[int], test: list[int], *, is_closed: bool, embargo_minutes: int
) -> list[int]:
    """Rows that may train beside test rows, each one asked by itself; the embargo counts open minutes."""
    kept = [row for row in range(len(decision)) if row not in test]
    for run in runs_of(test):
        begin, end = decision[run[0]], max(label_end[row] for row in run)
        resumed = after_open_minutes(end, embargo_minutes)
        for row in list(kept):
            if is_closed:
                meets = decision[row] <= end and label_end[row] >= begin
            else:
                meets = decision[row] < end and label_end[row] > begin
            if meets or end <= decision[row] < resumed:
                kept.remove(row)
    return kept


def walk_forward(
    decision: list[int],
    label_end: list[int],
    slot_minutes: int,
    lengths: dict[str, int],
    *,
    is_expanding: bool,
    is_closed: bool,
) -> list[tuple[list[int], list[int]]]:
    """Train and test rows of each block, in open minutes before the end of the last bar."""
    before_end = [slot_minutes]
    for each, following in zip(decision[-2::-1], decision[:0:-1], strict=True):
        before_end.insert(0, before_end[0] + open_minutes_between(each, following))
    folds = []
    for number in range(lengths["n_splits"]):
        start = (lengths["n_splits"] - number) * lengths["test"]
        test = [row for row, left in enumerate(before_end) if start - lengths["test"] < left <= start]
        train = []
        for row, left in enumerate(before_end):
            if not test or row >= test[0]:
                break
            distance = left - before_end[test[0]]
            is_past_gap = distance > lengths["purge"] + lengths["embargo"]
            is_in_window = is_expanding or distance <= lengths["purge"] + lengths["embargo"] + lengths["window"]
            first = decision[test[0]]
            is_known = label_end[row] < first if is_closed else label_end[row] <= first
            if is_past_gap and is_in_window and is_known:
                train.append(row)
        folds.append((train, test))
    return folds
