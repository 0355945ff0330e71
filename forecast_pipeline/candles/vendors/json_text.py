"""JSON bodies of vendors: decoded with a typed refusal, arrays checked for length and kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast_pipeline.candles.vendors.container import as_utf8
from forecast_pipeline.core.errors import RefusedFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


def decoded(content: bytes, name: str) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a JSON text.

    Raises:
        NoRecords: If the body is empty.
        RefusedFile: If it is no JSON, or a page of HTML.
    """
    try:
        return json.loads(as_utf8(content, name))
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "nested without end"
        raise RefusedFile(f"{name} must be whole JSON", was=reason, do="fetch it again") from None


def number_arrays(values: dict[str, Any], names: Sequence[str], what: str) -> dict[str, npt.NDArray[np.float64]]:
    """The arrays of those names as floats, null as NaN.

    Raises:
        RefusedFile: If one is missing, holds something else than numbers, or is longer than another.
    """
    arrays = {}
    for name in names:
        array = values.get(name)
        if not isinstance(array, list) or any(
            isinstance(v, bool) or not isinstance(v, int | float | None) for v in array
        ):
            raise RefusedFile(f"{what} must have a list of numbers {name!r}", was=repr(array)[:60])
        arrays[name] = np.array([np.nan if v is None else v for v in array], dtype=np.float64)
    lengths = {name: array.size for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise RefusedFile(
            f"lists of {what} must be of one length", was=str(lengths), why="no value has a stamp for sure"
        )
    return arrays
