"""What the result must beat: the same policy on shuffled forecasts, and positions that need no forecast."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecast_pipeline.backtests.trading.ledger import settle, settled_net
from forecast_pipeline.backtests.trading.policy import positions, signals

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.positions import CostModel
    from forecast_pipeline.backtests.trading.market import Market
    from forecast_pipeline.backtests.trading.parameters import TradingParameters
    from forecast_pipeline.backtests.trading.policy import Schedule

    Floats = npt.NDArray[np.float64]

N_RANDOM_ENTRIES = 100


def shuffled_nets(
    market: Market, schedule: Schedule, costs: CostModel, parameters: TradingParameters, *, seed: int
) -> pl.DataFrame:
    """Net of the same policy when blocks of forecasts change places; prices and costs stay where they are.

    A block spans two horizons or the square root of the rows, whichever is longer, and begins at a random row,
    so that the dependence within a block is kept and its tie to the prices is not.

    Args:
        market: Of one model.
        schedule: Of its rows.
        costs: The band.
        parameters: The policy, and the number of draws.
        seed: Of the draws.

    Returns:
        ``net``, a row a draw, as a fraction of the capital.
    """
    rng = np.random.default_rng(seed)
    n_rows = market.fold.size
    nets = []
    for _ in range(parameters.n_null_draws if n_rows else 0):
        order = _shuffled_blocks(n_rows, max(2 * schedule.n_tranches, math.isqrt(n_rows), 1), rng)
        signal = signals(market.mean[order], market.std[order], market, costs, parameters)
        nets.append(settled_net(market, positions(signal, schedule)))
    return pl.DataFrame({"net": pl.Series(nets, dtype=pl.Float64)})


def references(
    market: Market, schedule: Schedule, position: Floats, parameters: TradingParameters, *, seed: int
) -> pl.DataFrame:
    """Positions that need no forecast, at the same costs.

    Buy and hold keeps one unit through every fold; carry holds the side that interest rates pay, and is there
    only with rates; random entry moves the model's own positions by a random time and gives them a random side,
    so that it trades as much.

    Returns:
        ``reference``, ``net`` and ``gross`` as fractions of the capital, ``n_round_trips``, and for random entry
        ``net_05`` and ``net_95``, the 5 and 95 % points of its draws in the same unit; they are null for the others,
        as is the gross of random entry, which is not computed.
    """
    full = np.where(schedule.is_last, 0.0, parameters.max_exposure)
    known = [("buy and hold", settle(market, full))]
    if parameters.base_rate_annual is not None and parameters.quote_rate_annual is not None:
        side = float(np.sign(parameters.base_rate_annual - parameters.quote_rate_annual))
        known.append(("carry", settle(market, side * full)))
    rows: list[tuple[str | float | None, ...]] = [
        (name, each.total("net"), each.total("gross"), each.round_trips, None, None) for name, each in known
    ]
    rng = np.random.default_rng(seed)
    drawn = [_random_entry(schedule, position, rng) for _ in range(N_RANDOM_ENTRIES if position.size else 0)]
    if drawn:
        nets = np.array([settled_net(market, each) for each in drawn])
        low, high = (float(value) for value in np.quantile(nets, (0.05, 0.95)))
        trips = float(np.mean([np.abs(np.diff(each, prepend=0.0)).sum() / 2.0 for each in drawn]))
        rows.append((f"random entry, mean of {len(drawn)}", float(np.mean(nets)), None, trips, low, high))
    columns = ("net", "gross", "n_round_trips", "net_05", "net_95")
    return pl.DataFrame(rows, {"reference": pl.String} | dict.fromkeys(columns, pl.Float64), orient="row")


def _random_entry(schedule: Schedule, position: Floats, rng: np.random.Generator) -> Floats:
    moved = np.roll(position, int(rng.integers(position.size))) * rng.choice((-1.0, 1.0))
    return np.where(schedule.is_last, 0.0, moved)


def _shuffled_blocks(n_rows: int, block_rows: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """A permutation of rows that keeps blocks together, the first of them at a random row."""
    offset = int(rng.integers(n_rows))
    n_blocks = -(-n_rows // block_rows)
    begin = rng.permutation(n_blocks) * block_rows
    order = (begin[:, None] + np.arange(block_rows)).ravel()
    return np.asarray((order[order < n_rows] + offset) % n_rows)
