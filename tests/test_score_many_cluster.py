"""emotion score-many on a cluster of Ray: the same bytes, and what is wrong with a node or an address."""

import contextlib
import platform
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emotion.apps.batch import cluster, command, plan
from emotion.apps.batch.scorer import Job
from emotion.core.errors import InputError
from tests.inputs import encoded
from tests.pasted import Capture, Run, photograph
from tests.scoring import raw_table, results, rows, run, shades

assert run  # a fixture


@pytest.mark.parametrize("missing", ["out/manifest.json", "in", "out/inputs.parquet"])
def test_a_node_that_lacks_input_or_output_is_named(tmp_path: Path, missing: str):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    for name in ("manifest.json", "inputs.parquet"):
        (tmp_path / "out" / name).touch()
    (tmp_path / missing).rename(tmp_path / "gone")
    output, folder = (str(tmp_path / name) for name in ("out", "in"))
    found = {"detector": "whole", "min_face_size": 20, "min_detection_score": None, "upright": False}
    job = Job(output=output, column="file", raw=False, folder=folder, model=f"{output}/model.onnx", **found)
    span = plan.Span(f"{output}/inputs.parquet", "", start=0, rows=1, part=0, chunk=1)
    error = cluster.Worker(job)(asdict(span))["error"]
    assert error == f"{tmp_path / missing}: does not exist on {platform.node()}: every node must see input and output"


def test_parts_that_a_node_wrote_elsewhere_are_counted(run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    raw_table("in/a.parquet", shades(30))
    monkeypatch.setattr(command.processes, "run", lambda *_: None)
    assert run("in", "out", "--chunk", "10") == 1
    assert capsys.readouterr().err == "error: out: 3 parts are missing: every node must see this folder\n"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", None])
def test_a_server_that_is_no_ray_cluster_is_reported_at_once(answer: bytes | None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cluster, "TIMEOUT", 0.3)

    def serve() -> socket.socket:
        connection, _ = server.accept()
        if answer is not None:
            connection.sendall(answer)
            with contextlib.suppress(OSError):  # who has read enough may have hung up first
                connection.shutdown(socket.SHUT_WR)
        return connection

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        connection = pool.submit(serve)
        with pytest.raises(InputError, match=r"^--ray 127.0.0.1:\d+: no Ray cluster responds there: "):
            cluster.require_head(f"127.0.0.1:{server.getsockname()[1]}")
        connection.result().close()


def test_a_cluster_writes_the_same_bytes(run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    pictures = [encoded(photograph([(60, 100, 150), (380, 150, 180)])), *map(encoded, shades(20))]
    pq.write_table(pa.table({"image": pa.array(pictures, pa.binary())}), "a.parquet", row_group_size=7)
    options = ("a.parquet", "--detector", "mtcnn", "--chunk", "4")
    assert run(*options, "here") == 0
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 100_000_000})
    try:
        cluster.add_node(num_cpus=1, object_store_memory=100_000_000)
        assert run(*options, "out", "--workers", "2", "--ray", cluster.address) == 0
    finally:
        cluster.shutdown()
    assert results("out") == results("here")
    assert (len(rows("out/scores")), len(rows("out/set_aside"))) == (2, 20)
