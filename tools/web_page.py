"""Make the static page that labels faces in a browser: python -m tools.web_page [--model FILE] [--out FOLDER].

The folder holds everything that the page needs, so any web server can serve it (docs/web.md).
"""

import argparse
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cv2.data import haarcascades

from emotion import errors, faces, files
from emotion.errors import InputError
from emotion.inference import drawing, model, reading

WEB = Path(__file__).resolve().parent.parent / "web"
PAGE = ("*.html", "*.js", "*.css", "*.svg")
# The smallest build of onnxruntime-web: WebAssembly alone.
VENDOR = {
    "onnxruntime-web": ("dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm"),
    "@opencvjs/web": ("lib/opencv_js.js", "LICENSE"),
}
HAAR = ("smallest", "detail", "neighbours", "step", "least_score", "margin")  # what faces.Haar is told


def main() -> None:
    """Read the command line, make the folder, say how to look at it."""
    parser = argparse.ArgumentParser(description="Make the static page that labels faces in a browser.")
    parser.add_argument("--model", type=Path, help="an ONNX file (default: models/emotion.onnx)")
    parser.add_argument("--out", type=Path, default=WEB / "site", help="the folder (default: web/site)")
    options = parser.parse_args()
    out = options.out
    build(options.model or model.default_path(), out)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {size / 1e6:.1f} MB. To look at it: python3 -m http.server --bind 127.0.0.1 --directory {out}")


def build(network: Path, out: Path) -> None:
    """Write the page, the libraries that it needs, the cascade, the network and settings.json into a folder.

    Raises:
        InputError: The network is none that the page can run, or npm is missing or fails.
    """
    if network.suffix != ".onnx":
        raise InputError(f"{network}: browsers run ONNX files: name one that ends in .onnx")
    wanted = settings(model.open_model(network).labels)
    _install()
    (out / "vendor").mkdir(parents=True, exist_ok=True)
    copies = {path: out / path.name for pattern in PAGE for path in WEB.glob(pattern)}
    for package, names in VENDOR.items():
        copies |= {WEB / "node_modules" / package / name: out / "vendor" / Path(name).name for name in names}
    copies[Path(haarcascades, f"haarcascade_frontalface_{faces.Haar().cascade}.xml")] = out / "cascade.xml"
    copies[network] = out / "emotion.onnx"
    for source, target in copies.items():
        shutil.copyfile(source, target)
    files.write_json(out / "settings.json", wanted)


def settings(labels: Sequence[str]) -> dict[str, Any]:
    """Return what the page shares with Python's side: onnxruntime-web shows no metadata of a model."""
    haar = faces.Haar()
    return {
        "labels": list(labels),
        "side": faces.SIDE,
        "window": faces.WINDOW,
        "largest": faces.LARGEST,
        "overlap": faces.OVERLAP,
        "haar": {name: getattr(haar, name) for name in HAAR},
        "pixels": reading.PIXELS,
        "longest": reading.LONGEST,
        "colours": drawing.COLOURS,
    }


def _install() -> None:
    """Install the locked packages into web/node_modules, unless that was done."""
    lock, done = WEB / "package-lock.json", WEB / "node_modules/.package-lock.json"
    if done.is_file() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise InputError("npm is not installed, which gets the page's libraries: see https://nodejs.org")
    got = subprocess.run([npm, "ci", "--loglevel=error"], cwd=WEB, capture_output=True, text=True)
    if got.returncode:
        reason = next((line for line in got.stderr.splitlines() if "npm error" in line), f"exit code {got.returncode}")
        raise InputError(f"`npm ci` in {WEB} failed: {reason.removeprefix('npm error ')}")


if __name__ == "__main__":
    errors.run(main)
