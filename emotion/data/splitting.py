"""Which faces train, which select and which are scored once."""

from collections import defaultdict
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field
from sklearn.model_selection import train_test_split

from emotion.errors import InputError
from emotion.labels import EMOTIONS
from emotion.params import Section

PARTS = ("train", "validation", "test")
OFFICIAL = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test", "Test": "test"}


class SplitSettings(Section):
    """Section `split` of params.yaml."""

    method: Literal["official", "stratified"]
    validation: float = Field(gt=0, lt=0.5)
    test: float = Field(gt=0, lt=0.5)
    seed: int = Field(ge=0)


def split(faces: pa.Table, settings: SplitSettings) -> pa.Table:
    """Return the faces sorted by name with the columns `part` and `leaked` in place of `official`.

    With `official`, Training trains, PublicTest validates and PrivateTest is the test set; an older archive,
    whose test folder does not tell the two apart, keeps that folder as its test set and validation faces are
    drawn from Training. With `stratified`, all parts are drawn. Drawing keeps the shares of the emotions and
    puts identical pictures into one part.

    `leaked` says that the same pixels also stand in another part.

    Raises:
        InputError: A part would be empty or lack an emotion.
    """
    faces = faces.sort_by("name")
    parts = _official(faces, settings) if settings.method == "official" else _stratified(faces, settings)
    labels = np.array(faces["label"].to_pylist())
    for part in PARTS:
        absent = [emotion for emotion in EMOTIONS if not np.any((parts == part) & (labels == emotion))]
        if absent:
            raise InputError(
                f"split: the {part} part has no face of {', '.join(absent)}: "
                "add pictures of it, or change split.method or the shares in params.yaml"
            )
    hashes = faces["hash"].to_pylist()
    seen = defaultdict(set)
    for digest, part in zip(hashes, parts, strict=True):
        seen[digest].add(part)
    leaked = [len(seen[digest]) > 1 for digest in hashes]
    faces = faces.select(["name", "label", "pixels", "blank"])
    return faces.append_column("part", pa.array(parts.tolist())).append_column("leaked", pa.array(leaked))


def _official(faces: pa.Table, settings: SplitSettings) -> np.ndarray:
    official = np.array(faces["official"].to_pylist())
    if "All" in official:
        raise InputError("split.method is official, but these pictures have no official split: set it to stratified")
    parts = np.array([OFFICIAL[name] for name in official], dtype=object)
    if "validation" not in parts:
        training = np.flatnonzero(parts == "train")
        parts[_draw(faces.take(training), training, settings.validation, settings.seed)] = "validation"
    return parts


def _stratified(faces: pa.Table, settings: SplitSettings) -> np.ndarray:
    parts = np.full(faces.num_rows, "train", dtype=object)
    everything = np.arange(faces.num_rows)
    parts[_draw(faces, everything, settings.test, settings.seed)] = "test"
    rest = np.flatnonzero(parts == "train")
    share = settings.validation / (1 - settings.test)
    parts[_draw(faces.take(rest), rest, share, settings.seed)] = "validation"
    return parts


def _draw(faces: pa.Table, positions: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return the positions of a stratified share of the faces, identical pictures drawn as one."""
    members: dict[bytes, list[int]] = defaultdict(list)
    label_of: dict[bytes, str] = {}
    for position, digest, label in zip(positions, faces["hash"].to_pylist(), faces["label"].to_pylist(), strict=True):
        members[digest].append(position)
        label_of.setdefault(digest, label)
    try:
        _, drawn = train_test_split(
            list(members), test_size=share, random_state=seed, stratify=[label_of[digest] for digest in members]
        )
    except ValueError as error:
        raise InputError(f"split: these faces cannot be divided: {error}: add pictures or change the shares") from None
    return np.array([position for digest in drawn for position in members[digest]])
