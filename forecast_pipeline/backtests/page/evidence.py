"""What the page shows beyond the summary: one field a table or figure, each of which may be missing."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl


def _check_columns(owner: object, needed: Mapping[str, str]) -> None:
    faults = []
    for name, columns in needed.items():
        frame = getattr(owner, name)
        absent = [] if frame is None else [each for each in columns.split() if each not in frame.columns]
        if absent:
            faults.append(f"{name} without {', '.join(absent)}")
    if faults:
        where = type(owner).__name__
        raise ValueError(f"every frame of {where} must have the columns that the page shows, was {'; '.join(faults)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingEvidence:
    """Money: what the policy earned, where it went, and what it depends on; see `trading.report.TradingReport`.

    Attributes:
        economics: A row per model; every column with a unit in its name is shown.
        equity: ``model``, ``fill_ts_utc``, ``gross_cumulative``, ``net_cumulative``; fractions of the capital.
        waterfall: ``item``, ``pips_per_round_trip``, in the order gross to net; null where not modelled.
        cost_curve: ``multiplier``, ``net``, ``sharpe``.
        delay_curve: ``delay_decisions``, ``net``, ``sharpe``.
        slippage_curve: ``slippage_multiple``, ``net``, ``sharpe``.
        sizing: Any columns, a row per way to size positions.
        monthly: ``year``, ``month``, ``net``.
        by_hour: ``hour_of_week`` (0 is Sunday 17:00 New York), ``net``, ``n``.
        by_session: Any columns, a row per session.
        by_regime: Any columns, a row per regime.
        trades: Any columns, a row per model: count, holding time, win rate, excursions.
        drawdowns: Any columns, the worst first.
        stress: Any columns, a row per named window.
        null: ``net`` of each draw of the policy on shuffled forecasts.
        null_net: Net result that the draws are compared with.
        references: Any columns: buy and hold, carry, random entry.
        hurdle: ``horizon_bars``, ``sd_pips``, ``mean_move_pips``, ``hit_rate_needed``, ``ic_needed``.
        policy: Policy, fills and account, a sentence each.
        not_modelled: What costs leave out, in words.
    """

    COLUMNS: ClassVar[dict[str, str]] = {
        "equity": "fill_ts_utc gross_cumulative net_cumulative",
        "waterfall": "item pips_per_round_trip",
        "cost_curve": "multiplier net sharpe",
        "delay_curve": "delay_decisions net sharpe",
        "slippage_curve": "slippage_multiple net sharpe",
        "monthly": "year month net",
        "by_hour": "hour_of_week net n",
        "null": "net",
        "hurdle": "horizon_bars sd_pips mean_move_pips hit_rate_needed ic_needed",
    }

    economics: pl.DataFrame | None = None
    equity: pl.DataFrame | None = None
    waterfall: pl.DataFrame | None = None
    cost_curve: pl.DataFrame | None = None
    delay_curve: pl.DataFrame | None = None
    slippage_curve: pl.DataFrame | None = None
    sizing: pl.DataFrame | None = None
    monthly: pl.DataFrame | None = None
    by_hour: pl.DataFrame | None = None
    by_session: pl.DataFrame | None = None
    by_regime: pl.DataFrame | None = None
    trades: pl.DataFrame | None = None
    drawdowns: pl.DataFrame | None = None
    stress: pl.DataFrame | None = None
    null: pl.DataFrame | None = None
    null_net: float | None = None
    references: pl.DataFrame | None = None
    hurdle: pl.DataFrame | None = None
    policy: tuple[str, ...] = ()
    not_modelled: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_columns(self, self.COLUMNS)

    @classmethod
    def of(cls, source: object) -> TradingEvidence:
        """The parts of any object whose attributes are named as these fields are; the others stay missing.

        Example:
            >>> TradingEvidence.of(object()).economics is None
            True
        """
        known = {each.name: getattr(source, each.name) for each in fields(cls) if hasattr(source, each.name)}
        return cls(**known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Statistics besides the score tables. None, or a frame without rows, is shown as "not recorded".

    Attributes:
        calibration: Intervals before and after the conformal layer, a row per model and horizon; perhaps with ``n_raw``
            (rows issued before the layer had enough scores) and ``coverage_90_active`` (coverage without them).
        conformal_width: Width of the headline model's 90 % interval over time, raw and adjusted, with its ``alpha``.
        hours: Skill and coverage by block of the hour of the week.
        model_set: Model confidence set, superior predictive ability and stepwise test by horizon and model.
        overfitting: Probability of backtest overfitting and the Sharpe ratios' deflation, by name.
        pbo_logits: Logit of the out-of-sample rank of the in-sample best, a row per split.
        dsr_by_trials: Deflated Sharpe ratio if that many trials had been made.
        paths: Cumulative loss difference of each recombined path.
        trials: The ledger, every trial and not only the best.
        regimes: Scores by regime, model and horizon.
        policy: Choice by regime against a global champion, an ensemble and a random assignment.
        placebo_percentile: Place of the policy's gain among block-permuted regimes, in [0, 1].
        regime_rule: The specification's rule, keep what improves at least one regime, and how often it errs.
        regime_timeline: Stretches of one regime, from the first to the last decision of each.
        power: Power to find an information coefficient at the headline horizon; perhaps with ``power_of_dm``, that of
            the Diebold-Mariano test of CRPS.
        degradation: Slope of out-of-sample on in-sample skill, by name.
        drift: Distance between train and test rows of a column; drift, and no alarm of a leak.
        features: Missingness, warm-up and importance of each feature.
        importance_stability: Mean rank correlation of the importances of neighbouring folds.
        leaks: Every planted leak and the test that caught it.
        fold_invariance: Whether artefacts stay equal when the rows after the cut-off change, by name.
        trading: Money.
    """

    COLUMNS: ClassVar[dict[str, str]] = {
        "calibration": "model is_baseline horizon_bars n_eff coverage_90_before coverage_90_after "
        "width_90_before_bps width_90_after_bps kupiec_p_before kupiec_p_after n_alarms",
        "conformal_width": "issued_at_utc raw_width_bps conformal_width_bps alpha",
        "hours": "block n_rows n_eff crps_skill coverage_90 coverage_low coverage_high",
        "model_set": "horizon_bars model is_baseline n_days mcs_p_value is_in_set spa_p_value is_stepm_superior",
        "pbo_logits": "logit",
        "dsr_by_trials": "n_trials dsr",
        "paths": "path day_utc cumulative_loss_difference_bps",
        "trials": "trial model parameters_sha256 n_days crps_skill sharpe_per_day is_this_run",
        "regimes": "regime model horizon_bars n_rows n_eff crps_skill crps_skill_low crps_skill_high p_value "
        "p_adjusted is_reliable",
        "policy": "name crps_bps gain_bps gain_low gain_high p_value note",
        "regime_rule": "model horizon_bars n_regimes n_improved is_kept false_pass_probability",
        "regime_timeline": "start_utc end_utc regime",
        "power": "ic power n_eff",
        "drift": "fold column ks_stat psi",
        "features": "column timeframe missing_fraction warmup_bars importance",
        "leaks": "mutant group description killed_by is_killed",
    }

    calibration: pl.DataFrame | None = None
    conformal_width: pl.DataFrame | None = None
    hours: pl.DataFrame | None = None
    model_set: pl.DataFrame | None = None
    overfitting: Mapping[str, Any] = field(default_factory=dict)
    pbo_logits: pl.DataFrame | None = None
    dsr_by_trials: pl.DataFrame | None = None
    paths: pl.DataFrame | None = None
    trials: pl.DataFrame | None = None
    regimes: pl.DataFrame | None = None
    policy: pl.DataFrame | None = None
    placebo_percentile: float | None = None
    regime_rule: pl.DataFrame | None = None
    regime_timeline: pl.DataFrame | None = None
    power: pl.DataFrame | None = None
    degradation: Mapping[str, Any] = field(default_factory=dict)
    drift: pl.DataFrame | None = None
    features: pl.DataFrame | None = None
    importance_stability: float | None = None
    leaks: pl.DataFrame | None = None
    fold_invariance: Mapping[str, Any] = field(default_factory=dict)
    trading: TradingEvidence = field(default_factory=TradingEvidence)

    def __post_init__(self) -> None:
        _check_columns(self, self.COLUMNS)


def is_missing(frame: pl.DataFrame | None) -> bool:
    """Whether there is nothing to show.

    Example:
        >>> is_missing(None)
        True
    """
    return frame is None or frame.is_empty()
