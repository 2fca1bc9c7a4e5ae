"""Refuse staged files that hold a real face or a credential: python -m tools.check_staged [FILES].

It checks what git is about to commit, not the file in the folder. Without FILES it checks everything that is staged.
"""

import base64
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase

import cv2
from PIL import Image

from emotion.core import errors
from emotion.core.decoding import rgb
from emotion.core.errors import InputError
from emotion.detection.mtcnn import MTCNN
from tools import staged_secrets
from tools.staged_secrets import line_of

# The only binary files that git takes. WITH_FACES show synthetic faces or means of thousands; the others show none.
WITH_FACES = (
    "docs/readme.png",
    "docs/apps/*.png",
    "plots/data/mean_faces.png",
    "plots/explain/drawn_faces.png",
)
FIGURES = (
    *WITH_FACES,
    "docs/overfitting.png",
    "docs/study.png",
    "docs/tuning.png",
    "docs/compare/roc_of_all_models.png",
    "plots/architecture/*.png",
    "plots/compare/differences.png",
    "plots/compare/pareto.png",
    "plots/confusion/*.png",
    "plots/data/*.png",
)
MIN_SIDE = 200  # pixels of a figure's shorter side: cropped faces are smaller, and the cascade misses a third of them
NETWORKS = ("models/emotion*.onnx", "models/mtcnn/*.onnx")
TABLES = ("emotion/annotations/ferplus_rows.parquet",)  # numbers of pictures and rows, no pixels
# A face in FER-2013's CSV has 2,304 gray values; nothing else here has so many whole numbers in a row.
PIXELS = re.compile(rb"(?<![\w.])(?:\d{1,3}[\s,;]+){1000}")
EMBEDDED = re.compile(
    rb"(?:data:image/[\w.+-]+;base64,|iVBORw0KGgo|/9j/|R0lGOD|UklGR)(?:[A-Za-z0-9+/=]|\\n|\s(?=[A-Za-z0-9+/=])){100,}"
)


def main(*names: str) -> None:
    """Print a line for each finding in the files of these names and exit with 1 if there is one."""
    listed = git("diff", "--cached", "--name-only", "--diff-filter=d", "-z") if not names else b""
    paths = list(names) or listed.decode().split("\0")[:-1]
    problems = [problem for path in paths for problem in findings(path, staged(path))]
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        sys.exit(
            "error: see above: unstage it with `git restore --staged FILE`; revoke a key that others may have seen"
        )


def staged(path: str) -> bytes:
    """Return the content of a file in git's index.

    Raises:
        InputError: It is not in the index.
    """
    try:
        return git("show", f":{path}")
    except subprocess.CalledProcessError:
        raise InputError(f"{path}: git's index has no such file: run `git add` first") from None


def findings(path: str, content: bytes) -> Iterator[str]:
    """Yield a line for each thing that must not get into git, without the credential itself."""
    yield from staged_secrets.findings(path, content)
    if _is_text(content):
        yield from _pixels_in_text(path, content)
    elif _is_one_of(path, FIGURES):
        yield from _faces_in_figure(path, content)
    elif not _is_one_of(path, (*NETWORKS, *TABLES)):
        yield (
            f"{path}: a binary file, which may hold faces: git takes only the figures that tools/check_staged.py "
            "lists; data and weights belong in DVC (`dvc add`, dvc.yaml)"
        )


def _pixels_in_text(path: str, content: bytes) -> Iterator[str]:
    if found := PIXELS.search(content):
        yield f"{path}:{line_of(content, found)}: gray values of a picture"
        return
    for found in EMBEDDED.finditer(content):
        if not _is_a_known_figure(found[0]):
            yield f"{path}:{line_of(content, found)}: an embedded picture that is no figure in git"


def _is_a_known_figure(text: bytes) -> bool:
    """Return whether an embedded picture has the bytes of a figure in git, as those of plots/report.html have."""
    text = re.sub(rb"^data:.*?,|\\n|\s|=", b"", text)
    try:
        picture = base64.b64decode(text + b"=" * (-len(text) % 4))
    except ValueError:
        return False
    own = git("hash-object", "--stdin", content=picture).decode().strip()
    tracked = (line.split(maxsplit=3) for line in git("ls-files", "-s", "-z").decode().split("\0")[:-1])
    return any(own == identity and _is_one_of(path, FIGURES) for _, identity, _, path in tracked)


def _faces_in_figure(path: str, content: bytes) -> Iterator[str]:
    try:
        picture = rgb(Image.open(io.BytesIO(content)))
    except (OSError, ValueError, Image.DecompressionBombError):
        yield f"{path}: not a readable picture"
        return
    if min(picture.shape[:2]) < MIN_SIDE:
        yield f"{path}: too small for a figure: {picture.shape[1]}x{picture.shape[0]} pixels"
    if _is_one_of(path, WITH_FACES):
        return
    # The detector needs a margin around cropped faces.
    room = max(picture.shape[:2]) // 4
    picture = cv2.copyMakeBorder(picture, room, room, room, room, cv2.BORDER_REPLICATE)
    if found := len(MTCNN().find(picture)):
        yield f"{path}: shows {found} face{'s' * (found > 1)}, but this figure must show none"


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _is_one_of(path: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a path matches one of the patterns, whose `*` matches no slash."""
    return any(fnmatchcase(path, pattern) and path.count("/") == pattern.count("/") for pattern in patterns)


def git(*arguments: str, content: bytes | None = None) -> bytes:
    """Run git, give it content on stdin, and return what it prints."""
    return subprocess.run(["git", *arguments], input=content, capture_output=True, check=True).stdout


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
