"""Score labels, audit and label issues by the annotators' votes."""

import csv
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from emotion.audit import vote_check
from emotion.core import stage, votes
from emotion.core.files import write_json
from emotion.core.labels import EMOTIONS
from emotion.core.params import load
from emotion.preparation.settings import DefectSettings

ANNOTATIONS = "data/annotations.parquet"
ISSUES = Path("metrics/label_issues.csv")


def main() -> None:
    """Write metrics/vote_audit.json."""
    faces = pq.read_table("data/faces.parquet", columns=["name", "official", "label"])
    names = faces["name"].to_pylist()
    labels = np.array([EMOTIONS.index(label) for label in faces["label"].to_pylist()])
    counts = votes.read(ANNOTATIONS, names)
    official = np.array(faces["official"].to_pylist())
    subsets = {str(name): official == name for name in np.unique(official)}
    found = {name: vote_check.of_labels(labels[rows], counts[rows]) for name, rows in subsets.items()}
    audit = pq.read_table("data/audit.parquet", columns=["name", "not_a_face"])
    min_score = load("defects", DefectSettings).min_not_a_face_score
    scored = votes.read(ANNOTATIONS, audit["name"].to_pylist())
    found["audit_not_a_face"] = vote_check.of_faces(audit["not_a_face"].to_numpy(), min_score, scored)
    with ISSUES.open(newline="", encoding="utf-8") as file:
        issues = {row["name"]: row["predicted_label"] for row in csv.DictReader(file)}
    label_of = dict(zip(names, labels.tolist(), strict=True))
    listed = np.array([label_of[name] for name in issues], int)
    found["label_issues"] = vote_check.of_issues(issues, listed, votes.read(ANNOTATIONS, list(issues)))
    write_json("metrics/vote_audit.json", found)
    for name in subsets:
        one = found[name]
        print(f"{name}: {one['with_majority']} of {one['faces']} faces have a majority of the votes")


if __name__ == "__main__":
    stage.run(main)
