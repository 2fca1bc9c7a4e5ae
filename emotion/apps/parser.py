"""The options of the command `emotion`."""

import argparse
from typing import TypeAlias

import emotion
from emotion.core.labels import ORDERS
from emotion.detection.names import DEFAULT, MIN_FACE_SIZE

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

MODEL = (
    "file ending in .onnx or .tflite; default: the model that comes with this project; small: a tenth of its size; "
    "fer2013: one that learned FER-2013's labels and has seen no other data"
)
DETECTOR = (
    "mtcnn; mtcnn-thorough, which finds more and takes longer; yunet (after `emotion fetch-yunet`) or the path of its "
    "file; haar, with OpenCV 4; or whole: each picture is a face; default: "
)


class _Version(argparse.Action):
    """Prints the version, which is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"emotion {emotion.__version__}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        "emotion",
        description="Detect faces and classify each as one of seven emotions.",
        epilog="example:\n  emotion predict photo.jpg -o out\n\n`emotion COMMAND --help` shows one for each command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (_predict, _score, _score_many, _webcam, _demo, _api):
        add(commands)
    _command(commands, "fetch-yunet", "Download another face detector, YuNet (0.2 MB), once.", "emotion fetch-yunet")
    return top


def _command(commands: Commands, name: str, description: str, example: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=description,
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _model(command: argparse.ArgumentParser, detector: str = DEFAULT, priors: bool = True) -> None:
    command.add_argument("--model", metavar="FILE|small|fer2013", help=MODEL)
    command.add_argument("--detector", default=detector, metavar="NAME", help=DETECTOR + detector)
    command.add_argument(
        "--min-face-size", type=_positive, default=MIN_FACE_SIZE, metavar="N",
        help=f"side in pixels of the smallest face to detect ({MIN_FACE_SIZE}); larger is faster",
    )  # fmt: skip
    command.add_argument(
        "--min-detection-score", type=float, metavar="SCORE",
        help="minimum score of a face: 0 to 1, for haar about 55; default: the detector's",
    )  # fmt: skip
    command.add_argument(
        "--upright", action=argparse.BooleanOptionalAction, default=True,
        help="turn a face whose eyes slope by 15 degrees or more until they are level (default; not with haar)",
    )  # fmt: skip
    if priors:
        command.add_argument(
            "--priors", help="how frequent emotions are in your pictures: equal, or angry=0.1,... for all seven"
        )


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too small: it must be at least 1")
    return number


def _predict(commands: Commands) -> None:
    description = "Classify the faces in pictures and videos."
    command = _command(commands, "predict", description, "emotion predict photo.jpg -o out")
    command.add_argument("inputs", nargs="+", metavar="INPUT", help="pictures, videos, folders of these; - reads stdin")
    command.add_argument("-o", "--output", metavar="FOLDER", help="write annotated pictures and videos (without sound)")
    command.add_argument("--json", action="store_true", help="write results.json there; without -o, to the terminal")
    command.add_argument("--csv", action="store_true", help="write results.csv there; without -o, to the terminal")
    command.add_argument("--explain", metavar="MODEL.keras", help="draw Grad-CAM heatmaps of the faces in pictures")
    _model(command)


def _score(commands: Commands) -> None:
    description = "Measure a model's accuracy on your own labelled pictures, FOLDER/<emotion>/*."
    command = _command(commands, "score", description, "emotion score my_faces")
    command.add_argument("folder", metavar="FOLDER", help="holds one folder for each emotion")
    command.add_argument("--json", action="store_true", help="print the scores as JSON")
    command.add_argument("-o", "--output", metavar="FILE", help="write the scores there as JSON")
    command.add_argument(
        "--label-order", choices=ORDERS, default="fer2013", help="data set whose numbers the folders bear (fer2013)"
    )
    _model(command)


def _score_many(commands: Commands) -> None:
    description = "Predict the emotions of very many pictures, to Parquet."
    command = _command(commands, "score-many", description, "emotion score-many faces/ out/")
    command.add_argument("input", metavar="INPUT", help="a Parquet file, or a folder of these or of pictures")
    command.add_argument("output", metavar="OUTPUT", help="folder of the results; resume with the same command")
    command.add_argument("--column", metavar="NAME", help="column of the pictures (pixels, image, picture or bytes)")
    command.add_argument("--chunk", type=_positive, default=4096, metavar="N", help="rows per output file (4096)")
    command.add_argument("--workers", type=_positive, metavar="N", help="processes, one core each (all cores)")
    command.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="HOST:PORT of a Ray cluster's head, auto, local or off (local for 200,000 pictures or more)",
    )
    _model(command, detector="whole", priors=False)


def _webcam(commands: Commands) -> None:
    description = "Classify the faces in front of a camera; q quits, s saves a picture."
    command = _command(commands, "webcam", description, "emotion webcam")
    command.add_argument(
        "source", nargs="?", default="0", metavar="SOURCE", help="index of a camera (0), a video, or an RTSP address"
    )
    _model(command)


def _address(command: argparse.ArgumentParser, port: int) -> None:
    command.add_argument("--port", type=int, default=port, help=f"where to listen ({port})")
    command.add_argument("--host", default="127.0.0.1", help="0.0.0.0 accepts connections from other machines, too")
    command.add_argument(
        "--root-path", type=_path, default="", metavar="PATH", help="path under which a proxy serves it, such as /faces"
    )


def _path(text: str) -> str:
    """Return a path as servers want it: with a slash in front and none at the end; empty if there is none."""
    return f"/{text.strip('/')}".rstrip("/")


def _demo(commands: Commands) -> None:
    command = _command(commands, "demo", "Serve a web page that classifies faces.", "emotion demo --port 8000")
    _address(command, 7860)
    command.add_argument("--share", action="store_true", help="make it public through Gradio's servers")
    _model(command)


def _api(commands: Commands) -> None:
    command = _command(commands, "api", "Serve the classifier to other programs over HTTP.", "emotion api --port 8000")
    _address(command, 8000)
    command.add_argument("--workers", type=_positive, default=1, metavar="N", help="processes (1)")
    _model(command, priors=False)
    # None: without the option, the environment variable or its default counts.
    command.set_defaults(detector=None, min_face_size=None, upright=None)
