"""The page of `emotion demo`, in Gradio."""

import argparse
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import gradio as gr
import numpy as np

from emotion.apps import options
from emotion.apps.explain import Explain
from emotion.core.errors import InputError
from emotion.detection.boxes import shrunk
from emotion.inference.predictor import EmotionClassifier, Result
from emotion.inference.reading import Picture

ABOUT = """**Use it** to try out what a small network predicts for faces.
**Do not use it** to decide anything about anybody. A face does not show what a person feels; labels are what others
saw in pictures. About one prediction of eight contradicts the majority of ten annotators."""
MAX_UPLOAD = "20mb"

Classifiers = Callable[[str, bool], EmotionClassifier]
Explainers = Callable[[str], Explain]
Selection = tuple[Result, int]  # a picture's result and the index of the selected face
Outputs = tuple[Any, Any, Any, Any]  # annotated picture, probabilities, Selection, message


def build(
    names: list[str], classifier: Classifiers, examples: list[str], explainer: Explainers | None, *, max_age: float
) -> gr.Blocks:
    """Return the page.

    Args:
        names: Of the networks to choose from; the first one is preselected.
        classifier: Returns the classifier of a network, for face crops (True) or for faces in pictures.
        examples: Files of face crops to try.
        explainer: Returns the function that draws a network's heatmaps; None where TensorFlow is missing.
        max_age: Seconds after which an uploaded picture may be deleted; it is deleted within as many more.
    """
    with gr.Blocks(title="Facial emotions", analytics_enabled=False, delete_cache=(max_age, max_age)) as page:
        gr.Markdown("# Seven emotions on faces")
        network = gr.Dropdown(names, value=names[0], label="network", visible=len(names) > 1)
        with gr.Tab("Picture"), gr.Row():
            _picture_tab(network, classifier, examples, explainer)
        with gr.Tab("Webcam"), gr.Row():
            _webcam_tab(network, classifier)
        gr.Markdown(ABOUT)
    return page


