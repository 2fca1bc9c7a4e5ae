"""Faces in pictures and their emotions, predicted by an exported network and without TensorFlow."""
