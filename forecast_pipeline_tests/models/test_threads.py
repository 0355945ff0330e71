"""Promise: while models are fitted, a product is one thread's work and advice stays silent, but no longer."""

from __future__ import annotations

import threading
import warnings

import pytest
import scipy.linalg  # noqa: F401 - its BLAS has to be loaded for the comparison
from threadpoolctl import threadpool_info

from forecast_pipeline.models.threads import one_blas_thread, without_advice


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


def advise() -> None:
    """As Lightning does."""
    warnings.warn_explicit("more workers?", FutureWarning, "trainer.py", 1, module="lightning.pytorch.trainer")


def advise_while_a_worker_leaves_its_filters() -> None:
    """A worker's block begins before that of the fit and ends inside it, which undoes the filters of the fit."""
    began, may_end = threading.Event(), threading.Event()

    def worker():
        with warnings.catch_warnings():
            began.set()
            may_end.wait(10)

    thread = threading.Thread(target=worker)
    thread.start()
    began.wait(10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        may_end.set()
        thread.join()
        advise()


def test_advice_stays_silent_whatever_filters_a_worker_puts_back():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = list(warnings.filters)

        with without_advice():
            advise_while_a_worker_leaves_its_filters()
            with pytest.raises(UserWarning, match="ours"):
                warnings.warn("ours", UserWarning, stacklevel=1)

        assert warnings.filters == before
        with pytest.raises(FutureWarning):
            advise_while_a_worker_leaves_its_filters()
