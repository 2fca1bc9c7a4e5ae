"""What is done about the defects that the audit found: which faces stay out, and which labels change."""

from collections import Counter, defaultdict
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from emotion.params import Section

Action = Literal["keep", "drop_from_training", "drop_everywhere"]


class DefectSettings(Section):
    """Section `defects` of params.yaml."""

    identical: Action
    near: Action
    blank: Action
    almost_blank: Action
    not_a_face: Action
    not_a_face_score: float = Field(ge=0, le=1)
    conflicts: Literal["keep", "drop", "majority"]
    leak_free: bool


def act(faces: pa.Table, settings: DefectSettings, excluded: set[str]) -> tuple[pa.Table, dict[str, int]]:
    """Return the faces that stay, with the labels that they have from now on, and how many each reason took.

    A face that several reasons speak against counts for the first of them. Of copies one stays: a test face
    rather than a validation face, that rather than a training face, else the first by name.

    Args:
        faces: What `splitting.split` returns.
        settings: What shall be done.
        excluded: Names of faces that a person wants out of training.
    """
    part, near = np.array(faces["part"].to_pylist()), faces["near"].to_numpy()
    training = part == "train"
    labels, unsettled = _settle(faces, training, settings.conflicts)
    reasons = {
        "excluded": training & np.isin(faces["name"].to_pylist(), sorted(excluded)),
        "leak_free": training & (near >= 0) & np.isin(near, near[~training]) & settings.leak_free,
        "blank": faces["blank"].to_numpy() & _reach(settings.blank, training),
        "almost_blank": faces["almost_blank"].to_numpy() & _reach(settings.almost_blank, training),
        "not_a_face": (faces["not_a_face"].to_numpy() >= settings.not_a_face_score)
        & _reach(settings.not_a_face, training),
        "conflicts": unsettled,
    }
    stays, dropped = np.ones(len(part), bool), {}
    for reason, against in reasons.items():
        dropped[reason] = int((stays & against).sum())
        stays &= ~against
    for kind in ("identical", "near"):
        copies = _copies(faces[kind].to_numpy(), part, stays & _reach(getattr(settings, kind), training))
        dropped[kind] = int(copies.sum())
        stays &= ~copies
    faces = faces.set_column(faces.column_names.index("label"), "label", pa.array(labels.tolist()))
    return faces.filter(pa.array(stays)), dropped


def _reach(action: Action, training: np.ndarray) -> np.ndarray:
    """Return the faces that an action may drop."""
    if action == "drop_from_training":
        return training
    return np.full_like(training, action == "drop_everywhere")


def _copies(groups: np.ndarray, part: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return which of the faces given are copies of one of them that stays."""
    rank = np.select([part == "test", part == "validation"], [0, 1], 2)
    order = np.lexsort((np.arange(len(groups)), rank))
    order = order[(among & (groups >= 0))[order]]
    _, staying = np.unique(groups[order], return_index=True)
    copies = np.zeros(len(groups), bool)
    copies[np.delete(order, staying)] = True
    return copies


def _settle(faces: pa.Table, training: np.ndarray, how: str) -> tuple[np.ndarray, np.ndarray]:
    """Return all labels, and which training faces go because identical ones in training have other labels.

    Labels of validation and test faces have no part in it: what trains shall not follow from them.
    """
    labels, groups = np.array(faces["label"].to_pylist(), object), faces["identical"].to_numpy()
    unsettled = np.zeros(len(labels), bool)
    if how == "keep":
        return labels, unsettled
    members = defaultdict(list)
    for place in np.flatnonzero(training & (groups >= 0)):
        members[groups[place]].append(place)
    for places in members.values():
        (label, votes), *others = Counter(labels[places]).most_common()
        if others and (how == "drop" or votes == others[0][1]):  # a tie has no majority
            unsettled[places] = True
        elif others:
            labels[places] = label
    return labels, unsettled
