"""emotion demo: a web page that labels the faces of pictures and of a webcam. Nothing leaves this computer or stays."""

import argparse
import errno
import functools
import importlib.util
import os
import signal
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Event

from emotion.apps import demo_examples, explain
from emotion.apps.explain import Explain
from emotion.apps.options import classifier_of
from emotion.errors import InputError
from emotion.inference import model
from emotion.inference.predictor import EmotionClassifier

# Before Gradio is imported: it asks its makers' server for news and counts visits unless told otherwise.
QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1", "GRADIO_SSR_MODE": "False"}
KEPT = 60  # seconds
SHIPPED = "the one that comes with this project"


def main(options: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        InputError: Gradio is not installed, a model is missing, or the page cannot be served at that host and port.
    """
    if importlib.util.find_spec("gradio") is None:
        raise InputError("the demo needs Gradio, which is not installed here: run `make demo`")
    _require_free(options.host, options.port)
    files = networks(options.model)

    @functools.cache
    def classifier(name: str, whole: bool = False) -> EmotionClassifier:
        return classifier_of(options, model=files[name], detector="whole" if whole else options.detector)

    @functools.cache
    def explainer(name: str) -> Explain:
        return explain.load(explain.weights_of(classifier(name).metadata))

    classifier(next(iter(files)))  # what is wrong with it is told now
    for name in ("SIGTERM", "SIGHUP"):  # a closed terminal ends it as Ctrl-C does: no picture stays
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:  # pictures that are sent lie here until they are deleted
        os.environ |= QUIET | {"GRADIO_TEMP_DIR": folder}
        from emotion.apps import demo_page

        examples = demo_examples.faces(Path(folder))
        page = demo_page.build(list(files), classifier, examples, explainer if explain.possible() else None, KEPT)
        demo_page.serve(page, options.host, options.port, options.share)
        print(f"open {page.local_url} in a browser; Ctrl-C ends it", flush=True)
        if options.share:
            print(
                f"everybody finds it at {page.share_url}" if page.share_url else "it cannot be shared now", flush=True
            )
        try:
            Event().wait()
        except KeyboardInterrupt:
            print("ended: no picture is kept", flush=True)
        finally:
            page.close(verbose=False)


def networks(given: str | None) -> dict[str, Path | None]:
    """Return the networks to choose from, by name: the given one, this project's, then what was exported."""
    known = [(given, Path(given))] if given else []
    with suppress(InputError):
        known.append((SHIPPED, model.default_path()))
    known += [(str(file), file) for file in sorted(Path("models").glob("*.*")) if file.suffix in _suffixes()]
    found: dict[Path, str] = {}
    for name, path in known:
        found.setdefault(path.resolve(), name)
    return {name: path for name, path in known if name in found.values()} or {SHIPPED: None}


def _suffixes() -> tuple[str, ...]:
    """Return how the names of networks end that can be run here."""
    return (".onnx", ".tflite") if importlib.util.find_spec("ai_edge_litert") else (".onnx",)


def _require_free(host: str, port: int) -> None:
    """Raise an InputError if nothing can be served there."""
    other = "choose another one with --port"
    try:
        with socket.create_server((host, port)):
            return
    except OverflowError:
        raise InputError(f"{port} is no port, which are 1 to 65535: {other}") from None
    except PermissionError:
        raise InputError(f"port {port} is only for administrators: {other}") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(f"port {port} is in use: {other}") from None
        raise InputError(f"{host} is no address of this computer: try --host 127.0.0.1 or 0.0.0.0") from None
