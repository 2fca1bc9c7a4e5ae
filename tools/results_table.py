"""README's results table, from metrics/ and plots/scores/."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import networkx
import yaml
from dvc.repo import Repo

from tools import check_run

COLUMNS = (
    "model",
    "accuracy (95 % interval)",
    "averaged (95 % interval)",
    "macro-F1",
    "balanced accuracy",
    "accuracy without exact / near leaks",
    "PublicTest accuracy",
    "parameters / MACs",
    "epochs (kept)",
)
ENSEMBLE, NONE = "ensemble", "–"
LOOKS = {"single": "test", "averaged": "test_averaged"}  # the part that holds each kind of answer of a model


@dataclass(frozen=True)
class Result:
    """The numbers of one model, or of the ensemble, as its stages wrote them."""

    name: str
    pending: bool  # the run with the present code and params is still to come
    scores: dict[str, Any] = field(default_factory=dict)  # metrics/<name>.json; empty if there was no run at all
    details: dict[str, Any] = field(default_factory=dict)  # plots/scores/<name>.json, by the names of the parts
    size: str = NONE
    epochs: str = NONE
    members: tuple[str, ...] = ()

    def accuracy(self, look: str) -> tuple[float, float, float] | None:
        """Return the accuracy on all test faces and its 95 % interval, None where there is none.

        Args:
            look: `single`, which an ensemble of averaged answers has not, or `averaged`.
        """
        part = {"averaged": "test"}.get(look) if self.members else LOOKS[look]
        if part not in self.scores:
            return None
        own = self.scores[part]
        # A run before intervals were metrics has them among the details alone.
        ends = own if "accuracy_low" in own else self.details[part]
        return own["accuracy"], ends["accuracy_low"], ends["accuracy_high"]


def read() -> list[Result]:
    """Return the models of params.yaml in their order, then the ensemble, with what is known of each."""
    models = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["models"]
    pending = pending_stages()
    return [*(_model(name, f"evaluate@{name}" in pending) for name in models), _ensemble(ENSEMBLE in pending)]


def _model(name: str, pending: bool) -> Result:
    training, architecture = (_json(f"metrics/{folder}/{name}.json") for folder in ("training", "architecture"))
    if not (training and _scores(name)):
        return Result(name, pending)
    macs = f"{architecture['macs'] / 1e6:.0f} M" if architecture else NONE
    size = f"{training['parameters'] / 1e6:.2f} M / {macs}"
    return Result(name, pending, **_scores(name), size=size, epochs=f"{training['epochs']} ({training['best_epoch']})")


def _ensemble(pending: bool) -> Result:
    members = tuple(_json("metrics/ensemble_members.json").get("members", ()))
    trainings = [_json(f"metrics/training/{name}.json") for name in members]
    if not (members and all(trainings) and _scores(ENSEMBLE)):
        return Result(ENSEMBLE, pending)
    size = f"{sum(training['parameters'] for training in trainings) / 1e6:.2f} M / {NONE}"
    return Result(ENSEMBLE, pending, **_scores(ENSEMBLE), size=size, members=members)


def _scores(name: str) -> dict[str, Any]:
    """Return scores and details, or nothing if a file is not there."""
    scores, details = _json(f"metrics/{name}.json"), _json(f"plots/scores/{name}.json").get("scores")
    return {"scores": scores, "details": {part["part"]: part for part in details}} if scores and details else {}


def _json(path: str) -> dict[str, Any]:
    """Return a file's content, nothing if it is not there."""
    return json.loads(Path(path).read_text(encoding="utf-8")) if Path(path).exists() else {}


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
    run = [result for result in results if result.scores and not result.pending and not result.members]
    return max(run, key=lambda result: result.scores["validation"]["macro_f1"], default=None)


def table(results: list[Result]) -> str:
    """Return the table in Markdown, with a note where a run is still to come, and what the ensemble consists of."""
    chosen = best(results)
    rows = [COLUMNS, ("---",) * len(COLUMNS)]
    for result in results:
        cells = row(result)
        rows.append(tuple(f"**{cell}**" for cell in cells) if result is chosen else cells)
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    if any(result.pending and result.scores for result in results):
        lines += ["", "† of an earlier version of this model, or taught by one; run still to come."]
    for result in results:
        if result.members:
            lines += ["", f"The {result.name} averages the averaged answers of {', '.join(result.members)}."]
    return "\n".join(lines)


def row(result: Result) -> tuple[str, ...]:
    """Return the cells of one model."""
    scores = result.scores
    if not scores:
        return (result.name, "run still to come", *[NONE] * (len(COLUMNS) - 2))
    return (
        result.name + (" †" if result.pending else ""),
        *(_interval(result.accuracy(look)) for look in LOOKS),
        percent(scores["test"]["macro_f1"]),
        percent(scores["test"]["balanced_accuracy"]),
        " / ".join(percent(scores[part]["accuracy"]) for part in ("test_unleaked", "test_unleaked_near")),
        percent(scores["validation"]["accuracy"]),
        result.size,
        result.epochs,
    )


def _interval(accuracy: tuple[float, float, float] | None) -> str:
    return "{} ({} – {})".format(*map(percent, accuracy)) if accuracy else NONE


def percent(share: float) -> str:
    """Return a share in percent with one decimal, as all numbers of the table."""
    return f"{100 * share:.1f}"
