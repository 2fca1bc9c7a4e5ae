"""Refuse staged files that hold a real face or a credential: python -m tools.check_staged [FILES].

What counts is what git is about to commit, not the file in the folder. Without FILES: all that is staged.
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

from emotion import errors
from emotion.errors import InputError
from emotion.faces import Haar, rgb
from tools import staged_secrets
from tools.staged_secrets import line_of

# Git takes no binary file but these. The first show drawn faces, or means of thousands; in the others is none.
SHOW_FACES = ("docs/apps/*.png", "plots/data/mean_faces.png", "plots/explain/drawn_faces.png")
FIGURES = (
    *SHOW_FACES,
    *(
        "docs/results.png",
        "docs/overfitting.png",
        "docs/study.png",
        "docs/tuning.png",
        "docs/compare/roc_of_all_models.png",
    ),
    *("plots/architecture/*.png", "plots/confusion/*.png", "plots/data/*.png"),
    *("plots/compare/differences.png", "plots/compare/pareto.png", "plots/robustness/*.png"),
)
# Pixels of a figure's shorter side: cut-out faces are smaller, and the cascade overlooks a third of them.
SMALLEST = 200
NETWORKS = ("models/emotion.onnx",)
# A face in FER-2013's CSV has 2,304 gray values; nothing else here has so many whole numbers in a row.
PIXELS = re.compile(rb"(?<![\w.])(?:\d{1,3}[\s,;]+){1000}")
EMBEDDED = re.compile(
    rb"(?:data:image/[\w.+-]+;base64,|iVBORw0KGgo|/9j/|R0lGOD|UklGR)(?:[A-Za-z0-9+/=]|\\n|\s(?=[A-Za-z0-9+/=])){100,}"
)


def main(*names: str) -> None:
    """Print what is wrong, a line for each finding, and exit with 1 if anything is; `names` as git writes them."""
    listed = git("diff", "--cached", "--name-only", "--diff-filter=d", "-z") if not names else b""
    paths = list(names) or listed.decode().split("\0")[:-1]
    problems = [problem for path in paths for problem in findings(path, staged(path))]
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        sys.exit(
            "error: see above: take it out with `git restore --staged FILE`; whoever saw a key can use it: revoke it"
        )


def staged(path: str) -> bytes:
    """Return what the index holds under a path.

    Raises:
        InputError: It holds nothing there.
    """
    try:
        return git("show", f":{path}")
    except subprocess.CalledProcessError:
        raise InputError(f"{path}: git's index has no such file: `git add` it first") from None


def findings(path: str, content: bytes) -> Iterator[str]:
    """Yield a line for each thing that must not get into git; a credential itself stands in none of them."""
    yield from staged_secrets.findings(path, content)
    if _is_text(content):
        yield from _pixels_in_text(path, content)
    elif _is_one_of(path, FIGURES):
        yield from _faces_in_figure(path, content)
    elif not _is_one_of(path, NETWORKS):
        yield (
            f"{path}: a binary file, which may hold faces: git takes only the pictures that tools/check_staged.py "
            "names; data and weights belong to DVC (`dvc add`, dvc.yaml)"
        )


def _pixels_in_text(path: str, content: bytes) -> Iterator[str]:
    for found in PIXELS.finditer(content):
        yield f"{path}:{line_of(content, found)}: gray values of a picture"
        return
    for found in EMBEDDED.finditer(content):
        if not _is_a_known_figure(found[0]):
            yield f"{path}:{line_of(content, found)}: a picture inside the text, none of the figures that git tracks"


def _is_a_known_figure(text: bytes) -> bool:
    """Return whether a picture has the bytes of a figure that git tracks, as those in plots/report.html."""
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
        yield f"{path}: no picture that can be read"
        return
    if min(picture.shape[:2]) < SMALLEST:
        yield f"{path}: too small for a figure: {picture.shape[1]}x{picture.shape[0]} pixels"
    if _is_one_of(path, SHOW_FACES):
        return
    # Around cut-out faces the cascade wants some room.
    room = max(picture.shape[:2]) // 4
    picture = cv2.copyMakeBorder(picture, room, room, room, room, cv2.BORDER_REPLICATE)
    if found := len(Haar().find(picture)):
        yield f"{path}: shows {found} face{'s' * (found > 1)}, where a figure without faces belongs"


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _is_one_of(path: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a path fits one of the patterns, whose `*` stands for no folder."""
    return any(fnmatchcase(path, pattern) and path.count("/") == pattern.count("/") for pattern in patterns)


def git(*arguments: str, content: bytes | None = None) -> bytes:
    """Run git, give it content on stdin, and return what it prints."""
    return subprocess.run(["git", *arguments], input=content, capture_output=True, check=True).stdout


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
