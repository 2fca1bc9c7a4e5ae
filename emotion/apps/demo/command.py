"""emotion demo: a web page that labels faces in pictures and from a webcam. No picture leaves this machine or stays."""

import argparse
import functools
import importlib.util
import os
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.apps import explain, options
from emotion.apps.explain import Explain
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.inference import model
from emotion.inference.predictor import EmotionClassifier
from emotion.synthetic import drawn

# Set before Gradio is imported: otherwise it looks for updates and counts visits on its vendor's server.
QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1", "GRADIO_SSR_MODE": "False"}
PROXIES = ("http_proxy", "https_proxy", "all_proxy")  # Gradio would ask them for the page that it serves itself
MAX_AGE = 60  # seconds for which uploaded pictures are kept
SHIPPED = "the one that comes with this project"


def main(arguments: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        InputError: A model is missing, or the page cannot be served at that host and port.
    """
    with options.listen(arguments.host, arguments.port) as socket:
        arguments.port = socket.getsockname()[1]  # of 0, the free one that was found
    files = networks(arguments.model)

    @functools.cache
    def classifier(name: str, whole: bool) -> EmotionClassifier:
        detector = "whole" if whole else arguments.detector
        return options.classifier_of(arguments, model=files[name], detector=detector)

    @functools.cache
    def explainer(name: str) -> Explain:
        return explain.load(explain.weights_of(classifier(name, False).metadata))

    classifier(next(iter(files)), False)  # reports a wrong model before the page is served
    for name in ("SIGTERM", "SIGHUP"):  # both end it as Ctrl-C does, so that no picture stays
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:  # of uploaded pictures
        os.environ |= QUIET | {"GRADIO_TEMP_DIR": folder}
        for name in [name for name in os.environ if name.lower() in PROXIES]:
            del os.environ[name]
        from emotion.apps.demo import page

        heatmaps = explainer if explain.possible() else None
        blocks = page.build(list(files), classifier, _examples(Path(folder)), heatmaps, max_age=MAX_AGE)
        page.serve(blocks, arguments)


def networks(first: str | None) -> dict[str, Path | None]:
    """Return the networks to choose from, by name: the named one, the shipped one, then all exported ones."""
    known = [(first, model.path_of(first))] if first else []
    with suppress(InputError):
        known.append((SHIPPED, model.path_of()))
    # LiteRT files need a package of their own.
    suffixes = (".onnx", ".tflite") if importlib.util.find_spec("ai_edge_litert") else (".onnx",)
    known += [(str(file), file) for file in sorted(Path("models").glob("*.*")) if file.suffix in suffixes]
    unique: dict[Path, str] = {}
    for name, path in known:
        unique.setdefault(path.resolve(), name)
    return {name: path for name, path in known if name in unique.values()} or {SHIPPED: None}


def _examples(folder: Path) -> list[str]:
    """Write a synthetic face of each emotion into a folder and return the files."""
    files = []
    for number, emotion in enumerate(EMOTIONS):
        face = drawn.draw_face(emotion, np.random.default_rng([5, number]))
        Image.fromarray(face).resize((192, 192), Image.Resampling.BICUBIC).save(folder / f"{emotion}.png")
        files.append(str(folder / f"{emotion}.png"))
    return files
