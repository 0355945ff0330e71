"""Paired timings: ours and a peer on the same data in the same run, reported as a ratio."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from forecast_pipeline.candles.simulated_world import SimulatedWorld
from forecast_pipeline.candles.simulator import simulate_candles

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Ratio:
    """Peer time over our time, best of alternating rounds.

    Attributes:
        task: What both did.
        peer: Who the peer is.
        ours_seconds: Our best time.
        peer_seconds: The peer's best time.
    """

    task: str
    peer: str
    ours_seconds: float
    peer_seconds: float

    @property
    def ratio(self) -> float:
        """How many times longer the peer took."""
        return self.peer_seconds / self.ours_seconds

    def scaled(self, factor: float) -> Ratio:
        """The peer's time for ``factor`` times as much work, where it would take too long to wait for."""
        return dataclasses.replace(self, peer=f"{self.peer}, scaled up", peer_seconds=self.peer_seconds * factor)


def compare(
    task: str, peer: str, ours: Callable[[], object], theirs: Callable[[], object], n_rounds: int = ROUNDS
) -> Ratio:
    """Time both in turn, so that whatever else the machine does hits both."""
    best = [float("inf"), float("inf")]
    for _ in range(n_rounds):
        for position, work in enumerate((ours, theirs)):
            began = time.perf_counter()
            work()
            best[position] = min(best[position], time.perf_counter() - began)
    return Ratio(task, peer, *best)


def simulated_year() -> pl.DataFrame:
    """A year of simulated minutes."""
    return simulate_candles(SimulatedWorld(start=date(2023, 1, 1), n_weeks=52, seed=1))
