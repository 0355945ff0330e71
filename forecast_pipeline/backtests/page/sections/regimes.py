"""Section 9: is skill the same in every regime, and does choosing by regime pay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from forecast_pipeline.backtests import wording
from forecast_pipeline.backtests.lights import SIGNIFICANCE
from forecast_pipeline.backtests.page import regime_plots
from forecast_pipeline.backtests.page.blocks import Missing, Sentence
from forecast_pipeline.backtests.page.cells import HORIZON, MODEL, Column, fixed, interval, p_value, table, word
from forecast_pipeline.backtests.page.drawing import figure
from forecast_pipeline.backtests.page.sections.source import size_range
from forecast_pipeline.backtests.wording import bars, counted

if TYPE_CHECKING:
    from forecast_pipeline.backtests.page.blocks import Block
    from forecast_pipeline.backtests.page.cells import Row
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_MAX_ROWS = 12
_POLICY, _CHAMPION = "policy", "global champion"


def context(source: Source) -> Context:
    """Timeline, skill by regime with n_eff, and the policy against its rivals and a placebo."""
    found = source.evidence
    regimes = None if found.regimes is None else found.regimes.filter(pl.col("horizon_bars") == source.horizon_bars)
    if regimes is not None and regimes.height > _MAX_ROWS:
        regimes = regimes.filter(pl.col("model") == source.model)
    timeline = found.regime_timeline
    n_regimes = 0 if timeline is None else timeline["regime"].n_unique()
    policy = _policy(source)
    return {
        "timeline": figure(
            "regime_timeline",
            timeline,
            regime_plots.timeline,
            "Regimes over time",
            f"{n_regimes} regimes in {0 if timeline is None else timeline.height} stretches; beside each its share of "
            "the time. Assigned forward only, from what was known at each decision.",
            height=0.9 + 0.42 * max(n_regimes, 1),
        ),
        "skill": figure(
            "regime_skill",
            regimes,
            regime_plots.regime_skill,
            "CRPS skill by regime",
            _skill_caption(regimes, bars(source.horizon_bars)),
            height=1.0 + 0.34 * (0 if regimes is None else regimes.height),
        ),
        "scores": _regime_table(source),
        "rule": _rule(source),
        "policy_figure": _policy_figure(source, policy),
        "policy": _policy_table(source),
        "placebo": _placebo(source),
    }


def _skill_caption(regimes: pl.DataFrame | None, where: str) -> str:
    if regimes is None or regimes.is_empty():
        return ""
    good = regimes.filter((pl.col("p_adjusted").fill_nan(None) < SIGNIFICANCE) & (pl.col("crps_skill") > 0.0)).height
    weak = regimes.filter(~pl.col("is_reliable")).height
    return (
        f"{good} of {counted(regimes.height, 'cell')} at {where} show skill after correction for all of them "
        f"({size_range(regimes['n_eff'])}); {weak} are too small to rely on (hollow marks)."
    )


def _regime_table(source: Source) -> Block:
    frame = source.evidence.regimes
    if frame is None or frame.is_empty():
        return Missing("Scores by regime")
    columns = (
        HORIZON,
        MODEL,
        word("regime", "regime"),
        word("n", "n_rows"),
        word("n_eff", "n_eff"),
        interval("CRPS skill [95 %], %", ("crps_skill", "crps_skill_low", "crps_skill_high"), 2, 100.0),
        p_value("p", "p_value"),
        p_value("p (adjusted)", "p_adjusted"),
        word("reliable", "is_reliable"),
    )

    def is_front(row: Row) -> bool:
        return source.is_focus(row) and bool(row["model"] == source.model)

    return table(frame, _skill_caption(frame, "all horizons"), columns, (), is_front)


def _rule(source: Source) -> Block:
    frame = source.evidence.regime_rule
    if frame is None or frame.is_empty():
        return Missing("The rule that keeps what improves at least one regime")
    chance = float(frame["false_pass_probability"].max())  # type: ignore[arg-type]
    caption = (
        f"The rule to keep what improves at least one regime keeps {int(frame['is_kept'].sum())} of {frame.height}; it "
        f"would keep a model without skill with a probability of up to {wording.share(chance)}, so nothing rests on it."
    )
    columns = (
        HORIZON,
        MODEL,
        word("regimes", "n_regimes"),
        word("improved", "n_improved"),
        word("kept", "is_kept"),
        Column("kept without skill", ("false_pass_probability",), lambda r: wording.share(r["false_pass_probability"])),
    )
    return table(frame, caption, columns, (), source.is_focus)


def _policy(source: Source) -> pl.DataFrame | None:
    """The policy at the headline horizon."""
    frame = source.evidence.policy
    if frame is None or "horizon_bars" not in frame.columns:
        return frame
    return frame.filter(pl.col("horizon_bars") == source.horizon_bars)


def _is_idle(frame: pl.DataFrame | None) -> bool:
    """Whether the policy promoted nothing: then it is the global champion, with its loss on every row."""
    if frame is None:
        return False
    own = frame.filter(pl.col("name") == _POLICY)
    return own.height > 0 and bool((own["gain_bps"] == 0.0).all())


def _size(source: Source) -> str:
    row = source.headline
    return f"{bars(source.horizon_bars)}, {counted(row['n_rows'], 'decision')}, n_eff {row['n_eff']}"


def _policy_figure(source: Source, policy: pl.DataFrame | None) -> Block:
    if policy is not None and _is_idle(policy):
        return Sentence(
            f"The policy promoted no model in any regime ({_size(source)}): it served the global champion throughout, "
            "so there is no gain to draw."
        )
    return figure(
        "policy",
        policy,
        regime_plots.policy,
        "Gain of choosing by regime",
        _policy_caption(source, policy),
        height=0.9 + 0.3 * (0 if policy is None else policy.height),
    )


def _policy_caption(source: Source, frame: pl.DataFrame | None) -> str:
    if frame is None or frame.is_empty():
        return ""
    if _is_idle(frame):
        return f"No model was promoted, so the policy is the global champion ({_size(source)})."
    ways = frame.filter(pl.col("name") != _CHAMPION)
    good = ways.filter(pl.col("gain_low").fill_nan(None) > 0.0).height
    return (
        f"{good} of {counted(ways.height, 'way')} to choose gain more than the global champion beyond chance (95 % "
        f"intervals; {_size(source)})."
    )


def _policy_table(source: Source) -> Block:
    frame = source.evidence.policy
    if frame is None or frame.is_empty():
        return Missing("Policy by regime against champion, ensemble and random assignment")
    columns = (
        HORIZON,
        word("way to choose", "name"),
        fixed("CRPS, bps", "crps_bps", 4),
        interval("gain [95 %], bps", ("gain_bps", "gain_low", "gain_high"), 4),
        p_value("p", "p_value"),
        word("n_eff", "n_eff"),
        word("note", "note"),
    )
    focus = source.is_focus if "horizon_bars" in frame.columns else None
    return table(frame, _policy_caption(source, _policy(source)), columns, (), focus)


def _placebo(source: Source) -> Block:
    if _is_idle(_policy(source)):
        return Sentence("Placebo of permuted regimes: no model was promoted, so there is nothing to compare.")
    place = source.evidence.placebo_percentile
    if place is None or not math.isfinite(place):
        return Missing("Placebo of permuted regimes")
    return Sentence(
        f"Placebo: the gain of choosing by regime is above {wording.share(place, 0)} of the gains with block-permuted "
        f"regimes ({_size(source)}); below 95 % it is no evidence."
    )
