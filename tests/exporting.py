"""A network that is easily exported wrongly, faces for it, and how it is adjusted."""

import keras
import numpy as np

TEMPERATURE = 1.7
OFFSETS = 0.5 * np.log([0.1, 0.05, 0.15, 0.3, 0.2, 0.1, 0.1])


def coarse_faces(count: int) -> np.ndarray:
    """Return coarse noise, uint8 (n, 48, 48)."""
    coarse = np.random.default_rng(1).integers(0, 256, (count, 6, 6), np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def network(size: int, seed: int = 1) -> keras.Model:
    """Return a network that is easily exported wrongly: it resizes, has batch norm, and pads before it pools."""
    keras.utils.clear_session()  # else the layers of a second network would have other names
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    face = keras.Input((48, 48, 1), name="face")
    x = layers.Concatenate()([face, face, face])  # as in networks with ImageNet weights
    x = layers.Resizing(size, size)(x) if size != 48 else x
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    # Mostly negative, so that the padding of the pooling matters.
    x = layers.Conv2D(8, 3, padding="same", bias_initializer=keras.initializers.Constant(-1))(x)
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for width in (8, 16):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        x = layers.Dropout(0.5)(layers.MaxPooling2D()(x))
    x = layers.Dense(16, activation="swish")(layers.Flatten()(x))
    bias = keras.initializers.RandomNormal(stddev=0.5, seed=seed)
    emotion = layers.Dense(7, activation="softmax", bias_initializer=bias, name="emotion")(x)
    model = keras.Model(face, emotion, name="network")
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    return model


def logits_of(model: keras.Model, faces: np.ndarray) -> np.ndarray:
    """Return the inputs of the softmax, float64 (n, 7)."""
    kernel, bias = model.layers[-1].get_weights()
    features = keras.Model(model.input, model.layers[-2].output)
    return np.asarray(features(faces[..., None].astype(np.float32), training=False), np.float64) @ kernel + bias
