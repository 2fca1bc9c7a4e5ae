"""Write a page with all results, and the best model's card."""

import sys

from markupsafe import Markup

from emotion.core import stage
from emotion.core.files import atomic
from emotion.core.labels import EMOTIONS
from emotion.core.params import load
from emotion.evaluation import comparison
from emotion.report import charts, facts, page

PAGE = "plots/report.html"
CARD = "plots/model_card.md"


def main(target: str = PAGE) -> None:
    """Write plots/report.html and plots/model_card.md; to another target only the page, with real faces."""
    names = load("compare", comparison.CompareSettings).models
    best = facts.read("metrics/best.json")["model"]
    models = [facts.of_model(name, best) for name in [*names, "ensemble"]]
    content = {
        "emotions": EMOTIONS,
        "models": models,
        "best": next(model for model in models if model["best"]),
        "members": facts.read("metrics/ensemble_members.json")["members"],
        "audit": facts.read("metrics/audit.json"),
        "label_issues": facts.label_issues(),
        "versions": facts.read(f"metrics/training/{best}.json")["versions"],
        "hashes": facts.hashes(names),
        "charts": {name: Markup(text) for name, text in charts.charts(names).items()},
        "agreement": facts.read("plots/compare/agreement.json"),
        "pictures": page.pictures(names, real=target != PAGE),
    }
    templates = {target: "page.html"}
    if target == PAGE:
        templates[CARD] = "card.md"
    for path, template in templates.items():
        with atomic(path) as temporary:
            temporary.write_text(page.rendered(template, content), encoding="utf-8", newline="\n")
        print(path)


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
