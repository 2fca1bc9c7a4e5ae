"""What `make quickstart` shows at its end."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from emotion.synthetic.drawn import planted

GROUPS = ("mirrored_duplicate", "near_duplicate")  # other kinds are among the exact duplicates


def defects(folder: Path, faces: int, seed: int) -> str:
    """Return the table of the defects that were planted into the drawn faces, and how many the audit found."""
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
    lines = ["", f"{'defect':18}  planted  found   among the drawn faces, by the audit (metrics/audit.json)"]
    counts["all"] = [sum(column) for column in zip(*counts.values(), strict=True)]
    return "\n".join(lines + [f"{kind:18}  {put:7}  {found:5}" for kind, (put, found) in counts.items()])


def scores(folder: Path, models: list[str]) -> str:
    """Return the table of scores, the ensemble's too, and where to look at what."""
    width = max(map(len, [*models, "ensemble"]))
    lines = ["", f"{'model':{width}}  accuracy  macro-F1   on drawn test faces; for real ones see README.md"]
    for model in [*models, "ensemble"]:
        test = json.loads((folder / f"metrics/{model}.json").read_text(encoding="utf-8"))["test"]
        lines.append(f"{model:{width}}  {test['accuracy']:8.1%}  {test['macro_f1']:8.3f}")
    best = json.loads((folder / "metrics/best.json").read_text(encoding="utf-8"))["model"]
    return "\n".join(
        [
            *lines,
            "",
            f"the drawn faces   {folder}/plots/faces/samples.png",
            f"confusion matrix  {folder}/plots/confusion/{best}.png",
            f"its layers        {folder}/plots/architecture/{best}.png",
            f"training curves   {folder}/dvc_plots/index.html",
            f"exported model    {folder}/models/{best}.onnx",
        ]
    )
