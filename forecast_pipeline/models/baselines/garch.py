"""GARCH(1,1) with Student's t: fitted on training bars, then filtered forward with its parameters held."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, NamedTuple, Self, cast

import numpy as np

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.models.baselines.driftless import Driftless, history_of, training_returns
from forecast_pipeline.models.innovation import InnovationPool

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from forecast_pipeline.splits.arrays import BarHistory, Rows

    Floats = npt.NDArray[np.float64]

LOGGER = logging.getLogger(__name__)
MIN_BARS = 250
MAX_BARS = 50_000
"""Training bars that are fitted, the newest: more cost time and move no parameter."""
MAX_PERSISTENCE = 0.999
MIN_DEGREES_OF_FREEDOM = 3.0
"""Held above 2, where a variance begins to exist, and far enough for a pool of draws to show it."""
LOWEST_CREDIBLE_DEGREES = 2.1
N_PATHS = 4096
DECIMALS = 9


class Garch(NamedTuple):
    """``v[t + 1] = omega + alpha r[t]^2 + beta v[t]``, innovations standardised t with ``nu`` degrees of freedom."""

    omega: float
    alpha: float
    beta: float
    nu: float

    @property
    def long_run(self) -> float:
        """Variance to which forecasts return."""
        return self.omega / (1.0 - self.alpha - self.beta)


class GarchT(Driftless):
    """GARCH(1,1)-t on deseasonalised returns (Bollerslev 1987), driftless.

    The variance of an increment is the sum of the variances that the recursion expects over its slots, times the
    profile of the hours ahead. Innovations are paths of the fitted recursion itself from its long-run variance:
    so they are joint over horizons, and a sum of many t draws is nearer to the normal law than one of them.

    Where the optimiser of the likelihood fails, or arrives at tails without a variance, the rule of the rung below is
    taken: past increments in units of their EWMA scale, resampled. `note` then says so.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.garch: Garch | None = None
        self._filtered: tuple[Floats | None, Floats] = (None, np.zeros(0))

    def fit(self, train: Rows, validation: Rows) -> None:
        """Estimate on the bars of the training rows by maximum likelihood."""
        returns = training_returns(train)
        horizons = history_of(train).horizons
        self.garch, reason = fit_garch(returns[np.isfinite(returns)][-MAX_BARS:])
        if self.garch is not None:
            self.pool = InnovationPool(simulated_innovations(self.garch, horizons, self.seed))
            return
        self.note = f"GARCH was not fitted ({reason}); resampled in units of EWMA variance instead"
        LOGGER.warning(self.note)
        scaled = np.concatenate([train.scaled_increments, validation.scaled_increments])
        self.pool = InnovationPool.from_residuals(scaled, self.seed)

    def sample(self, rows: Rows, n_samples: int) -> Floats:
        """Standardised paths times the deviation that the recursion expects, shape ``(S, B, K)``."""
        return self.pool.draw(rows.issued_at_us, n_samples) * self.deviation(rows)

    def deviation(self, rows: Rows) -> Floats:
        """Standard deviation of each increment, shape ``(B, K)``."""
        if self.garch is None:
            return rows.scale
        history = history_of(rows)
        slot_variance = self._slot_variance(history)[history.bar]
        widths = np.diff([0, *history.horizons])
        return np.asarray(
            np.sqrt(expected_variance(self.garch, slot_variance, history.horizons) / widths * history.n_slots)
        )

    def state(self) -> dict[str, object]:
        """Pool, seed, note and parameters; none if the fallback was taken."""
        return {**super().state(), "garch": np.array(self.garch or ())}

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> Self:
        """The fitted baseline."""
        made = super().from_state(state)
        values = cast("Floats", state["garch"]).tolist()
        made.garch = Garch(*values) if values else None
        return made

    def _slot_variance(self, history: BarHistory) -> Floats:
        """Variance of the next slot known at each bar; the last history is kept, as it is asked for block by block."""
        returns, variance = self._filtered
        if returns is not history.returns:
            variance = filter_variance(cast("Garch", self.garch), history.returns)
            self._filtered = (history.returns, variance)
        return variance


# Where the optimiser begins: arch's own grid, then what hourly and minute returns usually end at.
_STARTS = (None, np.array([0.02, 0.06, 0.92, 5.0]), np.array([0.05, 0.15, 0.80, 4.0]))


