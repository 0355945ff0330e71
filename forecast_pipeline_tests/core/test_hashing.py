"""Promise: equal values have one hash, in every process, and different values have another."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.hashing import canonical_json, sha256_of_bytes, sha256_of_file, sha256_of_value

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def reordered(value):
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(list(value))}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@given(values)
def test_the_hash_ignores_the_order_of_keys(value):
    """Fault 71."""
    assert sha256_of_value(reordered(value)) == sha256_of_value(value)


@given(values)
def test_the_hash_survives_a_round_trip_through_json(value):
    """Fault 71: a card is hashed before it is written and after it is read."""
    assert sha256_of_value(json.loads(json.dumps(value))) == sha256_of_value(value)


@given(values, values)
def test_different_values_have_different_text(first, second):
    assert (canonical_json(first) == canonical_json(second)) == (repr_of(first) == repr_of(second))


def repr_of(value):
    """Text that tells types apart, but neither -0.0 from 0.0 nor orders of keys."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{repr_of(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(repr_of(item) for item in value) + "]"
    return repr(value + 0.0) if isinstance(value, float) else repr(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [1.0, float("-inf")]}], ids=repr)
def test_what_json_cannot_say_is_refused(value):
    """Fault 71."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        sha256_of_value(value)


def test_negative_zero_is_zero_and_a_tuple_is_a_list():
    """Fault 71."""
    assert sha256_of_value({"a": (-0.0, 1)}) == sha256_of_value({"a": [0.0, 1]})


def test_files_and_bytes_have_their_plain_sha256(tmp_path):
    content = bytes(range(256)) * 10_000
    (tmp_path / "file").write_bytes(content)

    assert sha256_of_file(tmp_path / "file") == sha256_of_bytes(content) == hashlib.sha256(content).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_another_process_with_another_hash_seed_agrees(hash_seed):
    """Fault 71."""
    value = {"b": [1, 2.5, -0.0, 0.1 + 0.2], "a": {"ä": None, "z": True}, "symbols": ["EURUSD", "GBPUSD"]}
    code = (
        "from forecast_pipeline.core.hashing import sha256_of_value;"
        f"print(sha256_of_value(dict(sorted({value!r}.items()))))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == sha256_of_value(value)
