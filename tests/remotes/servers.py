"""Real servers on this machine that DVC can have as remotes: OpenSSH, nginx by WebDAV, OpenStack Swift by S3."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from fsspec.implementations.local import LocalFileSystem

from benchmarks.api_load import free_port

Kind = Callable[[Path], "Remote"]
MODULES = Path("/usr/lib/nginx/modules")
NGINX = """
{module} daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;
events {{}}
http {{
    access_log off; client_max_body_size 0; client_body_temp_path {disk}/.body;
    proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t; uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
    server {{
        listen 127.0.0.1:{port}; root {disk}; create_full_put_path on;
        dav_methods PUT DELETE MKCOL COPY MOVE; dav_ext_methods PROPFIND OPTIONS;
        auth_basic dvc; auth_basic_user_file {folder}/users;
    }}
}}
"""
SSHD = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
Subsystem sftp internal-sftp
"""


@dataclass
class Remote:
    """A remote that runs, and what `dvc remote modify` has to say of it."""

    url: str
    commands: list[list[str]]  # its processes; none for a folder
    port: int
    disk: Path  # where its files are
    options: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)  # options with which it lets nobody in
    open: Callable[[], Any] = LocalFileSystem  # to look at what it stores, by fsspec
    root: str = ""  # of what it stores
    ready: Callable[[], None] = lambda: None  # waits for more than its port
    processes: list[psutil.Popen] = field(default_factory=list)

    def start(self, *before: str) -> None:
        """Start its processes, with another command before each, and wait until it answers."""
        log = (self.disk.parent / "output").open("ab")
        files = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        self.processes = [psutil.Popen([*before, *command], **files) for command in self.commands]
        end = time.monotonic() + 120
        while self.commands and not self._listens():
            running = all(process.poll() is None for process in self.processes)
            assert running and time.monotonic() < end, (self.disk.parent / "output").read_text(encoding="utf-8")
            time.sleep(0.05)
        self.ready()

    def _listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """Kill it at once, whatever it is doing."""
        for process in self.processes:
            for one in [*process.children(recursive=True), process] if process.is_running() else []:
                one.kill()
            process.wait()

    def objects(self) -> list[str]:
        """Return the paths of all that was pushed."""
        return [path for path in self.open().find(self.root) if "/files/md5/" in path]

    def files(self) -> int:
        """Return how many files are on its disk, unfinished ones too, but not what Swift leaves of removed ones."""
        return sum(not name.endswith(".ts") for _, _, names in os.walk(self.disk) for name in names)


def program(name: str, package: str) -> str:
    """Return the path of a program, or skip the test and say which package of Debian has it."""
    found = shutil.which(name, path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    return found or pytest.skip(f"{name} is not here: `apt-get install {package}` (Debian)")


def local(folder: Path) -> Remote:
    """Return a plain folder."""
    return Remote(str(folder / "disk"), [], 0, folder / "disk", root=str(folder / "disk"))


def ssh(folder: Path) -> Remote:
    """Return an OpenSSH with keys of its own."""
    port, disk, sshd = free_port(), folder / "disk", program("sshd", "openssh-server")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it starts by no other way
    for key in ("host", "key", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    (folder / "config").write_text(SSHD.format(folder=folder, port=port), encoding="utf-8")
    options = {"port": str(port), "user": getpass.getuser(), "keyfile": f"{folder}/key"}
    wrong = {"keyfile": f"{folder}/stranger"}
    command = [sshd, "-D", "-e", "-f", f"{folder}/config"]
    return Remote(f"ssh://127.0.0.1{disk}", [command], port, disk, options, wrong, root=str(disk))


def webdav(folder: Path) -> Remote:
    """Return an nginx with a user and a password."""
    port, disk, nginx = free_port(), folder / "disk", program("nginx", "nginx-light")
    module = MODULES / "ngx_http_dav_ext_module.so"
    module.exists() or pytest.skip(f"{module} is missing: `apt-get install libnginx-mod-http-dav-ext` (Debian)")
    (disk / "emotion").mkdir()  # DVC makes every folder but this
    config = NGINX.format(folder=folder, port=port, disk=disk, module=f"load_module {module};")
    (folder / "config").write_text(config, encoding="utf-8")
    (folder / "users").write_text("dvc:{PLAIN}secret\n", encoding="utf-8")
    command = [nginx, "-c", f"{folder}/config", "-e", f"{folder}/log"]
    options, wrong = {"user": "dvc", "password": "secret"}, {"password": "wrong"}
    return Remote(f"webdav://127.0.0.1:{port}/emotion", [command], port, disk, options, wrong, root=str(disk))


@contextmanager
def running(kind: Kind, folder: Path, *before: str) -> Iterator[Remote]:
    """Run a remote of this kind in a folder, and stop it in the end."""
    (folder / "disk").mkdir(parents=True)
    remote = kind(folder)
    try:
        remote.start(*before)
        yield remote
    finally:
        remote.stop()
