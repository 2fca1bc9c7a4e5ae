"""The detectors' names and defaults, apart from their code, so that `emotion --help` needs none of it."""

DEFAULT = "mtcnn"
NAMES = ("mtcnn", "mtcnn-thorough", "yunet", "haar", "whole")
MIN_FACE_SIZE = 32  # pixels
