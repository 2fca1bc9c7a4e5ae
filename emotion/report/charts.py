"""The page's charts, from the files of the stages."""

from collections.abc import Sequence

from emotion.report import comparison_figures, curves, facts, svg


def charts(names: Sequence[str]) -> dict[str, str]:
    """Return each chart as SVG, "" where its files are missing.

    Args:
        names: Of the models, without the ensemble.
    """
    every, column = [*names, "ensemble"], facts.columns
    titles = {"Accuracy on PublicTest": "val_accuracy", "Loss on PublicTest": "val_loss"}
    history = {
        title: {name: column(f"plots/history/{name}.csv", "epoch", score) for name in names}
        for title, score in titles.items()
    }
    roc = {name: column(f"plots/roc/{name}.json", "fpr", "macro") for name in every}
    risk = {name: column(f"plots/risk_coverage/{name}.json", "coverage", "risk") for name in every}
    bent = facts.robustness(names)
    figures = {
        "training": curves.lines(history, "epoch", "", columns=2, percent="", shared=False),
        "roc": curves.lines({"": roc}, "false positive rate", "true positive rate", percent="xy", diagonal=True),
        "reliability": curves.lines(
            {name: _reliability(name) for name in every}, "confidence", "right answers", 4, percent="xy", diagonal=True
        ),
        "risk": curves.lines({"": risk}, "share of the faces that are answered", "wrong answers", percent="xy"),
        "differences": comparison_figures.forest(facts.table("plots/compare/pairs.csv")),
        "pareto": comparison_figures.pareto(facts.read("plots/compare/costs.json")),
    }
    if bent:
        figures["robustness"] = curves.lines(bent, "strength", "accuracy on PrivateTest", 3, percent="y")
    return {"robustness": ""} | {name: svg.themed(figure, name) for name, figure in figures.items()}


def _reliability(name: str) -> dict[str, curves.Line]:
    """Return confidence and accuracy of one model's answers before and after scaling."""
    rows = facts.read(f"plots/reliability/{name}.json")["reliability"]
    return {
        when: tuple([row[axis] for row in rows if row["when"] == when] for axis in ("confidence", "accuracy"))
        for when in ("before", "after")
    }
