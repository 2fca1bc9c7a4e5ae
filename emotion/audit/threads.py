"""numpy's work on many faces, on all cores."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

MAX_THREADS = 16  # each takes some 20 MiB

Item = TypeVar("Item")
Result = TypeVar("Result")


def chunks(array: np.ndarray, size: int) -> list[np.ndarray]:
    """Return an array in pieces of `size` rows, of which the last may have fewer."""
    return np.split(array, range(size, len(array), size))


def each(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return the results of a function for all items, in their order, computed on all cores, up to MAX_THREADS.

    A matrix product then takes one core: threads of its own would wait for those of the others.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(min(cores, MAX_THREADS)) as pool:
        return list(pool.map(function, items))
