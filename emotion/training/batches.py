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

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.faces)

    def inputs(self, rows: np.ndarray | slice) -> Any:
        """Return what the network takes for some of them as they are: uint8 (rows, side, side, 1)."""
        return self.faces[rows][..., None]

    def augmented(
        self, rows: np.ndarray | slice, settings: AugmentSettings, rng: np.random.Generator
    ) -> tuple[Any, np.ndarray]:
        """Return what the network takes for some of them, drawn at random, and their targets, as `augment` does."""
        return augment(self.faces[rows], self.targets[rows], settings, rng)

    def parts(self, size: int) -> Iterator[Any]:
        """Yield what the network takes for all of them as they are, in order, so many at a time."""
        return (self.inputs(slice(start, start + size)) for start in range(0, len(self), size))


def batches(
    examples: Examples, size: int, settings: AugmentSettings, seed: tuple[int, int], first: int = 0
) -> Iterator[tuple[Any, np.ndarray]]:
    """Yield an epoch's full batches: what the network takes, and targets float32 (size, classes).

    What a batch holds follows from the seed and its own number alone, so an epoch can go on in its middle, and
    nothing depends on how the thread is timed.

    Args:
        examples: All of them.
        size: Faces of a batch; what is left at the end is left out.
        settings: The augmentation of this epoch.
        seed: Of the model and number of the epoch.
        first: Number of the batch to begin with.
    """
    ready: queue.Queue[Any] = queue.Queue(maxsize=4)
    stop = threading.Event()

    def work() -> None:
        try:
            order = np.random.default_rng([*seed, 0]).permutation(len(examples))
            for number in range(first, len(order) // size):
                if stop.is_set():
                    return
                chosen = order[number * size : (number + 1) * size]
                rng = np.random.default_rng([*seed, number + 1])
                ready.put(examples.augmented(chosen, settings, rng))
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
