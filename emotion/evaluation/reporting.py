"""The files that tell how good answers are: the same ones for a model and for an ensemble."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from emotion.evaluation import calibration, figures, parts, scores
from emotion.evaluation.parts import EvaluateSettings, Part
from emotion.files import atomic, write_csv, write_json


def write(
    name: str, scored: Mapping[str, Part], settings: EvaluateSettings, first: Mapping[str, Any]
) -> dict[str, dict[str, float | None]]:
    """Write metrics/<name>.json and, under plots/, details of each part and what the charts of `test` are drawn from.

    Args:
        name: Of the model, or ensemble.
        scored: What `parts.parts` returns, of one kind or several.
        settings: Of the intervals.
        first: What stands first in metrics/<name>.json.

    Returns:
        The headline numbers of each part.
    """
    details = {part: parts.details(answers, settings) for part, answers in scored.items()}
    # Of averaged answers the metrics hold what is compared first; plots/scores/ has the other parts, too.
    headlines = {part: parts.headline(found) for part, found in details.items() if "averaged_" not in part}
    write_json(f"metrics/{name}.json", {**first, **headlines})
    write_json(f"plots/scores/{name}.json", {"scores": [{"part": part, **found} for part, found in details.items()]})
    test = scored["test"]
    write_json(f"plots/roc/{name}.json", {"roc": scores.roc(test.labels, test.probabilities)})
    write_json(f"plots/reliability/{name}.json", {"reliability": _reliability(test)})
    write_json(f"plots/risk_coverage/{name}.json", {"risk_coverage": _risk_coverage(test)})
    write_csv(f"plots/per_class/{name}.csv", details["test"]["per_class"])
    figure = figures.confusion(np.array(details["test"]["confusion"]), f"{name} on test faces, % of each row")
    with atomic(f"plots/confusion/{name}.png") as path:
        figure.savefig(path, metadata={"Software": None})
    return headlines


def _reliability(part: Part) -> list[dict[str, float | str]]:
    """Return the bins of confidence before and after scaling."""
    return [
        {"when": when, **{name: round(value, 6) for name, value in one.items()}}
        for when, given in {"before": part.given, "after": part.probabilities}.items()
        for one in calibration.bins(part.labels, given, equal_mass=True)
    ]


def _risk_coverage(part: Part) -> list[dict[str, float]]:
    """Return the share of wrong answers among the surest 1 %, 2 % ... of the faces."""
    coverage, risk = calibration.risk_coverage(part.labels, part.probabilities)
    places = np.unique(np.ceil(np.linspace(0.01, 1, 100) * len(coverage)).astype(int) - 1)
    return [{"coverage": round(float(coverage[p]), 6), "risk": round(float(risk[p]), 6)} for p in places]
