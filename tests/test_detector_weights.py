"""Stage detector: weights from a package that others made become the ONNX files of the face detector."""

import hashlib
import io
import pickle
import shutil
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from emotion.core.errors import InputError
from emotion.pretrained import torch_file
from emotion.pretrained.package import PackageSettings, members
from stages import detector
from tests.source import ROOT

RNG = np.random.default_rng(0)


class FloatStorage:
    """Stands for torch.FloatStorage."""


def _rebuild_tensor_v2(*_: object) -> None: ...


def rebuilt(*arguments: object) -> Any:
    """Return an object that is pickled as PyTorch pickles a tensor."""

    class Tensor:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
            return _rebuild_tensor_v2, arguments

    return Tensor()


class _Pickler(pickle.Pickler):
    def persistent_id(self, given: object) -> object:
        return given if isinstance(given, tuple) and given[:1] == ("storage",) else None


def saved(tensors: dict[str, np.ndarray]) -> bytes:
    """Return the file that PyTorch before 1.6 would write for these tensors, float32."""
    file = io.BytesIO()
    for header in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}):
        pickle.dump(header, file, protocol=2)
    keys = {name: str(number) for number, name in enumerate(tensors)}
    content = OrderedDict(
        (name, rebuilt(("storage", FloatStorage, keys[name], "cpu", tensor.size, None), 0, tensor.shape, strides))
        for name, tensor in tensors.items()
        for strides in [tuple(stride // 4 for stride in tensor.strides)]
    )
    body = io.BytesIO()
    _Pickler(body, protocol=2).dump(content)
    # Under the names that PyTorch has.
    text = body.getvalue()
    for name, module in (("FloatStorage", b"torch"), ("_rebuild_tensor_v2", b"torch._utils")):
        text = text.replace(f"c{__name__}\n{name}".encode(), b"c" + module + b"\n" + name.encode())
    file.write(text)
    pickle.dump(list(keys.values()), file, protocol=2)
    for tensor in tensors.values():
        file.write(tensor.size.to_bytes(8, "little") + tensor.astype("<f4").tobytes())
    return file.getvalue()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("thing/a.txt", b"A")
    return path


def settings(path: Path, **changed: str) -> PackageSettings:
    given = {"package": "thing==1.0", "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "wheel": str(path)}
    return PackageSettings.model_validate(given | changed)


def test_tensors_are_read_as_they_were_saved():
    tensors = {"a": RNG.normal(size=(4, 3, 2)).astype("f"), "b": np.float32([1, 2, 3])}
    found = torch_file.read(saved(tensors), "weights.pt")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor)


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps(print)], ids=["empty", "text", "a function"])
def test_another_file_is_one_line_and_runs_nothing(content: bytes):
    with pytest.raises(InputError, match=r"weights\.pt: not a file of float32 tensors that PyTorch saved"):
        torch_file.read(content, "weights.pt")


def test_a_pickle_that_names_another_function_is_refused():
    harmless = saved({"a": np.zeros(1, "f")}).replace(b"torch._utils\n_rebuild_tensor_v2", b"builtins\nlen")
    with pytest.raises(InputError, match=r"builtins\.len is not expected"):
        torch_file.read(harmless, "weights.pt")


def test_the_files_of_a_wheel_are_read_after_its_hash_is_checked(wheel: Path):
    assert members(settings(wheel), ["thing/a.txt"]) == {"thing/a.txt": b"A"}
    with pytest.raises(InputError, match=r"its wheel lacks thing/b\.txt"):
        members(settings(wheel), ["thing/b.txt"])
    with pytest.raises(InputError, match=r"\(thing==1\.0\): not the expected file: its SHA-256 is "):
        members(settings(wheel, sha256="0" * 64), ["thing/a.txt"])


def test_a_wheel_that_is_not_given_is_downloaded_by_pip(wheel: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    with zipfile.ZipFile(wheel, "a") as file:
        file.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        file.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    given = settings(wheel, wheel="params/none.csv")
    assert members(given, ["thing/a.txt"]) == {"thing/a.txt": b"A"}
    wheel.unlink()
    with pytest.raises(InputError, match=r"thing==1\.0 cannot be downloaded \(.*\): .*detector\.wheel"):
        members(given, ["thing/a.txt"])


def test_the_networks_in_git_take_pictures_of_any_number():
    for name, side in {"pnet": 30, "rnet": 24, "onet": 48}.items():
        session = onnxruntime.InferenceSession(ROOT / f"models/mtcnn/{name}.onnx")
        outputs = session.run(None, {"pictures": RNG.integers(0, 256, (2, side, side, 3), np.uint8)})
        assert [len(output) for output in outputs] == [2] * (3 if name == "onet" else 2)
        assert 0 <= outputs[0].min() <= outputs[0].max() <= 1


def test_the_stage_makes_the_files_that_are_in_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With the real package, where an index can be reached."""
    shutil.copytree(ROOT / "params", tmp_path / "params")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    try:
        detector.main()
    except InputError as error:
        if "cannot be downloaded" in str(error):
            pytest.skip(str(error))
        raise
    for path in sorted((ROOT / "models/mtcnn").iterdir()):
        assert (tmp_path / "models/mtcnn" / path.name).read_bytes() == path.read_bytes(), path.name
