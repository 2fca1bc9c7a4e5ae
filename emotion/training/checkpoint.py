"""Checkpoints, from which a killed training resumes with the same result to the bit."""

import contextlib
import hashlib
import json
import os
import sys
import time
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from emotion.core.errors import InputError

SAVE_INTERVAL = 60.0  # seconds between two checkpoints within an epoch; every epoch ends with one


@dataclass
class Progress:
    """How far a training has got. Random numbers need no state here: they follow from seed, epoch and batch."""

    history: list[dict[str, float]] = field(default_factory=list)  # of the finished epochs
    batch: int = 0  # batches done in this epoch
    loss: float = 0.0  # sum of the losses of these batches
    accuracy: float = 0.0  # sum of their accuracies

    def add(self, loss: float, accuracy: float) -> None:
        """Add one batch, with its mean loss and accuracy."""
        self.batch += 1
        self.loss += loss
        self.accuracy += accuracy


class Checkpoint:
    """Progress, all variables and the best weights of a training, in one file that is written atomically."""

    def __init__(self, folder: str | Path, name: str, identity: str) -> None:
        """Choose the file, and mention checkpoints of the same model that do not fit.

        Args:
            folder: Outside the outputs of DVC, which deletes them before a stage runs.
            name: The model's name.
            identity: Hash of all that the training depends on, as `identity` returns it.
        """
        self.path = Path(folder) / f"{name}-{identity[:16]}.npz"
        self._saved = time.monotonic()
        others = sorted(path.name for path in self.path.parent.glob(f"{name}-{'?' * 16}.npz") if path != self.path)
        if others and not self.path.exists():
            why = "it belongs to other params, code, data or versions; delete it if you will not return to them"
            print(f"note: checkpoint {folder}/{others[0]} is not used: {why}", file=sys.stderr)

    @property
    def due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return time.monotonic() - self._saved >= SAVE_INTERVAL

    def save(self, progress: Progress, variables: Sequence[Any], best: Sequence[np.ndarray]) -> None:
        """Write the file; the previous one stays until the new one is safely on the disk."""
        arrays = {f"variable{n}": value.numpy() for n, value in enumerate(variables)}
        arrays |= {f"best{n}": value for n, value in enumerate(best)}
        state = np.frombuffer(json.dumps([asdict(progress), len(best)]).encode(), np.uint8)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".part")  # the same name each time, so that kills leave one at most
        try:
            with partial.open("wb") as file:
                np.savez(file, progress=state, **arrays)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:  # e.g. a full disk
            partial.unlink(missing_ok=True)
            error.filename = error.filename or str(partial)
            raise
        os.replace(partial, self.path)
        self._saved = time.monotonic()

    def load(self, variables: Sequence[Any]) -> tuple[Progress, list[np.ndarray]] | None:
        """Set the variables and return the progress and the best weights, or None if there is no file.

        Raises:
            InputError: The file is damaged.
        """
        if not self.path.exists():
            return None
        try:
            with np.load(self.path) as file:
                fields, count = json.loads(file["progress"].tobytes())
                progress = Progress(**fields)
                values = [file[f"variable{n}"] for n, _ in enumerate(variables)]
                best = [file[f"best{n}"] for n in range(count)]
        except (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
            raise InputError(f"{self.path} is damaged ({error}): delete it to start the training over") from None
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        print(f"resumes after epoch {len(progress.history)} and {progress.batch} batches", flush=True)
        return progress, best

    def remove(self) -> None:
        """Delete the file, once the outputs of the training are written."""
        self.path.unlink(missing_ok=True)
        self.path.with_suffix(".part").unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it may hold those of other models
            self.path.parent.rmdir()


def identity(*parts: Any) -> str:
    """Return a hash of params, arrays and versions, and of every file of this project that is imported."""
    root = str(Path(__file__).parents[2])
    files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    return digest(parts, sorted(file for file in files if file.startswith((f"{root}/emotion/", f"{root}/stages/"))))


def digest(parts: Iterable[Any], files: Iterable[str]) -> str:
    """Return a hash of params, arrays and whatever else has a `repr`, and of the contents of files."""
    made = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            made.update(f"{part.dtype}{part.shape}".encode() + np.ascontiguousarray(part).data)
        else:
            made.update(part.model_dump_json().encode() if isinstance(part, BaseModel) else repr(part).encode())
    for file in files:
        made.update(Path(file).read_bytes())
    return made.hexdigest()
