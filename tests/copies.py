"""Synthetic faces with known copies among them."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from benchmarks.planted_copies import CHANGES
from emotion.synthetic.drawn import SHARES, draw_face

Pairs = dict[tuple[int, int], str]  # the kind of copy of each pair of positions, the smaller position first


def plant(faces: int, copies: int, seed: int) -> tuple[np.ndarray, Pairs]:
    """Return synthetic faces with copies of some, in random order: uint8 (faces + copies, 48, 48), and the pairs.

    Each copy has another original; the kinds take turns, and every second copy is mirrored, too.
    """
    rng = np.random.default_rng([seed, faces, copies])
    emotions, shares = list(SHARES), np.array(list(SHARES.values()))
    labels = rng.choice(emotions, faces, p=shares / shares.sum())
    drawn = [draw_face(label, np.random.default_rng([seed, number])) for number, label in enumerate(labels)]
    kinds = [name + plus for plus in ("", ", mirrored") for name in CHANGES]
    made = {}
    for number, original in enumerate(rng.choice(faces, copies, replace=False).tolist()):
        kind = kinds[number % len(kinds)]
        copy = CHANGES[kind.removesuffix(", mirrored")](drawn[original], rng)
        made[original, len(drawn)] = kind
        drawn.append(copy[:, ::-1] if kind.endswith("mirrored") else copy)
    order = rng.permutation(len(drawn))
    place = np.argsort(order)
    pairs: Pairs = {(min(pair), max(pair)): kind for (a, b), kind in made.items() for pair in [(place[a], place[b])]}
    return np.array(drawn)[order], pairs


def pairs_of(groups: Sequence[Any]) -> set[tuple[int, int]]:
    """Return the pairs of positions with the same group; -1 is no group."""
    members = defaultdict(list)
    for position, group in enumerate(groups):
        if group != -1:
            members[group].append(position)
    return {pair for places in members.values() for pair in combinations(places, 2)}
