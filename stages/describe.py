"""Draw the network of one model and count what it costs: python -m stages.describe cnn."""

import sys

import keras

from emotion import errors
from emotion.architecture import diagram, layers
from emotion.files import atomic, write_json


def main(name: str) -> None:
    """Write plots/architecture/<name>.png and metrics/architecture/<name>.json."""
    network = layers.read(keras.saving.load_model(f"models/{name}.keras", compile=False))
    totals = layers.totals(network)
    with atomic(f"plots/architecture/{name}.png") as path:
        diagram.diagram(name, network).savefig(path, metadata={"Software": None})
    write_json(f"metrics/architecture/{name}.json", totals)
    print(f"{name}: {totals['parameters']:,} parameters, {totals['macs']:,} multiply-adds a face")


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
