"""Read the tensors of a file that PyTorch wrote before version 1.6, without PyTorch and without running its code."""

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from emotion.core.errors import InputError

FLOAT = "<f4"


def read(content: bytes, name: str) -> dict[str, np.ndarray]:
    """Return the tensors of a saved state_dict, float32, by their names.

    The file is a row of pickles: a magic number, the format's version, the machine's byte order, the tensors without
    their values, and the keys of the values, which follow, each after its length.

    Args:
        content: Of the file.
        name: Of the file, for errors.

    Raises:
        InputError: It is no such file.
    """
    file = io.BytesIO(content)
    try:
        for _ in range(3):
            _Unpickler(file).load()
        tensors = _Unpickler(file).load()
        values = {key: _values(file) for key in _Unpickler(file).load()}
        return {key: _tensor(values, *tensor) for key, tensor in tensors.items()}
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise InputError(f"{name}: not a file of float32 tensors that PyTorch saved ({error})") from None


class _Unpickler(pickle.Unpickler):
    """Knows only what a state_dict holds; a pickle could name any function otherwise."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda key, offset, shape, strides, *_: (key, offset, shape, strides)
        if (module, name) == ("torch", "FloatStorage"):
            return float
        raise pickle.UnpicklingError(f"{module}.{name} is not expected")

    def persistent_load(self, pid: tuple[Any, ...]) -> str:
        """Return the key under which the values of a tensor follow."""
        return str(pid[2])


def _values(file: io.BytesIO) -> np.ndarray:
    count = int.from_bytes(file.read(8), "little")
    return np.frombuffer(file.read(4 * count), FLOAT, count)


def _tensor(
    values: dict[str, np.ndarray], key: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> np.ndarray:
    # NumPy refuses what lies outside of the values.
    return np.ndarray(shape, FLOAT, values[key], 4 * offset, [4 * stride for stride in strides])
