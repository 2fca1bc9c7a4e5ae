"""The results of the stages, read from their files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyarrow import csv as pacsv


def of_model(name: str, best: str) -> dict[str, Any]:
    """Return the scores and costs of a model, or of the ensemble, which has no costs.

    Args:
        name: Of the model, or `ensemble`.
        best: Name of the best model.
    """
    subsets = {row["subset"]: row for row in read(f"plots/scores/{name}.json")["scores"]}
    confusion = subsets["test"]["confusion"]
    found = {
        "name": name,
        "best": name == best,
        "test": subsets["test"],
        "with_tta": subsets.get("test_tta"),
        "confusion": [[count / max(1, sum(row)) for count in row] for row in confusion],
        "cross_fitted": None,
        "parameters": "–",
        "macs": "–",
    }
    # Absent where nobody voted. A template would take `clear` for the method of dict.
    found |= {"majority": subsets.get("test_majority"), "agreed": subsets.get("test_clear")}
    for subset in ("no_exact_leakage", "no_leakage", "majority_no_leakage"):
        row = subsets.get(f"test_{subset}")  # absent if every test face leaks
        found[subset] = row["scores"]["accuracy"]["accuracy"] if row else None
    if Path(f"metrics/architecture/{name}.json").exists():
        costs = read(f"metrics/architecture/{name}.json")
        found["parameters"], found["macs"] = (f"{costs[cost] / 1e6:.2f} M" for cost in ("parameters", "macs"))
        found["cross_fitted"] = read(f"metrics/calibration/{name}.json")["without_tta"]["ece_cross_fitted"]
    return found


def scored(names: Sequence[str]) -> list[str]:
    """Return the models that have scores, and print the others."""
    found = [name for name in names if Path(f"plots/scores/{name}.json").exists()]
    if left_out := [name for name in names if name not in found]:
        stages = " ".join(f"evaluate@{name}" for name in left_out)
        print(f"left out, because they have no scores yet: {', '.join(left_out)}: `make repro STAGES='{stages}'`")
    return found


def of_data(source: str, method: str, audit: Mapping[str, Any], split: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the faces and their subsets are called, and how many test faces have duplicates in other subsets.

    Args:
        source: `data.source` of params.
        method: `split.method` of params.
        audit: The content of metrics/audit.json, whose keys hold the official names of subsets.
        split: The content of metrics/split.json.
    """
    drawn = source == "sample"
    fer2013 = not drawn and "PrivateTest_in_Training" in audit  # nobody else names a subset so
    official = fer2013 and method == "official"
    names = (
        ("Training", "PublicTest", "PrivateTest")
        if official
        else ("the training set", "the validation set", "the test set")
    )
    return {
        "name": "FER-2013" if fer2013 else "synthetic faces" if drawn else "own pictures",
        "fer2013": fer2013,
        "official": official,
        "drawn": drawn,
        **dict(zip(("training", "validation", "test"), names, strict=True)),
        "dropped": sum(split["dropped"].values()),
        "leaked": {kind: split["test"][f"{kind}_leakage"] for kind in ("exact", "near")},
    }


def hashes(names: Sequence[str]) -> dict[str, str]:
    """Return the MD5 of the training and validation faces and of the weights of each exported model."""
    paths = {name: f"metrics/export/{name}.json" for name in names}
    exported = {name: read(path) for name, path in paths.items() if Path(path).exists()}
    data = {"data/learn.parquet": next(iter(exported.values()))["data_md5"]} if exported else {}
    return data | {f"models/{name}.keras": one["weights_md5"] for name, one in exported.items()}


def robustness(names: Sequence[str]) -> dict[str, dict[str, tuple[list[float], list[float]]]]:
    """Return strengths and accuracies by corruption and model; nothing if no model was tested.

    A model that was not tested is there without points, so that the others keep their colours.
    """
    tested = {name: table(str(path)) for name in names if (path := Path(f"plots/robustness/{name}.csv")).exists()}
    found: dict[str, dict[str, tuple[list[float], list[float]]]] = {}
    for kind in dict.fromkeys(row["corruption"] for rows in tested.values() for row in rows):
        for name in names:
            rows = [row for row in tested.get(name, []) if row["corruption"] == kind]
            title = name if name in tested else f"{name} (not run)"
            found.setdefault(kind, {})[title] = ([row["step"] for row in rows], [row["accuracy"] for row in rows])
    return found


def read(path: str) -> Any:
    """Return the content of a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def label_issues() -> dict[str, Any] | None:
    """Return how many labels differ from out-of-fold predictions, and the annotators' verdict; None if not measured."""
    paths = ("metrics/label_audit.json", "metrics/vote_audit.json")
    if not all(Path(path).exists() for path in paths):
        return None
    audit, votes = (read(path) for path in paths)
    return {"faces": audit["faces"], "label_issues": audit["label_issues"], **votes["label_issues"]}


def table(path: str) -> list[dict[str, Any]]:
    """Return the rows of a CSV file, in which a column of numbers holds numbers."""
    return pacsv.read_csv(path).to_pylist()


def columns(path: str, *names: str) -> tuple[list[float], ...]:
    """Return columns of a CSV file, or of a JSON file whose only value is a list of rows, as floats."""
    if path.endswith(".json"):
        (rows,) = read(path).values()
    else:
        rows = table(path)
    return tuple([float(row[name]) for row in rows] for name in names)
