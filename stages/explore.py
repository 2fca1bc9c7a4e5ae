"""Draw charts of the faces, and contact sheets of samples and of faces with defects."""

from typing import Any

import pyarrow.parquet as pq
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from emotion.core import stage
from emotion.core.files import save_figure
from emotion.core.labels import EMOTIONS
from emotion.core.params import load, read
from emotion.exploration import charts, gallery, statistics
from emotion.exploration.settings import ExploreSettings

# What the subsets are called that synthetic faces name like those of FER-2013.
SUBSETS_OF_DRAWN_FACES = {"Training": "training", "PublicTest": "validation", "PrivateTest": "test"}


def main() -> None:
    """Write charts to plots/data/ and contact sheets to plots/faces/."""
    settings = load("explore", ExploreSettings)
    faces = gallery.read("data/faces.parquet")
    table = pq.read_table("data/audit.parquet")
    pairs = pq.read_table("data/near_duplicates.parquet")
    audit = {name: table[name].to_numpy() for name in table.column_names}
    drawn = read()["data"]["source"] == "sample"
    figures = _charts(faces, audit, SUBSETS_OF_DRAWN_FACES if drawn else {}) | {
        "plots/faces/samples.png": gallery.samples(faces, settings),
        "plots/faces/label_conflicts.png": gallery.label_conflicts(
            faces, audit["exact_duplicate"], audit["label_conflict"]
        ),
        "plots/faces/blank.png": gallery.blank(faces, audit["blank"], audit["almost_blank"]),
        "plots/faces/near_duplicates.png": gallery.near_duplicates(faces, pairs, audit["exact_duplicate"]),
        "plots/faces/least_face_like.png": gallery.least_face_like(faces, audit["not_a_face"], audit["almost_blank"]),
    }
    for path, figure in figures.items():
        if drawn:
            note_drawn(figure)
        save_figure(path, figure)
    print(*figures, sep="\n")


def note_drawn(figure: Figure) -> None:
    """Say at the lower edge that the faces are drawn: those of FER-2013 look different."""
    layout = figure.get_layout_engine()
    if isinstance(layout, ConstrainedLayoutEngine):  # a contact sheet has a margin
        layout.set(rect=(0, 0.05, 1, 0.95))
    figure.text(0.995, 0, "synthetic faces", ha="right", va="bottom", fontsize=9, color="dimgray")


def _charts(faces: gallery.Faces, audit: dict[str, Any], called: dict[str, str]) -> dict[str, Figure]:
    subsets = statistics.subsets_of(faces.official)
    counts = statistics.counts(faces.official, faces.labels, subsets)
    sizes = {"all": len(faces.labels)} | dict(zip(EMOTIONS, counts.sum(axis=0).tolist(), strict=True))
    rows = {name: faces.labels == name for name in EMOTIONS} | {name: faces.official == name for name in subsets}
    kinds = {"Exact duplicates": "exact_duplicate", "Near-duplicates, too": "near_duplicate"}
    duplicates = {
        title: statistics.duplicates_between(audit[kind], faces.official, subsets) for title, kind in kinds.items()
    }
    shown = [called.get(name, name) for name in subsets]
    rows = {called.get(name, name): row for name, row in rows.items()}
    light = statistics.brightness_and_contrast(faces.pixels)
    return {
        "plots/data/counts.png": charts.counts(counts, shown),
        "plots/data/mean_faces.png": charts.mean_faces(statistics.mean_faces(faces.pixels, faces.labels), sizes),
        "plots/data/brightness_and_contrast.png": charts.brightness_and_contrast(*light, rows),
        "plots/data/leakage.png": charts.leakage(duplicates, counts.sum(axis=1).tolist(), shown),
    }


if __name__ == "__main__":
    stage.run(main)
