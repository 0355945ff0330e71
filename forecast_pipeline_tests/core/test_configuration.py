"""Promise: settings are read as they were meant, or refused with the place and the reason."""

from __future__ import annotations

import pytest
from pydantic import Field, ValidationError

from forecast_pipeline.core.configuration import Configuration, read_yaml
from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.splits.parameters import SplitParameters


class Inner(Configuration):
    learning_rate: float = 0.1


class Outer(Configuration):
    horizon: int = Field(default=12, ge=1)
    is_verbose: bool = False
    inner: Inner = Inner()


def write(tmp_path, text):
    path = tmp_path / "settings.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"horizn": 3}, "horizn is not a setting; did you mean 'horizon'?"),
        ({"zzz": 3}, "zzz is not a setting; known keys: horizon, is_verbose, inner"),
        ({"inner": {"learning_rat": 1}}, "inner.learning_rat is not a setting; did you mean 'learning_rate'?"),
        ({"horizon": 0}, "horizon: Input should be greater than or equal to 1, was 0"),
        ({"horizon": 1.5}, "horizon: Input should be a valid integer, got a number with a fractional part, was 1.5"),
        ({"horizon": "many"}, "was 'many'"),
        ({"horizon": None}, "horizon: Input should be a valid integer, was None"),
        ({"inner": {"learning_rate": float("nan")}}, "inner.learning_rate: Input should be a finite number, was nan"),
        ({"inner": {"learning_rate": float("inf")}}, "inner.learning_rate: Input should be a finite number, was inf"),
        ({"inner": 3}, "inner: Input should be a valid dictionary or instance of Inner, was 3"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(values, message):
    """Fault 70."""
    with pytest.raises(InvalidConfiguration) as refusal:
        Outer.parse(values)

    assert message in str(refusal.value)


def test_all_faults_are_said_at_once():
    """Fault 70."""
    with pytest.raises(InvalidConfiguration) as refusal:
        Outer.parse({"horizon": 0, "is_verbos": True})

    assert str(refusal.value) == (
        "horizon: Input should be greater than or equal to 1, was 0; "
        "is_verbos is not a setting; did you mean 'is_verbose'?"
    )


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValidationError, match="frozen"):
        Outer().horizon = 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# only a comment\n", {}),
        ("a: 1\nb: [1m, 5m]\n", {"a": 1, "b": ["1m", "5m"]}),
        ("a: {b: 0.5, c: 1e-3, d: -2}\n", {"a": {"b": 0.5, "c": 1e-3, "d": -2}}),
        ("a: true\nb: null\nc: ~\n", {"a": True, "b": None, "c": None}),
        # YAML 1.1 would read these as 90, False, True, True and 8.
        ("a: 1:30\nb: no\nc: yes\nd: on\ne: 010\n", {"a": "1:30", "b": "no", "c": "yes", "d": "on", "e": 10.0}),
        ("base: &x {a: 1}\ncopy: *x\n", {"base": {"a": 1}, "copy": {"a": 1}}),
    ],
)
def test_plain_yaml_is_read_as_it_looks(tmp_path, text, expected):
    """Fault 70."""
    assert read_yaml(write(tmp_path, text)) == expected


@pytest.mark.parametrize("value", ["1:30", "no", "yes", ".nan", ".inf", "twelve", "[1]", "0x10", "2024-01-01"])
def test_a_number_in_disguise_is_refused(tmp_path, value):
    """Fault 70."""
    with pytest.raises(InvalidConfiguration, match="horizon"):
        Outer.parse(read_yaml(write(tmp_path, f"horizon: {value}\n")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "a key must be given once, was a twice"),
        ("a: {c: 1, b: 2, c: 3}\n", "a key must be given once, was c twice"),
        ("- a\n- b\n", "must hold sections and keys, was list"),
        ("just text\n", "must hold sections and keys, was str"),
        ("a: [1\n", "must be plain YAML"),
        ("a: 1\n\tb: 2\n", "must be plain YAML"),
        ("? [a]\n: 1\n", "must be plain YAML"),
        (b"a: \xff\xfe\n", "must be readable text"),
        ("a: 1\n---\nb: 2\n", "must be plain YAML"),
    ],
    ids=["key twice", "inner key twice", "list", "text", "open bracket", "tab", "list as key", "not UTF-8", "two"],
)
def test_a_file_that_is_not_a_plain_mapping_is_refused(tmp_path, text, message):
    """Fault 70."""
    with pytest.raises(InvalidConfiguration, match=message):
        read_yaml(write(tmp_path, text))


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch {canary}']",
        "!!python/object/new:os.system ['touch {canary}']",
        "!!python/name:os.system",
        "!!python/module:os",
        "!include /etc/passwd",
    ],
)
def test_a_tag_runs_no_code(tmp_path, tag):
    """Fault 28."""
    canary = tmp_path / "canary"

    with pytest.raises(InvalidConfiguration, match="must be plain YAML"):
        read_yaml(write(tmp_path, f"a: {tag.format(canary=canary)}\n"))
    assert not canary.exists()


def test_a_missing_file_is_refused_by_path(tmp_path):
    with pytest.raises(InvalidConfiguration, match=r"absent.yaml must be readable text"):
        read_yaml(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"horizons": [3, 1]}, "horizons must be positive and increase strictly, was [3, 1]"),
        ({"horizons": [0, 1]}, "horizons must be positive and increase strictly, was [0, 1]"),
        ({"horizons": [1, 6], "horizon": 12}, "horizons must end at horizon=12, was [1, 6]"),
        ({"val_frac": 0.95}, "val_frac: Input should be less than 0.9, was 0.95"),
        ({"purge_convention": "loose"}, "purge_convention: Input should be 'strict' or 'exact', was 'loose'"),
    ],
)
def test_split_settings_that_contradict_are_refused(values, message):
    """Fault 70."""
    with pytest.raises(InvalidConfiguration) as refusal:
        SplitParameters.parse(values)

    assert message in str(refusal.value)
