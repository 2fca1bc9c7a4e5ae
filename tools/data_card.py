"""Write the numbers of docs/data.md from what the pipeline measured: python -m tools.data_card."""

import argparse
import re
from pathlib import Path

from emotion import errors
from emotion.errors import InputError
from emotion.files import atomic
from tools import data_card_tables as tables

CARD = Path("docs/data.md")


def main() -> None:
    """Write the card's tables, or only compare them with what was measured."""
    parser = argparse.ArgumentParser(description="Write the numbers of docs/data.md from what was measured.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the card has other numbers")
    only_check = parser.parse_args().check
    text = CARD.read_text(encoding="utf-8")
    wanted = written(text)
    if only_check:
        if text != wanted:
            raise InputError(f"{CARD}: the numbers are not what metrics/ and params.yaml give: run `make results`")
        return
    with atomic(CARD) as path:
        path.write_text(wanted, encoding="utf-8", newline="\n")
    print(CARD)


def written(text: str) -> str:
    """Return the card with new content between each pair of markers; what was not measured yet is named as such.

    Raises:
        InputError: A pair of markers is not there once.
    """
    for table in (tables.counts, tables.defects, tables.copies, tables.leak_free, tables.suspects):
        name = table.__name__
        try:
            content = table()
        except FileNotFoundError as missing:
            content = f"Still to be measured: `{missing.filename}`."
        text = filled(text, name, content, CARD)
    return text


def filled(text: str, name: str, content: str, page: Path) -> str:
    """Return a page's text with new content between the markers of that name.

    Raises:
        InputError: The pair of markers is not there once.
    """
    begin, end = f"<!-- {name}: `make results` writes what follows -->", f"<!-- end of {name} -->"
    if len(re.findall(f"{begin}.*?{end}", text, re.DOTALL)) != 1:
        raise InputError(f"{page}: it must hold these two lines once, in this order: {begin} and {end}")
    before, rest = text.split(begin)
    return f"{before}{begin}\n\n{content}\n\n{end}{rest.split(end)[1]}"


if __name__ == "__main__":
    errors.run(main)
