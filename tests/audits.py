"""What the audit stage would write about faces of a test."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa


def audited(faces: pa.Table, near: Iterable[Iterable[str]] = (), **columns: Any) -> pa.Table:
    """Return an audit of the faces: equal hashes are copies, names in `near` are near ones, the rest is in order.

    Args:
        faces: As the clean stage writes them.
        near: Groups of names.
        columns: Values of other columns, a dict by name: `almost_blank={"Training/sad/1.png": True}`.
    """
    names = faces["name"].to_pylist()
    members = defaultdict(list)
    for name, digest in zip(names, faces["hash"].to_pylist(), strict=True):
        members[digest].append(name)
    identical = _numbers(names, members.values())
    together = [sorted({other for name in group for other in _group(name, members.values())}) for group in near]
    covered = {name for group in together for name in group}
    rest = [group for group in members.values() if covered.isdisjoint(group)]
    table = {
        "name": names,
        "identical": identical,
        "near": _numbers(names, [*together, *rest]),
        "blank": np.zeros(len(names), bool),
        "almost_blank": np.zeros(len(names), bool),
        "not_a_face": np.zeros(len(names), np.float32),
    }
    for column, values in columns.items():
        for name, value in values.items():
            table[column][names.index(name)] = value
    return pa.table(table)


def _group(name: str, groups: Iterable[list[str]]) -> list[str]:
    return next(group for group in groups if name in group)


def _numbers(names: list[str], groups: Iterable[list[str]]) -> np.ndarray:
    number = {name: index for index, group in enumerate(groups) if len(group) > 1 for name in group}
    return np.array([number.get(name, -1) for name in names], np.int32)
