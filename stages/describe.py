"""Draw the network of one model and count its parameters and MACs: python -m stages.describe cnn."""

import sys

import keras

from emotion.architecture import diagram, layers
from emotion.core import stage
from emotion.core.files import save_figure, write_json


def main(name: str) -> None:
    """Write plots/architecture/<name>.png and metrics/architecture/<name>.json."""
    network = layers.read(keras.saving.load_model(f"models/{name}.keras", compile=False))
    totals = layers.totals(network)
    save_figure(f"plots/architecture/{name}.png", diagram.diagram(name, network))
    write_json(f"metrics/architecture/{name}.json", totals)
    print(f"{name}: {totals['parameters']:,} parameters, {totals['macs']:,} MACs per face")


if __name__ == "__main__":
    stage.run(main, *sys.argv[1:])
