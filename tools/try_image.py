"""Run the steps of deploy/Dockerfile without a container engine, and what comes out of them.

Started by deploy/try_image.sh as root, in a mount namespace of its own. A layer is a folder of an overlay file system.
"""

import argparse
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path, PurePosixPath
from typing import Any

from emotion import errors
from emotion.errors import InputError
from tools import dockerfile, try_image_asks
from tools.dockerfile import Stage

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = ROOT / "deploy/Dockerfile"
PASSED_ON = ("PIP_", "SSL_CERT", "REQUESTS_CA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")  # this machine's own settings
OURS = ("/etc/ssl/certs", "/etc/pip.conf")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # as container engines set it
STARTS, STOPS = 120, 40  # seconds


class Image:
    """The file system of a stage and what its instructions say of processes in it.

    Args:
        name: Of the stage.
        stages: Of the Dockerfile.
        base: Root of a Debian system, which stands for the image that FROM names.
        work: Folder for layers.
    """

    def __init__(self, name: str, stages: dict[str, Stage], base: Path, work: Path) -> None:
        self._stages, self._base, self._work = stages, base, work
        stage = stages[name]
        parent = Image(stage.base, stages, base, work) if stage.base in stages else None
        self.upper, self.root = work / name / "upper", work / name / "root"
        self.lower: list[Path] = [parent.upper, *parent.lower] if parent else [base]
        self.environment: dict[str, str] = dict(parent.environment) if parent else {"PATH": PATH}
        self.folder: str = parent.folder if parent else "/"
        self.steps: list[tuple[str, str]] = [*parent.steps, *stage.steps] if parent else stage.steps
        for folder in (self.upper, self.root, work / name / "work"):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        layers = f"lowerdir={':'.join(map(str, self.lower))},upperdir={self.upper},workdir={work / name / 'work'}"
        sh("mount", "-t", "overlay", "overlay", "-o", layers, str(self.root))
        for instruction, text in stage.steps:
            self._do(instruction, text)

    def last(self, instruction: str) -> str | None:
        """Return the text of the last such instruction, those of the stages below included."""
        return Stage("", self.steps).last(instruction)

    def _do(self, instruction: str, text: str) -> None:
        print(f"{instruction} {text[:150]}", flush=True)
        if instruction == "RUN":
            self._run(text)
        elif instruction == "COPY":
            self._copy(text)
        elif instruction == "WORKDIR":
            self.folder = text
            self._inside(text).mkdir(parents=True, exist_ok=True)
        elif instruction == "ENV":
            self.environment |= dict(pair.split("=", 1) for pair in text.split())

    def _run(self, text: str) -> None:
        settings = {name: value for name, value in os.environ.items() if name.upper().startswith(PASSED_ON)}
        mounted = [place for place in OURS if Path(place).exists()]
        for place in mounted:
            inside = self._inside(place)
            if not inside.exists():
                inside.touch()
            sh("mount", "--bind", place, str(inside))
        variables = [f"{name}={value}" for name, value in (settings | self.environment).items()]
        where = ["chroot", str(self.root), "env", "--ignore-environment", f"--chdir={self.folder}", *variables]
        subprocess.run([*where, "/bin/sh", "-c", text], check=True)
        for place in mounted:
            sh("umount", str(self._inside(place)))

    def _copy(self, text: str) -> None:
        *sources, target = text.split()
        start, unseen = ROOT, dockerfile.patterns(DOCKERFILE.with_name("Dockerfile.dockerignore"))
        if sources[0].startswith("--from="):
            start, unseen = self._work / sources.pop(0).removeprefix("--from=") / "root", []

        def skip(folder: str, names: list[str]) -> set[str]:
            place = PurePosixPath(os.path.relpath(folder, start))
            return {name for name in names if dockerfile.ignored(place / name, unseen)}

        for source in sources:
            found = start / source.lstrip("/")
            if not found.exists() or dockerfile.ignored(PurePosixPath(source), unseen):
                raise InputError(f"COPY {text}: there is no {source}, or Dockerfile.dockerignore leaves it out")
            inside = self._inside(target)
            if found.is_dir():
                shutil.copytree(found, inside, symlinks=True, dirs_exist_ok=True, ignore=skip if unseen else None)
            else:
                inside = inside / found.name if target.endswith("/") else inside
                inside.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, inside)

    def _inside(self, path: str) -> Path:
        return self.root / str(PurePosixPath(self.folder, path)).lstrip("/")


