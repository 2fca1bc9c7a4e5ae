"""A file of bfloat16 rows: written chunk by chunk, whole or not there, mapped into memory and never read as a whole."""

import math
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from emotion.errors import InputError
from emotion.files import atomic

BFLOAT16 = np.dtype(tf.bfloat16.as_numpy_dtype)
SECONDS = 5.0  # of work that a kill costs at most
Chunk = Callable[[], np.ndarray]


def rows(path: Path, shape: tuple[int, int], chunks: Sequence[Chunk]) -> np.ndarray:
    """Return what the file holds, bfloat16 of this shape; if it is not there, it is made.

    Args:
        path: Of the file. While it is made, others stand beside it, from which a killed run goes on.
        shape: Number of rows and numbers in each.
        chunks: Functions that give some rows each, float32; one after the other they give all.

    Raises:
        InputError: The disk has too little room, which is found out beforehand, or the file is damaged.
    """
    if not path.exists():
        _require_room(path, shape)
        _write(path, shape, chunks)
    if path.stat().st_size != _bytes(shape):
        raise InputError(f"{path} is damaged: delete it, then it is made again")
    return np.memmap(path, BFLOAT16, "r", shape=shape)


def _bytes(shape: tuple[int, int]) -> int:
    return math.prod(shape) * BFLOAT16.itemsize


def _beside(path: Path) -> tuple[Path, Path]:
    """Return the unfinished file, and the one that tells how many chunks and bytes of it are on the disk."""
    return path.with_suffix(".part"), path.with_suffix(".progress")


def _require_room(path: Path, shape: tuple[int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished, _ = _beside(path)
    needed = _bytes(shape) - (unfinished.stat().st_size if unfinished.exists() else 0)
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        sizes = f"{tqdm.format_sizeof(needed, 'B')} are needed and {tqdm.format_sizeof(free, 'B')} are free"
        remedies = "`make clean-cache` deletes what is there of other trainings, frozen_copies and input_size lower it"
        raise InputError(
            f"{path.parent}: too little disk for what frozen layers make of the faces: {sizes}; {remedies}"
        )


def _write(path: Path, shape: tuple[int, int], chunks: Sequence[Chunk]) -> None:
    unfinished, progress = _beside(path)
    goes_on = progress.exists() and unfinished.exists()
    done, length = map(int, progress.read_text(encoding="utf-8").split()) if goes_on else (0, 0)
    if goes_on:
        print(f"goes on after {length // _bytes((1, shape[1])):,} faces", flush=True)
    with unfinished.open("r+b" if goes_on else "wb") as file, _live(shape, length) as bar:
        file.truncate(length)
        file.seek(length)
        saved = time.monotonic()
        for number, chunk in enumerate(chunks[done:], start=done + 1):
            values = chunk()
            file.write(values.astype(BFLOAT16).tobytes())
            bar.update(len(values))
            if time.monotonic() - saved >= SECONDS or number == len(chunks):
                file.flush()
                os.fsync(file.fileno())
                with atomic(progress) as temporary:
                    temporary.write_text(f"{number} {file.tell()}", encoding="utf-8")
                saved = time.monotonic()
    os.replace(unfinished, path)
    progress.unlink()


def _live(shape: tuple[int, int], length: int) -> tqdm:
    """Return a bar for a terminal: images a second and the time left; nothing elsewhere."""
    done = length // _bytes((1, shape[1]))
    return tqdm(initial=done, total=shape[0], unit=" images", leave=False, disable=None)
