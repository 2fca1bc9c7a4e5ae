"""Facial emotion recognition on FER-2013: the library that the pipeline in stages/ composes, and its apps."""

import os

# From 1.29 on ONNX Runtime tells its makers of every model that is opened, unless this is set before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def __getattr__(name: str) -> type:
    """Return EmotionClassifier, which is loaded when it is asked for: the pipeline does not need it."""
    if name == "EmotionClassifier":
        from emotion.inference.predictor import EmotionClassifier

        return EmotionClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
