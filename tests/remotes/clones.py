"""A small DVC repository, clones of it, and what DVC says in them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from fsspec.implementations.local import LocalFileSystem

from tests import tiny as dag
from tests.remotes.servers import Remote

PIPELINE = """
stages:
  pictures:
    cmd: python -c "import pathlib, random; p = pathlib.Path('pictures'); p.mkdir(); r = random.Random(1);
      [(p / str(n)).write_bytes(r.randbytes(100000)) for n in range(30)]"
    outs: [pictures]
  weights:
    cmd: python -c "import pathlib; pathlib.Path('weights').write_bytes(pathlib.Path('pictures/7').read_bytes()[::-1])"
    deps: [pictures]
    outs: [weights]
"""
OBJECTS = 32  # 30 pictures, their list, weights


def make(folder: Path, pipeline: str = PIPELINE) -> Path:
    """Make a repository whose stages ran."""
    (folder / ".dvc").mkdir(parents=True)
    (folder / ".dvc/config").write_text("[core]\n    analytics = false\n", encoding="utf-8")
    ignored = ("/pictures", "/weights", "/.dvc/cache", "/.dvc/tmp", "/.dvc/config.local")
    (folder / ".gitignore").write_text("\n".join(ignored) + "\n", encoding="utf-8")
    (folder / "dvc.yaml").write_text(pipeline, encoding="utf-8")
    dag.git(folder, "init", "--quiet")
    dag.dvc(folder, "repro")
    dag.commit(folder, "run")
    return folder


def clone_of(source: Path, folder: Path, remote: Remote) -> Path:
    """Make a clone that knows the remote and has no data."""
    dag.git(source, "clone", "--quiet", str(source), str(folder))
    tell(folder, remote)
    return folder


def tell(clone: Path, remote: Remote, **options: str) -> None:
    """Give a clone a default remote: what the lines in docs/sharing.md write."""
    lines = {"url": remote.url, "verify": "true", **remote.options, **options}
    settings = "".join(f"    {key} = {value}\n" for key, value in lines.items())
    text = f"[core]\n    remote = storage\n['remote \"storage\"']\n{settings}"
    (clone / ".dvc/config.local").write_text(text, encoding="utf-8")


def start(clone: Path, *arguments: str, before: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start DVC, with another command before it, and return its process; what it says comes by its stdout."""
    return subprocess.Popen(
        [*before, sys.executable, "-m", "dvc", *arguments],
        cwd=clone,
        env=dag.environment(clone),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended_with_an_error(process: subprocess.Popen[str]) -> str:
    """Wait until DVC has failed by itself, in words, and return these."""
    said, _ = process.communicate(timeout=600)
    assert process.returncode > 0 and "ERROR" in said and "Traceback" not in said, said
    return said


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something that DVC does, which it must be doing still."""
    end = time.monotonic() + 300
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, "DVC does not get there"
        time.sleep(0.002)


def tool(clone: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of tools/ in a clone."""
    environment = dag.environment(clone) | {"PYTHONPATH": str(dag.ROOT)}
    command = [sys.executable, "-m", f"tools.{name}", *arguments]
    return subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True)


def files_in(folder: Path) -> list[Path]:
    """Return the files below a folder, unfinished ones too."""
    return [Path(place, name) for place, _, names in os.walk(folder) for name in names]


def contents(clone: Path) -> dict[str, bytes]:
    """Return what is in the outputs of the stages."""
    files = [*sorted((clone / "pictures").rglob("*")), clone / "weights"]
    return {file.name: file.read_bytes() for file in files}


def object_of(remote: Remote, source: Path, name: str) -> tuple[str, str]:
    """Return the md5 of a file, and the path of its object in the remote."""
    listed = (source / "dvc.lock").read_text(encoding="utf-8").rpartition(f"path: {name}\n")[2]
    md5 = listed.partition("md5: ")[2].split()[0]
    (path,) = [path for path in remote.objects() if path.endswith(f"{md5[:2]}/{md5[2:]}")]
    return md5, path


def flip(remote: Remote, path: str) -> None:
    """Flip one bit of an object."""
    content = bytearray(remote.open().cat_file(path))
    content[len(content) // 2] ^= 1
    if isinstance(remote.open(), LocalFileSystem):
        os.chmod(path, 0o644)  # DVC makes them read-only
    remote.open().pipe_file(path, bytes(content))


def empty(remote: Remote) -> None:
    """Remove all that was pushed."""
    for path in remote.objects():
        remote.open().rm_file(path)
