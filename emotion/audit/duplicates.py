"""Exact, mirrored and near-duplicates among the pictures of a data set.

Groups are numbered from 0 in the order of their first faces; -1 is a face without duplicates.
"""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from emotion.audit import alignment
from emotion.audit.candidates import propose
from emotion.audit.descriptors import VIEWS
from emotion.audit.threads import chunks, each

PAIRS = pa.schema(
    [("first", pa.int32()), ("second", pa.int32()), ("mirrored", pa.bool_()), ("similarity", pa.float32())]
)
CHUNK = 128  # candidates that a thread takes at once


def exact(pixels: np.ndarray) -> np.ndarray:
    """Return the group of exact duplicates of each face: int32 (n,)."""
    return _numbered(_first([_digest(face) for face in pixels]))


def mirrored(pixels: np.ndarray) -> np.ndarray:
    """Return the group of exact duplicates, mirrored or not, of each face: int32 (n,)."""
    return _numbered(_first([min(_digest(face), _digest(face[:, ::-1])) for face in pixels]))


def near_pairs(
    pixels: np.ndarray, rows: np.ndarray, min_candidate_similarity: float, min_similarity: float
) -> pa.Table:
    """Return the pairs of different pictures of the same photograph.

    They may be mirrored, shifted, cropped differently, brighter, darker or compressed.

    Args:
        pixels: All faces, uint8 (n, 48, 48).
        rows: Positions of those to compare, in order, without exact duplicates and almost blank pictures.
        min_candidate_similarity: Of their descriptors, 0..1, see `candidates.propose`.
        min_similarity: Correlation of their details, 0..1, see `alignment.similarity`.

    Returns:
        A table with the schema PAIRS: positions of both faces, whether one is mirrored, similarity; sorted, each
        pair once.
    """
    face, other, numbers = propose(pixels, rows, min_candidate_similarity).T
    flipped = np.array([view.mirrored for view in VIEWS])[numbers]
    values = _similarities(pixels, face, other, numbers)
    first = np.minimum(face, other)
    second = np.maximum(face, other)
    order = np.lexsort((flipped, -values, second, first))
    order = order[values[order] >= min_similarity]
    _, best = np.unique(np.stack([first, second])[:, order], axis=1, return_index=True)
    columns = (column[order[best]] for column in (first, second, flipped, values))
    arrays = [pa.array(column, field.type) for column, field in zip(columns, PAIRS, strict=True)]
    return pa.Table.from_arrays(arrays, schema=PAIRS)


def near(groups: np.ndarray, pairs: pa.Table) -> np.ndarray:
    """Return the groups that result from joining groups of duplicates by pairs of near-duplicates: int32 (n,)."""
    faces = np.arange(len(groups))
    alone = groups.max(initial=-1) + 1 + faces
    known = np.where(groups < 0, alone, groups)
    _, first, inverse = np.unique(known, return_index=True, return_inverse=True)
    one = np.concatenate([faces, pairs["first"].to_numpy()])
    other = np.concatenate([first[inverse], pairs["second"].to_numpy()])
    links = coo_array((np.ones(len(one), bool), (one, other)), shape=(len(faces), len(faces)))
    return _numbered(_first(connected_components(links, directed=False)[1].tolist()))


def conflicting(groups: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Return whether each face is in a group that has several labels: bool (n,)."""
    known: dict[int, set[str]] = defaultdict(set)
    for group, label in zip(groups.tolist(), labels, strict=True):
        known[group].add(label)
    return np.array([group >= 0 and len(known[group]) > 1 for group in groups.tolist()], bool)


def _similarities(pixels: np.ndarray, face: np.ndarray, other: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the similarity of each candidate (see `propose`), to four digits, computed on all cores."""
    mirrored, warps = (
        np.array(values) for values in zip(*((view.mirrored, view.warp()) for view in VIEWS), strict=True)
    )

    def align(rows: np.ndarray) -> np.ndarray:
        moving = pixels[face[rows]]
        flipped = mirrored[numbers[rows]]
        moving[flipped] = moving[flipped, :, ::-1]
        return alignment.similarity(moving, pixels[other[rows]], warps[numbers[rows]])

    values = each(align, chunks(np.arange(len(face)), CHUNK)) if len(face) else [np.empty(0)]
    return np.round(np.concatenate(values), 4)


def _digest(face: np.ndarray) -> bytes:
    return hashlib.blake2b(face.tobytes(), digest_size=16).digest()


def _first(keys: Sequence[Hashable]) -> np.ndarray:
    """Return the first position of each key."""
    place: dict[Hashable, int] = {}
    return np.array([place.setdefault(key, number) for number, key in enumerate(keys)], np.int64)


def _numbered(first: np.ndarray) -> np.ndarray:
    """Return the group of each face, given the first face of its group."""
    firsts = np.flatnonzero(np.bincount(first, minlength=1) > 1)
    numbers = np.full(len(first), -1, np.int32)
    numbers[firsts] = np.arange(len(firsts))
    return numbers[first]
