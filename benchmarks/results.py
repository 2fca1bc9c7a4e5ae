"""benchmarks/results.json: what each benchmark measured last, by its name."""

import json
from pathlib import Path
from typing import Any

from emotion.files import atomic

RESULTS = Path("benchmarks/results.json")


def keep(name: str, summary: dict[str, Any]) -> None:
    """Put the numbers of one benchmark into the file; those of the others stay."""
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    with atomic(RESULTS) as path:
        path.write_text(json.dumps(known | {name: summary}, indent=2) + "\n", encoding="utf-8")
