"""The files that hold the scores of a model or of the ensemble."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from emotion.core.files import save_figure, write_csv, write_json
from emotion.evaluation import calibration, figures, metrics, subsets
from emotion.evaluation.settings import EvaluateSettings
from emotion.evaluation.subsets import Scored


def write(
    name: str, scored: Mapping[str, Scored], settings: EvaluateSettings, first: Mapping[str, Any]
) -> dict[str, dict[str, float | None]]:
    """Write metrics/<name>.json and, under plots/, the details of each subset and the data of its charts.

    Args:
        name: Of the model, or `ensemble`.
        scored: What `subsets.scored_subsets` returns, without TTA, with TTA or both.
        settings: Of the confidence intervals.
        first: The first entries of metrics/<name>.json.

    Returns:
        The headline scores of each subset.
    """
    details = {subset: subsets.details(one, settings) for subset, one in scored.items()}
    # With TTA, the subsets without leakage are in plots/scores/ alone.
    headlines = {subset: subsets.headline(found) for subset, found in details.items() if "tta_" not in subset}
    write_json(f"metrics/{name}.json", {**first, **headlines})
    rows = [{"subset": subset, **found} for subset, found in details.items()]
    write_json(f"plots/scores/{name}.json", {"scores": rows})
    test = scored["test"]
    write_json(f"plots/roc/{name}.json", {"roc": metrics.roc(test.labels, test.probabilities)})
    write_json(f"plots/reliability/{name}.json", {"reliability": _reliability(test)})
    write_json(f"plots/risk_coverage/{name}.json", {"risk_coverage": _risk_coverage(test)})
    write_csv(f"plots/per_class/{name}.csv", details["test"]["per_class"])
    confusion = np.array(details["test"]["confusion"])
    save_figure(f"plots/confusion/{name}.png", figures.confusion(confusion, f"{name} on test faces, % of each row"))
    return headlines


def _reliability(subset: Scored) -> list[dict[str, float | str]]:
    """Return the bins of confidence before and after the adjustment."""
    return [
        {"when": when, **{name: round(value, 6) for name, value in one.items()}}
        for when, probabilities in {"before": subset.unadjusted, "after": subset.probabilities}.items()
        for one in calibration.bins(subset.labels, probabilities, equal_mass=True)
    ]


def _risk_coverage(subset: Scored) -> list[dict[str, float]]:
    """Return the error rate at a coverage of 1 %, 2 % ... 100 %."""
    coverage, risk = calibration.risk_coverage(subset.labels, subset.probabilities)
    places = np.unique(np.ceil(np.linspace(0.01, 1, 100) * len(coverage)).astype(int) - 1)
    return [{"coverage": round(float(coverage[p]), 6), "risk": round(float(risk[p]), 6)} for p in places]
