"""For tests of the apps: a model that predicts by brightness, and photographs with synthetic faces."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from emotion.apps import main
from emotion.core.labels import EMOTIONS
from emotion.synthetic.drawn import draw_face
from tests.source import ROOT

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]
FACES = (0, 4, 5, 9, 10, 13, 15, 16, 17, 19)  # seeds of synthetic faces that the detectors find


def brightness_model(path: Path, labels: object = EMOTIONS, outputs: int = 7, **changed: object) -> Path:
    """Write an ONNX file that predicts EMOTIONS[k] for faces of mean brightness near k * 255 / 6.

    Args:
        path: The file.
        labels: Of the metadata; None leaves them out.
        outputs: Number of outputs.
        changed: softmax=False omits the last layer; side and batch are other sizes of faces and batches;
            weights_md5 goes into the metadata.
    """
    side, batch = changed.get("side", 48), changed.get("batch", "n")
    steps = np.arange(outputs)
    weights = np.tile(20 * steps * 6 / 255 / side**2, (side**2, 1)).astype(np.float32)
    constants = [numpy_helper.from_array(weights, "w"), numpy_helper.from_array((-10.0 * steps**2).astype("f"), "b")]
    nodes = [helper.make_node("Flatten", ["face"], ["flat"]), helper.make_node("Gemm", ["flat", "w", "b"], ["scores"])]
    last = "Softmax" if changed.get("softmax", True) else "Identity"
    nodes.append(helper.make_node(last, ["scores"], ["probabilities"]))
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, [batch, side, side, 1])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [batch, outputs])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if labels is not None:
        metadata = {"labels": labels, "input_size": [48, 48], "weights_md5": changed.get("weights_md5")}
        helper.set_model_props(model, {name: json.dumps(value) for name, value in metadata.items()})
    onnx.save(model, path)
    return path


def emotion_command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run `emotion ...` in this process and return its exit code; its last message is on stderr."""
    monkeypatch.setattr(sys, "argv", ["emotion", *arguments])
    try:
        main.run()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
            return 1
        return int(ended.code or 0)
    return 0


def start(*arguments: str, path: object = ".") -> subprocess.Popen[str]:
    """Start `emotion ...` as a process of its own, which looks for modules in a folder first."""
    command = [sys.executable, "-m", "emotion", *arguments]
    environment = os.environ | {"PYTHONPATH": f"{path}{os.pathsep}{ROOT}"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def photograph(places: list[tuple[int, int, int]], width: int = 640, height: int = 480, seed: int = 0) -> np.ndarray:
    """Return a colour picture, RGB, of soft shapes with a drawn happy face at each (left, top, side)."""
    rng = np.random.default_rng(seed)
    ground = cv2.GaussianBlur(rng.integers(0, 256, (height, width), np.uint8), (0, 0), 12).astype(float)
    picture = 60 + 120 * (ground - ground.min()) / np.ptp(ground)
    for number, (left, top, side) in enumerate(places):
        face = cv2.resize(draw_face("happy", np.random.default_rng([FACES[number % len(FACES)]])), (side, side))
        edge = cv2.GaussianBlur(np.pad(np.ones((side - 8, side - 8)), 4), (0, 0), 2)
        square = picture[top : top + side, left : left + side]
        square[:] = edge * face + (1 - edge) * square
    tint = np.array([1.0, 0.92, 0.85])
    return np.clip(picture[..., None] * tint, 0, 255).astype(np.uint8)


def video(path: str, frames: int = 30, rate: float = 12.5) -> None:
    """Write a video in which a face becomes bright for a single frame."""
    still = photograph([(100, 60, 120)], 320, 240)[..., ::-1]
    bright = np.minimum(255, still.astype(int) + 70).astype(np.uint8)
    write_video(path, [bright if number == 15 else still for number in range(frames)], rate)


def write_video(path: str | Path, frames: Sequence[np.ndarray], rate: float = 25, codec: str = "mp4v") -> None:
    """Write a video of pictures, BGR."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(frame)
    writer.release()
