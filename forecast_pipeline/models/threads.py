"""One thread of linear algebra: its sums then round alike on any machine, and the cores are left to whole tasks."""

from __future__ import annotations

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
