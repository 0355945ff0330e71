"""Settings of the feature stage, generated from the catalogue: no default stands here that stands there."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model, field_validator, model_validator

from forecast_pipeline.core.configuration import Configuration
from forecast_pipeline.features.catalogue.table import CATALOGUE
from forecast_pipeline.features.presets import DEFAULT_INDICATORS, indicators_named

if TYPE_CHECKING:
    from forecast_pipeline.features.catalogue.indicator import Indicator, Parameter


def _field(parameter: Parameter) -> Any:  # noqa: ANN401 - type and field, as pydantic takes them
    field = Field(default=parameter.default, description=parameter.description, ge=parameter.least, le=parameter.most)
    return type(parameter.default), field


def _own_parameters(indicator: Indicator) -> type[Configuration]:
    """Settings class of one indicator, without the parameters that have a setting of their own."""
    own = [parameter for parameter in indicator.parameters if parameter.setting is None]
    order = indicator.increasing

    def check(self: Configuration) -> Configuration:
        values = [getattr(self, name) for name in order]
        if any(later <= earlier for earlier, later in pairwise(values)):
            raise ValueError(f"{', '.join(order)} must increase strictly, was {values}")
        return self

    validate: Any = model_validator(mode="after")(check)
    made: Any = create_model(
        f"{indicator.name.title().replace('_', '')}Parameters",
        __base__=Configuration,
        __doc__="\n".join(
            [f"Numbers of {indicator.name}.", "", "Attributes:", *(f"    {p.name}: {p.description}." for p in own)]
        ),
        __validators__={"check_order": validate},
        **{parameter.name: _field(parameter) for parameter in own},
    )
    return made  # type: ignore[no-any-return]  # made at run time


def _indicator_parameters() -> type[Configuration]:
    fields: dict[str, Any] = {}
    for indicator in CATALOGUE.values():
        if any(parameter.setting is None for parameter in indicator.parameters):
            own = _own_parameters(indicator)
            fields[indicator.name] = (own, own())
    lines = [f"    {name}: {CATALOGUE[name].summary}." for name in fields]
    return create_model(
        "IndicatorParameters",
        __base__=Configuration,
        __doc__="\n".join(["Numbers of every indicator that has some.", "", "Attributes:", *lines]),
        **fields,
    )


IndicatorParameters: Any = _indicator_parameters()
_SPECIFIED = {p.setting: _field(p) for each in CATALOGUE.values() for p in each.parameters if p.setting is not None}
_Specified: Any = create_model("_Specified", __base__=Configuration, **_SPECIFIED)


class FeatureParameters(_Specified):  # type: ignore[misc]  # made at run time
    """Which features are computed, and the numbers they are computed with.

    Attributes:
        atr_n: Bars of Wilder's average true range.
        rsi_n: Bars of Wilder's relative strength index.
        bb_n: Bars of the Bollinger bands.
        hurst_window: Log returns in one rescaled-range window; it is halved down to chunks of eight.
        rv_window: Log returns in realised volatility and in the rolling standard deviation.
        indicators: What is computed for every timeframe: names of indicators, groups or presets. Whatever the
            folds ask for is computed as well.
        parameters: Numbers of single indicators, as in ``{"macd": {"fast_bars": 8}}``.
        tolerance: Weight of the unknown past that may be left in a recursive indicator once its warm-up
            is over.
    """

    indicators: tuple[str, ...] = DEFAULT_INDICATORS
    parameters: IndicatorParameters = IndicatorParameters()
    tolerance: float = Field(default=1e-6, ge=1e-12, le=0.1)

    @field_validator("indicators")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        indicators_named(names)
        return names

    def values(self, indicator: Indicator) -> dict[str, Any]:
        """Numbers of one indicator by parameter name, and the tolerance.

        Example:
            >>> FeatureParameters(atr_n=7).values(CATALOGUE["atr"])
            {'lookback_bars': 7, 'tolerance': 1e-06}
        """
        own = getattr(self.parameters, indicator.name, None)
        numbers = {
            p.name: getattr(own, p.name) if p.setting is None else getattr(self, p.setting)
            for p in indicator.parameters
        }
        return numbers | {"tolerance": self.tolerance}

    def with_indicators(self, names: tuple[str, ...]) -> FeatureParameters:
        """The same settings with more indicators."""
        more: FeatureParameters = self.model_copy(
            update={"indicators": tuple(dict.fromkeys((*self.indicators, *names)))}
        )
        return more

    def recorded(self) -> dict[str, Any]:
        """The settings as JSON values, of ``parameters`` only what differs from the catalogue."""
        values: dict[str, Any] = self.model_dump(mode="json", exclude={"parameters"})
        return values | {"parameters": self.parameters.model_dump(mode="json", exclude_defaults=True)}
