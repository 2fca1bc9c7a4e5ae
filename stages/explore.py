"""Draw what the faces look like, and those with which something is wrong."""

from typing import Any

import pyarrow.parquet as pq
from matplotlib.figure import Figure

from emotion import errors
from emotion.data import charts, gallery, statistics
from emotion.files import atomic
from emotion.labels import EMOTIONS
from emotion.params import load


def main() -> None:
    """Write charts to plots/data/ and contact sheets, which show faces, to plots/faces/."""
    settings = load("explore", gallery.ExploreSettings)
    faces = gallery.read("data/faces.parquet")
    table, pairs = pq.read_table("data/audit.parquet"), pq.read_table("data/near_pairs.parquet")
    audit = {name: table[name].to_numpy() for name in table.column_names}
    figures = _charts(faces, audit) | {
        "plots/faces/samples.png": gallery.samples(faces, settings),
        "plots/faces/conflicts.png": gallery.conflicts(faces, audit["identical"], audit["conflict"]),
        "plots/faces/blank.png": gallery.blank(faces, audit["blank"], audit["almost_blank"]),
        "plots/faces/near_pairs.png": gallery.near_pairs(faces, pairs, audit["identical"]),
        "plots/faces/least_face_like.png": gallery.least_face_like(faces, audit["not_a_face"], audit["almost_blank"]),
    }
    for path, figure in figures.items():
        with atomic(path) as temporary:
            figure.savefig(temporary, metadata={"Software": None})
    print(*figures, sep="\n")


def _charts(faces: gallery.Faces, audit: dict[str, Any]) -> dict[str, Figure]:
    parts = statistics.parts_of(faces.officials)
    counts = statistics.counts(faces.officials, faces.labels, parts)
    sizes = {"all": len(faces.labels)} | dict(zip(EMOTIONS, counts.sum(axis=0).tolist(), strict=True))
    rows = {name: faces.labels == name for name in EMOTIONS} | {name: faces.officials == name for name in parts}
    kinds = {"Identical pictures": "identical", "Nearly identical or mirrored, too": "near"}
    shared = {title: statistics.also_in(audit[kind], faces.officials, parts) for title, kind in kinds.items()}
    light = statistics.brightness_and_contrast(faces.pixels)
    return {
        "plots/data/counts.png": charts.counts(counts, parts),
        "plots/data/mean_faces.png": charts.mean_faces(statistics.mean_faces(faces.pixels, faces.labels), sizes),
        "plots/data/brightness_and_contrast.png": charts.brightness_and_contrast(*light, rows),
        "plots/data/shared.png": charts.shared(shared, counts.sum(axis=1).tolist(), parts),
    }


if __name__ == "__main__":
    errors.run(main)
