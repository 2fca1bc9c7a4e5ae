"""What the folders of a data set say about its pictures, however people name and nest them.

The label of a picture is the name of a folder above it, and so is its subset; neither has a fixed depth.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from emotion.core import labels, subsets
from emotion.core.errors import InputError
from emotion.core.folders import LINK, Refused, printable, visible

Parts = tuple[str, ...]

LAYOUT = f"its folders must be emotions ({', '.join(labels.EMOTIONS)}), or train, validation and test with these inside"
ARCHIVES = (".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst")
# What lies beside pictures and is none, so that a folder of these need not be named after an emotion.
TEXTS = ("", ".txt", ".csv", ".tsv", ".md", ".json", ".xml", ".yaml", ".yml", ".html", ".pdf", ".py", ".ipynb", ".bib")
NOTES = (*ARCHIVES, *TEXTS)


class Folder(NamedTuple):
    """What the path of a folder says about the pictures in it.

    Attributes:
        label: One of labels.EMOTIONS or labels.OTHERS; None outside the folders of these.
        depth: How many parts of the path lead to the folder of that label.
        subset: One of subsets.OFFICIAL, or subsets.NO_SUBSET.
        source: The folder that says so, with * for that of the label; "." if none does.
    """

    label: str | None
    depth: int
    subset: str
    source: str


def walk(root: Path, refused: Refused) -> dict[Parts, list[str]]:
    """Return the names of the files in a folder and those below it, without hidden ones, by folder; all are sorted.

    Args:
        root: The folder.
        refused: Receives each path that cannot be read or is neither file nor folder, and the reason.

    Raises:
        InputError: A link stands for a folder with whole emotions.
    """
    found: dict[Parts, list[str]] = {}
    waiting: list[Parts] = [()]
    while waiting:
        parts = waiting.pop()
        folder = root.joinpath(*parts)
        found[parts] = []
        for path in visible(folder, refused):
            name = path.name
            # By os.path, for which a path without permission does not exist; pathlib would raise.
            if os.path.isfile(path):
                found[parts].append(name)
            elif not os.path.isdir(path):
                refused.append((printable(path), "neither a file nor a folder"))
            elif not path.is_symlink():
                waiting.append((*parts, name))
            elif any(labels.meaning(part) for part in parts):
                refused.append((printable(path), LINK))
            else:
                raise InputError(f"{printable(path)}: {LINK}")
    return dict(sorted(found.items()))


def numbers(files: Mapping[Parts, Collection[str]], order: str) -> str | None:
    """Return the order if the folders with files have numbers for labels; None if one is named after a label."""
    names = {part for parts in files if files[parts] for part in parts}
    if any(labels.meaning(name) for name in names):
        return None
    return order if any(labels.meaning(name, order) for name in names) else None


def read(files: Mapping[Parts, Collection[str]], root: str, order: str | None) -> dict[Parts, Folder]:
    """Return what each folder says.

    Args:
        files: Names of the files in each folder.
        root: What errors call the folder above all.
        order: Which of labels.ORDERS the folders are numbered by; None: they have names.

    Raises:
        InputError: A folder with pictures has no label or two, or some pictures have a subset and others have none.
    """
    found = {parts: _folder(parts, root, order) for parts in files}
    above = {parts[:depth] for parts, folder in found.items() for depth in range(folder.depth)} | {()}
    for parts, folder in found.items():
        pictures = any(PurePosixPath(name).suffix.lower() not in NOTES for name in files[parts])
        if folder.label is None and pictures and parts not in above:
            raise InputError(f"{_shown(root, parts)}: its name is not that of an emotion: {_remedy(parts[-1])}")
    labelled = {parts: folder for parts, folder in found.items() if folder.label and files[parts]}
    without = [parts for parts, folder in labelled.items() if folder.subset == subsets.NO_SUBSET]
    if 0 < len(without) < len(labelled):
        raise InputError(
            f"{_shown(root, without[0])}: in no folder of a subset, unlike other pictures: move it into train, "
            "validation or test"
        )
    return found


def _folder(parts: Parts, root: str, order: str | None) -> Folder:
    known = [(depth, label) for depth, part in enumerate(parts) if (label := labels.meaning(part, order))]
    if len({label for _, label in known}) > 1:
        both = " and ".join(parts[depth] for depth, _ in known)
        raise InputError(f"{_shown(root, parts)}: named after two labels, {both}: rename one of these folders")
    if not known:
        return Folder(None, 0, subsets.NO_SUBSET, ".")
    depth, label = known[0]
    # The nearest one above, because zipping often puts a folder into one of the same name; else <emotion>/<subset>.
    for place in (*range(depth - 1, -1, -1), *range(depth + 1, len(parts))):
        if subset := subsets.meaning(parts[place]):
            source = "/".join("*" if at == depth else part for at, part in enumerate(parts[: place + 1]))
            return Folder(label, depth + 1, subset, source)
    return Folder(label, depth + 1, subsets.NO_SUBSET, ".")


def _remedy(name: str) -> str:
    if name.isdecimal():
        return f"choose the data set's label order ({', '.join(labels.ORDERS)}), with numbers alone"
    return f"{LAYOUT}: rename or remove it"


def _shown(root: str, parts: Parts) -> str:
    return printable("/".join((root, *parts)))
