"""Write what changed since a revision as Markdown with charts: python -m tools.pull_request origin/main FOLDER."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import vl_convert

from emotion.core import errors
from emotion.core.errors import InputError
from emotion.core.files import atomic
from tools.tables import results


def main() -> None:
    """Write FOLDER/report.md, its charts, and FOLDER/all_charts/index.html with every chart of both revisions."""
    parser = argparse.ArgumentParser(description="Write what changed since a revision, for a pull request.")
    parser.add_argument("revision", help="what to compare with, such as origin/main")
    parser.add_argument("folder", type=Path, help="where report.md, its charts and all_charts/ go")
    wanted = parser.parse_args()
    scores = [f"metrics/{result['name']}.json" for result in results.results() if result["headline"]]
    charts = json.loads(_dvc("plots", "diff", "--json", wanted.revision))["data"]
    sections = [
        f"## Results\n\n{results.full()}",
        f"## Scores compared with {wanted.revision}\n\n{_metrics(wanted.revision, scores)}",
        f"<details><summary>All metrics</summary>\n\n{_metrics(wanted.revision, [])}\n\n</details>",
        "## Charts, the old revision dashed",
        *(_chart(name, chart[0], wanted.folder) for name, chart in charts.items() if "/" not in name and chart),
    ]
    with atomic(wanted.folder / "report.md") as path:
        path.write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    _dvc("plots", "diff", "--out", str(wanted.folder / "all_charts"), wanted.revision)
    print(wanted.folder / "report.md")


def _dvc(*command: str) -> str:
    """Return what DVC prints.

    Raises:
        InputError: It failed, for example because there is no such revision.
    """
    done = subprocess.run([sys.executable, "-m", "dvc", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[0]
        raise InputError(f"dvc {' '.join(command)}: {reason.removeprefix('ERROR: ')}")
    return done.stdout.strip()


def _metrics(revision: str, files: list[str]) -> str:
    """Return a table of what changed in these files, or in all."""
    table = _dvc("metrics", "diff", "--md", revision, *(["--targets", *files] if files else []))
    return table if table.count("\n") > 1 else "Nothing has changed."


def _chart(name: str, chart: dict[str, Any], folder: Path) -> str:
    """Write one chart as PNG and return the Markdown that shows it."""
    with atomic(folder / f"{name}.png") as path:
        path.write_bytes(vl_convert.vegalite_to_png(chart["content"], scale=2))
    return f"![{name.replace('_', ' ')}]({name}.png)"


if __name__ == "__main__":
    errors.run(main)
