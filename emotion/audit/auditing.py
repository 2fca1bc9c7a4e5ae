"""The audit of a table of faces: the defects of each face, and their counts."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emotion.audit import defects, duplicates
from emotion.audit.settings import AuditSettings
from emotion.core import dataset
from emotion.core.pictures import SIDE

BUFFER = 2**20  # bytes of the file that are read at once
BATCH = 1024  # faces that are decoded at once
KINDS = ("exact_duplicate", "mirrored_duplicate", "near_duplicate")  # each includes the one before it


def read(path: str | Path) -> pa.Table:
    """Return the faces that stage clean wrote, with all pictures in one chunk.

    They are decoded piece by piece into it: a file that is read at once is in memory twice.
    """
    with pq.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False) as file:
        faces = file.read(["name", "official", "label", "blank"])
        pictures = np.empty((faces.num_rows, SIDE, SIDE), np.uint8)
        start = 0
        for batch in file.iter_batches(BATCH, columns=["pixels"]):
            pictures[start : start + len(batch)] = dataset.pixels(pa.table(batch))
            start += len(batch)
    pa.default_memory_pool().release_unused()  # what decoding took
    column = pa.FixedSizeBinaryArray.from_buffers(pa.binary(SIDE * SIDE), len(pictures), [None, pa.py_buffer(pictures)])
    return faces.append_column("pixels", column)


def audit(faces: pa.Table, settings: AuditSettings) -> tuple[pa.Table, pa.Table]:
    """Return the findings on each face, in their order, and the pairs of near-duplicates (`duplicates.PAIRS`).

    The pictures of a pair differ; of exact or mirrored duplicates, the first represents all.
    """
    pixels = dataset.pixels(faces)
    faint = faces["blank"].to_numpy() | defects.almost_blank(pixels, settings.min_contrast)
    exact = duplicates.exact(pixels)
    mirrored = duplicates.mirrored(pixels)
    distinct = np.flatnonzero(_is_first(mirrored) & ~faint)
    pairs = duplicates.near_pairs(pixels, distinct, settings.min_candidate_similarity, settings.min_similarity)
    table = {
        "name": faces["name"],
        "exact_duplicate": exact,
        "mirrored_duplicate": mirrored,
        "near_duplicate": duplicates.near(mirrored, pairs),
        "blank": faces["blank"],
        "almost_blank": faint,
        "not_a_face": defects.not_a_face(pixels, distinct),
        "label_conflict": duplicates.conflicting(exact, faces["label"].to_pylist()),
    }
    return pa.table(table), pairs


def summarise(faces: pa.Table, audited: pa.Table, pairs: pa.Table) -> dict[str, Any]:
    """Return the counts of metrics/audit.json, over all faces."""
    official = np.array(faces["official"].to_pylist())
    groups = {kind: audited[kind].to_numpy() for kind in KINDS}
    labels = faces["label"].to_pylist()
    score = audited["not_a_face"].to_numpy()
    subsets = sorted(set(official) - {"Training"}) if "Training" in official else []
    return {
        "faces": faces.num_rows,
        **{f"{kind}s": _count(groups[kind], official) for kind in KINDS},
        "near_duplicate_pairs": {"all": pairs.num_rows, "mirrored": int(pairs["mirrored"].to_numpy().sum())},
        "label_conflicts": _conflicts(groups["exact_duplicate"], labels),
        "near_duplicate_label_conflicts": _conflicts(groups["near_duplicate"], labels),
        **{f"{subset}_in_Training": _also_in_training(groups, official, subset) for subset in subsets},
        "blank": int(audited["blank"].to_numpy().sum()),
        "almost_blank": int(audited["almost_blank"].to_numpy().sum()),
        "not_a_face": {
            name: round(float(np.quantile(score, share)), 4) for name, share in
            {"median": 0.5, "one_in_100": 0.99, "one_in_1000": 0.999, "highest": 1}.items()
        },
    }  # fmt: skip


def _is_first(groups: np.ndarray) -> np.ndarray:
    """Return which faces are in no group or the first of their group."""
    first = groups < 0
    first[np.unique(groups, return_index=True)[1]] = True
    return first


def _count(groups: np.ndarray, official: np.ndarray) -> dict[str, int]:
    """Return how many groups there are, how many faces they have and how many span several subsets."""
    members = groups >= 0
    subset = np.unique(official, return_inverse=True)[1]
    places = np.unique(np.stack([groups[members], subset[members]]), axis=1)
    return {
        "groups": int(groups.max(initial=-1)) + 1,
        "faces": int(members.sum()),
        "across_subsets": int((np.bincount(places[0]) > 1).sum()),
    }


def _conflicts(groups: np.ndarray, labels: list[str]) -> dict[str, int]:
    """Return how many groups have several labels, and how many faces these groups have."""
    conflict = duplicates.conflicting(groups, labels)
    return {"groups": len(np.unique(groups[conflict])), "faces": int(conflict.sum())}


def _also_in_training(groups: dict[str, np.ndarray], official: np.ndarray, subset: str) -> dict[str, int]:
    """Return how many faces of a subset have a duplicate in Training, by kind of duplicate."""
    return {
        f"{kind}s": int(((number >= 0) & (official == subset) & np.isin(number, number[official == "Training"])).sum())
        for kind, number in groups.items()
    }
