"""Which faces train, which select and which are scored once."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field
from sklearn.model_selection import train_test_split

from emotion.errors import InputError
from emotion.labels import EMOTIONS
from emotion.params import Section

PARTS = ("train", "validation", "test")
TRAINING, VALIDATION, TEST = ("Training", "Extra"), ("PublicTest", "Validation"), ("PrivateTest", "Test")
OFFICIAL = {name: part for part, names in zip(PARTS, (TRAINING, VALIDATION, TEST), strict=True) for name in names}


class SplitSettings(Section):
    """Section `split` of params.yaml."""

    method: Literal["official", "stratified"]
    validation: float = Field(gt=0, lt=0.5)
    test: float = Field(gt=0, lt=0.5)
    seed: int = Field(ge=0)


def split(faces: pa.Table, audit: pa.Table, settings: SplitSettings) -> pa.Table:
    """Return the faces sorted by name, with what the audit tells of each and the columns `part` and `leaked`.

    With `official`, Training trains, PublicTest validates and PrivateTest is the test set; an archive without
    validation faces has them drawn from Training. With `stratified`, all parts are drawn; only what came from
    `data.extra` trains in any case. Drawing keeps the shares of the emotions and puts copies, near ones too,
    into one part.

    `leaked` tells whether another part holds the same pixels (`exact`), a near copy (`near`) or neither (`no`).

    Args:
        faces: What the clean stage wrote.
        audit: What the audit stage wrote about the same faces.
        settings: How to split.

    Raises:
        InputError: A part would be empty or lack an emotion that there is, or the tables are of different faces.
    """
    faces, audit = faces.sort_by("name"), audit.sort_by("name")
    if not faces["name"].equals(audit["name"]):
        raise InputError("data/audit.parquet is not of the faces in data/faces.parquet: run `dvc repro -f -s audit`")
    for column in [column for column in audit.column_names if column not in faces.column_names]:
        faces = faces.append_column(column, audit[column])
    parts = _official(faces, settings) if settings.method == "official" else _stratified(faces, settings)
    leaked = np.full(faces.num_rows, "no", object)
    leaked[_in_several(faces["near"].to_numpy(), parts)] = "near"
    leaked[_in_several(faces["identical"].to_numpy(), parts)] = "exact"
    faces = faces.append_column("part", pa.array(parts.tolist())).append_column("leaked", pa.array(leaked.tolist()))
    require_emotions(faces, faces["label"].to_pylist())
    return faces


def require_emotions(faces: pa.Table, emotions: Iterable[str]) -> None:
    """Refuse faces of which one part lacks one of these emotions.

    Raises:
        InputError: It does; the message names both.
    """
    there = set(zip(faces["part"].to_pylist(), faces["label"].to_pylist(), strict=True))
    wanted = [emotion for emotion in EMOTIONS if emotion in set(emotions)]
    for part in PARTS:
        absent = [emotion for emotion in wanted if (part, emotion) not in there]
        if absent:
            raise InputError(
                f"split: the {part} part has no face of {', '.join(absent)}: "
                "add pictures of it, or change split.method, the shares or `defects` in params.yaml"
            )


def summarise(faces: pa.Table) -> dict[str, dict[str, int]]:
    """Return how many faces each part has, how many of them leak and how many show each emotion."""
    columns = [faces[name].to_pylist() for name in ("part", "leaked", "label")]
    count = Counter(zip(columns[0], columns[1], strict=True)) + Counter(zip(columns[0], columns[2], strict=True))
    return {
        part: {
            "faces": sum(count[part, emotion] for emotion in EMOTIONS),
            "leaked": count[part, "exact"],
            "leaked_near": count[part, "near"],
            **{emotion: count[part, emotion] for emotion in EMOTIONS},
        }
        for part in PARTS
    }


def _official(faces: pa.Table, settings: SplitSettings) -> np.ndarray:
    official = np.array(faces["official"].to_pylist())
    if "All" in official:
        raise InputError("split.method is official, but these pictures have no official split: set it to stratified")
    parts = np.array([OFFICIAL[name] for name in official], dtype=object)
    if "validation" not in parts:
        training = np.flatnonzero(official == "Training")
        parts[_draw(faces, training, settings.validation, settings.seed)] = "validation"
    return parts


def _stratified(faces: pa.Table, settings: SplitSettings) -> np.ndarray:
    parts = np.full(faces.num_rows, "train", dtype=object)
    own = np.flatnonzero(np.array(faces["official"].to_pylist()) != "Extra")
    parts[_draw(faces, own, settings.test, settings.seed)] = "test"
    rest = own[parts[own] == "train"]
    parts[_draw(faces, rest, settings.validation / (1 - settings.test), settings.seed)] = "validation"
    return parts


def _draw(faces: pa.Table, positions: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return the positions of a stratified share of the faces, copies drawn as one."""
    groups, labels = faces["near"].to_numpy(), faces["label"].to_pylist()
    members: dict[int, list[int]] = defaultdict(list)
    for position in positions:
        # A face without copies is a group of its own, with a number that none of the others has.
        members[groups[position] if groups[position] >= 0 else -1 - position].append(position)
    try:
        first = [labels[places[0]] for places in members.values()]
        _, drawn = train_test_split(list(members), test_size=share, random_state=seed, stratify=first)
    except ValueError as error:
        raise InputError(f"split: these faces cannot be divided: {error}: add pictures or change the shares") from None
    return np.array([position for group in drawn for position in members[group]])


def _in_several(groups: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Return whether a face's group, if it has one, stands in more than one part."""
    seen = defaultdict(set)
    for group, part in zip(groups, parts, strict=True):
        seen[group].add(part)
    return np.array([group >= 0 and len(seen[group]) > 1 for group in groups], bool)
