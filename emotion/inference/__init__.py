"""Faces in pictures and what they show, by an exported network and without TensorFlow."""
