"""emotion demo: a web page that labels the faces of pictures and of a webcam. Nothing leaves this computer or stays."""

import argparse
import importlib.util
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from emotion.apps import demo_examples
from emotion.apps.options import classifier_of
from emotion.errors import InputError
from emotion.inference.predictor import EmotionClassifier
from emotion.inference.results import Face, Result

# Before Gradio is imported: it asks its makers' server for news and counts visits unless told otherwise.
QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1", "GRADIO_SSR_MODE": "False"}
ABOUT = """**What this is for**: trying out what a small network makes of faces.
**What it is not for**: deciding anything about anybody. A face does not tell what somebody feels; labels are what
others saw in pictures. About three answers of ten are wrong."""


def main(options: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        InputError: Gradio is not installed, a model is missing, or the port is in use.
    """
    if importlib.util.find_spec("gradio") is None:
        raise InputError("the demo needs Gradio, which is not installed here: run `make demo`")
    with tempfile.TemporaryDirectory() as folder:  # pictures that are sent lie here until a minute later
        os.environ |= QUIET | {"GRADIO_TEMP_DIR": folder}
        import gradio as gr

        page = build(models(options.model), options, Path(folder))
        fonts = ("system-ui", "sans-serif"), ("ui-monospace", "monospace")  # Gradio's own would be loaded
        try:
            page.queue(default_concurrency_limit=2).launch(
                server_name=options.host, server_port=options.port, share=options.share, quiet=True, inbrowser=False,
                theme=gr.themes.Base(primary_hue="blue", font=fonts[0], font_mono=fonts[1]), max_file_size="20mb",
                footer_links=[], prevent_thread_lock=True, show_error=True,
            )  # fmt: skip
        except OSError:
            raise InputError(f"port {options.port} is in use: choose another one with --port") from None
        print(f"open {page.local_url} in a browser; Ctrl-C ends it", flush=True)
        page.block_thread()


def models(path: str | None) -> dict[str, str | None]:
    """Return the networks to choose from, by name: the given one, or the one of this project and what was exported."""
    if path:
        return {Path(path).name: path}
    exported = {file.name: str(file) for file in sorted(Path("models").glob("*.onnx")) if file.name != "emotion.onnx"}
    return {"the one that comes with this project": None} | exported


def build(paths: dict[str, str | None], options: argparse.Namespace, folder: Path) -> Any:
    """Return the page.

    Args:
        paths: Of the networks, by the names that people choose from; the first one is loaded at once.
        options: How faces are looked for.
        folder: For pictures to try.

    Raises:
        InputError: The first network cannot be loaded.
    """
    import gradio as gr

    known: dict[tuple[str, str], EmotionClassifier] = {}

    def classifier(name: str, whole: bool = False) -> EmotionClassifier:
        key = name, "whole" if whole else options.detector
        if key not in known:
            asked = argparse.Namespace(**vars(options) | {"model": paths[name], "detector": key[1]})
            known[key] = classifier_of(asked)
        return known[key]

    def look(picture: np.ndarray | None, name: str, whole: bool) -> tuple[Any, ...]:
        if picture is None:
            return None, None, None, ""
        try:
            result = classifier(name, whole).predict(picture)
        except InputError as error:
            raise gr.Error(str(error)) from None
        return _shown(result, 0)

    def choose(result: Result | None, event: gr.SelectData) -> tuple[Any, ...]:
        if result is None or not result.faces:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        return _shown(result, _nearest(result, *event.index))

    def live(frame: np.ndarray | None, name: str) -> tuple[Any, ...]:
        return look(frame, name, False)[:2] if frame is not None else (None, None)

    first = next(iter(paths))
    classifier(first)
    with gr.Blocks(title="Facial emotions", analytics_enabled=False, delete_cache=(60, 60)) as page:
        gr.Markdown("# Seven emotions on faces")
        network = gr.Dropdown(list(paths), value=first, label="network", visible=len(paths) > 1)
        with gr.Tab("Picture"), gr.Row():
            with gr.Column():
                given = gr.Image(sources=["upload", "webcam", "clipboard"], label="picture", buttons=[])
                whole = gr.Checkbox(False, label="The picture is one face, cut out")
                examples = demo_examples.faces(folder)
                gr.Examples(examples, given, whole, lambda _: True, label="drawn faces", run_on_click=True)
            with gr.Column():
                shown = gr.Image(label="faces; click one", interactive=False, buttons=["fullscreen"])
                bars = gr.Label(label="the chosen face", num_top_classes=7)
                told = gr.Markdown()
            given.upload(lambda: False, None, whole)
            result = gr.State(time_to_live=600)
            outputs = [shown, bars, result, told]
            gr.on([given.change, whole.change, network.change], look, [given, network, whole], outputs)
            shown.select(choose, result, outputs)
        with gr.Tab("Webcam"), gr.Row():
            camera = gr.Image(sources="webcam", streaming=True, label="camera")
            with gr.Column():
                seen = gr.Image(label="faces", interactive=False, buttons=[])
                most = gr.Label(label="the first face from the left", num_top_classes=7)
            camera.stream(
                live, [camera, network], [seen, most], stream_every=0.2, show_progress="hidden", time_limit=600
            )
        gr.Markdown(ABOUT)
    return page


def _shown(result: Result, chosen: int) -> tuple[Any, ...]:
    """Return the drawn picture, the chosen face's bars, the result, and what is said of it."""
    if not result.faces:
        return result.picture, None, result, "No face found. Is it large enough, upright and seen from the front?"
    face: Face = result.faces[chosen]
    count = (
        "One face."
        if len(result.faces) == 1
        else f"{len(result.faces)} faces, this is number {chosen + 1} from the left."
    )
    return result.drawn(), face.probabilities, result, count


def _nearest(result: Result, x: int, y: int) -> int:
    """Return the place of the face whose middle is nearest to a point."""
    middles = np.array(
        [(left + width / 2, top + height / 2) for left, top, width, height in (f.box for f in result.faces)]
    )
    return int(np.hypot(*(middles - (x, y)).T).argmin())
