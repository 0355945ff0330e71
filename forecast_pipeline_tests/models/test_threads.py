"""Promise: while models are fitted, a product of matrices is one thread's work, and afterwards it is as before."""

from __future__ import annotations

import pytest
import scipy.linalg  # noqa: F401 - its BLAS has to be loaded for the comparison
from threadpoolctl import threadpool_info

from forecast_pipeline.models.threads import one_blas_thread


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_every_blas_is_kept_to_one_thread_and_let_go():
    before = blas_threads()

    with one_blas_thread():
        during = blas_threads()

    assert len(during) >= 2  # numpy's and SciPy's
    assert set(during) == {1}
    assert blas_threads() == before


def test_they_are_let_go_after_a_failure():
    before = blas_threads()

    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError

    assert blas_threads() == before
