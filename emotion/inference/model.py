"""A file that holds an exported network: ONNX, or LiteRT."""

import json
import threading
import zipfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import emotion
from emotion.errors import InputError

NAME = "emotion.onnx"
MAKE = "`make ship` makes one, or name a file with --model (in Python: EmotionClassifier(model=...))"


class Model(Protocol):
    """Answers about faces.

    Attributes:
        labels: What the columns of its answers mean.
        metadata: What its file tells of itself: `labels`, `temperature`, `weights_md5` ... (see stages/export.py).
    """

    labels: tuple[str, ...]
    metadata: dict[str, Any]

    def probabilities(self, faces: np.ndarray) -> np.ndarray:
        """Return float32 (n, labels) for gray values uint8 (n, 48, 48)."""


def default_path() -> Path:
    """Return the model that this project ships: inside the installed package, else in the repository.

    Raises:
        InputError: There is none yet.
    """
    package = Path(emotion.__file__).parent
    for path in (package / NAME, package.parent / "models" / NAME):
        if path.is_file():
            return path
    raise InputError(f"models/{NAME}: there is no such model: {MAKE}")


def open_model(path: str | Path | None = None, threads: int = 0) -> Model:
    """Return the model of a file, by its suffix .onnx or .tflite; without a path, the one that this project ships.

    Args:
        path: The file.
        threads: Of the computation; 0 leaves it to the runtime.

    Raises:
        InputError: There is no such file, it is no such model, or one that answers something else.
    """
    path = default_path() if path is None else Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such model: {MAKE}")
    if path.suffix not in (".onnx", ".tflite"):
        raise InputError(f"{path}: a model's file ends in .onnx or .tflite")
    model = _Onnx(path, threads) if path.suffix == ".onnx" else _LiteRT(path, threads)
    answer = model.probabilities(np.full((1, 48, 48), 128, np.uint8))
    if answer.shape != (1, len(model.labels)):
        raise InputError(f"{path}: answers of shape {answer.shape} do not fit its {len(model.labels)} labels")
    # Not a number fails, too. LiteRT's int8 answers in steps of 1/256, each of which may be half a step off.
    if not (answer.min() >= 0 and abs(answer.sum() - 1) < 1e-3 + answer.size / 512):
        raise InputError(f"{path}: its answers are no probabilities, which sum to 1: its last layer must be a softmax")
    return model


class _Onnx:
    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime  # here: who uses LiteRT does not need it

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4  # what is wrong is told in our own words
        # Waiting threads shall leave the cores to whoever looks for faces meanwhile.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(path.read_bytes(), options, ["CPUExecutionProvider"])
        except Exception as error:  # the runtime's exceptions have no base class of their own
            if isinstance(error, OSError | MemoryError):
                raise
            raise InputError(f"{path}: not an ONNX model, or a damaged one: {MAKE}") from None
        self._input = _input_name(self._session, path)
        told = self._session.get_modelmeta().custom_metadata_map
        self.metadata = {name: _parsed(value) for name, value in told.items()}
        self.labels = _labels(self.metadata, path)

    def probabilities(self, faces: np.ndarray) -> np.ndarray:
        return self._session.run(None, {self._input: faces[..., None].astype(np.float32)})[0]


def _input_name(session: Any, path: Path) -> str:
    """Return the name of the input if faces can be put there."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    shape = list(inputs[0].shape) if inputs else []
    if len(inputs) != 1 or len(outputs) != 1 or inputs[0].type != "tensor(float)" or shape[1:] != [48, 48, 1]:
        raise InputError(f"{path}: not a network for faces: it must take float32 (n, 48, 48, 1) and give one output")
    if isinstance(shape[0], int):
        raise InputError(f"{path}: takes {shape[0]} faces at a time only: export it with a batch of any size")
    return inputs[0].name


def _parsed(text: str) -> Any:
    """Return what a text says in JSON; None if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _labels(metadata: dict[str, Any], path: Path) -> tuple[str, ...]:
    """Return what a model's answers mean."""
    labels = metadata.get("labels")
    if not (isinstance(labels, list) and labels and all(isinstance(label, str) for label in labels)):
        raise InputError(f"{path}: its metadata hold no list `labels`, so nobody knows what it answers: {MAKE}")
    return tuple(labels)


class _LiteRT:
    def __init__(self, path: Path, threads: int) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError:
            raise InputError(f"{path}: LiteRT is not installed: run `pip install ai-edge-litert`") from None
        try:
            self._interpreter = Interpreter(str(path), num_threads=threads or None)
            (given,), (answer,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        except (ValueError, RuntimeError):
            raise InputError(f"{path}: not a LiteRT model, or one of another form: {MAKE}") from None
        self.metadata = _appended(path)
        self.labels = _labels(self.metadata, path)
        if list(given["shape"][1:]) != [48, 48, 1] or given["dtype"] != np.float32:
            raise InputError(f"{path}: not a network for faces: it must take float32 (n, 48, 48, 1)")
        self._given, self._answer, self._size = given["index"], answer["index"], 0
        self._lock = threading.Lock()  # an interpreter serves one thread at a time

    def probabilities(self, faces: np.ndarray) -> np.ndarray:
        with self._lock:
            if len(faces) != self._size:
                self._size = len(faces)
                self._interpreter.resize_tensor_input(self._given, (self._size, 48, 48, 1))
                self._interpreter.allocate_tensors()
            self._interpreter.set_tensor(self._given, faces[..., None].astype(np.float32))
            self._interpreter.invoke()
            return self._interpreter.get_tensor(self._answer)


def _appended(path: Path) -> dict[str, Any]:
    """Return the metadata that stand, as JSON, in the zip at the end of a LiteRT file; without them nothing."""
    try:
        with zipfile.ZipFile(path) as files:
            found = _parsed(files.read("metadata.json").decode())
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError):
        found = None
    return found if isinstance(found, dict) else {}
