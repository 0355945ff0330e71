"""Where the matrix begins to count: after the warm-up of every feature that it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.core.errors import NotEnoughHistory

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from forecast_pipeline.splits.assemble import FeatureOrigin

    Instants = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Which features the history is long enough for, and the first row at which all of them are defined.

    Attributes:
        n_rows: Leading rows that no fold may use.
        kept: Features whose warm-up fits.
        absent: Feature that was left out, with the reason.
    """

    n_rows: int
    kept: tuple[FeatureOrigin, ...]
    absent: dict[str, str]


def warm_up(origins: Iterable[FeatureOrigin], now_us: Instants, least_rows: int, max_fraction: float) -> WarmUp:
    """Drop features that need too much of the history, and skip the rows before the others are defined.

    A slow timeframe needs long: fourteen days of Wilder's average are forgotten to a millionth after 187 days.

    Args:
        origins: Features with the instant from which they are defined.
        now_us: Close of each matrix row, shape ``(T,)``.
        least_rows: Rows skipped in any case, the specification's ``warmup_bars``.
        max_fraction: Largest share of the rows that the warm-up of a feature may take.
    """
    kept: list[FeatureOrigin] = []
    absent: dict[str, str] = {}
    n_rows = least_rows
    for origin in origins:
        needed = first_row(origin, now_us)
        if needed > least_rows and needed > max_fraction * now_us.size:
            absent[origin.name] = (
                f"its warm-up of {origin.required_bars} bars of {origin.timeframe} takes "
                f"{_share(origin, needed, now_us.size)}, more than max_warmup_fraction={max_fraction:g}"
            )
            continue
        kept.append(origin)
        n_rows = max(n_rows, needed)
    return WarmUp(n_rows, tuple(kept), absent)


def first_row(origin: FeatureOrigin, now_us: Instants) -> int:
    """First row on which a feature is out of its warm-up; the number of rows if there is none."""
    if origin.defined_from_us is None:
        return int(now_us.size)
    return int(np.searchsorted(now_us, origin.defined_from_us))


def require_warm(origins: Sequence[FeatureOrigin], columns: Sequence[str], issued_at_us: Instants) -> None:
    """Refuse to forecast from rows on which an input is still in its warm-up.

    Args:
        origins: Features of the matrix.
        columns: Inputs of the model.
        issued_at_us: Decisions, shape ``(B,)``.

    Raises:
        NotEnoughHistory: Naming the inputs and what they need.
    """
    cold = [
        origin
        for origin in origins
        if origin.name in columns and (origin.defined_from_us is None or origin.defined_from_us > issued_at_us.min())
    ]
    if cold:
        worst = max(cold, key=lambda origin: origin.required_bars * origin.timeframe.minutes)
        raise NotEnoughHistory(
            f"a forecast needs {worst.required_bars} closed bars of {worst.timeframe} for {worst.name}",
            was=f"fewer at {np.datetime64(int(issued_at_us.min()), 'us')}, for {len(cold)} inputs",
            why="the model was trained on values that had forgotten where their history began",
            do="ingest more history, or train with fewer or faster indicators",
        )


def _share(origin: FeatureOrigin, needed: int, n_rows: int) -> str:
    if origin.defined_from_us is None:
        return "more than the whole history"
    return f"{needed / max(n_rows, 1):.0%} of the history"
