"""A Gaussian hidden Markov model whose states are told by a forward filter only.

`hmmlearn` fits the parameters. Its ``predict`` and ``predict_proba`` go through the
series in both directions: each label would depend on later bars (hmmlearn #496, #540).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast_pipeline.backtests.regimes.dwell import UNKNOWN_CODE
from forecast_pipeline.core.errors import NotEnoughHistory

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast_pipeline.backtests.regimes.dwell import Codes

    Floats = npt.NDArray[np.float64]

NAMES = {2: ("calm", "turbulent"), 3: ("calm", "normal", "turbulent")}
_MIN_TRAIN_ROWS = 100
_STAYS = 0.98  # where the fit begins: a regime lasts fifty bars
# An estimated zero would keep the filter from ever entering a state, whatever it sees.
_LEAST_TRANSITION = 1e-10


@dataclass(frozen=True, slots=True)
class HiddenMarkov:
    """Fitted parameters of zero-mean returns, states by volatility, the calmest first.

    Attributes:
        start: Shape ``(S,)``, probabilities before the first bar.
        transition: Shape ``(S, S)``, from row to column.
        variance: Shape ``(S,)``, increasing.
    """

    start: Floats
    transition: Floats
    variance: Floats

    @classmethod
    def fit(cls, returns: Floats, n_states: int, seed: int = 0) -> HiddenMarkov:
        """Expectation maximisation from a fixed beginning, means held at zero.

        Args:
            returns: Shape ``(T,)``, training returns of unit order; NaN is left out.
            n_states: 2 or 3.
            seed: Handed to the fit, which draws nothing from such a beginning.

        Raises:
            NotEnoughHistory: If fewer than 100 returns are known or they do not vary.
        """
        from hmmlearn.hmm import GaussianHMM

        known = returns[np.isfinite(returns)]
        if known.size < _MIN_TRAIN_ROWS or float(np.ptp(known)) == 0.0:
            raise NotEnoughHistory(
                f"a hidden Markov model needs {_MIN_TRAIN_ROWS} returns that vary",
                was=str(known.size),
                do="lengthen the training window",
            )
        # Means have to be among the parameters, or hmmlearn 0.3.3 counts no bars for the variances either: a prior of
        # great weight holds them at zero instead.
        model = GaussianHMM(
            n_states,
            covariance_type="diag",
            means_prior=0.0,
            means_weight=1e9 * known.size,
            covars_prior=1e-3 * float(np.var(known)),
            init_params="",
            params="stmc",
            n_iter=50,
            tol=1e-2,
            random_state=seed,
        )
        leaves = (1.0 - _STAYS) / (n_states - 1)
        model.startprob_ = np.full(n_states, 1.0 / n_states)
        model.transmat_ = np.where(np.eye(n_states, dtype=bool), _STAYS, leaves)
        model.means_ = np.zeros((n_states, 1))
        spread = np.quantile(np.abs(known), np.linspace(0.4, 0.9, n_states))
        model.covars_ = np.maximum(np.square(spread), 1e-3 * float(np.var(known)))[:, None]
        model.fit(known[:, None])
        variance = np.asarray(model.covars_, dtype=np.float64).reshape(n_states)
        order = np.argsort(variance, kind="stable")
        transition = np.maximum(model.transmat_, _LEAST_TRANSITION)[np.ix_(order, order)]
        start = np.maximum(model.startprob_, _LEAST_TRANSITION)[order]
        return cls(start / start.sum(), transition / transition.sum(axis=1, keepdims=True), variance[order])

    def filtered(self, returns: Floats) -> Floats:
        """Probability of each state at each bar, from this bar and earlier ones only.

        ``p_t(s) ∝ f(x_t | s) sum_u p_{t-1}(u) A(u, s)``, normalised at each step, densities in logs and relative to
        the likeliest state so that none underflows together with the others.

        Args:
            returns: Shape ``(T,)``; a NaN tells nothing, and the chain moves on.

        Returns:
            Shape ``(T, S)``, rows sum to 1.

        Example:
            >>> chain = HiddenMarkov(np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([1.0, 9.0]))
            >>> chain.filtered(np.array([0.0, np.nan])).round(3).tolist()
            [[0.75, 0.25], [0.7, 0.3]]
        """
        states = range(self.variance.size)
        log_density = -0.5 * (np.log(self.variance) + np.square(returns)[:, None] / self.variance)
        log_density -= log_density.max(axis=1, keepdims=True)
        likelihood = np.where(np.isnan(log_density), 1.0, np.exp(log_density)).tolist()
        into = [[float(self.transition[u, s]) for u in states] for s in states]
        predicted, rows = self.start.tolist(), []
        for density in likelihood:  # plain floats: a loop over small arrays is ten times slower
            weights = [p * f for p, f in zip(predicted, density, strict=True)]
            total = sum(weights)
            now = [weight / total for weight in weights]
            rows.append(now)
            predicted = [sum(a * p for a, p in zip(column, now, strict=True)) for column in into]
        return np.asarray(rows, dtype=np.float64).reshape(-1, self.variance.size)

    def codes(self, returns: Floats, min_probability: float) -> Codes:
        """Likeliest state at each bar; `UNKNOWN_CODE` where its filtered probability is too small."""
        probability = self.filtered(returns)
        return np.where(probability.max(axis=1) < min_probability, UNKNOWN_CODE, probability.argmax(axis=1))
