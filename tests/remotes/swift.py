"""OpenStack Swift with its S3 interface, of .venv-swift, as a remote of DVC."""

import getpass
import subprocess
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from s3fs import S3FileSystem

from tests.remotes.servers import Remote, free_port
from tests.source import ROOT

PROGRAMS = ROOT / ".venv-swift/bin"
COMMON = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
devices = {folder}/disk
mount_check = false
workers = 0
user = {user}
"""
STORE = """
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
PROXY = """
[pipeline:main]
pipeline = catch_errors s3api tempauth slo proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:s3api]
use = egg:swift#s3api
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = secret .admin
[filter:slo]
use = egg:swift#slo
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
"""
# Which server holds what: one server all, once. The same as `swift-ring-builder create, add, rebalance` for each file.
RINGS = """
import sys
from swift.common.ring import RingBuilder
for file, port in zip(sys.argv[1::2], sys.argv[2::2]):
    ring = RingBuilder(4, 1, 1)
    ring.add_dev(dict(region=1, zone=1, ip="127.0.0.1", port=int(port), device="one", weight=1))
    ring.rebalance()
    ring.get_ring().save(file)
"""


def s3(folder: Path) -> Remote:
    """Return a Swift of one disk with the bucket `emotion`."""
    if not (PROGRAMS / "swift-proxy-server").exists():
        pytest.skip("no S3 server here: `make USE=swift setup` installs it")
    (folder / "disk/one").mkdir()
    (folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = tests\n", encoding="utf-8")
    commands, rings = [], []
    for kind in ("account", "container", "object", "proxy"):
        port, file = free_port(), folder / f"{kind}.conf"
        rest = PROXY if kind == "proxy" else STORE.format(kind=kind)
        file.write_text(COMMON.format(port=port, folder=folder, user=getpass.getuser()) + rest, encoding="utf-8")
        commands.append([str(PROGRAMS / f"swift-{kind}-server"), str(file)])
        rings += [] if kind == "proxy" else [f"{folder}/{kind}.ring.gz", str(port)]
    subprocess.run([PROGRAMS / "python", "-c", RINGS, *rings], check=True)
    endpoint = f"http://127.0.0.1:{port}"
    keys = {"access_key_id": "test:tester", "secret_access_key": "secret"}
    options = {"endpointurl": endpoint, "region": "us-east-1", **keys}
    connect = partial(S3FileSystem, key="test:tester", secret="secret", endpoint_url=endpoint, skip_instance_cache=True)

    def bucket() -> None:
        """Wait until all parts of Swift answer, and make the bucket."""
        end = time.monotonic() + 120
        while not connect().exists("emotion"):
            assert time.monotonic() < end, "Swift does not answer"
            with suppress(OSError):
                connect().mkdir("emotion")

    wrong = {"secret_access_key": "wrong"}
    return Remote("s3://emotion/dvc", commands, port, folder / "disk", options, wrong, connect, "emotion", bucket)
