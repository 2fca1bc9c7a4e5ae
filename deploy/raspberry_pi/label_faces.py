"""Print a line for each face: frame, box, label, probability (docs/devices.md). Ctrl-C ends it."""

import argparse
import signal

from emotion import EmotionClassifier
from emotion.core.errors import InputError
from emotion.inference.video import Video

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
    except InputError as error:
        raise SystemExit(f"error: {error}") from None
    video = Video(int(options.source) if options.source.isdigit() else options.source)
    if not video.opened:
        raise SystemExit(f"error: {options.source} cannot be opened: name a camera index, a picture or a video")
    frame = 0
    while (picture := video.read()) is not None:
        for face in classifier.predict(picture, bgr=True).faces:
            print(frame, *face.box, face.label, f"{face.probability:.3f}", flush=True)
        frame += 1


if __name__ == "__main__":
    main()
