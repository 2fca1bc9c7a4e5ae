"""What is wrong with a table of faces, told for each face and counted."""

from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from emotion.data import defects, duplicates
from emotion.params import Section

SIDE = 48
KINDS = ("identical", "mirrored", "near")


class AuditSettings(Section):
    """Section `audit` of params.yaml."""

    contrast: float = Field(ge=0)
    candidates: float = Field(gt=0, le=1)
    similarity: float = Field(gt=0, le=1)


def audit(faces: pa.Table, settings: AuditSettings) -> tuple[pa.Table, pa.Table]:
    """Return what was found about each face, in their order, and the pairs of near copies (`duplicates.PAIRS`).

    Each of the groups `identical`, `mirrored` and `near` holds those before it. A pair is one of different pictures;
    of mirrored or identical ones, the first stands for all.
    """
    pixels = _pixels(faces)
    faint = faces["blank"].to_numpy() | defects.almost_blank(pixels, settings.contrast)
    identical, mirrored = duplicates.identical(pixels), duplicates.mirrored(pixels)
    distinct = np.flatnonzero(_leads(mirrored) & ~faint)
    pairs = duplicates.near_pairs(pixels, distinct, settings.candidates, settings.similarity)
    table = {
        "name": faces["name"],
        "identical": identical,
        "mirrored": mirrored,
        "near": duplicates.near(mirrored, pairs),
        "blank": faces["blank"],
        "almost_blank": faint,
        "not_a_face": defects.not_a_face(pixels, distinct),
        "conflict": duplicates.conflicting(identical, faces["label"].to_pylist()),
    }
    return pa.table(table), pairs


def summarise(faces: pa.Table, audited: pa.Table, pairs: pa.Table) -> dict[str, Any]:
    """Return the counts of metrics/audit.json; nothing is dropped before they are taken."""
    official = np.array(faces["official"].to_pylist())
    groups = {kind: audited[kind].to_numpy() for kind in KINDS}
    labels, score = faces["label"].to_pylist(), audited["not_a_face"].to_numpy()
    parts = sorted(set(official) - {"Training"}) if "Training" in official else []
    return {
        "faces": faces.num_rows,
        **{kind: _count(groups[kind], official) for kind in KINDS},
        "near_pairs": {"all": pairs.num_rows, "mirrored": int(pairs["mirrored"].to_numpy().sum())},
        "conflicts": _conflicts(groups["identical"], labels),
        "near_conflicts": _conflicts(groups["near"], labels),
        **{f"{part}_in_Training": _also_in_training(groups, official, part) for part in parts},
        "blank": int(audited["blank"].to_numpy().sum()),
        "almost_blank": int(audited["almost_blank"].to_numpy().sum()),
        "not_a_face": {
            name: round(float(np.quantile(score, share)), 4) for name, share in
            {"median": 0.5, "one_in_100": 0.99, "one_in_1000": 0.999, "highest": 1}.items()
        },
    }  # fmt: skip


def _pixels(faces: pa.Table) -> np.ndarray:
    """Return the pixels of all faces, uint8 (n, 48, 48), without a copy of them where that can be had."""
    column = faces["pixels"]
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    first, size = whole.offset * SIDE * SIDE, len(whole) * SIDE * SIDE
    return np.frombuffer(whole.buffers()[1], np.uint8)[first : first + size].reshape(-1, SIDE, SIDE)


def _leads(groups: np.ndarray) -> np.ndarray:
    """Return which faces are alone or the first of their group."""
    leads = groups < 0
    leads[np.unique(groups, return_index=True)[1]] = True
    return leads


def _count(groups: np.ndarray, official: np.ndarray) -> dict[str, int]:
    members = groups >= 0
    part = np.unique(official, return_inverse=True)[1]
    places = np.unique(np.stack([groups[members], part[members]]), axis=1)
    return {
        "groups": int(groups.max(initial=-1)) + 1,
        "faces": int(members.sum()),
        "across_parts": int((np.bincount(places[0]) > 1).sum()),
    }


def _conflicts(groups: np.ndarray, labels: list[str]) -> dict[str, int]:
    """Return how many groups have several labels, and how many faces these hold."""
    conflict = duplicates.conflicting(groups, labels)
    return {"groups": len(np.unique(groups[conflict])), "faces": int(conflict.sum())}


def _also_in_training(groups: dict[str, np.ndarray], official: np.ndarray, part: str) -> dict[str, int]:
    """Return how many faces of a part also stand in Training, by kind of copy."""
    return {
        kind: int(((number >= 0) & (official == part) & np.isin(number, number[official == "Training"])).sum())
        for kind, number in groups.items()
    }
