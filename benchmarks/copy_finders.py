"""Other ways to find copies: a perceptual hash of each picture (imagehash), and CleanVision, which is made of these.

No lock holds them; each is measured where it can be imported.
"""

import importlib.util
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
from PIL import Image

from benchmarks.planted_copies import pairs_of
from emotion.data import auditing

Found = set[tuple[int, int]]
DISTANCES = range(0, 13, 2)  # bits of 64 in which the hashes of two copies may differ


def ours(pixels: np.ndarray, settings: auditing.AuditSettings) -> Found:
    """Return the pairs that the audit puts into one group."""
    names = [f"{number:07}" for number in range(len(pixels))]
    column = pa.array([face.tobytes() for face in pixels], pa.binary(pixels[0].size))
    table = {"name": names, "label": names, "pixels": column, "blank": np.zeros(len(names), bool)}
    return pairs_of(auditing.audit(pa.table(table), settings)[0]["near"].to_pylist())


def others() -> dict[str, Callable[[np.ndarray], Iterator[tuple[str, Found]]]]:
    """Return the finders that can be imported; each yields its settings and what it finds with them."""
    finders = {"imagehash": _hash_distances, "cleanvision": _cleanvision}
    return {name: finder for name, finder in finders.items() if importlib.util.find_spec(name)}


def _hash_distances(pixels: np.ndarray) -> Iterator[tuple[str, Found]]:
    """Compare the pHash of each picture with those of all others, and of their mirror images."""
    plain, flipped = _hashes(pixels), _hashes(pixels[:, :, ::-1])
    rows, columns, bits = [], [], []
    for number, one in enumerate(plain):
        later = slice(number + 1, None)
        distance = np.minimum(np.bitwise_count(plain[later] ^ one), np.bitwise_count(flipped[later] ^ one))
        near = np.flatnonzero(distance <= DISTANCES[-1])
        rows.append(np.full(len(near), number))
        columns.append(near + number + 1)
        bits.append(distance[near])
    pairs, distance = np.stack([np.concatenate(rows), np.concatenate(columns)], axis=1), np.concatenate(bits)
    for most in DISTANCES:
        yield f"pHash, at most {most} bits", set(map(tuple, pairs[distance <= most].tolist()))


def _hashes(pixels: np.ndarray) -> np.ndarray:
    import imagehash

    bits = [imagehash.phash(Image.fromarray(face)).hash.ravel() for face in pixels]
    return np.packbits(bits, axis=1).view(np.uint64).ravel()


def _cleanvision(pixels: np.ndarray) -> Iterator[tuple[str, Found]]:
    """Let CleanVision look for exact and near duplicates among files."""
    from cleanvision import Imagelab

    with tempfile.TemporaryDirectory() as folder:
        for number, face in enumerate(pixels):
            cv2.imwrite(f"{folder}/{number:07}.png", face)
        lab = Imagelab(data_path=folder)
        lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}}, n_jobs=1, verbose=False)
    groups = [group for kind in ("exact_duplicates", "near_duplicates") for group in lab.info[kind]["sets"]]
    sorted_groups = [sorted(int(Path(name).stem) for name in group) for group in groups]
    found = {(one, other) for group in sorted_groups for i, one in enumerate(group) for other in group[i + 1 :]}
    yield "CleanVision, as it comes", found
