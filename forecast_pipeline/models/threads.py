"""What worker threads share with the whole process: the threads of linear algebra and the filters of warnings."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep matrix products to the thread that asks for them while the block runs, in the whole process.

    Two BLAS threads beside two busy workers spend more time waiting for each other than they save; and how a product
    is shared out among threads decides how it rounds.
    """
    import scipy.linalg  # noqa: F401 - it brings a BLAS of its own, which can be limited only once it is there
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1, user_api="blas"):
        yield


@contextmanager
def without_advice() -> Iterator[None]:
    """Keep the warnings of libraries that fit models out of the log while worker threads run beside a fit.

    A fit that silences its library by `warnings.catch_warnings` is not enough: the filters are those of the whole
    process, and a thread that leaves such a block, as scikit-learn does in each of its own, puts back those that it
    found. Whatever it found while this block runs has these filters in it.
    """
    with warnings.catch_warnings():
        for library in ("arch", "lightning", "sklearn"):
            warnings.filterwarnings("ignore", module=rf"{library}\.")
        yield
