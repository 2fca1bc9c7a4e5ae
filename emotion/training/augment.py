"""Batches of faces in random order, moved about at random, made one ahead while the network learns."""

import queue
import threading
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from pydantic import Field

from emotion.params import Section


class AugmentSettings(Section):
    """`augment` of a model: how far each face is moved, drawn anew every time; 0 everywhere leaves it as it is."""

    rotation: float = Field(ge=0, le=180)  # degrees
    shift: float = Field(ge=0, lt=1)  # share of the side
    zoom: float = Field(ge=0, lt=1)  # 0.1: 0.9 to 1.1
    shear: float = Field(ge=0, le=45)  # degrees
    flip: bool  # mirrors half of the faces


def matrices(count: int, side: int, settings: AugmentSettings, rng: np.random.Generator) -> np.ndarray:
    """Return `count` random affine maps about the centre of a picture, float32 of shape (count, 2, 3)."""
    draw = rng.uniform(-1, 1, (count, 5))
    angle, shear = np.deg2rad(settings.rotation) * draw[:, 0], np.deg2rad(settings.shear) * draw[:, 1]
    scale = 1 + settings.zoom * draw[:, 2]
    mirror = np.where(settings.flip & (rng.random(count) < 0.5), -1.0, 1.0)
    linear = np.empty((count, 2, 2))
    linear[:, 0, 0], linear[:, 0, 1] = np.cos(angle) * mirror, -np.sin(angle + shear)
    linear[:, 1, 0], linear[:, 1, 1] = np.sin(angle) * mirror, np.cos(angle + shear)
    linear *= scale[:, None, None]
    centre = np.full(2, (side - 1) / 2)
    offset = centre - linear @ centre + settings.shift * side * draw[:, 3:]
    return np.concatenate([linear, offset[:, :, None]], axis=2).astype(np.float32)


def augment(faces: np.ndarray, settings: AugmentSettings, rng: np.random.Generator) -> np.ndarray:
    """Return each face (n, side, side), uint8, under an affine map of its own; the edge is repeated outwards."""
    moved = np.empty_like(faces)
    for face, matrix, target in zip(faces, matrices(len(faces), faces.shape[1], settings, rng), moved, strict=True):
        cv2.warpAffine(face, matrix, face.shape[::-1], dst=target, borderMode=cv2.BORDER_REPLICATE)
    return moved


def batches(
    faces: np.ndarray, batch_size: int, settings: AugmentSettings, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield one epoch of full batches: positions (batch_size,) and float32 faces (batch_size, side, side, 1).

    A thread works ahead, alone with the generator, so the draws have one order however the threads are timed.
    """
    still = not any(settings.model_dump().values())
    ready: queue.Queue[Any] = queue.Queue(maxsize=4)
    stop = threading.Event()

    def work() -> None:
        try:
            order = rng.permutation(len(faces))
            for start in range(0, len(order) - batch_size + 1, batch_size):
                if stop.is_set():
                    return
                chosen = order[start : start + batch_size]
                batch = faces[chosen] if still else augment(faces[chosen], settings, rng)
                ready.put((chosen, batch[..., None].astype(np.float32)))
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
