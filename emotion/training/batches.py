"""The batches of an epoch, made ahead by a thread while the network learns."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from emotion.training.augment import AugmentSettings, augment


@dataclass(frozen=True)
class Examples:
    """n faces uint8 (n, 48, 48) and targets float32 (n, classes); the more a row sums to, the more its face counts."""

    faces: np.ndarray
    targets: np.ndarray


def batches(
    examples: Examples, size: int, settings: AugmentSettings, seed: tuple[int, int], first: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield an epoch's full batches: faces float32 (size, side, side, 1), 0..255, and targets float32 (size, classes).

    What a batch holds follows from the seed and its own number alone, so an epoch can go on in its middle, and
    nothing depends on how the thread is timed.

    Args:
        examples: All faces.
        size: Faces of a batch; what is left at the end is left out.
        settings: The augmentation of this epoch.
        seed: Of the model and number of the epoch.
        first: Number of the batch to begin with.
    """
    ready: queue.Queue[Any] = queue.Queue(maxsize=4)
    stop = threading.Event()

    def work() -> None:
        try:
            order = np.random.default_rng([*seed, 0]).permutation(len(examples.faces))
            for number in range(first, len(order) // size):
                if stop.is_set():
                    return
                chosen = order[number * size : (number + 1) * size]
                rng = np.random.default_rng([*seed, number + 1])
                ready.put(augment(examples.faces[chosen], examples.targets[chosen], settings, rng))
            ready.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where the batches are used
            ready.put(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        while not ready.empty():
            ready.get_nowait()
