"""Joint samples of one forecast: cumulative log returns, increments, prices and their quantiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from forecast_pipeline.core.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SeriesDraws:
    """What may follow the last close of one series.

    A row of any of the arrays is one future: its horizons belong together.

    Attributes:
        log_returns: Shape ``(S, K)``, log of the close ``horizons[k]`` bars ahead over the last close.
        last_close: Price of the last bar.
        horizons: Bars ahead, increasing, shape ``(K,)``.

    Example:
        >>> draws = SeriesDraws(np.log([[1.1, 1.21], [1.0, 0.9]]), last_close=100.0, horizons=(1, 2))
        >>> draws.prices.round(6).tolist(), draws.quantiles([0.5]).round(3).tolist()
        ([[110.0, 121.0], [100.0, 90.0]], [[105.0, 105.5]])
    """

    log_returns: Floats
    last_close: float
    horizons: tuple[int, ...]

    @property
    def increments(self) -> Floats:
        """Log return between neighbouring horizons, shape ``(S, K)``."""
        return np.diff(self.log_returns, axis=1, prepend=0.0)

    @property
    def prices(self) -> Floats:
        """Closes, shape ``(S, K)``, in the unit of the closes that were given."""
        return np.asarray(self.last_close * np.exp(self.log_returns))

    def quantiles(self, levels: Sequence[float], of: Literal["prices", "log_returns"] = "prices") -> Floats:
        """Quantiles at each horizon, shape ``(Q, K)``, in the order of ``levels``.

        Args:
            levels: In ``(0, 1)``.
            of: Prices or cumulative log returns.

        Raises:
            InvalidConfiguration: If a level is not in ``(0, 1)``.
        """
        if not len(levels) or not all(0.0 < level < 1.0 for level in levels):
            raise InvalidConfiguration("quantile levels must lie between 0 and 1", was=str(list(levels)))
        values = self.prices if of == "prices" else self.log_returns
        return np.asarray(np.quantile(values, list(levels), axis=0))
