"""Measure the throughput of `emotion score-many`: python -m benchmarks.bulk_scoring [--faces 100000 1000000].

Random faces are written as Parquet into a temporary folder (2.3 GB a million; TMPDIR says where) and scored by the
command, with processes and with Ray Data. They are compared with ONNX Runtime alone: the same network and batch size,
with batches ready in memory as float32, on as many cores; the better of one session for all cores and one for each. The
command's time is from its start to its end. Memory is the peak of the command and its child processes, with shared
pages counted once (PSS, Linux alone): if it is flat, ten times as many faces need no more.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import results
from emotion.apps.batch.scorer import BATCH_SIZE
from emotion.core import errors
from emotion.core.errors import InputError
from emotion.inference.model import path_of

WAYS = {"processes": "off", "ray": "local"}  # the value of --ray
DISTINCT = 20_000  # faces, which are then repeated
GROUP = 50_000  # rows of a row group
PAUSE = 1.0  # seconds between two samples of the memory
SEED = 12
COLUMNS = ("way", "faces", "seconds", "faces_s", "share", "most_mb")


def main(*arguments: str) -> None:
    """Measure each way with each number of faces, print it and write it to benchmarks/results.json."""
    options = parse(arguments)
    model, rows = os.path.relpath(path_of(options.model)), []
    own = max(own_rate(model, options.workers, options.own_faces, count) for count in (1, options.workers))
    print(f"ONNX Runtime alone, {options.workers} cores, batches of {BATCH_SIZE}: {own:,.0f} faces/s")
    with tempfile.TemporaryDirectory() as folder:
        for faces in options.faces:
            write_faces(Path(folder, "in", "faces.parquet"), faces)
            for way in options.ways:
                words = ["score-many", f"{folder}/in", f"{folder}/{way}-{faces}", "--model", model]
                words += ["--workers", str(options.workers), "--ray", WAYS[way]]
                row = {"way": way, "faces": faces, **score(words, Path(folder, f"{way}-{faces}"))}
                rows.append(row | {"share": round(row["faces_s"] / own, 3)})
    about = {"cpu": results.cpu_name(), "model": model, "workers": options.workers, "batch": BATCH_SIZE}
    results.keep("bulk_scoring", about | {"own_faces_s": round(own, 1), "rows": rows})
    print(results.table(f"{model}; {results.cpu_name()}, {options.workers} workers", COLUMNS, rows))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Measure the throughput of `emotion score-many`.")
    parser.add_argument("--model", type=Path, help="an .onnx file")
    parser.add_argument("--faces", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--own-faces", type=int, default=40_000, help="for ONNX Runtime alone")
    return parser.parse_args(arguments)


def write_faces(path: Path, count: int) -> None:
    """Write that many faces as the pipeline does, a few distinct ones again and again."""
    path.parent.mkdir(exist_ok=True)
    pixels = np.random.default_rng(SEED).integers(0, 256, (DISTINCT, 48 * 48), np.uint8)
    column = pa.array([face.tobytes() for face in pixels], pa.binary(48 * 48))
    with pq.ParquetWriter(path, pa.schema({"pixels": column.type}), compression="none", use_dictionary=False) as file:
        for start in range(0, count, GROUP):
            places = np.arange(start, min(start + GROUP, count)) % DISTINCT
            file.write_table(pa.table({"pixels": column.take(pa.array(places))}), GROUP)


def own_rate(model: str, cores: int, faces: int, count: int) -> float:
    """Return the faces/s of ONNX Runtime alone, with so many sessions that share the cores."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores // count
    sessions = [onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"]) for _ in range(count)]
    name, rng = sessions[0].get_inputs()[0].name, np.random.default_rng(SEED)
    batches = [rng.integers(0, 256, (BATCH_SIZE, 48, 48, 1)).astype(np.float32) for _ in range(8)]

    def work(session: Any, times: int) -> None:
        for number in range(times):
            session.run(None, {name: batches[number % len(batches)]})

    times = max(1, faces // BATCH_SIZE // count)
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(work, sessions, [max(1, times // 10)] * count))  # a warm-up
        began = time.perf_counter()
        list(pool.map(work, sessions, [times] * count))
    return times * count * BATCH_SIZE / (time.perf_counter() - began)


def score(words: Sequence[str], output: Path) -> dict[str, float]:
    """Run the command and return its time, throughput and memory.

    Raises:
        InputError: It failed.
    """
    began, most = time.perf_counter(), 0.0
    with Popen([sys.executable, "-m", "emotion", *words], stdout=DEVNULL) as process:
        while process.poll() is None:
            with suppress(TimeoutExpired):  # a pause that outlasts the process would count as its time
                process.wait(PAUSE)
            most = max(most, results.memory_mb(process.pid, kind="pss"))
    took = time.perf_counter() - began
    if process.returncode:
        raise InputError("emotion score-many failed; its message is above")
    rows = sum(pq.read_metadata(path).num_rows for path in (output / "scores").iterdir())
    return {"seconds": round(took, 1), "faces_s": round(rows / took, 1), "most_mb": round(most, 1)}


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
