"""The canonical names of the pictures of a data set, the same whether it is a zip or a folder."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from emotion.core import labels, subsets, tree
from emotion.core.folders import Refused, printable
from emotion.core.tree import Folder, Parts

OUTSIDE = "not in a folder of an emotion"
REFINED = ("PublicTest", "PrivateTest")  # Kaggle's archive has both in one folder, and tells them apart by file names


class Picture(NamedTuple):
    """A picture file of one of the seven emotions.

    Attributes:
        name: `<official>/<emotion>/<file>`.
        path: Of the file, in parts, below the folder above all.
        source: Which folder or files decided the official subset.
    """

    name: str
    path: Parts
    source: str

    @property
    def official(self) -> str:
        """The official subset."""
        return self.name.partition("/")[0]


@dataclass
class Found:
    """What a source gave.

    Attributes:
        refused: Path of each file that is not used, and the reason.
        subsets: How many faces by official subset and by the folder that says so.
        order: The order of the numbers that stand for labels; None if these have names.
    """

    refused: Refused = field(default_factory=list)
    subsets: Counter[tuple[str, str]] = field(default_factory=Counter)
    order: str | None = None

    def lines(self) -> Iterator[str]:
        """Yield which folder became which subset, and what else a person should know of the labels."""
        of_subset = {name: [row for row in self.subsets.items() if row[0][0] == name] for name in subsets.OFFICIAL}
        shown = [
            f"{subsets.OFFICIAL[name]}: {_faces(count)} from {source}"
            for name, rows in of_subset.items()
            for (_, source), count in sorted(rows)
        ]
        if of_subset["Training"] and not (of_subset["PublicTest"] or of_subset["Validation"]):
            shown.append("validation: drawn from train by the stage split")
        if shown:
            yield "; ".join(shown)
        without = self.subsets[subsets.NO_SUBSET, "."]
        if without:
            yield f"{_faces(without)} in no subset: set split.method to stratified"
        if self.order:
            yield f"labels are numbers, in the order {self.order}: {labels.numbered(self.order)}"
        reasons = Counter(reason for _, reason in self.refused)
        if reasons:
            counts = "; ".join(f"{count:,} x {reason}" for reason, count in sorted(reasons.items()))
            yield f"{len(self.refused):,} files or rows are not used ({counts}): see metrics/refused.csv"


def _faces(count: int) -> str:
    return f"{count:,} face{'s' * (count != 1)}"


def pictures(files: Mapping[Parts, Sequence[str]], root: str, order: str, found: Found) -> Iterator[Picture]:
    """Yield each file in a folder of an emotion, sorted by folder.

    Official is Training, Validation, PublicTest, PrivateTest or Test, or All without such folders. The file is the path
    below the emotion's folder with its suffix; where a subset and an emotion have several folders (Happy and
    happiness, val and valid), it is the path below the root.

    Args:
        files: Names of the files in each folder.
        root: What errors and `found` call the folder above all.
        order: Which of labels.ORDERS folders are numbered by, if they are.
        found: Receives the order, and files that are in no folder of an emotion.

    Raises:
        InputError: See `tree.read`.
    """
    numbered = tree.numbers(files, order)
    found.order = found.order or numbered
    folders = tree.read(files, root, numbered)
    used = [(parts, folder) for parts, folder in folders.items() if folder.label and files[parts]]
    emotions = {(folder.subset, folder.label, parts[: folder.depth]) for parts, folder in used}
    count = Counter((subset, label) for subset, label, _ in emotions)
    plain = {folder.subset for folder in folders.values()} <= {"Training", "Test", subsets.NO_SUBSET}
    for parts, folder in folders.items():
        for name in files[parts]:
            if folder.label in labels.EMOTIONS:
                file = parts[folder.depth :] if count[folder.subset, folder.label] == 1 else parts
                official, source = _official(folder, name if plain else "")
                path = printable("/".join((*file, name)))
                yield Picture(f"{official}/{folder.label}/{path}", (*parts, name), printable(source))
            else:
                reason = labels.other(folder.label) if folder.label else OUTSIDE
                found.refused.append((printable("/".join((root, *parts, name))), reason))


def _official(folder: Folder, file: str) -> tuple[str, str]:
    """Return the official subset, and what decided it."""
    usage, _, rest = file.partition("_")
    if folder.subset == "Test" and rest and usage in REFINED:
        return usage, f"{folder.source}/{usage}_*"
    return folder.subset, folder.source
