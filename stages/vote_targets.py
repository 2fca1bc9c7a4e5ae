"""Write soft targets of the annotators' votes: python -m stages.vote_targets votes."""

import sys

import numpy as np

from emotion.core import dataset, stage, votes
from emotion.core.errors import InputError
from emotion.core.params import load
from emotion.training import soft_targets
from emotion.training.settings import VoteTargetSettings


def main(name: str) -> None:
    """Write data/soft_targets/<name>.csv, a row per training and validation face."""
    settings = load(f"vote_targets.{name}", VoteTargetSettings)
    names: list[str] = []
    targets = []
    for subset in ("train", "validation"):
        faces = dataset.load("data/learn.parquet", subset)
        counts = votes.read("data/annotations.parquet", faces.names)
        if not counts.any():
            raise InputError(
                f"no {subset} face has votes: only faces under FER-2013's own names have; with other pictures set "
                "annotations.source: none, vote_targets: {} and targets: params/none.csv in params.yaml"
            )
        names += faces.names
        targets.append(soft_targets.of_votes(counts, soft_targets.one_hot(faces), settings.vote_weight))
        print(f"{subset}: votes for {counts.any(axis=1).sum():,} of {len(faces.names):,} faces")
    soft_targets.write(f"data/soft_targets/{name}.csv", names, np.concatenate(targets))


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
