"""Work in a process of its own, so that what is measured of this one afterwards is none of it."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec

P = ParamSpec("P")


def apart(work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Do it, and let its memory go."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        process.submit(work, *args, **kwargs).result()
