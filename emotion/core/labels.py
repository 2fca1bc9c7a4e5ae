"""The seven emotions of FER-2013 in the one order that this project uses."""

# Alphabetical, as in the folders of the Kaggle archive. The older CSV numbers them differently;
# only emotion/sources/layouts.py, which reads that file, knows how.
EMOTIONS: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
