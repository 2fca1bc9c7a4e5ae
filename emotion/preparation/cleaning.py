"""Decoding pictures into a table of 48x48 gray faces."""

import hashlib
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from emotion.core import decoding
from emotion.core.decoding import UnusableError
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.core.pictures import SIDE

SCHEMA = pa.schema(
    [
        ("name", pa.string()),  # the entry's name in data/faces.zip
        ("official", pa.string()),  # subset: Training, PublicTest, PrivateTest, Validation, Test, Extra or All
        ("label", pa.string()),
        ("pixels", pa.binary(SIDE * SIDE)),
        ("hash", pa.binary(16)),  # of the pixels: equal pictures, equal hashes
        ("blank", pa.bool_()),
    ]
)


def decode(picture: bytes) -> np.ndarray:
    """Return a picture's gray values, uint8 of shape (48, 48).

    Raises:
        UnusableError: It is no picture, is damaged or has another size.
    """
    with decoding.opened(picture, SIDE * SIDE) as image:
        if image.size != (SIDE, SIDE):
            raise UnusableError("wrong size")
        return decoding.gray(image)


def clean(pictures: Iterable[tuple[str, bytes]]) -> tuple[pa.Table, list[tuple[str, str]]]:
    """Decode all pictures of the canonical archive.

    Args:
        pictures: Pairs of `<official>/<emotion>/<file>` and the file's bytes.

    Returns:
        The table of faces (see SCHEMA), in the order given, and (name, reason) of what was set aside.
    """
    rows = []
    set_aside = []
    for name, picture in pictures:
        official, label, _ = name.split("/", 2)
        try:
            face = decode(picture)
        except UnusableError as reason:
            set_aside.append((name, str(reason)))
            continue
        pixels = face.tobytes()
        digest = hashlib.blake2b(pixels, digest_size=16).digest()
        # One gray value all over, except for the noise of JPEG. Kept, because the official test set holds some.
        blank = bool(np.ptp(face) < 10)
        rows.append((name, official, label, pixels, digest, blank))
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA), set_aside


def summarise(faces: pa.Table, set_aside: list[tuple[str, str]]) -> dict[str, object]:
    """Return the counts of metrics/clean.json; an emotion that is absent has none.

    Raises:
        InputError: There are faces of fewer than two emotions, so there is nothing to learn.
    """
    per_emotion = Counter(faces["label"].to_pylist())
    reasons = dict(sorted(Counter(reason for _, reason in set_aside).items()))
    if len(per_emotion) < 2:
        raise InputError(
            f"data/faces.zip: usable pictures of {', '.join(per_emotion) or 'no emotion'} only ({faces.num_rows}, set "
            f"aside: {', '.join(f'{count} x {reason}' for reason, count in reasons.items()) or 'none'}): "
            "add 48x48 pictures of two or more emotions"
        )
    return {
        "faces": faces.num_rows,
        "blank": sum(faces["blank"].to_pylist()),
        "distinct_pictures": len(set(faces["hash"].to_pylist())),
        "per_emotion": {emotion: per_emotion[emotion] for emotion in EMOTIONS},
        "set_aside": {"total": len(set_aside), **reasons},
    }
