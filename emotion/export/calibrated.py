"""A network whose probabilities mean what they say, without anything that has to be done after it."""

import keras

from emotion.errors import InputError


def divide(model: keras.Model, temperature: float) -> None:
    """Divide the network's logits by a temperature, by way of the kernel and bias of its last layer.

    Args:
        model: Ends with a dense layer and its softmax; it is changed in place.
        temperature: Above 1 the answers are less sure; which one is most likely stays the same.

    Raises:
        InputError: The network ends otherwise.
    """
    last = model.layers[-1]
    if not isinstance(last, keras.layers.Dense) or last.activation is not keras.activations.softmax:
        raise InputError(
            f"{model.name}: its last layer, {last.name}, must be a dense one with softmax: the temperature goes into it"
        )
    last.set_weights([weight / temperature for weight in last.get_weights()])
