"""Dividing the faces into training, validation and test faces."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.core.subsets import NO_SUBSET, OFFICIAL
from emotion.preparation.settings import SplitSettings

SUBSETS = ("train", "validation", "test")


def split(faces: pa.Table, audit: pa.Table, settings: SplitSettings) -> pa.Table:
    """Return the faces sorted by name, with the columns of their audit and the columns `subset` and `leakage`.

    With `official`, Training trains, PublicTest validates and PrivateTest is the test set; if an archive has no
    validation faces, they are drawn from Training. With `stratified`, all subsets are drawn; only faces from
    `data.extra` always train. Drawing keeps the shares of the emotions and puts duplicates and near-duplicates
    into one subset.

    `leakage` tells whether another subset holds an exact duplicate (`exact`), a near-duplicate (`near`) or neither
    (`no`).

    Args:
        faces: What the clean stage wrote.
        audit: What the audit stage wrote about the same faces.
        settings: How to split.

    Raises:
        InputError: A subset would lack an emotion that is in the data, or the tables are of different faces.
    """
    faces, audit = faces.sort_by("name"), audit.sort_by("name")
    if not faces["name"].equals(audit["name"]):
        raise InputError("data/audit.parquet is not of the faces in data/faces.parquet: run `dvc repro -f -s audit`")
    for column in [column for column in audit.column_names if column not in faces.column_names]:
        faces = faces.append_column(column, audit[column])
    subsets = _official(faces, settings) if settings.method == "official" else _stratified(faces, settings)
    leakage = np.full(faces.num_rows, "no", object)
    leakage[_in_several(faces["near_duplicate"].to_numpy(), subsets)] = "near"
    leakage[_in_several(faces["exact_duplicate"].to_numpy(), subsets)] = "exact"
    faces = faces.append_column("subset", pa.array(subsets.tolist()))
    faces = faces.append_column("leakage", pa.array(leakage.tolist()))
    require_emotions(faces, faces["label"].to_pylist())
    return faces


def require_emotions(faces: pa.Table, emotions: Iterable[str]) -> None:
    """Raise an error if a subset lacks one of these emotions.

    Raises:
        InputError: One does; the message names both.
    """
    present = set(zip(faces["subset"].to_pylist(), faces["label"].to_pylist(), strict=True))
    wanted = [emotion for emotion in EMOTIONS if emotion in set(emotions)]
    for subset in SUBSETS:
        absent = [emotion for emotion in wanted if (subset, emotion) not in present]
        if absent:
            raise InputError(
                f"split: the {subset} subset has no face of {', '.join(absent)}: "
                "add pictures of it, or change split.method, the shares or `defects` in params.yaml"
            )


def summarise(faces: pa.Table) -> dict[str, dict[str, int]]:
    """Return how many faces each subset has, how many of them are leakage and how many have each label."""
    columns = [faces[name].to_pylist() for name in ("subset", "leakage", "label")]
    count = Counter(zip(columns[0], columns[1], strict=True)) + Counter(zip(columns[0], columns[2], strict=True))
    return {
        subset: {
            "faces": sum(count[subset, emotion] for emotion in EMOTIONS),
            "exact_leakage": count[subset, "exact"],
            "near_leakage": count[subset, "near"],
            **{emotion: count[subset, emotion] for emotion in EMOTIONS},
        }
        for subset in SUBSETS
    }


def _official(faces: pa.Table, settings: SplitSettings) -> np.ndarray:
    official = np.array(faces["official"].to_pylist())
    if NO_SUBSET in official:
        raise InputError("split.method is official, but these pictures have no official split: set it to stratified")
    subsets = np.array([OFFICIAL[name] for name in official], dtype=object)
    if "validation" not in subsets:
        training = np.flatnonzero(official == "Training")
        subsets[_draw(faces, training, settings.validation, settings.seed)] = "validation"
    return subsets


def _stratified(faces: pa.Table, settings: SplitSettings) -> np.ndarray:
    subsets = np.full(faces.num_rows, "train", dtype=object)
    own = np.flatnonzero(np.array(faces["official"].to_pylist()) != "Extra")
    subsets[_draw(faces, own, settings.test, settings.seed)] = "test"
    rest = own[subsets[own] == "train"]
    subsets[_draw(faces, rest, settings.validation / (1 - settings.test), settings.seed)] = "validation"
    return subsets


def _draw(faces: pa.Table, positions: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return the positions of a stratified share of the faces; duplicates are drawn together."""
    from sklearn.model_selection import train_test_split  # takes a second, and official subsets need no drawing

    groups = faces["near_duplicate"].to_numpy()
    labels = faces["label"].to_pylist()
    members: dict[int, list[int]] = defaultdict(list)
    for position in positions:
        # A face without duplicates is a group of its own, with a number that no other group has.
        members[groups[position] if groups[position] >= 0 else -1 - position].append(position)
    try:
        first = [labels[places[0]] for places in members.values()]
        _, drawn = train_test_split(list(members), test_size=share, random_state=seed, stratify=first)
    except ValueError as error:
        raise InputError(f"split: these faces cannot be divided: {error}: add pictures or change the shares") from None
    return np.array([position for group in drawn for position in members[group]])


def _in_several(groups: np.ndarray, subsets: np.ndarray) -> np.ndarray:
    """Return whether each face belongs to a group with faces in more than one subset."""
    seen = defaultdict(set)
    for group, subset in zip(groups, subsets, strict=True):
        seen[group].add(subset)
    return np.array([group >= 0 and len(seen[group]) > 1 for group in groups], bool)
