"""From a Keras model to files that run anywhere."""
