"""A planted error, and what the suite found of it: the same for every group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from forecast_pipeline.scores.checks import Finding

T = TypeVar("T")
GROUPS = {
    "F": "features",
    "S": "splits",
    "A": "fitting",
    "V": "serving",
    "B": "backtest",
    "X": "scores",
}
"""Letter and name of each group of planted errors."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted error.

    Attributes:
        code: Its group and number, as S3.
        text: What is wrong with it.
        expected: Names of the tests that are there to catch it.
        caught: Runs the tests: name and finding of each that caught it, at least up to the first.
    """

    code: str
    text: str
    expected: tuple[str, ...]
    caught: Callable[[], Mapping[str, str]]

    @property
    def group(self) -> str:
        """Name of its group."""
        return GROUPS[self.code[0]]


@dataclass(frozen=True, slots=True)
class Killed:
    """Outcome of one planted error.

    Attributes:
        code: Its group and number.
        text: What is wrong with it.
        killed_by: Names of the tests that caught it, comma-separated; empty if none did.
        detail: What the first of them said.
    """

    code: str
    text: str
    killed_by: str
    detail: str

    @property
    def group(self) -> str:
        """Name of its group."""
        return GROUPS[self.code[0]]

    @property
    def is_killed(self) -> bool:
        """Whether any test caught it."""
        return bool(self.killed_by)


def outcome(mutant: Mutant) -> Killed:
    """Run a mutant through its tests.

    Example:
        >>> outcome(Mutant("S0", "harmless", ("label order",), dict)).is_killed
        False
    """
    caught = mutant.caught()
    detail = next(iter(caught.values()), "no test noticed")
    return Killed(mutant.code, mutant.text, ", ".join(caught), detail)


def first_findings(tests: Mapping[str, Callable[[T], Iterator[str]]], subject: T) -> dict[str, str]:
    """First finding of every test that has one.

    Example:
        >>> first_findings({"odd": lambda n: iter(["odd"] if n % 2 else []), "big": lambda n: iter([])}, 3)
        {'odd': 'odd'}
    """
    found = {name: next(test(subject), None) for name, test in tests.items()}
    return {name: finding for name, finding in found.items() if finding is not None}


class RuleCheck(Protocol):
    """A check of one rule, as `scores.checks` and `backtests.trading.checks` list them."""

    @property
    def mutant(self) -> str:
        """Code of the wrong rule that it is there to kill."""

    @property
    def name(self) -> str:
        """Name of the check."""

    @property
    def check(self) -> Callable[[Any], Finding]:
        """What it says of an implementation."""

    @property
    def implementation(self) -> Callable[..., Any]:
        """Our rule."""


WrongRules = dict[str, tuple[str, "Callable[..., Any]"]]
"""What is wrong, and the wrong rule, by code."""


def rule_mutants(layer: str, checks: Sequence[RuleCheck], wrong: WrongRules) -> list[Mutant]:
    """A mutant a check: its wrong rule, given to it.

    Args:
        layer: Number of the tests in the design, as L11.
        checks: Checks.
        wrong: A wrong rule for each.
    """
    return [
        Mutant(
            each.mutant,
            wrong[each.mutant][0],
            (f"{layer} {each.name}",),
            partial(_rule_findings, layer, each, wrong[each.mutant][1]),
        )
        for each in checks
    ]


def rule_alarms(layer: str, checks: Sequence[RuleCheck]) -> dict[str, list[str]]:
    """What checks say of our own rules, by test; nothing, if they are right."""
    return {f"{layer} {each.name}": list(_rule_findings(layer, each, each.implementation).values()) for each in checks}


def _rule_findings(layer: str, each: RuleCheck, rule: Callable[..., Any]) -> dict[str, str]:
    found = each.check(rule)
    return {} if found.passed else {f"{layer} {each.name}": f"must {found.must}, was {found.observed:.3g}"}
