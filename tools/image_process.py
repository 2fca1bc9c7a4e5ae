"""A process in an image as a container engine would start it; see tools/try_image.py."""

import subprocess
import time
from pathlib import Path
from typing import Any

from tools import dockerfile
from tools.image_steps import Image, sh


class Container:
    """A process in an image: read-only root, own process ids, no capabilities, a network without a way out.

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
        sh("mount", "-t", "tmpfs", "-o", "size=64m,mode=1777,noexec", "tmpfs", str(self._root / "dev/shm"))
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
