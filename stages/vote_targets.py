"""Write soft targets of the annotators' votes: python -m stages.vote_targets votes."""

import sys

import numpy as np
import pyarrow.parquet as pq

from emotion.core import dataset, stage, votes
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.core.params import load
from emotion.training import soft_targets
from emotion.training.settings import VoteTargetSettings

ANNOTATIONS = "data/annotations.parquet"
TARGETS = "data/soft_targets/{}.csv"


def main(name: str) -> None:
    """Write data/soft_targets/<name>.csv, a row per training and validation face, none if there are no annotations."""
    settings = load(f"vote_targets.{name}", VoteTargetSettings)
    names: list[str] = []
    targets = []
    if not pq.read_metadata(ANNOTATIONS).num_rows:
        print("no annotations: the labels are the targets")
        soft_targets.write(TARGETS.format(name), names, np.empty((0, len(EMOTIONS))))
        return
    for subset in ("train", "validation"):
        faces = dataset.load("data/learn.parquet", subset)
        counts = votes.read(ANNOTATIONS, faces.names)
        if not counts.any():
            raise InputError(
                f"no {subset} face has votes, which FER+ has only for FER-2013's own file names: "
                "set annotations.source to none in params.yaml"
            )
        names += faces.names
        targets.append(soft_targets.of_votes(counts, soft_targets.one_hot(faces), settings.vote_weight))
        print(f"{subset}: votes for {counts.any(axis=1).sum():,} of {len(faces.names):,} faces")
    soft_targets.write(TARGETS.format(name), names, np.concatenate(targets))


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
