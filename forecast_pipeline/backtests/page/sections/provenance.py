"""Section 2: where every number comes from, down to the hashes of the vendor's files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from forecast_pipeline.backtests.page import data_plots
from forecast_pipeline.backtests.page.blocks import NOT_RECORDED, Facts, Missing
from forecast_pipeline.backtests.page.drawing import canvas_figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast_pipeline.backtests.page.blocks import Figure
    from forecast_pipeline.backtests.page.sections.source import Context, Source

_HASH = 12
_SIMPLE = (
    ("Forecasts", "sha256"),
    ("Code (sources of the package)", "code_sha256"),
    ("Settings", "settings_sha256"),
    ("Seeds", "seeds"),
    ("Penalties tried inside the folds", "n_penalties_tried"),
    ("Features", "features"),
    ("Decisions", "decision_stride_bars"),
)


def context(source: Source) -> Context:
    """Hashes, settings, trials, sources and libraries."""
    facts = source.facts
    pairs = [(name, _text(facts.get(key))) for name, key in _SIMPLE if key != "decision_stride_bars"]
    stride = facts.get("decision_stride_bars")
    pairs.append(("Decisions", None if stride is None else "every bar" if stride == 1 else f"every {stride} bars"))
    horizons, n_samples = facts.get("horizons_bars"), facts.get("n_samples")
    pairs.append(("Horizons", f"{', '.join(map(str, horizons))} bars" if horizons else None))
    pairs.append(("Draws", f"{n_samples} a forecast, the same for every model" if n_samples else None))
    upstream = [(f"Upstream {name}", sha256) for name, sha256 in sorted((facts.get("upstream") or {}).items())]
    pairs += upstream or [("Upstream", None)]
    pairs += [(f"Spread and coverage {name}", sha256) for name, sha256 in sorted(source.record.upstream.items())]
    sources = [
        (f"Source {each.get('vendor') or ''}", f"{each.get('name') or NOT_RECORDED}, sha256 {_hash(each)}")
        for each in facts.get("sources") or []
    ]
    pairs += sources or [("Sources", None)]
    pairs += sorted((facts.get("library_versions") or {}).items()) or [("Libraries", None)]
    parameters = [(name, _text(value)) for name, value in sorted((facts.get("model_parameters") or {}).items())]
    return {
        "lineage": _lineage(source),
        "facts": Facts(pairs),
        "parameters": Facts(parameters) if parameters else Missing("Parameters of the models"),
    }


def notes(facts: Mapping[str, Any]) -> list[str]:
    """Notes of the card, one sentence each."""
    found = facts.get("notes") or []
    listed = [found] if isinstance(found, str | dict) else found
    return [note if isinstance(note, str) else json.dumps(note) for note in listed]


def _lineage(source: Source) -> Figure:
    facts, record = source.facts, source.record
    upstream = dict(facts.get("upstream") or {})
    models = sorted(name for name in upstream if name.startswith("models/"))
    splits = sorted(name for name in upstream if name.startswith("splits/"))
    files = facts.get("sources") or []
    first = f"first {_hash(files[0])[:_HASH]}" if files else ""
    candles = ", ".join(value[:_HASH] for value in list(record.upstream.values())[:3])
    timeframe = facts.get("timeframe") or "timeframe " + NOT_RECORDED
    steps = [
        (f"{len(files)} vendor file{'s' if len(files) != 1 else ''}", first or NOT_RECORDED),
        ("candles", candles or NOT_RECORDED),
        ("bars and features", "hashes in the card of the folds"),
        (f"folds, {timeframe}", ", ".join(str(upstream[name])[:_HASH] for name in splits) or NOT_RECORDED),
        (f"{len(models)} fitted models", ", ".join(str(upstream[name])[:6] for name in models[:5]) or NOT_RECORDED),
        ("out-of-sample forecasts", str(facts.get("sha256") or NOT_RECORDED)[:_HASH]),
        ("this report", "hashed in its card"),
    ]
    side = "usual spread and coverage" if record.upstream else ""
    caption = (
        f"{len(files)} source file{'s' if len(files) != 1 else ''} and {len(models)} fitted models stand behind these "
        "numbers. Hashes are shortened here and whole below; the dashed arrow is what the report reads beside them."
    )
    label = "From vendor files to this report"
    return canvas_figure(
        "lineage", label, caption, 3.4, lambda canvas: data_plots.lineage(canvas.subplots(), steps, side)
    )


def _hash(entry: Mapping[str, Any]) -> str:
    return str(entry.get("sha256") or NOT_RECORDED)


def _text(value: Any) -> str | None:  # noqa: ANN401 - any fact of a card
    return None if value is None else value if isinstance(value, str) else json.dumps(value, sort_keys=True)
