"""README's results table, from metrics/ and plots/scores/."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx
import yaml
from dvc.repo import Repo

from tools import check_run

COLUMNS = (
    "model",
    "network",
    "accuracy (95 % interval)",
    "macro-F1",
    "balanced accuracy",
    "accuracy without exact / near leaks",
    "PublicTest accuracy",
    "parameters",
    "epochs (kept)",
)


@dataclass(frozen=True)
class Result:
    """One model's numbers as its stages wrote them."""

    name: str
    network: str
    scores: dict[str, Any]  # metrics/<name>.json; empty if the model was never run
    test: dict[str, Any]  # the part `test` of plots/scores/<name>.json
    training: dict[str, Any]  # metrics/training/<name>.json
    pending: bool  # the run with the present code and params is still to come


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
        " / ".join(percent(scores[part]["accuracy"]) for part in ("test_unleaked", "test_unleaked_near")),
        percent(scores["validation"]["accuracy"]),
        f"{training['parameters'] / 1e6:.2f} M",
        f"{training['epochs']} ({training['best_epoch']})",
    )


def percent(share: float) -> str:
    """Return a share in percent with one decimal, as all numbers of the table."""
    return f"{100 * share:.1f}"
