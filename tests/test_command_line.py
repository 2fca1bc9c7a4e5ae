"""Every command: its help shows an example that works, and neither an address nor nothing is a file."""

import re

import pytest

from emotion.apps import main
from tests.pasted import Capture, emotion_command


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "https://example.org/a.jpg"),
        ("predict", "a.jpg", "rtsp://camera/a"),
        ("score", "s3://bucket/faces"),
        ("score-many", "gs://faces", "out"),
        ("score-many", "faces", "S3://out"),
        ("api", "--model", "https://example.org/a.onnx"),
    ],
)
def test_an_address_is_refused_as_such(arguments: tuple[str, ...], monkeypatch, capsys: Capture):
    address = next(text for text in arguments if "://" in text)
    assert emotion_command(monkeypatch, *arguments) == 1
    remedy = "addresses are not opened: download it and name the file (`emotion webcam` opens streams)"
    assert capsys.readouterr().err == f"error: {address}: {remedy}\n"


@pytest.mark.parametrize(
    ("option", "arguments"),
    [
        ("inputs", ("predict", "")),
        ("folder", ("score", "")),
        ("output", ("predict", "a.jpg", "-o", "")),
        ("model", ("webcam", "--model", "")),
    ],
)
def test_an_empty_name_is_no_folder(option: str, arguments: tuple[str, ...], monkeypatch, capsys: Capture):
    assert emotion_command(monkeypatch, *arguments) == 1
    assert capsys.readouterr().err == f"error: {option}: the name is empty (an unset variable?): write one\n"


@pytest.mark.parametrize("command", ["predict", "score"])
def test_a_name_that_is_too_long_is_one_line(command: str, monkeypatch, capsys: Capture):
    name = 300 * "a"
    assert emotion_command(monkeypatch, command, name) == 1
    assert capsys.readouterr().err == f"error: {name}: this name is too long for a file\n"


@pytest.mark.parametrize("name", ["", *main.COMMANDS, "fetch-yunet"])
def test_help_shows_an_example_that_the_command_understands(name: str, monkeypatch, capsys: Capture):
    assert emotion_command(monkeypatch, *name.split(), "--help") == 0
    (example,) = (line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("  emotion "))
    assert main.parser().parse_args(example[1:]).command == (name or "predict")


@pytest.mark.parametrize("name", [*main.COMMANDS])
def test_help_writes_arguments_in_capitals(name: str, monkeypatch, capsys: Capture):
    emotion_command(monkeypatch, name, "--help")
    section = capsys.readouterr().out.partition("positional arguments:\n")[2].partition("\n\n")[0]
    names = re.findall(r"^  (\S+)", section, re.MULTILINE)
    assert all(one.isupper() for one in names), names
