"""Known defects among synthetic faces, with which the findings of the audit can be compared."""

from dataclasses import dataclass

import cv2
import numpy as np

# The defects of FER-2013: test faces with a duplicate in training, training faces with an exact duplicate under
# another label, and blank pictures. Shares of the subset that holds them.
IN_TEST = {"exact_duplicate": 0.02, "mirrored_duplicate": 0.02, "near_duplicate": 0.02}
IN_TRAINING = {"label_conflict": 0.0016, "blank": 0.0008}


@dataclass(frozen=True)
class Defect:
    """What replaces a face: a copy of another one, changed as the kind says, or a blank picture."""

    kind: str
    original: int  # index of the copied face; its own if it is blank


def plan_defects(faces: list[tuple[str, str]], seed: int) -> dict[int, Defect]:
    """Return the defects by the index of the face that they replace; of every kind one if there is room.

    Args:
        faces: The official subset and the emotion of each face, those of one subset and emotion in a row.
        seed: Of the choice.
    """
    rng = np.random.default_rng([seed, len(faces)])
    defects: dict[int, Defect] = {}
    for subset, shares in {"PrivateTest": IN_TEST, "Training": IN_TRAINING}.items():
        # The first of each emotion is never replaced, so that no emotion is lost with the defects.
        spare = [index for index, face in enumerate(faces) if face[0] == subset and face == faces[index - 1]]
        size = sum(face[0] == subset for face in faces)
        for kind, share in shares.items():
            free = [index for index in spare if index not in _used(defects)]
            for index in rng.permutation(free)[: max(1, round(share * size))].tolist():
                defects[index] = Defect(kind, _original(faces, index, kind, defects=defects, rng=rng))
    return defects


def _original(
    faces: list[tuple[str, str]], index: int, kind: str, *, defects: dict[int, Defect], rng: np.random.Generator
) -> int:
    """Return a training face without a defect, of the same emotion or, for a label conflict, of another."""
    if kind == "blank":
        return index
    used = {index} | _used(defects)
    wanted = [
        place
        for place, (subset, emotion) in enumerate(faces)
        if subset == "Training" and (emotion == faces[index][1]) is (kind != "label_conflict") and place not in used
    ]
    return int(rng.choice(wanted))


def _used(defects: dict[int, Defect]) -> set[int]:
    return {*defects, *(defect.original for defect in defects.values())}


def change(face: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return a face, uint8 (48, 48), with a defect of that kind.

    A near-duplicate is shifted by up to 2 pixels, made brighter or darker by up to 15 %, or compressed as a JPEG of
    quality 70.
    """
    if kind == "blank":
        return np.full_like(face, rng.integers(256))
    if kind == "mirrored_duplicate":
        return np.ascontiguousarray(face[:, ::-1])
    return CHANGES[rng.integers(len(CHANGES))](face, rng) if kind == "near_duplicate" else face


def _shift(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    right, down = rng.choice([-2, -1, 1, 2], 2)
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
    return cv2.warpAffine(face, matrix, face.shape[::-1], borderMode=cv2.BORDER_REPLICATE)


def _brighten(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    factor = 1 + rng.choice([-1, 1]) * rng.uniform(0.05, 0.15)
    return np.clip(np.rint(face * factor), 0, 255).astype(np.uint8)


def _compress(face: np.ndarray, _: np.random.Generator) -> np.ndarray:
    content = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, 70])[1]
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE))


CHANGES = (_shift, _brighten, _compress)
