"""The file of an exported network: ONNX or LiteRT."""

import json
import threading
import zipfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from emotion.core.errors import InputError
from emotion.core.pictures import SIDE
from emotion.detection.networks import open_session, shipped

NAME = "emotion.onnx"
# Others that are shipped: one that learned FER-2013's labels and no other data, and one a tenth of the size.
NAMES = ("fer2013", "small")
REMEDY = "name small, fer2013 or a file with --model (in Python: EmotionClassifier(model=...))"


class Model(Protocol):
    """Predicts the probabilities of labels for face crops.

    Attributes:
        labels: The labels, in the order of the columns of the probabilities.
        metadata: What its file holds about it: `labels`, `temperature`, `weights_md5` ... (see stages/export.py).
    """

    labels: tuple[str, ...]
    metadata: dict[str, Any]

    def probabilities(self, faces: np.ndarray) -> np.ndarray:
        """Return float32 (n, labels) for gray values uint8 (n, 48, 48)."""


def path_of(model: str | Path | None = None) -> Path:
    """Return the file of a model: its path, or `fer2013` or `small`; without one, that of the default of this project.

    Raises:
        InputError: There is no default yet.
    """
    if model is not None:
        return shipped(f"emotion_{model}.onnx") if model in NAMES else Path(model)
    path = shipped(NAME)
    if not path.is_file():
        raise InputError(f"models/{NAME}: there is no such model: {_remedy(path)}")
    return path


def _remedy(path: Path) -> str:
    """Return what helps if a model's file is missing or damaged."""
    names = (NAME, *(f"emotion_{name}.onnx" for name in NAMES))
    if path.resolve() in [shipped(name).resolve() for name in names]:
        return f"`git checkout models/{path.name}` brings it back, or {REMEDY}"
    return REMEDY


def open_model(path: str | Path | None = None, threads: int = 0) -> Model:
    """Return the model of a file, by its suffix .onnx or .tflite; without a path, the one that this project ships.

    Args:
        path: The file, or `fer2013` or `small`.
        threads: Of the computation; 0 leaves it to the runtime.

    Raises:
        InputError: There is no such file, or it is not a classifier of face crops.
    """
    path = path_of(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such model: {_remedy(path)}")
    if path.suffix not in (".onnx", ".tflite"):
        raise InputError(f"{path}: the name of a model must end in .onnx or .tflite")
    model = _Onnx(path, threads) if path.suffix == ".onnx" else _LiteRT(path, threads)
    _require_probabilities(model, path)
    return model


def _require_probabilities(model: Model, path: Path) -> None:
    """Raise an InputError if the output for two faces is not a probability of each label."""
    labels = len(model.labels)
    try:
        output = model.probabilities(np.full((2, SIDE, SIDE), 128, np.uint8))
    except Exception as error:  # each runtime raises exceptions of its own
        reason = str(error).rpartition("\n")[2]
        raise InputError(f"{path}: cannot take two faces: export it with a batch of any size ({reason})") from None
    if output.shape != (2, labels):
        raise InputError(f"{path}: its output of shape {output.shape} does not match its {labels} labels")
    # NaN fails, too. The int8 output of LiteRT has steps of 1/256, each of which may be off by half a step.
    if not (output.min() >= 0 and np.abs(output.sum(axis=1) - 1).max() < 1e-3 + labels / 512):
        raise InputError(f"{path}: its outputs are not probabilities that sum to 1: its last layer must be a softmax")


class _Onnx:
    def __init__(self, path: Path, threads: int) -> None:
        self._session = open_session(path, threads, f"not an ONNX model, or a damaged one: {_remedy(path)}")
        self._input = _input_name(self._session, path)
        properties = self._session.get_modelmeta().custom_metadata_map
        self.metadata = {name: _parsed(value) for name, value in properties.items()}
        self.labels = _labels(self.metadata, path)

    def probabilities(self, faces: np.ndarray) -> np.ndarray:
        return self._session.run(None, {self._input: faces[..., None].astype(np.float32)})[0]


def _input_name(session: Any, path: Path) -> str:
    """Return the name of the input if it takes face crops."""
    inputs = session.get_inputs()
    outputs = session.get_outputs()
    shape = list(inputs[0].shape) if inputs else []
    if len(inputs) != 1 or len(outputs) != 1 or inputs[0].type != "tensor(float)" or shape[1:] != [SIDE, SIDE, 1]:
        raise InputError(f"{path}: not a network for faces: it must take float32 (n, 48, 48, 1) and give one output")
    if isinstance(shape[0], int):
        raise InputError(f"{path}: takes batches of {shape[0]} faces only: export it with a batch of any size")
    return inputs[0].name


def _parsed(text: str) -> Any:
    """Return the value of a JSON text; None if it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _labels(metadata: dict[str, Any], path: Path) -> tuple[str, ...]:
    """Return a model's labels."""
    labels = metadata.get("labels")
    if not (isinstance(labels, list) and labels and all(isinstance(label, str) for label in labels)):
        raise InputError(f"{path}: its metadata has no list `labels`, so its outputs have no meaning: {_remedy(path)}")
    return tuple(labels)


class _LiteRT:
    def __init__(self, path: Path, threads: int) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError:
            raise InputError(f"{path}: LiteRT is not installed: run `pip install ai-edge-litert`") from None
        try:
            self._interpreter = Interpreter(str(path), num_threads=threads or None)
            (input_details,) = self._interpreter.get_input_details()
            (output_details,) = self._interpreter.get_output_details()
        except (ValueError, RuntimeError):
            raise InputError(f"{path}: not a LiteRT model, or one of another form: {_remedy(path)}") from None
        self.metadata = _appended(path)
        self.labels = _labels(self.metadata, path)
        if list(input_details["shape"][1:]) != [SIDE, SIDE, 1] or input_details["dtype"] != np.float32:
            raise InputError(f"{path}: not a network for faces: it must take float32 (n, 48, 48, 1)")
        self._input = input_details["index"]
        self._output = output_details["index"]
        self._batch_size = 0
        self._lock = threading.Lock()  # an interpreter serves one thread at a time

    def probabilities(self, faces: np.ndarray) -> np.ndarray:
        with self._lock:
            if len(faces) != self._batch_size:
                self._batch_size = len(faces)
                self._interpreter.resize_tensor_input(self._input, (self._batch_size, SIDE, SIDE, 1))
                self._interpreter.allocate_tensors()
            self._interpreter.set_tensor(self._input, faces[..., None].astype(np.float32))
            self._interpreter.invoke()
            return self._interpreter.get_tensor(self._output)


def _appended(path: Path) -> dict[str, Any]:
    """Return the metadata in the zip archive at the end of a LiteRT file; an empty dictionary if there is none."""
    try:
        with zipfile.ZipFile(path) as files:
            metadata = _parsed(files.read("metadata.json").decode())
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError):
        return {}
    return metadata if isinstance(metadata, dict) else {}
