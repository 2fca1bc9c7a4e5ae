"""Which faces a person should look at, on contact sheets."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from matplotlib.figure import Figure
from pydantic import Field

from emotion.data.contact_sheets import sheet
from emotion.labels import EMOTIONS
from emotion.params import Section

# A sheet shows this many at most, however many there are: no more are looked at.
FACES, GROUPS, PAIRS = 49, 60, 60


class ExploreSettings(Section):
    """Section `explore` of params.yaml."""

    samples: int = Field(ge=1, le=30)
    seed: int = Field(ge=0)


@dataclass(frozen=True)
class Faces:
    """n faces: names, official parts and labels as text (n,), pixels uint8 (n, 48, 48)."""

    names: np.ndarray
    officials: np.ndarray
    labels: np.ndarray
    pixels: np.ndarray

    def captions(self, rows: np.ndarray) -> list[str]:
        """Return what stands below each of these faces: its label, and its file, by which it can be excluded."""
        return [f"{self.labels[row]}\n{_short(PurePosixPath(self.names[row]).stem)}" for row in rows]


def read(path: str | Path) -> Faces:
    """Read all faces that the clean stage wrote."""
    table = pq.read_table(path, columns=["name", "official", "label", "pixels"])
    pixels = np.frombuffer(b"".join(table["pixels"].to_pylist()), np.uint8).reshape(-1, 48, 48)
    names, officials, labels = (np.array(table[column].to_pylist(), str) for column in ("name", "official", "label"))
    return Faces(names, officials, labels, pixels)


def samples(faces: Faces, settings: ExploreSettings) -> Figure:
    """Show some faces of each emotion, drawn by lot, in a row each."""
    rng = np.random.default_rng(settings.seed)
    there = [np.flatnonzero(faces.labels == emotion) for emotion in EMOTIONS]
    drawn = [np.sort(rng.choice(rows, min(settings.samples, len(rows)), replace=False)) for rows in there]
    rows, groups = np.concatenate(drawn), [len(few) for few in drawn if len(few)]
    title = "Faces of each emotion, drawn by lot"
    return sheet(faces.pixels[rows], faces.captions(rows), title, settings.samples, groups)


def conflicts(faces: Faces, identical: np.ndarray, conflict: np.ndarray) -> Figure:
    """Show identical pictures that have several labels, group by group.

    Args:
        faces: All faces.
        identical: The number of each face's group, int (n,).
        conflict: Whether that group has several labels, bool (n,).
    """
    numbers = np.unique(identical[conflict])
    members = [np.flatnonzero(identical == number) for number in numbers[:GROUPS]]
    rows = np.concatenate([*members, np.array([], int)])
    title = _title("Groups of identical pictures with several labels", len(numbers), GROUPS)
    return sheet(faces.pixels[rows], faces.captions(rows), title, 10, [len(few) for few in members])


def blank(faces: Faces, is_blank: np.ndarray, almost: np.ndarray) -> Figure:
    """Show pictures on which there is nothing, or hardly anything.

    Args:
        faces: All faces.
        is_blank: Whether a picture has one gray value all over, bool (n,).
        almost: Whether it has hardly any contrast, which the blank ones have not either, bool (n,).
    """
    rows = np.concatenate([np.flatnonzero(is_blank), np.flatnonzero(almost & ~is_blank)])
    title = _title("Blank or almost blank pictures", len(rows), FACES)
    rows = rows[:FACES]
    words = ["blank" if is_blank[row] else "almost blank" for row in rows]
    captions = [f"{caption}\n{word}" for caption, word in zip(faces.captions(rows), words, strict=True)]
    return sheet(faces.pixels[rows], captions, title)


def near_pairs(faces: Faces, pairs: pa.Table, identical: np.ndarray) -> Figure:
    """Show pairs that are nearly, but not exactly the same: the weakest, then some of each strength.

    Args:
        faces: All faces.
        pairs: What the audit stage wrote to data/near_pairs.parquet.
        identical: The number of each face's group of identical pictures, int (n,).
    """
    first, second, mirrored, similarity = (column.to_numpy() for column in pairs.columns)
    differ = np.flatnonzero((identical[first] < 0) | (identical[first] != identical[second]))
    order = differ[np.argsort(similarity[differ], kind="stable")]
    weakest, rest = order[: PAIRS // 2], order[PAIRS // 2 :]
    spread = rest[np.unique(np.linspace(0, len(rest) - 1, min(PAIRS // 2, len(rest))).astype(int))]
    shown = np.concatenate([weakest, spread])
    captions = []
    for pair in shown:
        one, other = faces.captions(np.array([first[pair], second[pair]]))
        captions += [f"{one}\nsimilarity {similarity[pair]:.3f}", f"{other}\n{'mirrored' if mirrored[pair] else ''}"]
    rows = np.stack([first[shown], second[shown]], axis=1).ravel()
    title = _title("Pairs that are nearly the same, the least alike first", len(order), PAIRS)
    return sheet(faces.pixels[rows], captions, title, 8, [2] * len(shown))


def least_face_like(faces: Faces, not_a_face: np.ndarray, almost: np.ndarray) -> Figure:
    """Show the pictures with the highest score for being no face, the highest first, without those of `blank`.

    Args:
        faces: All faces.
        not_a_face: The scores, 0..1 (n,).
        almost: Whether a picture has hardly any contrast, bool (n,).
    """
    order = np.argsort(-not_a_face, kind="stable")
    rows = order[~almost[order]][:FACES]
    captions = [f"{caption}\n{not_a_face[row]:.3f}" for caption, row in zip(faces.captions(rows), rows, strict=True)]
    return sheet(faces.pixels[rows], captions, f"The {len(rows)} least face-like pictures, by a score, not a verdict")


def _title(what: str, found: int, limit: int) -> str:
    return f"{what} ({f'{limit} of ' if found > limit else ''}{found:,})"


def _short(name: str, most: int = 22) -> str:
    """Return a file's name without its middle if it is long, and without what cannot be printed."""
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-(most // 2 - 1) :]}"
