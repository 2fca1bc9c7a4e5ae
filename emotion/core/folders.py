"""The files in a folder that people filled: each is given, or named with the reason why it is not."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from emotion.core.decoding import SUFFIXES

OTHER = "not a picture by its suffix"
LINK = "a link to a folder: replace it by the folder"  # not followed: it may lead in a circle, and DVC sees no change
MAX_NAMED = 20

Refused = list[tuple[str, str]]


def pictures(folder: Path, refused: Refused, *others: str) -> list[Path]:
    """Return the files in a folder and below that are pictures by their suffix, sorted, without hidden ones.

    Args:
        folder: The folder.
        refused: Receives the path of each other file, and the reason.
        others: Further suffixes whose files are returned.
    """
    found = []
    for path in files(folder, refused):
        if path.suffix.lower() in SUFFIXES + others:
            found.append(path)
        else:
            refused.append((printable(path), OTHER))
    return found


def files(folder: Path, refused: Refused) -> Iterator[Path]:
    """Yield all files in a folder and below, sorted, without hidden ones; links to files are followed.

    Args:
        folder: The folder.
        refused: Receives the path of what cannot be read, and the reason.
    """
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        # By os.path, for which a path without permission does not exist; pathlib would raise.
        if os.path.isfile(path):
            yield path
        elif not os.path.isdir(path):
            refused.append((printable(path), "neither a file nor a folder"))
        elif path.is_symlink() and path != folder:
            refused.append((printable(path), LINK))
        else:
            waiting += reversed(visible(path, refused))


def visible(folder: Path, refused: Refused) -> list[Path]:
    """Return the paths in a folder, sorted, without hidden files and those of a desktop."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        refused.append((printable(folder), f"cannot be read: {error.strerror}"))
        return []
    return [folder / name for name in names if not is_hidden(name)]


def is_hidden(name: str) -> bool:
    """Return whether a file or folder of this name is hidden or was left by a desktop."""
    return name.startswith((".", "__MACOSX", "@eaDir")) or name.lower() in ("thumbs.db", "ehthumbs.db", "desktop.ini")


def printable(path: str | Path) -> str:
    """Return a path as one line of text, with %XX as in a URL for unprintable characters, backslashes and %."""
    text = path if isinstance(path, str) else path.as_posix()
    return "".join(
        char if char.isprintable() and char not in "%\\" else quote(char, errors="surrogateescape") for char in text
    )


def told(refused: Refused) -> Iterator[str]:
    """Yield a line for each reason: how many paths have it, and which."""
    for reason in sorted({reason for _, reason in refused}):
        paths = [path for path, why in refused if why == reason]
        more = f" and {len(paths) - MAX_NAMED:,} more" if len(paths) > MAX_NAMED else ""
        yield f"not read: {len(paths):,} x {reason}: {', '.join(paths[:MAX_NAMED])}{more}"