class Container:
    """A process in an image: root read-only, own process ids, network without a way out, no capabilities.

    Args:
        image: What it runs in.
        work: Folder for the place where the root is mounted.
        settings: Environment variables besides the image's.
    """

    def __init__(self, image: Image, work: Path, settings: dict[str, str]) -> None:
        self._image, self._root = image, work / "container"
        self._root.mkdir(exist_ok=True)
        layers = ":".join(map(str, [image.upper, *image.lower]))
        sh("mount", "-t", "overlay", "overlay", "-o", f"ro,lowerdir={layers}", str(self._root))
        sh("mount", "-t", "tmpfs", "-o", "size=64m,mode=1777,noexec", "tmpfs", str(self._root / "tmp"))
        self._environment = [f"{name}={value}" for name, value in (image.environment | settings).items()]
        words = dockerfile.command(image.last("ENTRYPOINT")) + dockerfile.command(image.last("CMD"))
        prepare = f'ip link set lo up && mount -t proc proc {self._root}/proc && exec "$@"'
        spaces = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "sh", "-c", prepare, "sh"]
        self.process = subprocess.Popen([*spaces, *self._as_user(words)])
        self.pid = self._number()

    def inside(self, words: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        """Run a command beside the process, as `docker exec` does."""
        spaces = ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--net"]
        return subprocess.run([*spaces, *self._as_user(words)], text=True, **options)

    def _number(self) -> int:
        """Return the number of the process, as this machine counts; it is the one child of `unshare`."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        while not (found := children.read_text().split()):
            time.sleep(0.01)
        return int(found[0])

    def _as_user(self, words: list[str]) -> list[str]:
        user, _, group = (self._image.last("USER") or "0:0").partition(":")
        rights = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"]
        rights += ["--bounding-set=-all", "--inh-caps=-all"]
        where = ["env", "--ignore-environment", f"--chdir={self._image.folder}", *self._environment]
        return ["chroot", str(self._root), *rights, *where, *words]


def main() -> None:
    """Make the image, run it, ask it, stop it, and say what was seen.

    Raises:
        InputError: A step is not possible, or the server does not do what it should.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("target", choices=("api", "demo"))
    parser.add_argument("model", help="ONNX file in the repository, as --build-arg MODEL of a build")
    parser.add_argument("base", type=Path)
    parser.add_argument("work", type=Path)
    options = parser.parse_args()
    stages = dockerfile.read(DOCKERFILE, {"MODEL": options.model})
    needed = [name for name in stages if name in ("code", f"{options.target}-packages")]
    for name in needed:
        Image(name, stages, options.base, options.work)
    image = Image(options.target, stages, options.base, options.work)
    layers = [layer for layer in (image.upper, *image.lower) if layer != options.base]
    container = Container(image, options.work, {"EMOTION_API_KEY": "trial", "EMOTION_THREADS": "2"})
    try:
        _check(container, image, options.target)
    finally:
        container.process.kill()
    print(f"installed: {sum(map(megabytes, layers)):.0f} MB; base here: {megabytes(options.base):.0f} MB")


def _check(container: Container, image: Image, target: str) -> None:
    health = dockerfile.command(image.last("HEALTHCHECK"))
    start = time.monotonic()
    while container.inside(health, capture_output=True).returncode:
        if container.process.poll() is not None or time.monotonic() - start > STARTS:
            raise InputError(f"{target}: not healthy after {time.monotonic() - start:.0f} s")
        time.sleep(0.5)
    print(f"HEALTHCHECK passed after {time.monotonic() - start:.1f} s")
    if not container.inside(["touch", "/app/x"], capture_output=True).returncode:
        raise InputError("the root can be written to")
    container.inside(["python", "-c", try_image_asks.ASKS[target]], check=True)
    status = dict(line.split(":", 1) for line in Path(f"/proc/{container.pid}/status").read_text().splitlines())
    print(*(f"{name}:{' '.join(status[name].split())}" for name in ("Uid", "NSpid", "CapEff", "NoNewPrivs", "VmHWM")))
    number = signal.Signals[image.last("STOPSIGNAL") or "SIGTERM"]
    start = time.monotonic()
    os.kill(container.pid, number)
    code = container.process.wait(STOPS)
    print(f"{number.name}: ended after {time.monotonic() - start:.1f} s with exit code {code}")


def megabytes(folder: Path) -> float:
    """Return the size of all files of a folder in units of 1,000,000 bytes."""
    return int(sh("du", "--summarize", "--bytes", "--one-file-system", str(folder)).split()[0]) / 1e6


def sh(*words: str) -> str:
    """Run a command and return what it prints."""
    return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    errors.run(main)
