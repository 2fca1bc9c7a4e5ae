"""Write the tables of README and docs/, and README's picture: python -m tools.tables.

A page holds two comments for each table, and what stands between them is replaced.
"""

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from emotion.core import errors
from emotion.core.errors import InputError
from emotion.core.files import atomic
from tools.tables import banner, benchmarks, dataset, results
from tools.tables.markdown import NotMeasuredError

PICTURE = Path("docs/readme.png")
PAGES: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"results": results.short},
    "docs/results.md": {
        "scores": results.full,
        "votes": results.of_votes,
        "training_speed": benchmarks.training,
        "inference_speed": benchmarks.inference,
        "noop_repro": benchmarks.noop_repro,
        "kills": benchmarks.kills,
    },
    "docs/data.md": {
        "counts": dataset.counts,
        "defects": dataset.defects,
        "leakage": dataset.leakage,
        "audit_cost": benchmarks.near_duplicates,
        "votes": dataset.of_votes,
        "label_issues": dataset.label_issues,
    },
    "docs/deploy.md": {"api_load": benchmarks.api_load},
    "docs/scoring.md": {"bulk_scoring": benchmarks.bulk_scoring},
    "docs/faces.md": {"face_detection": benchmarks.face_detection},
}


def main() -> None:
    """Write all pages and the picture."""
    for page, tables in PAGES.items():
        text = Path(page).read_text(encoding="utf-8")
        for name, write in tables.items():
            text = filled(text, page, name, write)
        with atomic(page) as path:
            path.write_text(text, encoding="utf-8", newline="\n")
        print(page)
    with atomic(PICTURE) as path:
        Image.fromarray(banner.draw(results.results())).save(path)
    print(PICTURE)


def filled(text: str, page: str, name: str, write: Callable[[], str]) -> str:
    """Return a page's text with a new table between the markers of that name.

    Raises:
        InputError: The page does not hold both markers once, in their order.
    """
    begin, end = f"<!-- {name}: `make results` writes what follows -->", f"<!-- end of {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise InputError(f"{page}: it must hold these two lines once, in this order: {begin} and {end}")
    try:
        content = write()
    except NotMeasuredError as missing:
        content = f"Not measured yet: `{missing}`."
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n\n{content}\n\n{end}{rest.partition(end)[2]}"


if __name__ == "__main__":
    errors.run(main)
