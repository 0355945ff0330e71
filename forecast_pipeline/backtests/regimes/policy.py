"""What is backtested is the policy, detect then choose then predict, against what it has to beat and placebos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecast_pipeline.backtests.groups import BPS, overlap_rows
from forecast_pipeline.backtests.regimes.choice import Choice, choose
from forecast_pipeline.backtests.regimes.ensemble import ensemble_losses
from forecast_pipeline.backtests.regimes.label import UNKNOWN
from forecast_pipeline.backtests.regimes.losses import decision_regimes, horizon_losses
from forecast_pipeline.backtests.wording import share
from forecast_pipeline.core.errors import InvalidConfiguration, MissingData
from forecast_pipeline.core.hashing import sha256_of_value
from forecast_pipeline.scores.significance import diebold_mariano, mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from forecast_pipeline.backtests.regimes.losses import BlockSums, HorizonLosses

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.int64]

N_PLACEBOS = 200
_COMPARISON: dict[str, pl.DataType] = {
    "horizon_bars": pl.Int32(),
    "name": pl.String(),
    "crps_bps": pl.Float64(),
    "gain_bps": pl.Float64(),
    "gain_low": pl.Float64(),
    "gain_high": pl.Float64(),
    "p_value": pl.Float64(),
    "note": pl.String(),
}
_CHOICES: dict[str, pl.DataType] = {
    "horizon_bars": pl.Int32(),
    "fold": pl.Int32(),
    "regime": pl.String(),
    "model": pl.String(),
    "champion": pl.String(),
    "is_promoted": pl.Boolean(),
    "p_adjusted": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """The policy and what it was compared with.

    Attributes:
        comparison: ``horizon_bars name crps_bps gain_bps gain_low gain_high p_value note``. A gain is over the causal
            global champion in basis points of CRPS, positive if better. For the policy and the ensemble the bounds
            are a 95 % HAC interval and the p-value is Diebold and Mariano's; for the random assignments and the
            placebos they are the 2.5 and 97.5 % points over the draws and the share of draws that do as well as the
            policy, ``(1 + count) / (1 + draws)``.
        choices: ``horizon_bars fold regime model champion is_promoted p_adjusted``: who served in each regime.
    """

    comparison: pl.DataFrame
    choices: pl.DataFrame


def evaluate_policy(
    tested: pl.DataFrame,
    stride_bars: int = 1,
    *,
    default: str | None = None,
    n_placebos: int = N_PLACEBOS,
    seed: int = 0,
) -> PolicyResult:
    """Backtest the policy over the folds, each chosen for from earlier ones.

    Args:
        tested: Out-of-sample rows of all models with ``regime``, in the schema `backtests.schema.FORECASTS`.
        stride_bars: Bars between decisions.
        default: Model that serves in the first fold; the first baseline by name if omitted.
        n_placebos: Draws of random assignments and of permuted labels.
        seed: Seed of the draws.

    Raises:
        MissingData: If there are no rows, or a horizon has no baseline.
        InvalidConfiguration: If there is no model called ``default``.
    """
    if tested.is_empty():
        raise MissingData("a regime policy needs out-of-sample forecasts", was="none")
    horizons = horizon_losses(tested)
    labels, regimes = decision_regimes(tested)
    models, is_baseline = horizons[0].models, horizons[0].is_baseline
    start = _default(models, is_baseline, default)
    sums = [each.sums(labels, len(regimes)) for each in horizons]
    folds = sorted(set(tested["fold"].to_list()))
    # By fold, then by horizon.
    choices = [choose(sums, is_baseline, fold, start) for fold in range(len(folds))]
    champions = np.asarray([[choice.champion for choice in of_fold] for of_fold in choices])
    rng = np.random.default_rng(int(sha256_of_value(["regime placebos", seed])[:8], 16))
    shape = (n_placebos, len(horizons))
    random = np.asarray([_random_gains(sums, champions, rng) for _ in range(n_placebos)]).reshape(shape)
    placebo = np.asarray(
        [_placebo_gains(horizons, labels, len(regimes), start, champions, rng) for _ in range(n_placebos)]
    ).reshape(shape)
    rows: list[dict[str, Any]] = []
    for k, each in enumerate(horizons):
        served = np.asarray([of_fold[k].by_regime for of_fold in choices])
        name = f"the first fold is served by {models[start]}"
        overlap = overlap_rows(each.horizon_bars, stride_bars)
        rows += _rows(each, labels, served, champions[:, k], overlap, name)
        rows.append(_ensemble_row(tested, each, champions[:, k], overlap))
        policy = rows[-3]
        rows += [_draw_row("random assignment", random[:, k], policy, _RANDOM)]
        rows += [_draw_row("permuted labels", placebo[:, k], policy, _PLACEBO)]
    return PolicyResult(
        pl.DataFrame(rows, schema=_COMPARISON),
        pl.DataFrame(_choice_rows(horizons, choices, folds, regimes), schema=_CHOICES),
    )


_RANDOM = "in each fold every regime is given a model at random, so assignments dwell as the regimes do"
_PLACEBO = "stretches of one regime are put in random order, and the policy chooses anew from them"


def permute_stretches(labels: Positions, rng: np.random.Generator) -> Positions:
    """The same stretches of one label, in random order: dwell is kept, alignment with the market is lost.

    Example:
        >>> permute_stretches(np.array([0, 0, 0, 1, 2, 2]), np.random.default_rng(0)).tolist()
        [2, 2, 0, 0, 0, 1]
    """
    if labels.size == 0:
        return labels
    stretches = np.split(labels, np.flatnonzero(np.diff(labels)) + 1)
    return np.concatenate([stretches[k] for k in rng.permutation(len(stretches))])


def _rows(
    of_horizon: HorizonLosses,
    labels: Positions,
    served: Positions,
    champions: Positions,
    overlap: int,
    note: str,
) -> list[dict[str, Any]]:
    losses, row = of_horizon.losses, np.arange(of_horizon.fold.size)
    # Code -1, the unknown regime, is the last column.
    chosen = served[of_horizon.fold, labels[of_horizon.decision]]
    policy, champion = losses[row, chosen], losses[row, champions[of_horizon.fold]]
    promoted = int(np.sum(served != champions[:, None]))
    says = f"{promoted} promotions over {len(champions)} folds" if promoted else "no model was promoted in any regime"
    return [
        _row(of_horizon, "policy", policy, champion, overlap, f"{says}; {note}"),
        _row(of_horizon, "global champion", champion, champion, overlap, f"chosen from earlier folds; {note}"),
    ]


def _row(
    of_horizon: HorizonLosses, name: str, loss: Floats, reference: Floats, overlap: int, note: str
) -> dict[str, Any]:
    gain, test = mean_interval(reference - loss, overlap), diebold_mariano(loss, reference, overlap)
    return {
        "horizon_bars": of_horizon.horizon_bars,
        "name": name,
        "crps_bps": BPS * float(loss.mean()),
        "gain_bps": BPS * gain.mean,
        "gain_low": BPS * gain.low,
        "gain_high": BPS * gain.high,
        "p_value": test.p_value,
        "note": note,
    }


def _ensemble_row(
    tested: pl.DataFrame, of_horizon: HorizonLosses, champions: Positions, overlap: int
) -> dict[str, Any]:
    averaged, single = ensemble_losses(tested, of_horizon)
    champion = single[np.arange(of_horizon.fold.size), champions[of_horizon.fold]]
    note = (
        f"quantiles of all {len(of_horizon.models)} models averaged; CRPS from 21 quantiles, and so is the champion's "
        "in this line"
    )
    return _row(of_horizon, "equal-weight ensemble", averaged, champion, overlap, note)


def _draw_row(name: str, gains: Floats, policy: dict[str, Any], note: str) -> dict[str, Any]:
    in_bps = BPS * gains
    low, high = np.quantile(in_bps, [0.025, 0.975]) if gains.size else (np.nan, np.nan)
    below = float(np.mean(in_bps < policy["gain_bps"])) if gains.size else np.nan
    # Sums in another order round differently: what is equal to twelve digits is not smaller.
    n_as_good = int(np.sum(in_bps >= policy["gain_bps"] - 1e-12 * abs(policy["crps_bps"])))
    return {
        "horizon_bars": policy["horizon_bars"],
        "name": name,
        "crps_bps": policy["crps_bps"] + policy["gain_bps"] - (float(in_bps.mean()) if gains.size else np.nan),
        "gain_bps": float(in_bps.mean()) if gains.size else np.nan,
        "gain_low": float(low),
        "gain_high": float(high),
        "p_value": (1 + n_as_good) / (1 + gains.size),
        "note": f"{note}; the policy's gain exceeds {share(below, 0)} of {gains.size} draws",
    }


def _random_gains(sums: Sequence[BlockSums], champions: Positions, rng: np.random.Generator) -> list[float]:
    """Gain per row of one random assignment at each horizon; the first fold and the unknown regime stay."""
    n_folds, n_labels, n_models = champions.shape[0], *sums[0].all.shape[1:]
    served = rng.integers(n_models, size=(len(sums), n_folds, n_labels))
    served[:, 0, :], served[:, :, -1] = champions[0][:, None], champions.T
    return [_gain(each, served[k], champions[:, k]) for k, each in enumerate(sums)]


def _placebo_gains(
    horizons: Sequence[HorizonLosses],
    labels: Positions,
    n_labels: int,
    start: int,
    champions: Positions,
    rng: np.random.Generator,
) -> list[float]:
    """Gain per row at each horizon of the whole policy over permuted labels."""
    permuted = permute_stretches(labels, rng)
    sums = [each.sums(permuted, n_labels) for each in horizons]
    n_folds = int(horizons[0].fold_of_block.max()) + 1
    choices = [choose(sums, horizons[0].is_baseline, fold, start, champions[fold].tolist()) for fold in range(n_folds)]
    return [
        _gain(each, np.asarray([c[k].by_regime for c in choices]), np.asarray([c[k].champion for c in choices]))
        for k, each in enumerate(sums)
    ]


def _gain(sums: BlockSums, served: Positions, champions: Positions) -> float:
    """Mean CRPS of the champion less that of the models served, ``served`` of shape ``(F, R + 1)``."""
    by_fold = np.zeros((served.shape[0], *sums.all.shape[1:]))
    np.add.at(by_fold, sums.fold_of_block, sums.all)
    chosen = np.take_along_axis(by_fold, served[:, :, None], axis=2)[:, :, 0]
    champion = np.take_along_axis(by_fold, np.broadcast_to(champions[:, None, None], (*served.shape, 1)), axis=2)
    return float((champion[:, :, 0] - chosen).sum() / sums.n_rows)


def _choice_rows(
    horizons: Sequence[HorizonLosses], choices: Sequence[Sequence[Choice]], folds: list[int], regimes: tuple[str, ...]
) -> list[dict[str, Any]]:
    models = horizons[0].models
    return [
        {
            "horizon_bars": of_horizon.horizon_bars,
            "fold": fold,
            "regime": regime,
            "model": models[choice.by_regime[code]],
            "champion": models[choice.champion],
            "is_promoted": bool(choice.by_regime[code] != choice.champion),
            "p_adjusted": float(choice.p_adjusted[code]),
        }
        for k, of_horizon in enumerate(horizons)
        for fold, of_fold in zip(folds, choices, strict=True)
        for choice in [of_fold[k]]
        for code, regime in enumerate((*regimes, UNKNOWN))
    ]


def _default(models: tuple[str, ...], is_baseline: npt.NDArray[np.bool_], name: str | None) -> int:
    if name is None:
        return int(np.flatnonzero(is_baseline)[0])
    if name not in models:
        raise InvalidConfiguration(f"default must be one of {', '.join(models)}", was=repr(name))
    return models.index(name)
