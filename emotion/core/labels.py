"""The seven emotions of FER-2013 in the one order that this project uses, and what other data sets call them."""

import re

# Alphabetical, as in the folders of the Kaggle archive.
EMOTIONS: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
# Labels of the field that are none of the seven: their faces are counted, and neither trained on nor scored.
OTHERS = ("contempt", "none", "unknown", "not_a_face")

# By meaning, the words of FER+, AffectNet, RAF-DB, CK+ and KDEF, and the codes in the file names of KDEF and JAFFE.
_WORDS = {
    "angry": "angry anger an",
    "disgust": "disgust disgusted di",
    "fear": "fear fearful afraid fe af",
    "happy": "happy happiness ha",
    "neutral": "neutral neutrality ne",
    "sad": "sad sadness sa",
    "surprise": "surprise surprised su",
    "contempt": "contempt contemptuous",
    "none": "none",
    "unknown": "unknown uncertain",
    "not_a_face": "notaface noface nonface nf",
}
_MEANINGS = {word: label for label, words in _WORDS.items() for word in words.split()}

# How data sets number their labels.
ORDERS = {
    "fer2013": dict(enumerate(["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"])),
    "affectnet": dict(enumerate(["neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", *OTHERS])),
    "rafdb": dict(enumerate(["surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"], start=1)),
}


def meaning(name: str, order: str | None = None) -> str | None:
    """Return which of EMOTIONS or OTHERS a name means, in any case, as a noun or an adjective; None if it is unknown.

    Args:
        name: Of a folder or a label.
        order: Which of ORDERS numbers follow; None: a number is unknown.
    """
    if order and re.fullmatch("[0-9]{1,3}", name.strip()):
        return ORDERS[order].get(int(name))
    return _MEANINGS.get(re.sub(r"[\W_]+", "", name).lower())


def other(label: str) -> str:
    """Return why a face with one of the OTHERS as its label is not used."""
    return f"labelled {label}, which is not one of the seven emotions"


def numbered(order: str) -> str:
    """Return the numbers of an order with their meanings, as one line of text."""
    return ", ".join(f"{number} {label}" for number, label in ORDERS[order].items())
