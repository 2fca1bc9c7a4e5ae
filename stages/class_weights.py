"""Compute the weight of each emotion in the loss."""

from emotion.core import dataset, stage
from emotion.core.files import write_json
from emotion.core.params import load
from emotion.preparation.class_weights import class_weights
from emotion.preparation.settings import ClassWeightSettings


def main() -> None:
    """Write data/class_weights.json, one weight per emotion."""
    settings = load("class_weights", ClassWeightSettings)
    weights = class_weights(dataset.load("data/learn.parquet", "train").labels, settings)
    write_json("data/class_weights.json", weights)
    print(", ".join(f"{emotion} {weight:.2f}" for emotion, weight in weights.items()))


if __name__ == "__main__":
    stage.run(main)
