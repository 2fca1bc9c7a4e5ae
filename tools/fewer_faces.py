"""A fixed share of the faces from which models learn, for short runs."""

import numpy as np
import pyarrow as pa

from emotion.labels import EMOTIONS


def share_of(faces: pa.Table, share: float, seed: int) -> pa.Table:
    """Return a table of the split stage with this share of the training faces of each emotion, and all others.

    Args:
        faces: Columns `part` and `label` among others.
        share: 0..1; of an emotion that has a training face at least one stays.
        seed: Of the choice.
    """
    training = np.array(faces["part"].to_pylist()) == "train"
    labels, rng = np.array(faces["label"].to_pylist()), np.random.default_rng(seed)
    kept = [np.flatnonzero(~training)]
    for emotion in EMOTIONS:
        rows = np.flatnonzero(training & (labels == emotion))
        kept.append(rng.permutation(rows)[: max(1, round(share * len(rows)))])
    return faces.take(np.sort(np.concatenate(kept)))
