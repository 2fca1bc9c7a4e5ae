"""The page of `emotion demo`, in Gradio."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from emotion.apps.explain import Explain
from emotion.errors import InputError
from emotion.faces import shrunk
from emotion.inference.predictor import EmotionClassifier
from emotion.inference.reading import Picture
from emotion.inference.results import Result

ABOUT = """**What this is for**: trying out what a small network makes of faces.
**What it is not for**: deciding anything about anybody. A face does not tell what somebody feels; labels are what
others saw in pictures. About three answers of ten are wrong."""
UPLOADS = "20mb"

Classifiers = Callable[[str, bool], EmotionClassifier]
Explainers = Callable[[str], Explain]
Seen = tuple[Result, int]  # a picture and the place of the chosen face in it


def build(
    names: list[str], classifier: Classifiers, examples: list[str], explainer: Explainers | None, kept: float
) -> gr.Blocks:
    """Return the page.

    Args:
        names: Of the networks that people choose from, the first one to begin with.
        classifier: Returns the classifier of a network, for whole pictures (True) or the faces in them.
        examples: Pictures of cut-out faces to try.
        explainer: Returns what draws a network's heatmaps; None where it cannot be done.
        kept: Seconds after which a picture that was sent may be deleted; it is within as many more.
    """
    with gr.Blocks(title="Facial emotions", analytics_enabled=False, delete_cache=(kept, kept)) as page:
        gr.Markdown("# Seven emotions on faces")
        network = gr.Dropdown(names, value=names[0], label="network", visible=len(names) > 1)
        with gr.Tab("Picture"), gr.Row():
            _picture_tab(network, classifier, examples, explainer)
        with gr.Tab("Webcam"), gr.Row():
            _webcam_tab(network, classifier)
        gr.Markdown(ABOUT)
    return page


def serve(page: gr.Blocks, host: str, port: int, share: bool) -> None:
    """Serve the page in threads of its own, with fonts that every computer has: Gradio's own would be loaded."""
    fonts = ("system-ui", "sans-serif"), ("ui-monospace", "monospace")
    theme = gr.themes.Base(primary_hue="blue", font=fonts[0], font_mono=fonts[1])
    page.queue(default_concurrency_limit=2).launch(
        server_name=host, server_port=port, share=share, quiet=True, inbrowser=False, theme=theme, footer_links=[],
        max_file_size=UPLOADS, prevent_thread_lock=True, show_error=True,
    )  # fmt: skip


def _picture_tab(
    network: gr.Dropdown, classifier: Classifiers, examples: list[str], explainer: Explainers | None
) -> None:
    """Put pictures and their faces on the page; a click chooses a face."""

    def look(file: dict[str, Any] | None, name: str, whole: bool, seen: Seen | None) -> tuple[Any, ...]:
        if file is None:
            return _nothing("")
        try:
            picture: Picture = Path(file["path"]).read_bytes()
        except FileNotFoundError:  # sent long ago, and deleted
            if seen is None:
                return _nothing("**Error**: pictures are deleted soon: send it again")
            picture = seen[0].picture
        return _looked(lambda: classifier(name, whole), picture)

    def choose(seen: Seen | None, event: gr.SelectData) -> tuple[Any, ...]:
        if seen is None or not seen[0].faces:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        scale = shrunk(seen[0].picture, 1.0)[1]
        return _shown((seen[0], _nearest(seen[0], *(place / scale for place in event.index))))

    with gr.Column():
        given = gr.Image(sources=["upload", "webcam", "clipboard"], label="picture", buttons=[])
        whole = gr.Checkbox(False, label="The picture is one face, cut out")
        gr.Examples(examples, given, whole, lambda _: True, label="drawn faces", run_on_click=True)
    with gr.Column():
        # PNG keeps the small letters of labels.
        shown = gr.Image(label="faces; click one", interactive=False, buttons=["fullscreen"], format="png")
        bars = gr.Label(label="the chosen face", num_top_classes=7)
        told = gr.Markdown()
        why = gr.Checkbox(False, label="Show what speaks for the answer (Grad-CAM)", visible=explainer is not None)
        heatmap = gr.Plot(visible=False, label="what speaks for the answer")
    given.upload(lambda: False, None, whole)
    seen = gr.State(time_to_live=600)
    outputs = [shown, bars, seen, told]
    changes = [given.change, whole.change, network.change]
    # As files: our own reader tells what is wrong with one, and Gradio's would fail before.
    looked = gr.on(changes, look, [given, network, whole, seen], outputs, preprocess=False)
    chosen = shown.select(choose, seen, outputs)
    if explainer is not None:
        for after in (looked.then, chosen.then, why.change):
            after(_explained(explainer), [why, seen, network], heatmap)


def _explained(explainer: Explainers) -> Callable[[bool, Seen | None, str], Any]:
    """Return a function that shows the heatmap of the chosen face, if it is wanted."""

    def explained(wanted: bool, seen: Seen | None, name: str) -> Any:
        if not (wanted and seen and seen[0].faces):
            return gr.Plot(None, visible=False)
        try:
            return gr.Plot(explainer(name)([seen[0].faces[seen[1]]]), visible=True)
        except InputError as error:
            gr.Warning(str(error))
            return gr.Plot(None, visible=False)

    return explained


def _webcam_tab(network: gr.Dropdown, classifier: Classifiers) -> None:
    """Put a camera and its faces on the page."""

    def look(frame: np.ndarray | None, name: str) -> tuple[Any, ...]:
        drawn, probabilities, _, told = (
            _looked(lambda: classifier(name, False), frame) if frame is not None else _nothing("")
        )
        return drawn, probabilities, told

    camera = gr.Image(sources="webcam", streaming=True, label="camera")
    with gr.Column():
        shown = gr.Image(label="faces", interactive=False, buttons=[], format="jpeg")
        bars = gr.Label(label="the first face from the left", num_top_classes=7)
        told = gr.Markdown()
    camera.stream(
        look, [camera, network], [shown, bars, told], stream_every=0.2, show_progress="hidden", time_limit=600
    )


def _looked(classifier: Callable[[], EmotionClassifier], picture: Picture) -> tuple[Any, ...]:
    """Return what `_shown` does of a picture, or what is wrong with it or the network."""
    try:
        return _shown((classifier().predict(picture), 0))
    except InputError as error:
        return _nothing(f"**Error**: {error}")


def _nothing(told: str) -> tuple[Any, ...]:
    return None, None, None, told


def _shown(seen: Seen) -> tuple[Any, ...]:
    """Return the drawn picture, small enough for a page, the chosen face's bars, what was seen, and a line about it."""
    result, number = seen
    if not result.faces:
        return (
            shrunk(result.picture, 1.0)[0],
            None,
            seen,
            "No face found. Is it large enough, upright and seen from the front?",
        )
    count = len(result.faces)
    told = "One face." if count == 1 else f"{count} faces, this is number {number + 1} from the left."
    return shrunk(result.drawn(), 1.0)[0], result.faces[number].probabilities, seen, told


def _nearest(result: Result, x: float, y: float) -> int:
    """Return the place of the face whose middle is nearest to a point."""
    boxes = np.array([face.box for face in result.faces])
    return int(np.hypot(*(boxes[:, :2] + boxes[:, 2:] / 2 - (x, y)).T).argmin())
