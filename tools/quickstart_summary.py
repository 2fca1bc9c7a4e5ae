"""What `make quickstart` shows at its end."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from emotion.synthetic.drawn import planted

GROUPS = ("mirrored_duplicate", "near_duplicate")  # other kinds are among the exact duplicates


def defects(folder: Path, faces: int, seed: int) -> str:
    """Return the table of the defects that were planted into the synthetic faces, and how many the audit found."""
    rows = pq.read_table(folder / "data/audit.parquet").to_pylist()
    audit = {row["name"]: row for row in rows}
    counts: dict[str, list[int]] = {}
    for kind, name, original in planted(faces, seed):
        one = audit[name]
        other = audit[original]
        group = kind if kind in GROUPS else "exact_duplicate"
        found = one["blank"] if kind == "blank" else one[group] == other[group] >= 0
        count = counts.setdefault(kind, [0, 0])
        count[0] += 1
        count[1] += found and (kind != "label_conflict" or one["label_conflict"])
    lines = ["", f"{'defect':18}  planted  found   among the synthetic faces, by the audit (metrics/audit.json)"]
    counts["all"] = [sum(column) for column in zip(*counts.values(), strict=True)]
    return "\n".join(lines + [f"{kind:18}  {put:7}  {found:5}" for kind, (put, found) in counts.items()])


def scores(folder: Path, models: Mapping[str, Any]) -> str:
    """Return the table of scores, the ensemble's too.

    Args:
        folder: Where the pipeline ran.
        models: The section of params.
    """
    width = max(map(len, [*models, "ensemble"]))
    lines = ["", f"{'model':{width}}  accuracy  macro-F1   on synthetic test faces; for real ones see README.md"]
    for model in [*models, "ensemble"]:
        test = json.loads((folder / f"metrics/{model}.json").read_text(encoding="utf-8"))["test"]
        epochs = models[model]["fit"]["epochs"] if model in models else None
        note = "   one epoch shows only that it runs" if epochs == 1 else ""
        lines.append(f"{model:{width}}  {test['accuracy']:8.1%}  {test['macro_f1']:8.3f}{note}")
    return "\n".join(lines)


def places(folder: Path) -> str:
    """Return what to look at, the most important first."""
    shown = {
        "plots/report.html": "all results on one page",
        "plots/faces/samples.png": "some of the synthetic faces",
        "dvc_plots/index.html": "the charts as DVC draws them, to compare runs",
    }
    return "\n".join(["", "Look at", *(f"  {folder / path!s:36} {what}" for path, what in shown.items())])
