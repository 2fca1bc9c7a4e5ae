"""README's section on speed, from benchmarks/results.json."""

import json
from pathlib import Path
from typing import Any

from tools import results_inference

RESULTS = Path("benchmarks/results.json")
COLUMNS = ("training", "images/s (range)", "this engine is so many times as fast")
Numbers = dict[str, Any]  # what one benchmark measured, by the names that it uses


def read() -> dict[str, Numbers]:
    """Return what each benchmark measured last, by its name; nothing where none was run."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def section(measured: dict[str, Numbers]) -> str:
    """Return the section in Markdown; what no benchmark of training measured yet is named as such."""
    parts = {"training_speed": training_speed, "noop_repro": noop_repro, "kills": kills}
    missing = {
        "training_speed": "Training beside Keras' `fit` and PyTorch",
        "noop_repro": "- `dvc repro` with nothing to do",
        "kills": "- Trainings killed at random moments",
    }
    speed, *others = (
        write(measured[name]) if name in measured else f"{missing[name]}: not measured yet."
        for name, write in parts.items()
    )
    return "\n\n".join(filter(None, [speed, "\n".join(others), results_inference.section(measured)]))


def training_speed(numbers: Numbers) -> str:
    """Return the table of images a second, between what was measured, and how."""
    size = f"{'-'.join(map(str, numbers['widths']))} channels, {numbers['parameters'] / 1e6:.2f} M parameters"
    machine = f"{numbers['cpu']}, {numbers['threads']} threads, {numbers['precision']}"
    versions = ", ".join(f"{name} {version}" for name, version in numbers["versions"].items())
    lines = [f"Training `cnn` ({size}) in batches of {numbers['batch_size']} faces, on {machine}; {versions}:", ""]
    lines += ["| " + " | ".join(cells) + " |" for cells in (COLUMNS, ("---",) * len(COLUMNS))]
    for name, row in numbers["rows"].items():
        low, high = row["images_s_range"]
        ratio = "" if name == "engine" else f"{row['ratio']:.2f}"
        lines.append(f"| {row['label']} | {row['images_s']:.0f} ({low:.0f} – {high:.0f}) | {ratio} |")
    if "pytorch" not in numbers["rows"]:
        lines.append("| PyTorch | not measured yet | |")
    share = f"{100 * numbers['augmentation_share_of_a_step']:.1f} % of the time of a step"
    how = f"Medians of {numbers['rounds']} rounds, in which all took turns; ratios within a round."
    return "\n".join([*lines, "", f"{how} Augmenting a batch takes one core {share}."])


def noop_repro(numbers: Numbers) -> str:
    """Return what `dvc repro` costs where there is nothing to do."""
    seconds = f"{numbers['ours_s']:.2f} s against {numbers['dvc_s']:.2f} s, {numbers['stages']} stages"
    return f"- `dvc repro` with nothing to do takes {numbers['ratio']:.2f} times as long as DVC alone ({seconds})."


def kills(numbers: Numbers) -> str:
    """Return how many killed trainings ended as one that was never cut."""
    again = f"- Training was killed (`kill -9`) at {numbers['kills']} random moments and started again: after"
    return f"{again} {numbers['identical']} of these it ended with the same bytes as one that was never cut."
