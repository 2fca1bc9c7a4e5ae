"""What the stages found out, read from their files."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def of_model(name: str, best: str) -> dict[str, Any]:
    """Return the numbers of a model, or of the ensemble, whose answers are averaged ones.

    Args:
        name: As its files are called.
        best: Of the best model.
    """
    parts = {part["part"]: part for part in read(f"plots/scores/{name}.json")["scores"]}
    confusion = parts["test"]["confusion"]
    found = {
        "name": name,
        "best": name == best,
        "test": parts["test"],
        "averaged": parts.get("test_averaged"),
        "confusion": [[count / max(1, sum(row)) for count in row] for row in confusion],
        "cross_fitted": None,
        "parameters": "–",
        "macs": "–",
    }
    for leak in ("unleaked", "unleaked_near"):
        part = parts.get(f"test_{leak}")  # there is none if all faces leaked
        found[leak] = part["scores"]["accuracy"]["accuracy"] if part else None
    if Path(f"metrics/architecture/{name}.json").exists():
        costs = read(f"metrics/architecture/{name}.json")
        found["parameters"], found["macs"] = (f"{costs[cost] / 1e6:.2f} M" for cost in ("parameters", "macs"))
        found["cross_fitted"] = read(f"metrics/calibration/{name}.json")["single"]["error_cross_fitted"]
    return found


def hashes(names: Sequence[str]) -> dict[str, str]:
    """Return the MD5 of the faces that were learnt from and of the weights of each model that was exported."""
    found = {
        name: read(f"metrics/export/{name}.json") for name in names if Path(f"metrics/export/{name}.json").exists()
    }
    data = {"data/learn.parquet": next(iter(found.values()))["data_md5"]} if found else {}
    return data | {f"models/{name}.keras": one["weights_md5"] for name, one in found.items()}


def read(path: str) -> Any:
    """Return the content of a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def columns(path: str, *names: str) -> tuple[list[float], ...]:
    """Return columns of a CSV file, or of a JSON file whose only value is a list of rows, as numbers."""
    if path.endswith(".json"):
        (rows,) = read(path).values()
    else:
        rows = table(path)
    return tuple([float(row[name]) for row in rows] for name in names)


def table(path: str) -> list[dict[str, Any]]:
    """Return the rows of a CSV file; what looks like a number is one."""
    with open(path, newline="", encoding="utf-8") as file:
        return [{name: _number(value) for name, value in row.items()} for row in csv.DictReader(file)]


def _number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


def robustness(names: Sequence[str]) -> dict[str, dict[str, tuple[list[float], list[float]]]]:
    """Return for each corruption the accuracies by strength of each model; none if no model was tested.

    A model that was not tested is there without points, so that the others keep their colours.
    """
    tested = {name: table(str(path)) for name in names if (path := Path(f"plots/robustness/{name}.csv")).exists()}
    found: dict[str, dict[str, tuple[list[float], list[float]]]] = {}
    for kind in dict.fromkeys(row["corruption"] for rows in tested.values() for row in rows):
        for name in names:
            rows = [row for row in tested.get(name, []) if row["corruption"] == kind]
            title = name if name in tested else f"{name} (not run)"
            found.setdefault(kind, {})[title] = [row["step"] for row in rows], [row["accuracy"] for row in rows]
    return found
