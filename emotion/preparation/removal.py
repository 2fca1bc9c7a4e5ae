"""Which faces the defects that the audit found remove, and which labels they change."""

from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa

from emotion.preparation.settings import Action, DefectSettings


def act(faces: pa.Table, settings: DefectSettings, excluded: set[str]) -> tuple[pa.Table, dict[str, int]]:
    """Return the faces that stay, with their new labels, and how many faces each reason removed.

    A face with several reasons counts for the first of them. Of duplicates one stays: a test face rather than a
    validation face, that rather than a training face, else the first by name.

    Args:
        faces: What `splitting.split` returns.
        settings: What to do.
        excluded: Names of faces that a person excludes from training.
    """
    subset = np.array(faces["subset"].to_pylist())
    near = faces["near_duplicate"].to_numpy()
    training = subset == "train"
    labels, unsettled = _settle(faces, training, settings.label_conflicts)
    reasons = {
        "excluded": training & np.isin(faces["name"].to_pylist(), sorted(excluded)),
        "leak_free": training & (near >= 0) & np.isin(near, near[~training]) & settings.leak_free,
        "blank": faces["blank"].to_numpy() & _reach(settings.blank, training),
        "almost_blank": faces["almost_blank"].to_numpy() & _reach(settings.almost_blank, training),
        "not_a_face": (faces["not_a_face"].to_numpy() >= settings.min_not_a_face_score)
        & _reach(settings.not_a_face, training),
        "label_conflicts": unsettled,
    }
    stays = np.ones(len(subset), bool)
    dropped = {}
    for reason, against in reasons.items():
        dropped[reason] = int((stays & against).sum())
        stays &= ~against
    for kind in ("exact_duplicate", "near_duplicate"):
        among = stays & _reach(getattr(settings, f"{kind}s"), training)
        redundant = _redundant(faces[kind].to_numpy(), subset, among)
        dropped[f"{kind}s"] = int(redundant.sum())
        stays &= ~redundant
    faces = faces.set_column(faces.column_names.index("label"), "label", pa.array(labels.tolist()))
    return faces.filter(pa.array(stays)), dropped


def _reach(action: Action, training: np.ndarray) -> np.ndarray:
    """Return the faces that an action may drop."""
    if action == "drop_from_training":
        return training
    return np.full_like(training, action == "drop_everywhere")


def _redundant(groups: np.ndarray, subset: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return which of the faces `among` are duplicates of one of them that stays."""
    rank = np.select([subset == "test", subset == "validation"], [0, 1], 2)
    order = np.lexsort((np.arange(len(groups)), rank))
    order = order[(among & (groups >= 0))[order]]
    _, staying = np.unique(groups[order], return_index=True)
    redundant = np.zeros(len(groups), bool)
    redundant[np.delete(order, staying)] = True
    return redundant


def _settle(faces: pa.Table, training: np.ndarray, how: str) -> tuple[np.ndarray, np.ndarray]:
    """Return all labels, and which training faces go because exact duplicates in training have other labels.

    Labels of validation and test faces do not count: the training data must not depend on them.
    """
    labels = np.array(faces["label"].to_pylist(), object)
    groups = faces["exact_duplicate"].to_numpy()
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
