"""The command `emotion`."""

import argparse
import importlib
import io
import os
import sys

from emotion import errors
from emotion.errors import InputError

MODEL = "file ending in .onnx or .tflite; default: the model that comes with this project"
DETECTOR = (
    "haar, yunet (after `emotion fetch-yunet`), the path of YuNet's file, or whole: each picture is a face; default: "
)


def run() -> None:
    """Run the command with the arguments of this process; what a person can act on is one line."""
    errors.run(main)


def main() -> None:
    """Parse the arguments and run what they name.

    Raises:
        InputError: What is wrong with the input, or with the libraries of this system.
    """
    for stream in (sys.stdout, sys.stderr):  # a file may have any name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args()
    # OpenCV and FFmpeg tell what they tried; we tell what came out.
    os.environ |= {"OPENCV_LOG_LEVEL": "OFF", "OPENCV_FFMPEG_LOGLEVEL": "-8"} | os.environ
    try:
        _run(options)
    except ImportError as error:
        raise _explained(error) from error
    except BrokenPipeError:  # `emotion predict ... | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(options: argparse.Namespace) -> None:
    """Import what a command needs, and nothing else, and run it."""
    if options.command != "fetch-yunet":
        importlib.import_module(f"emotion.apps.{options.command.replace('-', '_')}").main(options)
    else:
        from emotion.inference import yunet

        path = yunet.default_path()
        fetched = yunet.fetch(path)
        print(f"{path}: {'downloaded' if fetched else 'is there already'}; now `--detector yunet` works")


def _explained(error: ImportError) -> Exception:
    """Return what helps if a library is missing: one of the system, or one that only some commands need."""
    if ".so" in str(error) and "cv2" in sys.modules or "libGL" in str(error):
        remedy = "on Debian or Ubuntu run `sudo apt-get install libgl1 libglib2.0-0`"
        return InputError(f"OpenCV cannot be loaded ({error}): {remedy}")
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("emotion"):
        extra = "scale" if error.name.partition(".")[0] in ("pyarrow", "ray") else None
        remedy = f'`pip install "emotion[{extra}]"`; ' if extra else ""
        return InputError(
            f"{error.name} is needed and not installed: {remedy}in the repository `make setup` installs everything"
        )
    return error


def parser() -> argparse.ArgumentParser:
    """Return what the command understands."""
    top = argparse.ArgumentParser("emotion", description="Find faces and say what they show: seven emotions.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _predict(
        _command(commands, "predict", "Classify the faces in pictures and videos.", "emotion predict photo.jpg -o out")
    )
    _score(
        _command(commands, "score", "Score a model on your own pictures, FOLDER/<emotion>/*.", "emotion score my_faces")
    )
    _score_many(
        _command(commands, "score-many", "Classify very many pictures, to Parquet.", "emotion score-many faces/ out/")
    )
    _webcam(_command(commands, "webcam", "Classify faces before a camera; q quits, s saves.", "emotion webcam"))
    _demo(_command(commands, "demo", "Serve a web page that classifies faces.", "emotion demo --port 8000"))
    _api(_command(commands, "api", "Serve the classifier to other programs, by HTTP.", "emotion api --port 8000"))
    _command(commands, "fetch-yunet", "Download a better face detector (0.2 MB), once.", "emotion fetch-yunet")
    return top


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, what: str, example: str
) -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    return commands.add_parser(name, help=what, description=what, epilog=f"example:\n  {example}", formatter_class=form)


def _model(command: argparse.ArgumentParser, detector: str = "haar") -> None:
    command.add_argument("--model", metavar="FILE", help=MODEL)
    command.add_argument("--detector", default=detector, metavar="NAME", help=DETECTOR + detector)
    command.add_argument("--smallest", type=_count, default=40, metavar="N", help="pixels of the smallest face (40)")
    command.add_argument("--upright", action="store_true", help="turn faces until their eyes are level (yunet)")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too small")
    return number


def _predict(command: argparse.ArgumentParser) -> None:
    command.add_argument("inputs", nargs="+", metavar="INPUT", help="pictures, videos, folders of these; - reads stdin")
    command.add_argument("-o", "--output", metavar="FOLDER", help="write annotated pictures and videos (without sound)")
    command.add_argument("--json", action="store_true", help="write results.json there; without -o, to the terminal")
    command.add_argument("--csv", action="store_true", help="write results.csv there; without -o, to the terminal")
    command.add_argument(
        "--explain", metavar="MODEL.keras", help="draw what in faces of pictures speaks for the answer"
    )
    _model(command)


def _score(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", metavar="FOLDER", help="holds one folder for each emotion")
    command.add_argument("--json", action="store_true", help="print the scores as JSON")
    _model(command)


def _score_many(command: argparse.ArgumentParser) -> None:
    command.add_argument("input", metavar="INPUT", help="a Parquet file, or a folder of these or of pictures")
    command.add_argument("output", metavar="OUTPUT", help="folder of the results; the same command goes on there")
    command.add_argument("--column", metavar="NAME", help="which holds the pictures (pixels, image, picture or bytes)")
    command.add_argument("--chunk", type=_count, default=4096, metavar="N", help="rows that become one part (4096)")
    command.add_argument("--workers", type=_count, metavar="N", help="processes, one core each (all cores)")
    command.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="HOST:PORT of a Ray cluster's head, auto, local or off (local from 200,000 pictures on)",
    )
    _model(command, detector="whole")


def _webcam(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", nargs="?", default="0", help="number of a camera (0), a video, or an RTSP address")
    _model(command)


def _demo(command: argparse.ArgumentParser) -> None:
    command.add_argument("--port", type=int, default=7860, help="where the page is served (7860)")
    command.add_argument("--host", default="127.0.0.1", help="0.0.0.0: other computers may open it, too")
    command.add_argument("--share", action="store_true", help="show it to the world by way of Gradio's servers")
    _model(command)


def _api(command: argparse.ArgumentParser) -> None:
    command.add_argument("--port", type=int, default=8000, help="where to listen (8000)")
    command.add_argument("--host", default="127.0.0.1", help="0.0.0.0: other computers may ask, too")
    command.add_argument("--workers", type=_count, default=1, metavar="N", help="processes (1)")
    _model(command)
    command.set_defaults(detector=None, smallest=None, upright=None)  # else the environment would not count
