"""ONNX files on the way to a picture's faces and labels: where they are, and how they are opened."""

from pathlib import Path
from typing import Any

from emotion.core.errors import InputError

PACKAGE = Path(__file__).parents[1]  # the folder emotion/, where a wheel keeps what it ships


def shipped(name: str) -> Path:
    """Return a file or folder that this project ships: inside the installed package, else in models/."""
    return PACKAGE / name if (PACKAGE / name).exists() else PACKAGE.parent / "models" / name


def open_session(path: Path, threads: int, damaged: str) -> Any:
    """Return an ONNX Runtime session on the CPU.

    Args:
        path: The network's file.
        threads: Of the computation; 0 leaves it to the runtime.
        damaged: What to say, after the path, of a file that is no ONNX model.

    Raises:
        InputError: It is none.
    """
    import onnxruntime  # not at the top: LiteRT and other detectors do not need it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # errors are reported in our own words
    # Waiting threads must leave the cores to whatever runs between two networks.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), options, ["CPUExecutionProvider"])
    except Exception as error:  # the runtime's exceptions have no base class of their own
        if isinstance(error, OSError | MemoryError):
            raise
        raise InputError(f"{path}: {damaged}") from None
