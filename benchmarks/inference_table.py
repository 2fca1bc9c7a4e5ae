"""From what was measured of classifiers to numbers and a table."""

import statistics
from typing import Any

from benchmarks.sides.turns import Measured

THEIRS = "fer"
COMPARED = ("face_ms", "frame_ms")
TIMES = {"import_s": 3, "first_answer_s": 3, "face_ms": 3, "batch_face_ms": 3, "frame_ms": 2}  # decimals
FOUND = ("accuracy", "found", "found_and_right", "false_boxes", "faces_in_photograph")


def summarise(measured: Measured, about: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return medians and ranges of the rounds, how long each takes by `fer`'s time, and how well each does.

    Args:
        measured: What was measured in every round.
        about: What each side told about itself.
    """
    rows: dict[str, dict[str, Any]] = {}
    for name, rounds in measured.items():
        row: dict[str, Any] = {"bytes": about[name]["bytes"], **{key: about[name][key] for key in FOUND}}
        for key, digits in TIMES.items():
            values = [one[key] for one in rounds]
            row[key] = round(statistics.median(values), digits)
            row[f"{key}_range"] = [round(min(values), digits), round(max(values), digits)]
        for key in COMPARED if THEIRS in measured else ():
            ratios = [ours[key] / theirs[key] for ours, theirs in zip(rounds, measured[THEIRS], strict=True)]
            row[f"{key}_ratio"] = round(statistics.median(ratios), 3)
        rows[name] = row
    versions = {key: value for known in about.values() for key, value in known["versions"].items()}
    return {"versions": versions, "rounds": len(rounds), "rows": rows}


def table(summary: dict[str, Any]) -> str:
    """Return the numbers as a person reads them."""
    faces = f"{summary['faces']:,} {'drawn' if summary['drawn'] else 'validation'} faces"
    lines = [f"classifying faces; {summary['cpu']}; medians of {summary['rounds']} rounds"]
    for name, row in summary["rows"].items():
        lines += ["", f"{name}, {row['bytes'] / 1e6:.2f} MB"]
        lines += [f"  {label:38} {_time(row, key)}" for key, label in LABELS.items()]
        lines += [f"  frames a second, from this             {1000 / row['frame_ms']:8.1f}   (aim: 25)"]
        lines += [f"  right of {faces:29} {100 * row['accuracy']:8.1f} %"]
        found = f"{row['found']} found, {row['found_and_right']} of them labelled rightly"
        lines += [f"  of {summary['frames']} faces pasted into pictures: {found}, {row['false_boxes']} false boxes"]
    if THEIRS not in summary["rows"]:
        lines += ["", "The package fer is not installed here, so its row is missing."]
    return "\n".join(lines)


LABELS = {
    "import_s": "import, s (aim: 0.5)",
    "first_answer_s": "start to first answer, s (aim: 1)",
    "face_ms": "a face alone, one core, ms (aim: 5)",
    "batch_face_ms": "a face of a batch of 32, one core, ms",
    "frame_ms": "640x480 picture, two cores, ms",
}


def _time(row: dict[str, Any], key: str) -> str:
    low, high = row[f"{key}_range"]
    ratio = f"   {row[f'{key}_ratio']:.2f} times fer's" if f"{key}_ratio" in row else ""
    return f"{row[key]:8.3f}   {f'{low} - {high}':17}{ratio}".rstrip()
