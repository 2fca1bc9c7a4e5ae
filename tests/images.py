"""Container images of a storage of their own, and a container on a read-only root, as Kubernetes would run it."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from benchmarks.api_load import free_port
from tests.source import ROOT

NEEDED = {"buildah": "buildah", "/usr/bin/python3.11": "python3", "/usr/share/python-wheels": "python3-venv"}
# The packages of Debian that a base image needs, unpacked without their documentation; pip comes as a wheel.
MAKE_BASE = """
container=$(buildah from scratch)
root=$(buildah mount "$container")
packages=$(apt-cache depends --recurse --important --installed \
    base-files ca-certificates coreutils dash findutils libstdc++6 python3.11-venv | grep '^[a-z]')
{ dpkg-query --listfiles $packages; echo /etc/ssl/certs/ca-certificates.crt; } |
    grep --extended-regexp --invert-match '^package|^/usr/share/(doc|info|locale|man)/' |
    sed --regexp-extended 's,^/(bin|lib|lib64|sbin)/,/usr&,' | sort --unique |
    tar --create --no-recursion --files-from - | tar --extract --directory "$root"
python3 -m zipfile -e /usr/share/python-wheels/pip-*.whl "$root/usr/local/lib/python3.11/dist-packages"
buildah config --env PATH=/usr/local/bin:/usr/bin:/bin "$container"
buildah commit --quiet --rm "$container" python-base
"""
STORAGE = """
[storage]
driver = "{driver}"
graphroot = "{folder}/images"
runroot = "{folder}/run"
[storage.options.overlay]
skip_mount_home = "true"
"""
PORTS = "8000|7860"
READ_ONLY = """
mount --bind "$ROOT" "$ROOT"
mount -o remount,bind,ro "$ROOT"
mount -t tmpfs -o "size=$TMP,mode=1777" tmpfs "$ROOT/tmp"
mount -t tmpfs -o mode=755 tmpfs "$ROOT/run"
exec setpriv --no-new-privs "$@"
"""


@dataclass(frozen=True)
class Storage:
    """What buildah keeps in a folder; docker and podman are there, but do not work."""

    folder: Path

    def environment(self) -> dict[str, str]:
        """Return the variables with which buildah uses it, and needs no daemon."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        return {
            "PYTHON_IMAGE": "localhost/python-base",
            **kept,
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "BUILDAH_ISOLATION": "chroot",
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in the repository."""
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=self.environment(), stdout=pipe, stderr=pipe, text=True)

    def call(self, *command: str) -> str:
        """Return what a command prints; it must succeed."""
        started = self.start(*command)
        output, errors = started.communicate()
        assert started.returncode == 0, f"{command}: {errors}"
        return output.strip()

    def held(self) -> set[str]:
        """Return the ids of all containers and images."""
        lists = ("containers", "--all", "--quiet"), ("images", "--all", "--quiet", "--no-trunc")
        return {name for words in lists for name in self.call("buildah", *words).split()}

    def inspect(self, image: str) -> dict[str, Any]:
        """Return the settings of an image, and the bytes of its layers."""
        found = json.loads(self.call("buildah", "inspect", "--type", "image", image))
        return found["Docker"]["config"] | {
            "sizes": [layer["size"] for layer in json.loads(found["Manifest"])["layers"]]
        }


def break_engines(folder: Path, names: Iterable[str]) -> None:
    """Put container engines that do not work into a folder."""
    for name in names:
        (folder / name).write_text(f"#!/bin/sh\necho no daemon of {name} >&2\nexit 1\n")
        (folder / name).chmod(0o755)


@contextmanager
def storage(folder: Path) -> Iterator[Storage]:
    """Give a storage with a base image of this machine's packages, unless PYTHON_IMAGE names another."""
    missing = [package for path, package in NEEDED.items() if not (shutil.which(path) or Path(path).exists())]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and, on Debian 12, `apt install {' '.join(NEEDED.values())}`")
    break_engines(folder, ("docker", "podman"))
    made = Storage(folder)
    for driver in ("overlay", "vfs"):  # the first copies less, but does not work everywhere
        (folder / "storage.conf").write_text(STORAGE.format(folder=folder, driver=driver))
        if made.start("buildah", "info").wait() == 0:
            break
    if "PYTHON_IMAGE" not in os.environ:
        made.call("sh", "-ec", MAKE_BASE)
    try:
        yield made
    finally:
        made.call("buildah", "rm", "--all")
        shutil.rmtree(folder)


@dataclass(frozen=True)
class Pod:
    """A running container: chroot isolation shares the machine's processes, network and CPUs."""

    process: subprocess.Popen[bytes]
    client: httpx.Client
    log: Path
    port: int

    def python(self) -> psutil.Process:
        """Wait for the process of the server itself, process 1 of a real pod, and return it."""
        end = time.monotonic() + 300
        while time.monotonic() < end and self.process.poll() is None:
            for process in psutil.Process(self.process.pid).children(recursive=True):
                if process.cmdline()[1:3] == ["-m", "emotion"]:
                    return process
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def execute(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, as its user."""
        server = self.python()
        user = [f"--setuid={server.uids().real}", f"--setgid={server.gids().real}"]
        inside = ["nsenter", f"--target={server.pid}", "--mount", "--root", "--wd", *user, "env", "-i"]
        variables = [f"{name}={value}" for name, value in server.environ().items()]
        command = [*inside, *variables, *(re.sub(PORTS, str(self.port), word) for word in words)]
        return subprocess.run(command, capture_output=True, text=True)

    def passes(self, probe: dict[str, Any]) -> bool:
        """Return whether a probe succeeds before it has failed as often as it may."""
        for _ in range(probe["failureThreshold"]):
            try:
                timeout = probe["timeoutSeconds"]
                return self.client.get(probe["httpGet"]["path"], timeout=timeout).status_code == 200
            except httpx.TransportError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(probe["periodSeconds"])
        return False

    def stop(self, name: str) -> float:
        """Send a signal to the server and return the seconds until it ended; its exit code must be 0."""
        begun = time.monotonic()
        self.python().send_signal(signal.Signals[name])
        assert self.process.wait(60) == 0, self.log.read_text()
        return time.monotonic() - begun


@contextmanager
def running(
    storage: Storage, name: str, *words: str, tmp: int, cpus: int, log: Path, **variables: str
) -> Iterator[Pod]:
    """Start a command in a container that can write `tmp` bytes to /tmp, and nowhere else, and has no capabilities."""
    port = free_port()
    storage.call("buildah", "run", name, "--", "true")  # makes what it mounts, which it cannot on a read-only root
    outside = ["env", f"ROOT={storage.call('buildah', 'mount', name)}", f"TMP={tmp}", "taskset", "--cpu-list"]
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))[:cpus]))
    options = ["--cap-drop", "all", *(f"--env={key}={value}" for key, value in variables.items())]
    inside = ["buildah", "run", *options, name, "--", *(re.sub(PORTS, str(port), word) for word in words)]
    command = [*outside, cores, "unshare", "--mount", "sh", "-ec", READ_ONLY, "sh", *inside]
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=storage.environment(), stdout=file, stderr=file)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        try:
            yield Pod(process, client, log, port)
        finally:
            children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            for child in children:
                child.kill()
            process.wait()
