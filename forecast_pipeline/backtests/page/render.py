"""The page as one HTML text: every section from its own small context, inline style and figures, no script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecast_pipeline.backtests.candle_record import CandleRecord
from forecast_pipeline.backtests.page.blocks import NOT_RECORDED
from forecast_pipeline.backtests.page.sections import (
    comparison,
    data_quality,
    economics,
    features,
    leaks,
    monitoring,
    overfitting,
    point,
    probability,
    provenance,
    regimes,
    splits,
    verdict,
)
from forecast_pipeline.backtests.page.sections.source import Source
from forecast_pipeline.backtests.page.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import jinja2
    import polars as pl
    from markupsafe import Markup

    from forecast_pipeline.backtests.page.evidence import Evidence
    from forecast_pipeline.backtests.summary import Summary

TITLES = {
    "verdict": "Verdict",
    "provenance": "Provenance",
    "data_quality": "Data quality",
    "splits": "Splits",
    "point": "Point skill",
    "probability": "Probabilistic skill",
    "comparison": "Model comparison",
    "overfitting": "Overfitting",
    "regimes": "Regimes",
    "economics": "Economics",
    "features": "Features",
    "leaks": "Leak suite",
    "monitoring": "Monitoring",
    "limits": "What is not claimed",
    "words": "Words",
}
"""Sections in the order of the page, by the name of their template and anchor."""


@dataclass(frozen=True, slots=True)
class Section:
    """One rendered section."""

    name: str
    title: str
    body: Markup


def render_page(
    summary: Summary,
    facts: Mapping[str, Any],
    record: CandleRecord | None = None,
    evidence: Evidence | None = None,
) -> str:
    """The page as HTML text: equal arguments give equal bytes, and nothing is loaded from anywhere.

    Args:
        summary: Scores, accounts and verdict.
        facts: Card of the forecasts file. Each fact is optional: a missing one is named as such.
        record: What the candles record; without one the page says that it is not recorded.
        evidence: Statistics besides the score tables, each of which may be missing; the summary's if omitted.
    """
    evidence = summary.evidence if evidence is None else evidence
    source = Source(summary=summary, facts=facts, record=record or CandleRecord(), evidence=evidence)
    environment = page_environment()
    sections = [Section(name, title, render_section(environment, source, name)) for name, title in TITLES.items()]
    return environment.get_template("page.html").render(
        symbol=facts.get("symbol") or f"symbol {NOT_RECORDED}",
        timeframe=facts.get("timeframe") or f"timeframe {NOT_RECORDED}",
        conclusion=summary.verdict.conclusion,
        span=_span(summary.scores),
        sections=sections,
    )


def page_environment() -> jinja2.Environment:
    """Templates that escape every value and refuse an unknown name."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("forecast_pipeline.backtests"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["not_recorded"] = NOT_RECORDED
    return environment


def render_section(environment: jinja2.Environment, source: Source, name: str) -> Markup:
    """Body of one section, by its name in `TITLES`."""
    from markupsafe import Markup

    text = environment.get_template(f"sections/{name}.html").render(_CONTEXTS[name](source))
    return Markup(text)  # noqa: S704 - the template has escaped every value in it


def _verdict(source: Source) -> dict[str, Any]:
    missing = verdict.missing_lights(source)
    return {**verdict.context(source), "verdict": source.summary.verdict, "missing_lights": missing}


def _provenance(source: Source) -> dict[str, Any]:
    return {**provenance.context(source), "notes": provenance.notes(source.facts)}


_CONTEXTS: dict[str, Callable[[Source], Mapping[str, Any]]] = {
    "verdict": _verdict,
    "provenance": _provenance,
    "data_quality": data_quality.context,
    "splits": splits.context,
    "point": point.context,
    "probability": probability.context,
    "comparison": comparison.context,
    "overfitting": overfitting.context,
    "regimes": regimes.context,
    "economics": economics.context,
    "features": features.context,
    "leaks": leaks.context,
    "monitoring": monitoring.context,
    "limits": lambda _: {},
    "words": lambda _: {"words": WORDS},
}


def _span(scores: pl.DataFrame) -> tuple[str, str]:
    first, last = min(scores["first_issued_utc"].to_list()), max(scores["last_target_utc"].to_list())
    return f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}"
