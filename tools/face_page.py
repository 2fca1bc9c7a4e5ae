"""Write the table of docs/faces.md from what was measured: python -m tools.face_page."""

import json
from pathlib import Path
from typing import Any

from benchmarks.results import RESULTS
from emotion import errors
from emotion.faces import Haar
from emotion.files import atomic
from tools.data_card import filled
from tools.data_card_tables import markdown

PAGE = Path("docs/faces.md")
COMMAND = "`python -m benchmarks.face_detection`"
ABOUT = ("cascade", "step", "neighbours", "detail", "light")
HEADER = (
    "cascade",
    "step",
    "neighbours",
    "detail",
    "light",
    "least score",
    "false a picture",
    "found",
    "with 0.05",
    "with 0.02",
)
RANGES = ("40–63 px", "64–119 px", "120–300 px", "0–6°", "7–13°", "14–20°")


def main() -> None:
    """Write it; what is typed around it stays."""
    text = PAGE.read_text(encoding="utf-8")
    measured = json.loads(RESULTS.read_text(encoding="utf-8")).get("face_detection")
    content = table(measured) if measured else f"Still to be measured: {COMMAND}."
    with atomic(PAGE) as path:
        path.write_text(filled(text, "face_detection", content, PAGE), encoding="utf-8", newline="\n")
    print(PAGE)


def table(summary: dict[str, Any]) -> str:
    """Return a line for each setting, the most faces first, and what the default does in other pictures."""
    rows = sorted(summary["rows"], key=lambda row: -row["recall"])
    check = summary["check"]
    return (
        f"{summary['faces']:,} {summary['faces_from']} in {summary['pictures']:,} pictures; "
        f"OpenCV {summary['opencv']}, {summary['cpu']}, {summary['cores']} cores.\n\n"
        + markdown((*HEADER, *RANGES, "ms"), [_cells(row) for row in rows])
        + f"\n\nThe default, with its least score of {Haar().least_score:g}, in as many other pictures with "
        f"{check['faces']:,} other faces:\n"
        f"it finds {check['recall']:.0%}, with {check['false']:.2f} false boxes a picture."
    )


def _cells(row: dict[str, Any]) -> list[str]:
    haar = Haar()
    default = all(row.get(name) == getattr(haar, name, "as it is") for name in ABOUT)
    about = [str(row.get(name, "–")) for name in ABOUT]
    about[0] = f"**`{about[0]}`, chosen**" if default else f"`{about[0]}`"
    shares = ["–" if share is None else f"{share:.0%}" for share in (*row["size"], *row["turn"])]
    stricter = [f"{row['others'][share][1]:.0%}" for share in ("0.05", "0.02")]
    found = [f"{row['least_score']:g}", f"{row['false']:.2f}", f"{row['recall']:.0%}", *stricter]
    return [*about, *found, *shares, f"{row['ms']:.0f}"]


if __name__ == "__main__":
    errors.run(main)
