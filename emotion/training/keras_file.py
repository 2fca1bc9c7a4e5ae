"""Keras files that are byte-identical where the weights are, so that DVC sees no change where there is none."""

import json
import re
import tempfile
import zipfile
from pathlib import Path

import keras

from emotion.core.files import atomic


def save(model: keras.Model, target: str | Path) -> None:
    """Write a `.keras` file without the date, timestamps and memory addresses that Keras puts into it."""
    with tempfile.TemporaryDirectory() as folder, atomic(target) as final:
        saved = Path(folder) / "model.keras"
        model.save(saved)
        with zipfile.ZipFile(saved) as source, zipfile.ZipFile(final, "w") as clean:
            for name in sorted(source.namelist()):
                # a fresh ZipInfo has a fixed date, 1980-01-01
                clean.writestr(zipfile.ZipInfo(name), _stable(name, source.read(name)))


def _stable(name: str, content: bytes) -> bytes:
    if name == "metadata.json":
        return json.dumps({"keras_version": json.loads(content)["keras_version"], "date_saved": ""}).encode()
    if name == "config.json":
        identities: dict[bytes, int] = {}
        return re.sub(
            rb'"shared_object_id": (\d+)',
            lambda match: b'"shared_object_id": %d' % identities.setdefault(match[1], len(identities)),
            content,
        )
    return content
