"""Stamps of text files: the pattern is found on the text itself, epochs by their magnitude."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

_DATES = {
    r"\d{4}\.\d{1,2}\.\d{1,2}": ("%Y.%m.%d",),
    r"\d{4}-\d{1,2}-\d{1,2}": ("%Y-%m-%d",),
    r"\d{4}/\d{1,2}/\d{1,2}": ("%Y/%m/%d",),
    r"\d{8}": ("%Y%m%d",),
    r"\d{1,2}\.\d{1,2}\.\d{4}": ("%d.%m.%Y",),
    r"\d{1,2}-\d{1,2}-\d{4}": ("%d-%m-%Y", "%m-%d-%Y"),
    r"\d{1,2}/\d{1,2}/\d{4}": ("%d/%m/%Y", "%m/%d/%Y"),
}
_TIMES = {
    r"\d{1,2}:\d{2}": "%H:%M",
    r"\d{1,2}:\d{2}:\d{2}": "%H:%M:%S",
    r"\d{1,2}:\d{2}:\d{2}[.,]\d+": "%H:%M:%S%.f",
    r"\d{1,2}:\d{2}:\d{2}:\d{3}": "%H:%M:%S:%3f",
    r"\d{4}": "%H%M",
    r"\d{6}": "%H%M%S",
    r"\d{9}": "%H%M%S%3f",
}
_COMPACT = {r"\d{14}": "%Y%m%d%H%M%S", r"\d{12}": "%Y%m%d%H%M", r"\d{17}": "%Y%m%d%H%M%S%3f"}
_ZONES = {r"": "", r"Z": "Z", r" ?UTC": "UTC", r" ?GMT": "GMT", r" ?(?:UTC|GMT)?[+-]\d{2}:?\d{2}": "%z"}
_EPOCH = re.compile(r"-?\d{9,11}(\.\d*)?|\d{12,13}|\d{15,16}|\d{18,19}")
_CLEARLY_SHORTER = 20
# An epoch between 1990 and 2200 has its unit in its size: the ranges do not touch.
_EPOCH_UNITS = ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0), (float("inf"), 1e-3))


@dataclass(frozen=True, slots=True)
class Stamps:
    """Stamps read from text.

    Attributes:
        values: Naive local instants, or UTC instants if they carry a zone; null where the pattern fails.
        is_utc: Whether they carry a zone of their own.
        pattern: How they were read.
        n_other_units: Epochs in another unit than most.
    """

    values: pl.Series
    is_utc: bool
    pattern: str
    n_other_units: int = 0


def read_stamps(text: pl.Series, pattern: str | None = None) -> Stamps | None:
    """Read a column of stamps; None if the first one follows no known pattern.

    Where day and month could be either way round, the reading under which all stamps
    exist and none steps back is taken; if both do, None: only the pattern can tell.
    """
    first = next((value for value in text if value), "")
    if pattern is None and _EPOCH.fullmatch(first):
        return _epochs(text)
    candidates = [(pattern, "%z" in pattern)] if pattern else _patterns(first)
    readings = [_read(text, each, is_utc=is_utc) for each, is_utc in candidates]
    if len(readings) < 2:  # noqa: PLR2004 - nothing to choose from
        return readings[0] if readings else None
    return _unambiguous(readings)


def _read(text: pl.Series, pattern: str, *, is_utc: bool) -> Stamps:
    values = _parsed(text, pattern)
    for other in _relatives(pattern):
        missing = values.is_null() & text.is_not_null()
        if not missing.any():
            break
        values = values.zip_with(~missing, _parsed(text, other))
    return Stamps(values, is_utc, pattern)


def _parsed(text: pl.Series, pattern: str) -> pl.Series:
    if pattern.endswith(("Z", "UTC", "GMT")) and not pattern.endswith("%Z"):
        text = text.str.replace(r" ?(Z|UTC|GMT)$", "")
        return _parsed(text, pattern.removesuffix("Z").removesuffix("UTC").removesuffix("GMT")).dt.replace_time_zone(
            "UTC"
        )
    if "%z" in pattern:
        text = text.str.replace(r" ?(?:GMT|UTC)?([+-]\d{2}):?(\d{2})$", " $1$2")
        return text.str.to_datetime(pattern.replace("%z", " %z"), strict=False, time_unit="us", time_zone="UTC")
    if "%H" not in pattern:
        return text.str.to_date(pattern, strict=False).cast(pl.Datetime("us"))
    if "%.f" in pattern:
        text = text.str.replace(",", ".", literal=True)
    return text.str.to_datetime(pattern, strict=False, time_unit="us")


def _relatives(pattern: str) -> list[str]:
    """Patterns of rows that write the same stamp longer or shorter."""
    for long, short in (("%H:%M:%S%.f", "%H:%M:%S"), ("%H:%M:%S", "%H:%M")):
        if long in pattern:
            return [pattern.replace(long, short)]
    return [pattern.replace("%H:%M", "%H:%M:%S")] if "%H:%M" in pattern else []


def _patterns(first: str) -> list[tuple[str, bool]]:
    for zone, zone_pattern in _ZONES.items():
        for time, time_pattern in {**_TIMES, "": ""}.items():
            for gap in ("", "T") if time == "" else ("[ ]", "T"):
                for date, date_patterns in _DATES.items():
                    if re.fullmatch(f"{date}{gap}{time}{zone}" if time else f"{date}{zone}", first):
                        between = "" if not time else {"[ ]": " ", "T": "T"}[gap]
                        return [(f"{d}{between}{time_pattern}{zone_pattern}", bool(zone)) for d in date_patterns]
    return [(pattern, False) for expression, pattern in _COMPACT.items() if re.fullmatch(expression, first)]


def _unambiguous(readings: list[Stamps]) -> Stamps | None:
    whole = [each for each in readings if each.values.null_count() == min(r.values.null_count() for r in readings)]
    if len(whole) == 1:
        return whole[0]
    forward = [each for each in whole if not (each.values.diff().dt.total_microseconds() < 0).any()]
    if len(forward) == 1:
        return forward[0]
    if all(each.values.equals(whole[0].values) for each in whole):
        return whole[0]
    # Candles a minute apart never jump by a month: the reading with the shorter span is the true one.
    instants = [each.values.drop_nulls().cast(pl.Int64).to_numpy() for each in whole]
    spans = [int(np.ptp(each)) if each.size else 0 for each in instants]
    if min(spans) * _CLEARLY_SHORTER < max(spans):
        return whole[spans.index(min(spans))]
    return None


def _epochs(text: pl.Series) -> Stamps:
    numbers = text.cast(pl.Float64, strict=False)
    whole = text.cast(pl.Int64, strict=False)
    values = numbers.fill_null(0.0).to_numpy()
    unit = np.searchsorted([limit for limit, _ in _EPOCH_UNITS[:-1]], np.abs(values), side="right")
    microseconds = np.rint(values * np.array([factor for _, factor in _EPOCH_UNITS])[unit]).astype(np.int64)
    # A float holds no nanosecond epoch exactly, an integer does.
    exact = whole.fill_null(0).to_numpy()
    microseconds = np.where((unit == 3) & (exact != 0), exact // 1000, microseconds)  # noqa: PLR2004 - nanoseconds
    present = unit[numbers.is_not_null().to_numpy()]
    most = int(np.bincount(present, minlength=4).argmax()) if present.size else 0
    found = pl.Series("stamp", microseconds).cast(pl.Datetime("us", "UTC")).set(numbers.is_null(), None)
    return Stamps(
        found,
        is_utc=True,
        pattern="epoch in " + ("s", "ms", "us", "ns")[most],
        n_other_units=int((present != most).sum()),
    )
