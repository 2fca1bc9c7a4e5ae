"""The tables of the data card, docs/data.md, from metrics/, params.yaml and benchmarks/results.json."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from emotion.labels import EMOTIONS

PARTS = {"train": "training", "validation": "validation", "test": "test"}
SCORES = {
    "validation": "validation accuracy",
    "test": "test accuracy",
    "test_unleaked": "without exact leaks",
    "test_unleaked_near": "without near ones, too",
}
IN_TRAINING = "_in_Training"  # how metrics/audit.json names what another part has in common with Training


def counts() -> str:
    """Return how many faces there are of each emotion, in the archive and in each part."""
    clean, split = _json("metrics/clean.json"), _json("metrics/split.json")
    reasons = [f"{count:,} x {reason}" for reason, count in clean["set_aside"].items() if reason != "total"]
    set_aside = f"{clean['set_aside']['total']:,} files set aside" + (f" ({', '.join(reasons)})" if reasons else "")
    rows = [
        (name, f"{total:,}", f"{total / clean['faces']:.1%}", *(f"{split[part][key]:,}" for part in PARTS))
        for name, key, total in [*((e, e, clean["per_emotion"][e]) for e in EMOTIONS), ("all", "faces", clean["faces"])]
    ]
    return (
        f"{clean['faces']:,} faces, {clean['distinct_pictures']:,} different pictures among them; {set_aside}.\n\n"
        + markdown(("emotion", "in the archive", "share", *PARTS.values()), rows)
    )


def defects() -> str:
    """Return what the audit found, what is done about it, and which faces have leaked."""
    audit, split = _json("metrics/audit.json"), _json("metrics/split.json")
    settings = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["defects"]
    rows = [
        (what, found, f"`defects.{name}`", f"`{settings[name]}`", f"{split['dropped'][name]:,}")
        for name, (what, found) in _found(audit).items()
    ]
    leaks = [
        (name.removesuffix(IN_TRAINING), *(f"{found[kind]:,}" for kind in ("identical", "mirrored", "near")))
        for name, found in audit.items()
        if name.endswith(IN_TRAINING)
    ]
    exact, near, whole = (split["test"][column] for column in ("leaked", "leaked_near", "faces"))
    return "\n\n".join(
        [
            markdown(("what", "found", "param", "now", "faces left out"), rows),
            "Faces of other official parts that also stand in Training:",
            markdown(("part", "the same pixels", "or mirrored", "or nearly the same"), leaks),
            f"Scores without leaks leave {exact:,} of {whole:,} test faces out, whose pixels also stand in training or "
            f"validation,\nand with near copies {exact + near:,} ({(exact + near) / whole:.1%}).",
        ]
    )


def leak_free() -> str:
    """Return what `defects.leak_free` costs, by benchmarks.leak_free."""
    measured = _json("benchmarks/results.json").get("leak_free")
    if not measured:
        return "Still to be measured: `python -m benchmarks.leak_free`."
    kept, lost = measured["training_faces"], measured["dropped"]
    rows = [
        (f"{kept + faces:,}", *(f"{measured[key][part]:.1%}" for part in SCORES))
        for key, faces in {"all_faces": lost, "leak_free": 0}.items()
    ]
    return f"Measured once, with `{measured['model']}`:\n\n" + markdown(("training faces", *SCORES.values()), rows)


def copies() -> str:
    """Return how well copies are found, and what that costs, by benchmarks.near_duplicates."""
    measured = _json("benchmarks/results.json")
    if not {"copies_found", "audit_cost"} <= measured.keys():
        return "Still to be measured: `python -m benchmarks.near_duplicates`."
    planted, cost = measured["copies_found"], measured["audit_cost"]
    found = [(name, f"{row['precision']:.2%}", f"{row['recall']:.2%}") for name, row in planted["rows"].items()]
    times = [
        (f"{row['faces']:,}", f"{row['wall_s']:.0f} s", f"{row['times_wall_s']:.1f}", f"{row['peak_mib']:,} MiB")
        for row in cost["rows"]
    ]
    return "\n\n".join(
        [
            f"{planted['copies']:,} copies planted among {planted['faces']:,} drawn faces (seed {planted['seed']}):",
            markdown(("finder", "precision", "recall"), found),
            f"What stage `audit` costs, on {cost['cpu']}, {cost['cores']} cores:",
            markdown(("faces", "time", "times the first", "memory"), times),
        ]
    )


def suspects() -> str:
    """Return how many labels a network doubts that never saw them, which most often, and how many errors it finds."""
    audit = _json("metrics/label_audit.json")
    with open("metrics/suspects.csv", newline="", encoding="utf-8") as file:
        pairs = Counter((row["given"], row["suggested"]) for row in csv.DictReader(file))
    often = ", ".join(f"{given} → {suggested} ({count:,})" for (given, suggested), count in pairs.most_common(5))
    share = audit["called_errors"] / audit["faces"]
    return (
        f"Confident learning calls {audit['called_errors']:,} of {audit['faces']:,} labels of training faces wrong "
        f"({share:.1%}).\nThe list holds the {pairs.total():,} most doubtful, most often {often}.\n\n"
        + _planted_labels()
    )


def _planted_labels() -> str:
    """Return how many labels that were made wrong on purpose are on the list, by benchmarks.planted_labels."""
    measured = _json("benchmarks/results.json").get("planted_labels")
    if not measured:
        return "Still to be measured: `python -m benchmarks.planted_labels`."
    share = measured["planted"] / measured["faces"]
    return (
        f"Of {measured['planted']:,} labels ({share:.0%}) wrong on purpose, once: a list of {measured['listed']:,} "
        f"held {measured['found']:,} ({measured['recall']:.0%}),\n"
        f"{measured['restored']:,} of them with the former label as suggestion."
    )


def _found(audit: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return each kind of defect, by its name in section `defects` of params.yaml, and how often it was found."""
    score = audit["not_a_face"]
    return {
        "identical": ("identical pictures", _groups(audit["identical"])),
        "near": ("these, mirrored or nearly identical ones", _groups(audit["near"])),
        "conflicts": ("identical pictures with several labels", _groups(audit["conflicts"])),
        "blank": ("blank: one gray all over", f"{audit['blank']:,}"),
        "almost_blank": ("these, or hardly any contrast", f"{audit['almost_blank']:,}"),
        "not_a_face": (
            "least like a face, by a score",
            f"median {score['median']:.2f}, one in 1,000 above {score['one_in_1000']:.2f}",
        ),
    }


def _groups(numbers: dict[str, int]) -> str:
    return f"{numbers['groups']:,} groups of {numbers['faces']:,} faces"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows))


def _json(path: str) -> dict[str, Any]:
    return json.loads(Path(path).read_text(encoding="utf-8"))
