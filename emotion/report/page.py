"""From facts to text: the page, its pictures, and the model card."""

import base64
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import matplotlib
from matplotlib.figure import Figure

from emotion.core.files import atomic

FOLDER = Path(__file__).parent
DATA_TITLES = {
    "counts": "Number of faces by emotion and subset",
    "mean_faces": "Mean face of each emotion",
    "brightness_and_contrast": "Brightness and contrast of the faces",
    "leakage": "Leakage: faces with a duplicate in another subset",
}
REAL_FACES = (
    ("gradcam", "Faces of {validation}", "explain", "plots/faces/gradcam.png"),
    ("data", "Sample faces of each emotion", "explore", "plots/faces/samples.png"),
)


def write(path: str, template: str, facts: Mapping[str, Any]) -> None:
    """Write a template of this folder filled with facts to a file, and print its path; a missing fact is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=template.endswith(".html"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["thousands"] = "{:,}".format
    text = environment.get_template(template).render(facts)
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    print(path)


def pictures(names: Sequence[str], validation: str, real: bool) -> dict[str, list[tuple[str, str]]]:
    """Return title and data URL of the pictures of each section; of real faces, those that are here.

    Args:
        names: Of the models.
        validation: What the validation faces are called.
        real: Whether to include real faces, which must not get into git.
    """
    files = {
        "gradcam": {"Synthetic faces": "plots/explain/drawn_faces.png"},
        "data": {title: f"plots/data/{name}.png" for name, title in DATA_TITLES.items()},
        "networks": {name: f"plots/architecture/{name}.png" for name in names},
    }
    if real:
        for section, title, stage, path in REAL_FACES:
            if Path(path).exists():
                files[section][title.format(validation=validation)] = path
            else:
                print(f"left out, because it is not here: {path}: `make pull` or `make repro STAGES={stage}`")
    return {section: [(title, _data_url(path)) for title, path in of.items()] for section, of in files.items()}


def _data_url(path: str) -> str:
    return f"data:image/png;base64,{base64.b64encode(Path(path).read_bytes()).decode()}"


def svg(figure: Figure, title: str) -> str:
    """Return a figure as an SVG element without a background, whose black takes the page's text colour.

    The same figure gives the same text: neither dates nor random names are in it.

    Args:
        figure: Changed in place.
        title: The label for screen readers.
    """
    figure.set_facecolor("none")
    for axes in figure.axes:
        axes.set_facecolor("none")
    written = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": title, "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = written.getvalue()
    text = text[text.index("<svg") :].replace("#000000", "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"font: (.*?)'DejaVu Sans'[^;\"]*", r"font: \1sans-serif", text)
    return re.sub(r"<svg ([^>]*?)>", rf'<svg \1 role="img" aria-label="{title}">', text, count=1)
