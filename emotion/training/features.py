"""Frozen layers run once: the rest of a network learns from what they made of each face, which a file keeps."""

import inspect
import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from emotion.errors import InputError
from emotion.training import augment, batches, checkpoint, fast_layers, feature_file, forward
from emotion.training.augment import AugmentSettings
from emotion.training.batches import Examples
from emotion.training.machine import MachineSettings, versions

CHUNK = 64  # faces at a time; at 224 pixels VGG16 needs a gigabyte for them


@dataclass(frozen=True)
class Activations(Examples):
    """Examples of which a network takes what frozen layers made of them, as they were or augmented several times."""

    rows: np.ndarray  # bfloat16 (copies * n, width): all first copies, then all second ones ...
    shapes: list[tuple[int, ...]]  # of the tensors whose numbers stand one after the other in a row

    def inputs(self, rows: np.ndarray | slice) -> list[np.ndarray]:
        """Return a tensor for each of the shapes; of several copies the first."""
        return self._tensors(np.arange(len(self))[rows])

    def augmented(
        self, rows: np.ndarray | slice, settings: AugmentSettings, rng: np.random.Generator
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the tensors of one copy of each, drawn at random, and the targets; the copies stay as they are."""
        chosen = np.arange(len(self))[rows]
        copies = rng.integers(len(self.rows) // len(self), size=len(chosen))
        return self._tensors(copies * len(self) + chosen), self.targets[rows]

    def _tensors(self, rows: np.ndarray) -> list[np.ndarray]:
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])
        parts = np.split(self.rows[rows], ends[:-1], axis=1)
        return [part.reshape(-1, *shape) for part, shape in zip(parts, self.shapes, strict=True)]


def run_once(
    model: keras.Model,
    train: Examples,
    validation: Examples,
    copies: int,
    settings: AugmentSettings,
    machine: MachineSettings,
    seed: int,
    folder: str | Path,
) -> tuple[keras.Model, Examples, Examples]:
    """Return what is to be fitted in place of a network with frozen layers, and its examples.

    The network that is returned shares its layers with the given one, so what it learns the given one knows, too.
    Where nothing is frozen, or `copies` is 0, everything is returned as it was given.

    Args:
        model: Stock Keras layers in float32.
        train: What it learns from.
        validation: What selects the epoch.
        copies: How many times each training face is augmented for the frozen layers; an epoch draws one of these.
        settings: How.
        machine: Number format and XLA.
        seed: Of the augmentation.
        folder: Of the files, outside of DVC's outputs. What is there already is not made again.

    Raises:
        InputError: The augmentation needs fresh faces, the disk has too little room or a file is damaged.
    """
    tensors = cut(model) if copies else []
    if not tensors:
        return model, train, validation
    if settings.mixup or settings.plain_epochs or len(settings.sizes) > 1:
        # To blend what frozen layers made of two faces is another method (Verma et al., "Manifold Mixup", 2019).
        needs = "augment.mixup, which blends faces anew in each batch, and augment.plain_epochs must be 0, sizes [48]"
        raise InputError(f"frozen layers see only frozen_copies ({copies}) of each face: {needs}, or frozen_copies")
    row = layers.Concatenate(name="row")(
        [layers.Flatten(name=f"tensor{number}")(tensor) for number, tensor in enumerate(tensors)]
    )
    frozen = keras.Model(model.input, row, name="frozen")
    # Made in any case, since it draws random numbers, and what is drawn after it must not depend on what is there.
    answer = forward.compiled(fast_layers.twin(frozen, machine.precision, machine.xla))
    given = [train.faces, validation.faces, copies, settings, machine, seed, versions()]
    code = [inspect.getfile(module) for module in (augment, batches, fast_layers, forward, sys.modules[__name__])]
    key = checkpoint.digest([frozen.to_json(), *frozen.get_weights(), *given], code)
    border, count = copies * len(train), copies * len(train) + len(validation)
    path = Path(folder) / f"{key[:16]}.bfloat16"
    print(f"frozen layers run once for each of {count:,} faces: {path}", flush=True)
    chunks = _chunks(answer, train, validation, copies, settings, seed)
    rows, shapes = feature_file.rows(path, (count, row.shape[1]), chunks), [tensor.shape[1:] for tensor in tensors]
    return (
        keras.Model(tensors, model.output, name=model.name),
        Activations(train.faces, train.targets, rows[:border], shapes),
        Activations(validation.faces, validation.targets, rows[border:], shapes),
    )


def cut(model: keras.Model) -> list[Any]:
    """Return the tensors that cross from the frozen layers of a network to those that learn; none if none is frozen.

    Frozen is what gives the same for a face in every epoch: neither it nor what is before it learns or is random.
    """
    fixed: dict[int, Any] = {}
    crossing: dict[int, Any] = {}
    weights = 0
    for operation in model.operations:  # from the input to the output
        inputs = {id(tensor): tensor for tensor in keras.tree.flatten(operation.input)}
        if inputs.keys() <= fixed.keys() and _is_fixed(operation):
            fixed |= {id(tensor): tensor for tensor in keras.tree.flatten(operation.output)}
            weights += len(getattr(operation, "weights", []))
        else:
            crossing |= {key: tensor for key, tensor in inputs.items() if key in fixed}
    return list(crossing.values()) if weights else []


def _is_fixed(operation: Any) -> bool:
    """Return whether nothing of an operation is learnt, measured in training or drawn at random."""
    if not isinstance(operation, keras.Layer):
        return True  # such as an addition that is no layer
    draws = len(operation.variables) > len(operation.weights)  # the others are states of random generators
    return not draws and not (operation.trainable and operation.weights)


def _chunks(
    answer: Callable[[Iterable[Any]], np.ndarray],
    train: Examples,
    validation: Examples,
    copies: int,
    settings: AugmentSettings,
    seed: int,
) -> list[feature_file.Chunk]:
    """Return functions that answer for some faces each: all copies of the training faces, then those of validation."""

    def augmented(copy: int, start: int) -> np.ndarray:
        rng = np.random.default_rng([seed, copy, start])
        return answer([train.augmented(slice(start, start + CHUNK), settings, rng)[0]])

    def plain(start: int) -> np.ndarray:
        return answer([validation.inputs(slice(start, start + CHUNK))])

    made = [partial(augmented, copy, start) for copy in range(copies) for start in range(0, len(train), CHUNK)]
    return [*made, *(partial(plain, start) for start in range(0, len(validation), CHUNK))]
