"""Facial emotion recognition on FER-2013: the library that the pipeline in stages/ composes, and its apps."""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emotion.inference.predictor import EmotionClassifier

__all__ = ["EmotionClassifier", "__version__"]
__version__: str

# ONNX Runtime 1.29 and later reports each opened model to its vendor unless this is set before the import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# TensorFlow uses oneDNN of its own accord only on processors with AVX-512; on others it doubles the speed of training.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # warnings, such as of a GPU that it cannot use, but not each step


def __getattr__(name: str) -> Any:
    """Load a public name on first use: the pipeline needs neither the classifier nor the version."""
    if name == "EmotionClassifier":
        from emotion.inference.predictor import EmotionClassifier

        return EmotionClassifier
    if name == "__version__":
        return _version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__


def _version() -> str:
    """Return the installed version, in a clone that is not installed that of its pyproject.toml."""
    import tomllib
    from importlib import metadata
    from pathlib import Path

    try:
        return metadata.version("emotion")
    except metadata.PackageNotFoundError:
        project = Path(__file__).parent.parent / "pyproject.toml"
    if not project.exists():
        return "unknown"
    return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
