"""Print a line for each face: frame, box, label, probability (docs/devices.md). Ctrl-C ends it."""

import argparse
import signal
from collections.abc import Iterator
from pathlib import Path

from emotion import EmotionClassifier
from emotion.core.decoding import SUFFIXES
from emotion.core.errors import InputError
from emotion.inference.predictor import Result
from emotion.inference.video import Video, camera_index

MIN_FACE_SIZE = 48  # pixels of the smallest face that is detected; larger is faster


def main() -> None:
    """Read the command line and print what each frame holds."""
    parser = argparse.ArgumentParser(description="Label faces from a camera, a picture or a video.")
    parser.add_argument("model", help="a LiteRT or ONNX file of this project, such as distilled.int8.tflite")
    parser.add_argument("source", nargs="?", default="0", help="camera index, picture, video or RTSP address")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback
    try:
        classifier = EmotionClassifier(options.model, min_face_size=MIN_FACE_SIZE)
        for number, result in enumerate(_results(classifier, options.source)):
            for face in result.faces:
                print(number, *face.box, face.label, f"{face.probability:.3f}", flush=True)
    except InputError as error:
        raise SystemExit(f"error: {error}") from None


def _results(classifier: EmotionClassifier, source: str) -> Iterator[Result]:
    """Yield the faces of a picture, or of each frame."""
    if Path(source).suffix.lower() in SUFFIXES:
        yield classifier.predict(source)
        return
    index = camera_index(source)
    video = Video(source if index is None else index)
    if not video.opened:
        raise InputError(f"{source} cannot be opened: name a camera index, a picture or a video")
    while (frame := video.read()) is not None:
        yield classifier.predict(frame, bgr=True)


if __name__ == "__main__":
    main()
