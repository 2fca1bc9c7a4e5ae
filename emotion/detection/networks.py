"""The files of a detector's networks, which are not its Python code."""

from pathlib import Path
from typing import Any

from emotion.core.errors import InputError

PACKAGE = Path(__file__).parents[1]  # the folder emotion/, where a wheel keeps the networks
REMEDY = "`git checkout models/mtcnn` or `dvc repro detector` brings it back; --detector chooses another one"


def default_folder(name: str) -> Path:
    """Return the folder of a detector's networks: inside the installed package, else in the repository."""
    return PACKAGE / name if (PACKAGE / name).is_dir() else PACKAGE.parent / "models" / name


def session(path: Path, threads: int) -> Any:
    """Return an ONNX Runtime session for one of a detector's networks.

    Args:
        path: Its file.
        threads: Of the computation; 0 leaves it to the runtime.

    Raises:
        InputError: The file is missing or damaged.
    """
    import onnxruntime  # not at the top: other detectors do not need it

    if not path.is_file():
        raise InputError(f"{path}: the face detector's file is missing: {REMEDY}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # errors are reported in our own words
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, ["CPUExecutionProvider"])
    except Exception as error:  # the runtime's exceptions have no base class of their own
        if isinstance(error, OSError | MemoryError):
            raise
        raise InputError(f"{path}: the face detector's file is damaged: {REMEDY}") from None
    if [given.name for given in session.get_inputs()] != ["pictures"]:
        raise InputError(f"{path}: not a network of the face detector: {REMEDY}")
    return session
