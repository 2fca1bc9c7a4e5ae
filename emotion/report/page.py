"""From facts to text: the page and the model card."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

FOLDER = Path(__file__).parent
DATA = {
    "counts": "Faces of each emotion in each part",
    "mean_faces": "The mean face of each emotion",
    "brightness_and_contrast": "Brightness and contrast of the faces",
    "shared": "Faces that parts share",
}


def rendered(template: str, facts: Mapping[str, Any]) -> str:
    """Return a template of this folder filled with facts; a fact that is missing is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=template.endswith(".html"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(facts)


def pictures(names: Sequence[str], real: bool) -> dict[str, list[tuple[str, str]]]:
    """Return title and address of the pictures of each section.

    Args:
        names: Of the models.
        real: Also those of real faces, which must not get into git.
    """
    files = {
        "gradcam": {"Drawn faces": "plots/explain/drawn_faces.png"},
        "data": {title: f"plots/data/{name}.png" for name, title in DATA.items()},
        "networks": {name: f"plots/architecture/{name}.png" for name in names},
    }
    if real:
        files["gradcam"]["Faces of PublicTest"] = "plots/faces/gradcam.png"
        files["data"]["Some faces of each emotion"] = "plots/faces/samples.png"
    return {section: [(title, _address(path)) for title, path in of.items()] for section, of in files.items()}


def _address(path: str) -> str:
    """Return a PNG file as an address that holds its bytes."""
    return f"data:image/png;base64,{base64.b64encode(Path(path).read_bytes()).decode()}"
