"""YuNet: its output is read correctly, and its file is downloaded and checked.

The network itself is not available in tests; an ONNX file with its inputs and outputs detects white squares.
"""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from emotion.apps import main
from emotion.apps.options import classifier_of
from emotion.core.errors import InputError
from emotion.core.pictures import crop
from emotion.detection import yunet
from emotion.inference.predictor import EmotionClassifier
from tests.answering import CONTENT, LOST, NO_HTTP, answering
from tests.pasted import brightness_model

SHA256 = hashlib.sha256(CONTENT).hexdigest()


def white_squares(path: Path) -> Path:
    """Write a file with YuNet's inputs and outputs: each white cell of 8, 16 or 32 pixels is a face of 4 cells a side.

    Its eyes are a cell to the left and a cell to the right of the middle, the right one two cells lower.
    """
    nodes, outputs, constants = [], [], []
    fixed = {
        "cls": ([[1 / 255 / 3] * 3], [0.0]),
        "obj": ([[1 / 255 / 3] * 3], [0.0]),
        "bbox": ([[0.0] * 3] * 4, [0.0, 0.0, np.log(4), np.log(4)]),
        "kps": ([[0.0] * 3] * 10, [-1.0, 0, 1, 2] + [0.0] * 6),
    }
    for kind, (weights, bias) in fixed.items():
        for cell in (8, 16, 32):
            name = f"{kind}_{cell}"
            kernel = np.reshape(weights, (-1, 3, 1, 1)).astype("f")
            shape = np.array([1, -1, len(kernel)])
            constants += [numpy_helper.from_array(kernel, f"{name}_w"), numpy_helper.from_array(shape, f"{name}_s")]
            constants.append(numpy_helper.from_array(np.array(bias, "f"), f"{name}_b"))
            nodes += [
                helper.make_node("AveragePool", ["input"], [f"{name}_p"], kernel_shape=[cell] * 2, strides=[cell] * 2),
                helper.make_node("Conv", [f"{name}_p", f"{name}_w", f"{name}_b"], [f"{name}_c"], kernel_shape=[1, 1]),
                helper.make_node("Transpose", [f"{name}_c"], [f"{name}_t"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"{name}_t", f"{name}_s"], [name]),
            ]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, len(kernel)]))
    picture_input = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 320, 320])
    graph = helper.make_graph(nodes, "squares", [picture_input], outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6), path)
    return path


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return white_squares(tmp_path_factory.mktemp("yunet") / "yunet.onnx")


def picture(width: int, height: int, left: int, top: int, side: int) -> np.ndarray:
    white = np.zeros((height, width, 3), np.uint8)
    white[top : top + side, left : left + side] = 255
    return white


def test_a_detection_has_box_score_and_eyes(squares: Path):
    (found,) = yunet.YuNet(squares).find(picture(640, 480, 320, 192, 32))
    assert found.score == pytest.approx(1, abs=1e-3)
    left, top, width, height = found.box
    assert (width, height) == (128, 128), "the largest of the boxes that overlap, or one of them"
    left_eye, right_eye = found.landmarks[:2]
    assert left_eye[0] < right_eye[0] and right_eye[1] - left_eye[1] == pytest.approx(64, abs=1)
    assert left < 336 < left + width and top < 208 < top + height


def test_the_box_in_a_large_picture_has_its_scale(squares: Path):
    (found,) = yunet.YuNet(squares).find(picture(2560, 1920, 1280, 640, 64))
    assert found.box[2:] == (256, 256)
    assert abs(found.box[0] + 128 - 1312) <= 64 and abs(found.box[1] + 128 - 672) <= 64


def test_faces_that_are_too_small_are_not_detected(squares: Path):
    assert yunet.YuNet(squares).find(np.zeros((100, 100, 3), np.uint8)) == []
    assert yunet.YuNet(squares, min_face_size=200).find(picture(640, 480, 320, 192, 32)) == []


@pytest.mark.parametrize("command", [["predict", "a.jpg"], ["score", "mine"], ["webcam"], ["demo"]])
def test_every_command_has_upright_and_min_face_size(squares: Path, tmp_path: Path, command: list[str]):
    model, shown = brightness_model(tmp_path / "model.onnx"), picture(640, 480, 320, 192, 32)
    (found,) = yunet.YuNet(squares).find(shown)
    margin, common = yunet.YuNet.margin, ["--model", str(model), "--detector", str(squares)]
    upright, sloping = (crop(shown, found, margin, upright=turn) for turn in (True, False))
    assert (upright != sloping).any()

    def faces(*arguments: str) -> list[np.ndarray]:
        options = main.parser().parse_args([*command, *common, *arguments])
        return [face.crop for face in classifier_of(options).predict(shown).faces]

    np.testing.assert_array_equal(faces(), [upright])
    np.testing.assert_array_equal(faces("--no-upright"), [sloping])
    assert faces("--min-face-size", "200") == []


def test_the_classifier_loads_a_path_and_the_cached_file(
    squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    model = brightness_model(tmp_path / "model.onnx")
    shown = picture(640, 480, 320, 192, 32)
    assert len(EmotionClassifier(model, detector=squares).predict(shown).faces) == 1
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(InputError, match="no such file: `emotion fetch-yunet` downloads it"):
        EmotionClassifier(model, detector="yunet")
    yunet.default_path().parent.mkdir()
    yunet.default_path().write_bytes(squares.read_bytes())
    assert len(EmotionClassifier(model, detector="yunet").predict(shown).faces) == 1


@pytest.mark.parametrize("content", [b"", b"no network", None], ids=["empty", "text", "another network"])
def test_another_file_is_one_line(content: bytes | None, tmp_path: Path):
    path = tmp_path / "other.onnx"
    brightness_model(path) if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=r"other.onnx: not a YuNet that this OpenCV can read"):
        yunet.YuNet(path)


def test_the_file_is_downloaded_once(tmp_path: Path):
    target = tmp_path / "cache/yunet.onnx"
    with answering(200, 200) as server:
        assert yunet.fetch(target, server.address, SHA256) and target.read_bytes() == CONTENT
        assert not yunet.fetch(target, "http://127.0.0.1:1/nobody", SHA256)
        target.write_bytes(b"damaged")
        assert yunet.fetch(target, server.address, SHA256) and target.read_bytes() == CONTENT


def test_an_unexpected_file_is_not_saved(tmp_path: Path):
    with (
        answering(200) as server,
        pytest.raises(InputError, match=r"not the expected file \(SHA-256 .*nothing was saved"),
    ):
        yunet.fetch(tmp_path / "yunet.onnx", server.address)
    assert not (tmp_path / "yunet.onnx").exists()


@pytest.mark.parametrize("status", [404, NO_HTTP, LOST, None], ids=["not there", "no HTTP", "lost", "nobody"])
def test_a_failed_download_is_one_line_and_nothing_is_saved(status: int | None, tmp_path: Path):
    message = r"cannot be downloaded \(.*\): try again, or save it as .*yunet.onnx"
    with answering(status or NO_HTTP) as server, pytest.raises(InputError, match=message):
        yunet.fetch(tmp_path / "yunet.onnx", "http://127.0.0.1:1/nobody" if status is None else server.address, SHA256)
    assert not (tmp_path / "yunet.onnx").exists()


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path):
    (tmp_path / "file").touch()
    message = r"file/yunet.onnx: cannot be written \(.*\): set XDG_CACHE_HOME to another"
    with answering(200) as server, pytest.raises(InputError, match=message):
        yunet.fetch(tmp_path / "file/yunet.onnx", server.address, SHA256)
