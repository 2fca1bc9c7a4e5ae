"""Export: from a Keras model to ONNX and LiteRT files that run without TensorFlow."""
