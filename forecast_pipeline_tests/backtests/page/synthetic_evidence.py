"""Evidence with every frame filled, of the size and the untidiness that a real run has."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from forecast_pipeline.backtests.candle_record import CandleRecord
from forecast_pipeline.backtests.page.evidence import Evidence, TradingEvidence
from forecast_pipeline.candles.calendar import COVERAGE

MODELS = ("elastic_net", "forest", "lasso", "ridge")
BASELINES = ("ewma", "garch", "hour_climatology", "random_walk")
REGIMES = ("calm up", "calm down", "wild up", "wild down")
FIRST = dt.datetime(2024, 2, 5, tzinfo=dt.UTC)


def rich_evidence(model: str = "ridge", horizons: tuple[int, ...] = (1, 4), seed: int = 3) -> Evidence:
    """Every frame of `Evidence`; ``model`` is the one the headline may speak about."""
    rng = np.random.default_rng(seed)
    return Evidence(
        calibration=_calibration(rng, horizons),
        conformal_width=_conformal_width(rng),
        hours=_hours(rng),
        model_set=_model_set(rng, horizons),
        overfitting={
            "pbo": 0.31,
            "n_blocks": 16,
            "n_pbo_trials": 22,
            "n_pbo_days": 480,
            "n_days": 512,
            "n_trials": 24,
            "n_effective_trials": 7.3,
            "sharpe_per_day": 0.061,
            "psr": 0.912,
            "expected_max_sharpe": 0.083,
            "dsr": 0.287,
            "n_penalties_tried": 93,
            "dsr_at_penalties": 0.162,
            "min_track_record_days": 1204.0,
            "is_ledger_complete": True,
        },
        pbo_logits=pl.DataFrame({"logit": rng.normal(0.5, 1.4, 400)}),
        dsr_by_trials=pl.DataFrame({"n_trials": [1, 2, 5, 10, 20, 50, 100, 500], "dsr": _falling(8)}),
        paths=_paths(rng),
        trials=_trials(rng),
        regimes=_regimes(rng, horizons),
        policy=_policy(horizons),
        placebo_percentile=0.62,
        regime_rule=_rule(horizons),
        regime_timeline=_timeline(rng),
        power=pl.DataFrame(
            {
                "ic": [0.0, 0.02, 0.04, 0.06, 0.08, 0.1],
                "power": _rising(6),
                "power_of_dm": [0.0, 0.1, 0.2, 0.4, 0.6, 0.85],
            }
        ).with_columns(n_eff=pl.lit(1500)),
        degradation={"slope": 0.34, "slope_low": -0.12, "slope_high": 0.8, "n": 18},
        drift=_drift(rng),
        features=_features(rng),
        importance_stability=0.41,
        leaks=_leaks(),
        fold_invariance={"n_folds": 10, "n_equal": 10, "what": ["scaler", "selection", "weights"]},
        trading=_trading(rng, model, horizons),
    )


def rich_record() -> CandleRecord:
    """Twelve weeks of coverage with two holes, a spread profile and two gaps."""
    rng = np.random.default_rng(5)
    hours = [(FIRST + dt.timedelta(days=day, hours=hour), day, hour) for day in range(84) for hour in range(24)]
    hours = [each for each in hours if each[1] % 7 < 5]
    fraction = np.where(rng.random(len(hours)) < 0.05, rng.random(len(hours)), 1.0)
    fraction[200:226] = 0.0
    coverage = pl.DataFrame(
        {
            "fx_day": [(FIRST + dt.timedelta(days=day)).date() for _, day, _ in hours],
            "hour": [hour for *_, hour in hours],
            "ts_utc": [instant for instant, *_ in hours],
            "n_candles": (60 * fraction).astype(int),
            "coverage_fraction": fraction,
        }
    ).cast(COVERAGE)
    spread = 0.00012 * (1 + 0.3 * np.sin(np.arange(120) / 4)) + 0.0004 * (np.arange(120) % 24 == 23)
    spread[50] = np.nan
    gaps = [
        {
            "kind": kind,
            "first_missing": "2024-02-15T08:00Z",
            "next_candle": "2024-02-16T10:00Z",
            "open_minutes": minutes,
        }
        for kind, minutes in (("hole", 1560), ("early close", 240))
    ]
    profile = pl.DataFrame({"hour_of_week": range(120), "spread": spread, "n_candles": [700] * 120})
    return CandleRecord(
        spread_profile=profile, coverage=coverage, gaps=gaps, years=(2024,), upstream={"candles/2024": "ef" * 32}
    )


def _falling(n: int) -> list[float]:
    return np.linspace(0.97, 0.05, n).tolist()


def _rising(n: int) -> list[float]:
    return np.linspace(0.05, 0.99, n).tolist()


def _named(name: str) -> dict[str, object]:
    return {"model": name, "is_baseline": name in BASELINES}


def _calibration(rng: np.random.Generator, horizons: tuple[int, ...]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            _named(name)
            | {
                "horizon_bars": horizon,
                "n_rows": 1500,
                "n_eff": 1400 // horizon,
                "coverage_90_before": float(rng.uniform(0.84, 0.94)),
                "coverage_90_after": float(rng.uniform(0.885, 0.915)),
                "width_90_before_bps": 30.0 * horizon**0.5,
                "width_90_after_bps": 31.5 * horizon**0.5,
                "kupiec_p_before": 0.004,
                "kupiec_p_after": 0.55,
                "n_alarms": int(rng.integers(0, 4)),
                "n_raw": 40 * horizon,
                "coverage_90_active": float(rng.uniform(0.89, 0.91)),
            }
            for horizon in horizons
            for name in (*MODELS, *BASELINES)
        ]
    )


def _conformal_width(rng: np.random.Generator) -> pl.DataFrame:
    n = 900
    raw = 32.0 + 6.0 * np.sin(np.arange(n) / 60)
    adjusted = raw * (1.05 + 0.2 * (np.arange(n) > 500))
    adjusted[510:514] = np.inf
    return pl.DataFrame(
        {
            "issued_at_utc": [FIRST + dt.timedelta(hours=k) for k in range(n)],
            "raw_width_bps": raw,
            "conformal_width_bps": adjusted,
            "alpha": np.clip(0.1 + 0.02 * np.cumsum(rng.normal(0, 0.05, n)), 0.01, 0.3),
        }
    )


def _hours(rng: np.random.Generator) -> pl.DataFrame:
    days, hours = ("Mon", "Tue", "Wed", "Thu", "Fri"), (17, 21, 1, 5, 9, 13)
    blocks = [f"{day} {hour:02d}-{(hour + 4) % 24:02d}" for day in days for hour in hours]
    found = rng.uniform(0.84, 0.95, len(blocks))
    return pl.DataFrame(
        {
            "block": blocks,
            "n_rows": [100] * len(blocks),
            "n_eff": [90] * len(blocks),
            "crps_skill": rng.normal(0.0, 0.01, len(blocks)),
            "coverage_90": found,
            "coverage_low": [0.83] * len(blocks),
            "coverage_high": [0.96] * len(blocks),
        }
    ).with_columns(coverage_90=pl.when(pl.int_range(pl.len()) == 4).then(0.78).otherwise("coverage_90"))


def _model_set(rng: np.random.Generator, horizons: tuple[int, ...]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"horizon_bars": horizon}
            | _named(name)
            | {
                "n_days": 88,
                "mcs_p_value": float(rng.random()),
                "is_in_set": bool(rng.random() < 0.7),
                "spa_p_value": 0.21,
                "is_stepm_superior": False,
            }
            for horizon in horizons
            for name in (*MODELS, *BASELINES)
        ]
    )


def _paths(rng: np.random.Generator) -> pl.DataFrame:
    days = [FIRST + dt.timedelta(days=k) for k in range(120)]
    parts = [
        pl.DataFrame(
            {
                "path": [path] * len(days),
                "day_utc": days,
                "cumulative_loss_difference_bps": np.cumsum(rng.normal(0.05, 1.0, len(days))),
            }
        )
        for path in range(15)
    ]
    return pl.concat(parts)


def _trials(rng: np.random.Generator) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "trial": k,
                "model": MODELS[k % len(MODELS)],
                "parameters_sha256": f"{k:064x}",
                "n_days": 88,
                "crps_skill": float(rng.normal(0, 0.01)),
                "sharpe_per_day": float(rng.normal(0, 0.05)),
                "is_this_run": k >= 40,
            }
            for k in range(48)
        ]
    )


def _regimes(rng: np.random.Generator, horizons: tuple[int, ...]) -> pl.DataFrame:
    rows = []
    for horizon in horizons:
        for place, regime in enumerate(REGIMES):
            for name in MODELS:
                skill = float(rng.normal(0.0, 0.02))
                half = 0.02 * (1 + place)
                rows.append(
                    {"regime": regime, "model": name, "is_baseline": False, "horizon_bars": horizon}
                    | {"n_rows": 400 - 100 * place, "n_eff": 300 - 95 * place}
                    | {"crps_skill": skill, "crps_skill_low": skill - half, "crps_skill_high": skill + half}
                    | {"p_value": 0.3, "p_adjusted": 0.6, "is_reliable": place < 3}
                )
    return pl.DataFrame(rows)


def _policy(horizons: tuple[int, ...]) -> pl.DataFrame:
    names = ("choice by regime", "ensemble, equal weights", "random assignment", "permuted regimes")
    return pl.DataFrame(
        [
            {
                "horizon_bars": horizon,
                "name": name,
                "crps_bps": 11.2 + 0.01 * k,
                "gain_bps": 0.02 - 0.01 * k,
                "gain_low": -0.03 - 0.01 * k,
                "gain_high": 0.06 - 0.01 * k,
                "p_value": 0.2 + 0.1 * k,
                "note": "against the champion of the fold before",
            }
            for horizon in horizons
            for k, name in enumerate(names)
        ]
    )


def _rule(horizons: tuple[int, ...]) -> pl.DataFrame:
    rows = [
        {"model": name, "horizon_bars": horizon, "n_regimes": 4, "n_improved": place, "is_kept": place > 0}
        | {"false_pass_probability": 0.9375}
        for horizon in horizons
        for place, name in enumerate(MODELS)
    ]
    return pl.DataFrame(rows)


def _timeline(rng: np.random.Generator) -> pl.DataFrame:
    rows, start = [], FIRST
    for k in range(60):
        end = start + dt.timedelta(hours=float(rng.uniform(0, 50)))
        rows.append({"start_utc": start, "end_utc": end, "regime": REGIMES[k % 4]})
        start = end + dt.timedelta(hours=1)
    return pl.DataFrame(rows)


def _drift(rng: np.random.Generator) -> pl.DataFrame:
    names = [f"rsi_{timeframe}_{n}" for timeframe in ("15m", "1h", "4h") for n in range(10, 20)]
    return pl.DataFrame(
        [
            {"fold": fold, "column": name, "ks_stat": float(rng.random() * 0.3), "psi": float(rng.gamma(1.0, 0.1))}
            for fold in range(5)
            for name in names
        ]
    )


def _features(rng: np.random.Generator) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "column": f"{kind}_{timeframe}_{n}",
                "timeframe": timeframe,
                "missing_fraction": float(rng.random() * 0.05),
                "warmup_bars": 10 * n,
                "importance": float(rng.gamma(0.6, 0.001)) if n < 24 else None,
            }
            for kind in ("rsi", "bollinger_upper", "realised_volatility")
            for timeframe in ("15m", "1h", "4h")
            for n in (12, 18, 24)
        ]
    )


def _leaks() -> pl.DataFrame:
    killers = ("future_invariance", "cut_off_invariance, hash_of_artefacts", "purge_oracle", "label_ends", "")
    return pl.DataFrame(
        [
            {
                "mutant": f"{group}{k}",
                "group": name,
                "description": f"planted leak {k} of the {name}",
                "killed_by": killers[(k + place) % 4] if (group, k) != ("X", 3) else "",
                "is_killed": (group, k) != ("X", 3),
            }
            for place, (group, name) in enumerate(
                (("F", "features"), ("S", "splits"), ("A", "fitting"), ("B", "backtest"), ("X", "scores"))
            )
            for k in range(1, 6)
        ]
    )


def _trading(rng: np.random.Generator, model: str, horizons: tuple[int, ...]) -> TradingEvidence:
    n = 1200
    net = np.cumsum(rng.normal(0.0, 0.0006, n))
    return TradingEvidence(
        equity=pl.DataFrame(
            {
                "model": [model] * n,
                "fill_ts_utc": [FIRST + dt.timedelta(hours=k) for k in range(n)],
                "traded": [1.0] * n,
                "gross_cumulative": net + np.arange(n) * 0.00003,
                "net_cumulative": net,
            }
        ),
        waterfall=pl.DataFrame(
            {
                "item": ["gross", "half-spreads", "slippage", "commission", "swap (not modelled)", "conversion", "net"],
                "pips_per_round_trip": [1.8, -1.2, -0.3, -0.2, None, 0.03, 0.13],
                "fraction_of_capital": [0.018, -0.012, -0.003, -0.002, None, 0.0003, 0.0013],
            }
        ),
        cost_curve=pl.DataFrame(
            {
                "multiplier": [0.0, 0.5, 1.0, 1.5, 2.0, 3.0],
                "net": [0.04, 0.02, 0.003, -0.015, -0.03, -0.07],
                "sharpe": _falling(6),
            }
        ),
        delay_curve=pl.DataFrame(
            {"delay_decisions": [0, 1, 2, 5], "net": [0.003, -0.001, -0.004, -0.01], "sharpe": _falling(4)}
        ),
        slippage_curve=pl.DataFrame(
            {"slippage_multiple": [0.0, 0.25, 1.0], "net": [0.01, 0.003, -0.02], "sharpe": _falling(3)}
        ),
        sizing=pl.DataFrame({"sizing": ["constant", "by forecast"], "net": [0.003, 0.004], "sharpe": [0.2, 0.25]}),
        policy=("Policy: a rule that was fixed before the test.",),
        monthly=pl.DataFrame(
            [
                {"year": year, "month": month, "net": float(rng.normal(0, 0.01))}
                for year in (2022, 2023, 2024)
                for month in range(1, 13)
                if (year, month) != (2024, 12)
            ]
        ),
        by_hour=pl.DataFrame({"hour_of_week": range(120), "net": rng.normal(0, 0.002, 120), "n": [0, 3, 5, 8] * 30}),
        by_session=pl.DataFrame(
            {"session": ["Tokyo", "London", "New York"], "net": [0.001, -0.002, 0.004], "n": [100, 300, 250]}
        ),
        by_regime=pl.DataFrame({"regime": list(REGIMES), "net": [0.001, -0.002, 0.004, 0.0], "n": [100, 300, 250, 40]}),
        trades=pl.DataFrame(
            {
                "model": [model],
                "n_trades": [412],
                "holding_hours": [6.5],
                "win_fraction": [0.512],
                "adverse_pips": [7.25],
                "favourable_pips": [8.125],
                "best_share_fraction": [0.18],
            }
        ),
        drawdowns=pl.DataFrame(
            {
                "depth": [0.021, 0.014],
                "start_utc": [FIRST, FIRST + dt.timedelta(days=9)],
                "trough_utc": [FIRST + dt.timedelta(days=4), FIRST + dt.timedelta(days=12)],
                "recovery_day": [FIRST.date() + dt.timedelta(days=8), None],
                "length_days": [8.0, 5.5],
            }
        ),
        stress=pl.DataFrame({"window": ["March 2020"], "net": [-0.004], "n": [18]}),
        null=pl.DataFrame({"net": rng.normal(-0.01, 0.012, 200)}),
        null_net=0.003,
        references=pl.DataFrame(
            {
                "reference": ["buy and hold", "random entry"],
                "net": [0.012, -0.02],
                "gross": [0.0125, None],
                "net_05": [None, -0.0275],
                "net_95": [None, 0.0125],
                "n_round_trips": [10.0, 30.25],
            }
        ),
        hurdle=pl.DataFrame(
            {
                "horizon_bars": list(horizons),
                "sd_pips": [11.0 * h**0.5 for h in horizons],
                "mean_move_pips": [7.5 * h**0.5 for h in horizons],
                "hit_rate_needed": [0.5 + 0.066 / h**0.5 for h in horizons],
                "ic_needed": [0.114 / h**0.5 for h in horizons],
            }
        ),
        not_modelled=("market impact", "margin"),
    )
