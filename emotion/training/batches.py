"""The batches of an epoch, prepared by a background thread while the network trains."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from emotion.training.augmentation import AugmentationSettings, augment

PREFETCH = 4  # batches prepared ahead


@dataclass(frozen=True)
class Examples:
    """n faces with their targets.

    Attributes:
        faces: uint8 (n, 48, 48).
        targets: float32 (n, classes). A row's sum is the sample weight of its face.
    """

    faces: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        """Return the number of faces."""
        return len(self.faces)


def batches(
    examples: Examples, size: int, settings: AugmentationSettings, seed: tuple[int, int], first: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the full batches of an epoch: augmented faces float32 (size, side, side, 1) and targets (size, classes).

    A batch depends on nothing but the seed and its own number, so a run can resume in the middle of an epoch.

    Args:
        examples: All training faces.
        size: Faces in a batch; an incomplete last batch is dropped.
        settings: The augmentation of this epoch.
        seed: The model's seed and the number of the epoch.
        first: Number of the first batch to yield; earlier ones are skipped.
    """
    ready: queue.Queue[Any] = queue.Queue(maxsize=PREFETCH)
    stop = threading.Event()

    def prepare() -> None:
        try:
            order = np.random.default_rng([*seed, 0]).permutation(len(examples))
            for number in range(first, len(order) // size):
                if stop.is_set():
                    return
                rows = order[number * size : (number + 1) * size]
                rng = np.random.default_rng([*seed, number + 1])
                ready.put(augment(examples.faces[rows], examples.targets[rows], settings, rng))
            ready.put(None)
        except BaseException as error:
            ready.put(error)

    threading.Thread(target=prepare, daemon=True).start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        while not ready.empty():  # else the thread may block on a full queue
            ready.get_nowait()
