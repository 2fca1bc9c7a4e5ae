"""Contact sheets of the faces that a person should look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from matplotlib.figure import Figure

from emotion.core import dataset
from emotion.core.labels import EMOTIONS
from emotion.exploration.contact_sheets import sheet
from emotion.exploration.settings import ExploreSettings

# Shown at most: nobody looks at more.
MAX_FACES = 49
MAX_GROUPS = 60
MAX_PAIRS = 60


@dataclass(frozen=True)
class Faces:
    """n faces: names, official subsets and labels as text (n,), pixels uint8 (n, 48, 48)."""

    names: np.ndarray
    official: np.ndarray
    labels: np.ndarray
    pixels: np.ndarray

    def captions(self, rows: np.ndarray) -> list[str]:
        """Return the captions of these faces: the label, and the file, by which a face can be excluded."""
        return [f"{self.labels[row]}\n{_short(PurePosixPath(self.names[row]).stem)}" for row in rows]


def read(path: str | Path) -> Faces:
    """Read all faces that the clean stage wrote."""
    table = pq.read_table(path, columns=["name", "official", "label", "pixels"])
    names, official, labels = (np.array(table[column].to_pylist(), str) for column in ("name", "official", "label"))
    return Faces(names, official, labels, dataset.pixels(table))


def samples(faces: Faces, settings: ExploreSettings) -> Figure:
    """Show random faces of each emotion, a row per emotion."""
    rng = np.random.default_rng(settings.seed)
    members = [np.flatnonzero(faces.labels == emotion) for emotion in EMOTIONS]
    drawn = [np.sort(rng.choice(rows, min(settings.faces_per_emotion, len(rows)), replace=False)) for rows in members]
    rows = np.concatenate(drawn)
    groups = [len(few) for few in drawn if len(few)]
    title = "Random faces of each emotion"
    return sheet(faces.pixels[rows], faces.captions(rows), title, columns=settings.faces_per_emotion, groups=groups)


def label_conflicts(faces: Faces, duplicates: np.ndarray, conflict: np.ndarray) -> Figure:
    """Show exact duplicates with several labels, group by group.

    Args:
        faces: All faces.
        duplicates: The number of each face's group of exact duplicates, int (n,).
        conflict: Whether that group has several labels, bool (n,).
    """
    numbers = np.unique(duplicates[conflict])
    members = [np.flatnonzero(duplicates == number) for number in numbers[:MAX_GROUPS]]
    rows = np.concatenate([*members, np.array([], int)])
    title = _title("Groups of exact duplicates with several labels", len(numbers), MAX_GROUPS)
    return sheet(faces.pixels[rows], faces.captions(rows), title, columns=10, groups=[len(few) for few in members])


def blank(faces: Faces, is_blank: np.ndarray, almost: np.ndarray) -> Figure:
    """Show blank and almost blank pictures.

    Args:
        faces: All faces.
        is_blank: Whether a picture has one gray value all over, bool (n,).
        almost: Whether it has hardly any contrast, which includes the blank ones, bool (n,).
    """
    rows = np.concatenate([np.flatnonzero(is_blank), np.flatnonzero(almost & ~is_blank)])
    title = _title("Blank or almost blank pictures", len(rows), MAX_FACES)
    rows = rows[:MAX_FACES]
    words = ["blank" if is_blank[row] else "almost blank" for row in rows]
    captions = [f"{caption}\n{word}" for caption, word in zip(faces.captions(rows), words, strict=True)]
    return sheet(faces.pixels[rows], captions, title)


def near_duplicates(faces: Faces, pairs: pa.Table, duplicates: np.ndarray) -> Figure:
    """Show pairs of near-duplicates, without exact ones: the least similar, then some of each similarity.

    Args:
        faces: All faces.
        pairs: What the audit stage wrote to data/near_duplicates.parquet.
        duplicates: The number of each face's group of exact duplicates, int (n,).
    """
    first, second, mirrored, similarity = (column.to_numpy() for column in pairs.columns)
    differ = np.flatnonzero((duplicates[first] < 0) | (duplicates[first] != duplicates[second]))
    order = differ[np.argsort(similarity[differ], kind="stable")]
    weakest = order[: MAX_PAIRS // 2]
    rest = order[MAX_PAIRS // 2 :]
    spread = rest[np.unique(np.linspace(0, len(rest) - 1, min(MAX_PAIRS // 2, len(rest))).astype(int))]
    shown = np.concatenate([weakest, spread])
    captions = []
    for pair in shown:
        one, other = faces.captions(np.array([first[pair], second[pair]]))
        captions += [f"{one}\nsimilarity {similarity[pair]:.3f}", f"{other}\n{'mirrored' if mirrored[pair] else ''}"]
    rows = np.stack([first[shown], second[shown]], axis=1).ravel()
    title = _title("Pairs of near-duplicates, the least similar first", len(order), MAX_PAIRS)
    return sheet(faces.pixels[rows], captions, title, columns=8, groups=[2] * len(shown))


def least_face_like(faces: Faces, not_a_face: np.ndarray, almost: np.ndarray) -> Figure:
    """Show the pictures with the highest scores for not being a face, without those of `blank`.

    Args:
        faces: All faces.
        not_a_face: The scores, 0..1 (n,).
        almost: Whether a picture has hardly any contrast, bool (n,).
    """
    order = np.argsort(-not_a_face, kind="stable")
    rows = order[~almost[order]][:MAX_FACES]
    captions = [f"{caption}\n{not_a_face[row]:.3f}" for caption, row in zip(faces.captions(rows), rows, strict=True)]
    return sheet(faces.pixels[rows], captions, f"The {len(rows)} least face-like pictures, by score")


def label_issues(pixels: np.ndarray, labels: Sequence[tuple[str, str]]) -> Figure:
    """Show the worst label issues, each with its rank, label and predicted label.

    Args:
        pixels: The worst first, uint8 (n, 48, 48).
        labels: Label and predicted label of each.
    """
    captions = [f"{rank}. {label} → {predicted}" for rank, (label, predicted) in enumerate(labels[:MAX_FACES], start=1)]
    return sheet(
        pixels[:MAX_FACES],
        captions,
        "Labels that differ from out-of-fold predictions, the least probable first: label → predicted label",
    )


def _title(what: str, found: int, limit: int) -> str:
    return f"{what} ({f'{limit} of ' if found > limit else ''}{found:,})"


def _short(name: str, limit: int = 22) -> str:
    """Return a file's name without its middle if it is long, and without unprintable characters."""
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return name if len(name) <= limit else f"{name[: limit // 2]}…{name[-(limit // 2 - 1) :]}"
