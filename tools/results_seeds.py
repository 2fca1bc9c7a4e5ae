"""What README says of the spread over seeds, from docs/seeds.json."""

import json
import statistics
from pathlib import Path

SEEDS = Path("docs/seeds.json")
LOOKS = {"test": "a single look", "test_averaged": "averaged"}


def sentences() -> str:
    """Return a line for each model that was fitted with two seeds or more: mean and spread of its accuracy."""
    models = json.loads(SEEDS.read_text(encoding="utf-8")) if SEEDS.exists() else {}
    return "\n".join(f"- {_sentence(model, scores)}" for model, scores in models.items() if len(scores) > 1)


def _sentence(model: str, scores: dict[str, dict[str, float]]) -> str:
    looks = []
    for part, look in LOOKS.items():
        percents = [100 * run[part] for run in scores.values()]
        looks.append(f"{statistics.mean(percents):.1f} ± {statistics.stdev(percents):.1f} ({look})")
    return f"{model}, seeds {', '.join(scores)}: {', '.join(looks)}: mean and standard deviation of the accuracy."
