"""Write a page with all results, and the best model's card."""

import sys

from markupsafe import Markup

from emotion.core import stage
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.core.params import load, read
from emotion.evaluation.settings import CompareSettings
from emotion.report import charts, facts, page

PAGE = "plots/report.html"
CARD = "plots/model_card.md"


def main(target: str = PAGE) -> None:
    """Write plots/report.html and plots/model_card.md; to another target only the page, with real faces.

    Another target's page leaves out the models without scores and the pictures that are not here, and says so.
    """
    names = load("compare", CompareSettings).models
    if target != PAGE:
        names = facts.scored(names)
    best = facts.read("metrics/best.json")["model"]
    audit = facts.read("metrics/audit.json")
    params = read()
    data = facts.of_data(params["data"]["source"], params["split"]["method"], audit, facts.read("metrics/split.json"))
    if best not in names:
        raise InputError(f"{best}, the best model, has no scores yet: run `dvc repro evaluate@{best}` first")
    models = [facts.of_model(name, best) for name in [*names, "ensemble"]]
    content = {
        "emotions": EMOTIONS,
        "models": models,
        "best": next(model for model in models if model["best"]),
        "members": facts.read("metrics/ensemble_members.json")["members"],
        "label_issues": facts.label_issues(),
        "data": data,
        "audit": audit,
        "versions": facts.read(f"metrics/training/{best}.json")["versions"],
        "hashes": facts.hashes(names),
        "charts": {name: Markup(text) for name, text in charts.charts(names, data).items()},
        "agreement": facts.read("plots/compare/agreement.json"),
        "pictures": page.pictures(names, data["validation"], real=target != PAGE),
    }
    page.write(target, "page.html", content)
    if target == PAGE:
        page.write(CARD, "card.md", content)


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
