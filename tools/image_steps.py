"""What the instructions of a stage of deploy/Dockerfile make; see tools/try_image.py."""

import os
import shutil
import subprocess
from pathlib import Path, PurePosixPath

from emotion.errors import InputError
from tools import dockerfile
from tools.dockerfile import Stage

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = ROOT / "deploy/Dockerfile"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # as container engines set it
PASSED_ON = ("PIP_", "SSL_CERT", "REQUESTS_CA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")  # this machine's own settings
OURS = ("/etc/ssl/certs", "/etc/pip.conf")


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


def sh(*words: str) -> str:
    """Run a command and return what it prints."""
    return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE).stdout
