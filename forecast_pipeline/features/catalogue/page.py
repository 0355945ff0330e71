"""What the catalogue says, as values and as the page ``docs/features.md``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast_pipeline.core.timeframe import Timeframe
from forecast_pipeline.core.trading_clock import MINUTES_PER_DAY
from forecast_pipeline.features.catalogue.indicator import NO_ORIGIN, Indicator
from forecast_pipeline.features.catalogue.table import CATALOGUE, GROUPS
from forecast_pipeline.features.parameters import FeatureParameters
from forecast_pipeline.features.presets import PRESETS
from forecast_pipeline.features.warm_up import required_minutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SET_PRESETS = ("core", "core18", "all", "none")


def indicator_facts(indicator: Indicator, timeframe: Timeframe, settings: FeatureParameters) -> dict[str, Any]:
    """One line of the catalogue as JSON values, for one timeframe and the settings in force."""
    values = settings.values(indicator)
    columns = indicator.columns(timeframe, values)
    return {
        "name": indicator.name,
        "group": indicator.group,
        "summary": indicator.summary,
        "reference": indicator.reference,
        "inputs": list(indicator.inputs),
        "needs": sorted(indicator.needs),
        "origin": indicator.origin,
        "difference": indicator.difference,
        "is_within_day": indicator.is_within_day,
        "parameters": [
            {
                "parameter": parameter.name,
                "value": values[parameter.name],
                "default": parameter.default,
                "least": parameter.least,
                "most": parameter.most,
                "setting": setting_path(indicator, parameter.name),
                "meaning": parameter.description,
            }
            for parameter in indicator.parameters
        ],
        "columns": list(columns),
        "outputs": [
            {"column": column, "unit": output.unit, "meaning": output.description}
            for column, output in zip(columns, indicator.outputs, strict=True)
        ],
        "required_bars": indicator.required_bars(values, timeframe, settings.tolerance),
    }


def warm_up_facts(indicator: Indicator, settings: FeatureParameters) -> list[dict[str, Any]]:
    """Bars and trading days that an indicator needs on each timeframe, its first incomplete bar included."""
    values = settings.values(indicator)
    rows = []
    for timeframe in Timeframe:
        if indicator.is_within_day and timeframe is Timeframe.D1:
            continue
        bars = indicator.required_bars(values, timeframe, settings.tolerance)
        days = required_minutes(bars, timeframe) / MINUTES_PER_DAY
        rows.append({"timeframe": timeframe.value, "bars": bars, "trading_days": round(days, 2)})
    return rows


def setting_path(indicator: Indicator, parameter_name: str) -> str:
    """Where a parameter is set.

    Example:
        >>> setting_path(CATALOGUE["atr"], "lookback_bars"), setting_path(CATALOGUE["macd"], "fast_bars")
        ('features.atr_n', 'features.parameters.macd.fast_bars')
    """
    parameter = next(each for each in indicator.parameters if each.name == parameter_name)
    own = f"parameters.{indicator.name}.{parameter_name}"
    return f"features.{parameter.setting or own}"


def counts_text(names: Iterable[str]) -> str:
    """Indicators, columns of one timeframe, and indicator-timeframe pairs, in a sentence."""
    chosen = [CATALOGUE[name] for name in names]
    columns = sum(len(each.outputs) for each in chosen)
    pairs = sum(len(Timeframe) - each.is_within_day for each in chosen)
    return f"{len(chosen)} indicators, {columns} columns a timeframe, {pairs} pairs of indicator and timeframe."


def features_page() -> str:
    """The page ``docs/features.md``, made from the catalogue and its defaults."""
    return "\n".join([*_head(), *(line for group in GROUPS for line in _group(group)), ""])


_INTRODUCTION = """\
# Features

Made from the catalogue (`forecast_pipeline/features/catalogue`) by `make features-page`; edit that instead.
`forecast-pipeline features list`, `features describe NAME` and `features schema` print the same from the code.

* The specification's eighteen (`core18`): {core18}
* Everything (`all`): {everything}
* Every timeframe also has {n_base} base columns.

**Bars** is the warm-up on 1h at the default tolerance of one millionth: rows before it are NaN, and are never trained
on or forecast from ([timing.md](timing.md#7-warm-up)). **Needs** says which inputs must be recorded; without them a
feature is absent with the reason in the card, never zero. `range` is a high and low of their own, `peers` are closes of
other symbols.

Left out, because their state has no bounded memory: parabolic SAR, Supertrend, ZigZag, McGinley's average, TA-Lib's
Hilbert transforms. Where a history begins would decide what they say today.
"""


def _head() -> Iterator[str]:
    base = [each for each in CATALOGUE.values() if each.is_base]
    yield _INTRODUCTION.format(
        core18=counts_text(PRESETS["core18"]),
        everything=counts_text(PRESETS["all"]),
        n_base=sum(len(each.outputs) for each in base),
    )
    yield "| preset | indicators |"
    yield "|---|---|"
    for name in _SET_PRESETS:
        yield f"| `{name}` | {len(PRESETS[name])} |"
    for group, names in GROUPS.items():
        yield f"| [`{group}`](#{group}) | {len(names)} |"
    yield ""
    yield "## base"
    yield ""
    yield from _table(base)


def _group(group: str) -> Iterator[str]:
    yield ""
    yield f"## {group}"
    yield ""
    yield from _table([CATALOGUE[name] for name in GROUPS[group]])


def _table(indicators: Iterable[Indicator]) -> Iterator[str]:
    settings = FeatureParameters()
    yield "| indicator | what it is | numbers | columns: unit | needs | bars |"
    yield "|---|---|---|---|---|---|"
    for each in indicators:
        facts = indicator_facts(each, Timeframe.H1, settings)
        what = f"{each.summary}. *{each.reference}*"
        if each.difference:
            what += f" Differs: {each.difference}."
        if each.origin != NO_ORIGIN:
            what += f" Begins anew with each {each.origin}."
        numbers = ", ".join(f"`{p['parameter']}` {p['value']:g}" for p in facts["parameters"])
        columns = "; ".join(f"`{o['column']}`: {o['unit']}" for o in facts["outputs"])
        needs = ", ".join(facts["needs"])
        cells = (f"`{each.name}`", what, numbers, columns, needs, str(facts["required_bars"]))
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
