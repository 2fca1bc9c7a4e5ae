"""Build the static page that labels faces in a browser: python -m tools.web_page [--model FILE] [--out FOLDER].

The folder holds everything that the page needs, so any web server can serve it.
"""

import argparse
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from emotion.core import errors, files, pictures
from emotion.core.errors import InputError
from emotion.detection import boxes, following, mtcnn, names, networks
from emotion.inference import drawing, model, reading

WEB = Path(__file__).resolve().parent.parent / "deploy/web"
PAGE = ("*.html", "*.js", "*.css", "*.svg")
# The smallest build of onnxruntime-web: WebAssembly alone.
VENDOR = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
DETECTOR = ("pnet.onnx", "rnet.onnx", "onet.onnx", "LICENSE")  # of models/mtcnn


def main() -> None:
    """Build the folder and print the command that serves it."""
    parser = argparse.ArgumentParser(description="Build the static page that labels faces in a browser.")
    parser.add_argument("--model", help="an ONNX file, or small or fer2013 (default: models/emotion.onnx)")
    parser.add_argument("--out", type=Path, default=WEB / "site", help="the folder (default: deploy/web/site)")
    options = parser.parse_args()
    out = options.out
    build(model.path_of(options.model), out)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {size / 1e6:.1f} MB. Serve it with: python3 -m http.server --bind 127.0.0.1 --directory {out}")


def build(network: Path, out: Path) -> None:
    """Write the page, the libraries that it needs, the networks and settings.json into a folder.

    Raises:
        InputError: The page cannot run the network, or npm is missing or fails.
    """
    if network.suffix != ".onnx":
        raise InputError(f"{network}: browsers run ONNX files: name one that ends in .onnx")
    page_settings = settings(model.open_model(network).labels)
    _install()
    for folder in ("vendor", "mtcnn"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    copies = {path: out / path.name for pattern in PAGE for path in WEB.glob(pattern)}
    copies |= {WEB / "node_modules/onnxruntime-web/dist" / name: out / "vendor" / name for name in VENDOR}
    copies |= {networks.shipped("mtcnn") / name: out / "mtcnn" / name for name in DETECTOR}
    copies[network] = out / "emotion.onnx"
    for source, target in copies.items():
        shutil.copyfile(source, target)
    files.write_json(out / "settings.json", page_settings)


def settings(labels: Sequence[str]) -> dict[str, Any]:
    """Return what the page shares with Python; the labels too, because onnxruntime-web shows no metadata of a model."""
    return {
        "labels": list(labels),
        "side": pictures.SIDE,
        "margin": mtcnn.MTCNN.margin,
        "min_slope": pictures.MIN_SLOPE,
        "overlap": boxes.MAX_OVERLAP,
        "mtcnn": {  # the detector that EmotionClassifier takes if nothing else is asked for
            "window": mtcnn.WINDOW,
            "stride": mtcnn.STRIDE,
            "window_to_face": mtcnn.WINDOW_TO_FACE,
            "max_boxes": mtcnn.MAX_BOXES,
            "max_iou": mtcnn.MAX_IOU,
            "max_iou_in_size": mtcnn.MAX_IOU_IN_SIZE,
            "min_face_size": names.MIN_FACE_SIZE,
            "follow_margin": mtcnn.FOLLOW_MARGIN,
            **asdict(mtcnn.FAST),
        },
        "detection_interval": following.DETECTION_INTERVAL,
        "pixels": reading.MAX_PIXELS,
        "longest": reading.MAX_SIDE,
        "colours": drawing.COLOURS,
    }


def _install() -> None:
    """Install the locked packages into deploy/web/node_modules, unless they are up to date."""
    lock = WEB / "package-lock.json"
    done = WEB / "node_modules/.package-lock.json"
    if done.is_file() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise InputError("npm is not installed: it downloads the page's libraries, see https://nodejs.org")
    result = subprocess.run([npm, "ci", "--loglevel=error"], cwd=WEB, capture_output=True, text=True)
    if result.returncode:
        problems = [line for line in result.stderr.splitlines() if "npm error" in line]
        reason = problems[0] if problems else f"exit code {result.returncode}"
        raise InputError(f"`npm ci` in {WEB} failed: {reason.removeprefix('npm error ')}")


if __name__ == "__main__":
    errors.run(main)
