"""Write README's results and speed tables and docs/results.png from what was measured: python -m tools.results."""

import argparse
from pathlib import Path

from PIL import Image

from emotion import errors
from emotion.errors import InputError
from emotion.files import atomic
from tools import results_seeds, results_speed, results_table
from tools.results_picture import picture

README, PICTURE = Path("README.md"), Path("docs/results.png")
RESULTS = ("<!-- results: `make results` writes what follows -->", "<!-- end of results -->")
SPEED = ("<!-- speed: `make results` writes what follows -->", "<!-- end of speed -->")


def main() -> None:
    """Write the tables and the picture, or only compare README's tables with what was measured."""
    parser = argparse.ArgumentParser(description="Write README's tables and picture from what was measured.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if README has other tables")
    only_check = parser.parse_args().check
    results = results_table.read()
    text = README.read_text(encoding="utf-8")
    below = results_seeds.sentences()
    wanted = replaced(text, RESULTS, results_table.table(results) + (f"\n\n{below}" if below else ""))
    wanted = replaced(wanted, SPEED, results_speed.section(results_speed.read()))
    if only_check:
        if text != wanted:
            what = f"{README}: the tables are not what metrics/ and {results_speed.RESULTS} give"
            raise InputError(f"{what}: run `make results`")
        return
    with atomic(README) as path:
        path.write_text(wanted, encoding="utf-8", newline="\n")
    print(README)
    if results_table.best(results):
        with atomic(PICTURE) as path:
            Image.fromarray(picture(results)).save(path)
        print(PICTURE)


def replaced(text: str, markers: tuple[str, str], content: str) -> str:
    """Return the text with new content between two markers.

    Raises:
        InputError: The markers are not there once each, in their order.
    """
    begin, end = markers
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end) or begin in rest or end in before + after:
        raise InputError(f"{README}: it must hold these two lines once, in this order: {begin} and {end}")
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"


if __name__ == "__main__":
    errors.run(main)
