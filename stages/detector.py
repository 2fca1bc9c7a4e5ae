"""Get the face detector's weights from the package that ships them, as ONNX files."""

from pathlib import Path

from emotion.core import stage
from emotion.core.files import atomic
from emotion.core.params import load
from emotion.pretrained import mtcnn, package, torch_file

TARGET = Path("models/mtcnn")
NETWORKS = {name: f"facenet_pytorch/data/{name}.pt" for name in ("pnet", "rnet", "onet")}


def main() -> None:
    """Write models/mtcnn/: pnet.onnx, rnet.onnx, onet.onnx, and LICENSE, that of their weights."""
    settings = load("detector", package.PackageSettings)
    licence = f"{settings.package.replace('-', '_').replace('==', '-')}.dist-info/LICENSE.md"
    files = package.members(settings, [*NETWORKS.values(), licence])
    weights = {name: torch_file.read(files[path], path) for name, path in NETWORKS.items()}
    content = {
        f"{name}.onnx": graph.SerializeToString(deterministic=True) for name, graph in mtcnn.graphs(weights).items()
    }
    for name, written in {**content, "LICENSE": files[licence]}.items():
        with atomic(TARGET / name) as path:
            path.write_bytes(written)
    print(f"{TARGET}: {', '.join(content)} from {settings.package}")


if __name__ == "__main__":
    stage.run(main)