def fit_garch(returns: Floats) -> tuple[Garch | None, str]:
    """Maximum-likelihood estimate by the package ``arch``, or the reason for which there is none.

    A persistence above `MAX_PERSISTENCE` is cut to it at the expense of ``beta``, and the long-run variance is then
    that of the sample; fewer degrees of freedom than `MIN_DEGREES_OF_FREEDOM` are raised to it.

    Args:
        returns: Shape ``(T,)``, known returns, oldest first.
    """
    from arch import arch_model  # a second and a half of import

    scale = float(np.sqrt(np.mean(np.square(returns)))) if returns.size else 0.0
    if returns.size < MIN_BARS or scale == 0.0:
        return None, f"{returns.size} known returns with deviation {scale:g}, at least {MIN_BARS} that vary are needed"
    # Rounded, so that the last bits of the unit of returns do not steer the optimiser.
    standardised = np.round(returns / scale, DECIMALS)
    model = arch_model(standardised, mean="Zero", vol="GARCH", p=1, q=1, dist="t", rescale=False)
    reason = ""
    for start in _STARTS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what they would say is read from the result
                found = model.fit(disp="off", show_warning=False, starting_values=start, options={"maxiter": 500})
        except (ValueError, np.linalg.LinAlgError) as error:
            reason = f"the optimiser failed: {str(error).splitlines()[0]}"
            continue
        omega, alpha, beta, nu = (float(value) for value in np.asarray(found.params))
        if found.convergence_flag == 0 and np.isfinite([omega, alpha, beta, nu]).all():
            break
        reason = "the optimiser did not converge"
    else:
        return None, reason
    if nu < LOWEST_CREDIBLE_DEGREES or omega <= 0.0:
        return None, f"the estimate has no variance: nu {nu:.3g}, omega {omega:.3g}"
    alpha = min(alpha, MAX_PERSISTENCE)
    if alpha + beta > MAX_PERSISTENCE:
        beta, omega = MAX_PERSISTENCE - alpha, 1.0 - MAX_PERSISTENCE
    return Garch(omega * scale**2, alpha, beta, max(nu, MIN_DEGREES_OF_FREEDOM)), ""


def filter_variance(garch: Garch, returns: Floats) -> Floats:
    """Variance of the next slot known at each bar, shape ``(T,)``; an unknown return leaves it as it was.

    Example:
        >>> filter_variance(Garch(0.1, 0.1, 0.8, 5.0), np.array([2.0, np.nan, 0.0])).round(3).tolist()
        [1.3, 1.3, 1.14]
    """
    from scipy.signal import lfilter  # costs a second of import

    known = np.isfinite(returns)
    shocks = garch.omega + garch.alpha * np.square(returns[known])
    start = garch.long_run
    compact, _ = lfilter([1.0], [1.0, -garch.beta], shocks, zi=[garch.beta * start])
    return np.asarray(np.concatenate([[start], compact])[np.cumsum(known)])


def expected_variance(garch: Garch, slot_variance: Floats, horizons: tuple[int, ...]) -> Floats:
    """Variance that the recursion expects over the slots of each increment, shape ``(B, K)``.

    ``E v[t + j] = long_run + (alpha + beta)^(j - 1) (v[t + 1] - long_run)``, summed (Bollerslev 1986).

    Args:
        garch: Parameters.
        slot_variance: Shape ``(B,)``, variance of the next slot.
        horizons: Ends of the ``K`` increments in slots.

    Example:
        >>> expected_variance(Garch(0.1, 0.1, 0.8, 5.0), np.array([2.0]), (1, 3)).round(2).tolist()
        [[2.0, 3.71]]
    """
    persistence = garch.alpha + garch.beta
    ends = np.array([0, *horizons])
    decayed = -np.diff(persistence**ends) / (1.0 - persistence)
    return np.asarray(np.diff(ends) * garch.long_run + (slot_variance[:, None] - garch.long_run) * decayed)


def simulated_innovations(garch: Garch, horizons: tuple[int, ...], seed: int) -> Floats:
    """Increments of simulated paths, in antithetic pairs and with exact unit variance, shape ``(P, K)``.

    Every path starts from the long-run variance.

    Raises:
        TrainingFailed: If the paths leave the range of numbers.
    """
    rng = np.random.default_rng(seed)
    variance = np.full(N_PATHS // 2, garch.long_run)
    increments = np.zeros((N_PATHS // 2, len(horizons)))
    unit = np.sqrt((garch.nu - 2.0) / garch.nu)
    ends = np.array(horizons)
    for slot in range(ends[-1]):
        step = np.sqrt(variance) * unit * rng.standard_t(garch.nu, variance.size)
        increments[:, np.searchsorted(ends, slot, side="right")] += step
        variance = garch.omega + garch.alpha * np.square(step) + garch.beta * variance
    increments /= np.sqrt(np.mean(np.square(increments), axis=0))
    if not np.isfinite(increments).all():
        raise TrainingFailed("simulated returns must be finite", was=f"not, with {garch}", do="report it")
    return np.asarray(rng.permutation(np.concatenate([increments, -increments])))