def serve(page: gr.Blocks, arguments: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C, with system fonts: Gradio's own would be loaded from elsewhere."""
    host, path = arguments.host, arguments.root_path
    fonts = ("system-ui", "sans-serif"), ("ui-monospace", "monospace")
    theme = gr.themes.Base(primary_hue="blue", font=fonts[0], font_mono=fonts[1])
    page.queue(default_concurrency_limit=2).launch(
        server_name=f"[{host}]" if ":" in host else host, server_port=arguments.port, share=arguments.share,
        root_path=path, quiet=True, inbrowser=False, theme=theme, footer_links=[], max_file_size=MAX_UPLOAD,
        prevent_thread_lock=True, show_error=True,
    )  # fmt: skip
    where = options.address(host, arguments.port)
    # Below a path, the page itself works through the proxy alone.
    what = f"listening at {where} for the proxy's path {path}" if path else f"open {where} in a browser"
    print(f"{what}; Ctrl-C ends it", flush=True)
    if arguments.share:
        url = page.share_url
        print(f"the public address is {url}" if url else "no public address is available now", flush=True)
    try:
        Event().wait()
    except KeyboardInterrupt:
        print("ended: no picture is kept", flush=True)
    finally:
        page.close(verbose=False)


def _picture_tab(
    network: gr.Dropdown, classifier: Classifiers, examples: list[str], explainer: Explainers | None
) -> None:
    """Add a picture and its faces to the page; a click selects a face."""
    with gr.Column():
        picture = gr.Image(sources=["upload", "webcam", "clipboard"], label="picture", buttons=[])
        whole = gr.Checkbox(False, label="The picture is a cropped face")
        gr.Examples(examples, picture, whole, lambda _: True, label="synthetic faces", run_on_click=True)
    with gr.Column():
        # PNG keeps the small letters of labels sharp.
        shown = gr.Image(label="faces; click one", interactive=False, buttons=["fullscreen"], format="png")
        bars = gr.Label(label="the selected face", num_top_classes=7)
        message = gr.Markdown()
        wanted = gr.Checkbox(False, label="Explain the prediction (Grad-CAM)", visible=explainer is not None)
        heatmap = gr.Plot(visible=False, label="evidence for the predicted label")
    picture.upload(lambda: False, None, whole)
    selection = gr.State(time_to_live=600)
    outputs = [shown, bars, selection, message]
    changes = [picture.change, whole.change, network.change]
    inputs = [picture, network, whole, selection]
    # As files: our own reader explains what is wrong with one, and Gradio's would fail before.
    classified = gr.on(changes, _classify_file(classifier), inputs, outputs, preprocess=False)
    selected = shown.select(_select, selection, outputs)
    if explainer is not None:
        for after in (classified.then, selected.then, wanted.change):
            after(_explain(explainer), [wanted, selection, network], heatmap)


def _classify_file(classifier: Classifiers) -> Callable[..., Outputs]:
    """Return the function that classifies the faces of an uploaded file."""

    def classify(file: dict[str, Any] | None, name: str, whole: bool, selection: Selection | None) -> Outputs:
        if file is None:
            return _nothing("")
        try:
            picture: Picture = Path(file["path"]).read_bytes()
        except FileNotFoundError:  # deleted since
            if selection is None:
                return _nothing("**Error**: the picture has been deleted: upload it again")
            picture = selection[0].picture
        return _classified(lambda: classifier(name, whole), picture)

    return classify


def _select(selection: Selection | None, event: gr.SelectData) -> Outputs:
    """Select the face that was clicked."""
    if selection is None or not selection[0].faces:
        return gr.skip(), gr.skip(), gr.skip(), gr.skip()
    result = selection[0]
    scale = shrunk(result.picture, 1.0)[1]
    x, y = (place / scale for place in event.index)
    return _shown((result, _nearest(result, x, y)))


def _explain(explainer: Explainers) -> Callable[[bool, Selection | None, str], Any]:
    """Return the function that shows the heatmap of the selected face, if it is wanted."""

    def explain(wanted: bool, selection: Selection | None, name: str) -> Any:
        if wanted and selection and selection[0].faces:
            result, index = selection
            try:
                return gr.Plot(explainer(name)([result.faces[index]]), visible=True)
            except InputError as error:
                gr.Warning(str(error))
        return gr.Plot(None, visible=False)

    return explain


def _webcam_tab(network: gr.Dropdown, classifier: Classifiers) -> None:
    """Add a camera and its faces to the page."""

    def classify(frame: np.ndarray | None, name: str) -> tuple[Any, ...]:
        outputs = _nothing("") if frame is None else _classified(lambda: classifier(name, False), frame)
        drawn, probabilities, _, message = outputs
        return drawn, probabilities, message

    camera = gr.Image(sources="webcam", streaming=True, label="camera")
    with gr.Column():
        shown = gr.Image(label="faces", interactive=False, buttons=[], format="jpeg")
        bars = gr.Label(label="the first face from the left", num_top_classes=7)
        message = gr.Markdown()
    camera.stream(
        classify, [camera, network], [shown, bars, message], stream_every=0.2, show_progress="hidden", time_limit=600
    )


def _classified(classifier: Callable[[], EmotionClassifier], picture: Picture) -> Outputs:
    """Return the outputs for a picture, or an error message about it or the network."""
    try:
        return _shown((classifier().predict(picture), 0))
    except InputError as error:
        return _nothing(f"**Error**: {error}")


def _nothing(message: str) -> Outputs:
    return None, None, None, message


def _shown(selection: Selection) -> Outputs:
    """Return the outputs for a result: the annotated picture is shrunk to fit a page."""
    result, index = selection
    if not result.faces:
        message = "No face found. Is it large enough, upright and seen from the front?"
        return shrunk(result.picture, 1.0)[0], None, selection, message
    count = len(result.faces)
    message = "One face." if count == 1 else f"{count} faces, this is number {index + 1} from the left."
    return shrunk(result.drawn(), 1.0)[0], result.faces[index].probabilities, selection, message


def _nearest(result: Result, x: float, y: float) -> int:
    """Return the index of the face whose center is nearest to a point."""
    boxes = np.array([face.box for face in result.faces])
    return int(np.hypot(*(boxes[:, :2] + boxes[:, 2:] / 2 - (x, y)).T).argmin())
