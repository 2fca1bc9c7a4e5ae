"""Your own labelled pictures, `<folder>/<emotion>/*`, and the predictions for them."""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from emotion.core import folders, labels, subsets, tree
from emotion.core.decoding import SUFFIXES
from emotion.core.errors import InputError
from emotion.core.folders import Refused
from emotion.core.labels import EMOTIONS
from emotion.inference.predictor import EmotionClassifier

NO_FACE = "no face found"


def collect(folder: Path, order: str, refused: Refused, not_scored: Counter[str]) -> list[tuple[str, Path]]:
    """Return all pictures below `<folder>/<emotion>/`, whatever the emotion is called, each with its emotion.

    Args:
        folder: With one folder for each emotion, or folders with these in them.
        order: Which of labels.ORDERS the folders are numbered by, if they are.
        refused: Receives the path of each other file, and the reason.
        not_scored: Receives how many pictures have no label that is an emotion, and why.

    Raises:
        InputError: There is no such folder, or its folders are not those of one subset's emotions.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    files = {}
    for parts, names in tree.walk(folder, refused).items():
        files[parts] = [name for name in names if name.lower().endswith(SUFFIXES)]
        others = sorted(set(names) - set(files[parts]))
        refused += [(folders.printable(folder.joinpath(*parts, name)), folders.OTHER) for name in others]
    numbered = tree.numbers(files, order)
    named = tree.read(files, str(folder), numbered)
    _require_one_subset(folder, {about.subset: about.source for parts, about in named.items() if files[parts]})
    if numbered:
        print(f"labels are numbers, in the order {order}: {labels.numbered(order)}", file=sys.stderr)
    for parts, about in named.items():
        if files[parts] and about.label not in EMOTIONS:
            reason = labels.other(about.label) if about.label else "in no folder of an emotion"
            not_scored[reason] += len(files[parts])
    found = [(about.label, parts) for parts, about in named.items() if about.label in EMOTIONS]
    if not found:
        raise InputError(f"{folder}: holds no folder named after an emotion: {', '.join(EMOTIONS)}")
    if not any(files[parts] for _, parts in found):
        raise InputError("; ".join([f"{folder}: no pictures in its folders", *folders.told(refused)]))
    return [(str(label), folder.joinpath(*parts, name)) for label, parts in found for name in files[parts]]


def _require_one_subset(folder: Path, sources: dict[str, str]) -> None:
    named = [source for subset, source in sources.items() if subset != subsets.NO_SUBSET]
    if len(named) > 1:
        # `*` stands for each emotion.
        how = "copied into a folder of its own" if "*" in named[0] else f"such as {folder}/{named[0]}"
        raise InputError(f"{folder}: holds {' and '.join(named)}: score one of them, {how}")


def predictions(
    classifier: EmotionClassifier, pictures: Iterable[tuple[str, Path]], errors: list[str], not_scored: Counter[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels, positions in EMOTIONS (n,), and probabilities (n, 7) of the largest face of each picture.

    Args:
        classifier: Of the seven emotions.
        pictures: What `collect` returns.
        errors: Receives a line for each picture that cannot be read.
        not_scored: Receives how many pictures have no prediction, and why.
    """
    true_labels = []
    probabilities = []
    for emotion, path in tqdm(pictures, disable=None, leave=False):
        try:
            faces = classifier.predict(path).faces
        except InputError as error:
            errors.append(str(error))
            not_scored["cannot be read"] += 1
            continue
        if not faces:
            not_scored[NO_FACE] += 1
            continue
        largest = max(faces, key=lambda face: face.box[2] * face.box[3])
        true_labels.append(EMOTIONS.index(emotion))
        probabilities.append([largest.probabilities[name] for name in EMOTIONS])
    return np.array(true_labels), np.array(probabilities)
