"""Put everything that was found out on one page, and into a model card."""

import sys

from markupsafe import Markup

from emotion import errors
from emotion.evaluation import comparison
from emotion.files import atomic
from emotion.labels import EMOTIONS
from emotion.params import load
from emotion.report import charts, facts, page

PAGE, CARD = "plots/report.html", "plots/model_card.md"


def main(target: str = PAGE) -> None:
    """Write plots/report.html and plots/model_card.md; as another target the page alone, with real faces."""
    names = load("compare", comparison.CompareSettings).models
    best = facts.read("metrics/best.json")["model"]
    models = [facts.of_model(name, best) for name in [*names, "ensemble"]]
    content = {
        "emotions": EMOTIONS,
        "models": models,
        "best": next(model for model in models if model["best"]),
        "members": facts.read("metrics/ensemble_members.json")["members"],
        "audit": facts.read("metrics/audit.json"),
        "versions": facts.read(f"metrics/training/{best}.json")["versions"],
        "hashes": facts.hashes(names),
        "charts": {name: Markup(text) for name, text in charts.charts(names).items()},
        "agreement": facts.read("plots/compare/agreement.json"),
        "pictures": page.pictures(names, real=target != PAGE),
    }
    for path, template in {target: "page.html", **({CARD: "card.md"} if target == PAGE else {})}.items():
        with atomic(path) as temporary:
            temporary.write_text(page.rendered(template, content), encoding="utf-8", newline="\n")
        print(path)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
