"""Print a line for each face: frame, box, label, probability (docs/devices.md). Ctrl-C ends it."""

import argparse
import json
import signal
import zipfile

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

SIDE = 48  # pixels of the network's input
MIN_FACE = 48  # pixels of the smallest face that is detected; larger is faster
WINDOW = 24  # pixels to which such a face is shrunk for the cascade
MIN_SCORE = 55  # of a detection; the scores of this cascade begin at 54
MARGIN = 0.02  # added on each side of the box, as for the training faces


def main() -> None:
    """Read the command line and print what each frame holds."""
    parser = argparse.ArgumentParser(description="Label faces from a camera, a picture or a video.")
    parser.add_argument("model", help="a LiteRT file of this project, such as cnn.int8.tflite")
    parser.add_argument("source", nargs="?", default="0", help="camera index, picture, video or RTSP address")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback
    try:
        labels = json.loads(zipfile.ZipFile(options.model).read("metadata.json"))["labels"]  # appended to the network
    except (OSError, KeyError, zipfile.BadZipFile):
        raise SystemExit(f"error: {options.model}: no such LiteRT file of this project") from None
    network = Interpreter(options.model)
    network.allocate_tensors()
    cascade = cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_frontalface_alt2.xml")
    source = cv2.VideoCapture(int(options.source) if options.source.isdigit() else options.source)
    if not source.isOpened():
        raise SystemExit(f"error: {options.source} cannot be opened: name a camera index, a picture or a video")
    frame = 0
    while (read := source.read())[0]:
        for box in boxes(cascade, read[1]):
            face = face_crop(read[1], *box).astype(np.float32)
            network.set_tensor(network.get_input_details()[0]["index"], face[None, ..., None])
            network.invoke()
            shares = network.get_tensor(network.get_output_details()[0]["index"])[0]
            print(frame, *box, labels[shares.argmax()], f"{shares.max():.3f}", flush=True)
        frame += 1


def boxes(cascade: cv2.CascadeClassifier, picture: np.ndarray) -> list[tuple[int, ...]]:
    """Return left, top, width and height of the faces in a picture, from left to right."""
    scale = WINDOW / MIN_FACE
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    found, _, scores = cascade.detectMultiScale3(gray, 1.1, 3, minSize=(WINDOW, WINDOW), outputRejectLevels=True)
    sure = [box for box, score in zip(found, np.ravel(scores), strict=True) if score >= MIN_SCORE]
    return sorted(tuple(round(float(end) / scale) for end in box) for box in sure)


def face_crop(picture: np.ndarray, left: int, top: int, width: int, height: int) -> np.ndarray:
    """Return the input of the network, gray (48, 48): each pixel is the mean of the pixels that it covers."""
    wide = round(max(width, height) * (1 + 2 * MARGIN))
    top, left = round(top + (height - wide) / 2), round(left + (width - wide) / 2)
    # Beyond the edge of the picture, its last pixels are repeated.
    rows, columns = (
        np.clip(start + np.arange(wide), 0, end - 1) for start, end in zip((top, left), picture.shape[:2], strict=True)
    )
    face = cv2.cvtColor(picture[np.ix_(rows, columns)], cv2.COLOR_BGR2GRAY)
    # Bit-identical to Pillow's box filter in emotion/core/pictures.py: a pixel between two cells counts for neither.
    scale, place = wide / SIDE, np.arange(wide)
    middle = (np.arange(SIDE)[:, None] + 0.5) * scale
    first, last = ((middle + way * scale + 0.5).astype(int) for way in (-0.5, 0.5))
    away = (place - middle + 0.5) * (1 / scale)
    inside = (place >= first) & (place < last) & (away > -0.5) & (away <= 0.5)
    share = np.floor(2**22 / inside.sum(axis=1, keepdims=True) + 0.5) * inside / 2**22
    return np.floor(share @ np.floor(face @ share.T + 0.5) + 0.5)


if __name__ == "__main__":
    main()
