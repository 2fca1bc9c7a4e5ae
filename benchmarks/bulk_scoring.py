"""Measure `emotion score-many` beside ONNX Runtime: python -m benchmarks.bulk_scoring [--faces 100000 1000000].

Made-up faces are written as Parquet into a temporary folder (2.3 GB a million) and scored by the command, by processes
and by Ray Data. ONNX Runtime's own rate is that of the same network on batches of the same size which lie ready in
memory as float32, on as many cores; the better one of a session that uses them all and of a session for each. The
command's time holds everything, from its start to its end. Memory is that of the command and all processes below it,
shared pages counted once (PSS; Linux alone); a line is fitted to it over the time after a warm-up.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import results
from benchmarks.computer import cpu_name
from emotion import errors
from emotion.errors import InputError
from emotion.inference.bulk_scorer import BATCH
from emotion.inference.model import default_path

WAYS = {"processes": "off", "ray": "local"}  # what --ray is told
DISTINCT = 20_000  # faces; then they come again
GROUP = 50_000  # rows of a row group
PAUSE = 1.0  # seconds between two looks at the memory
WARM_UP = 0.3  # share of the time
SEED = 12


def main(*arguments: str) -> None:
    """Measure each way with each number of faces, print it and keep it in benchmarks/results.json."""
    options = parse(arguments)
    model, runs = os.path.relpath(options.model or default_path()), []
    own = max(own_rate(model, options.workers, spread, options.own_faces) for spread in (True, False))
    print(f"ONNX Runtime's own rate, {options.workers} cores, batches of {BATCH}: {own:,.0f} faces/s")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for faces in options.faces:
            make(Path(folder, "in", "faces.parquet"), faces)
            for way in options.ways:
                output = Path(folder, f"{way}-{faces}")
                run = {"way": way, "faces": faces, **score(Path(folder, "in"), output, model, options.workers, way)}
                runs.append(run | {"share": round(run["faces_s"] / own, 3)})
                print(told(runs[-1]))
    about = {"cpu": cpu_name(), "model": model, "workers": options.workers, "batch": BATCH}
    results.keep("bulk_scoring", about | {"own_faces_s": round(own, 1), "runs": runs})


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Measure emotion score-many beside ONNX Runtime.")
    parser.add_argument("--model", type=Path, help="an .onnx file")
    parser.add_argument("--faces", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--own-faces", type=int, default=40_000, help="for ONNX Runtime's own rate")
    parser.add_argument("--folder", type=Path, help="where temporary files go")
    return parser.parse_args(arguments)


def make(path: Path, count: int) -> None:
    """Write that many faces as the pipeline does, the same ones again and again."""
    path.parent.mkdir(exist_ok=True)
    pixels = np.random.default_rng(SEED).integers(0, 256, (DISTINCT, 48 * 48), np.uint8)
    column = pa.array([face.tobytes() for face in pixels], pa.binary(48 * 48))
    with pq.ParquetWriter(path, pa.schema({"pixels": column.type}), compression="none", use_dictionary=False) as file:
        for start in range(0, count, GROUP):
            places = np.arange(start, min(start + GROUP, count)) % DISTINCT
            file.write_table(pa.table({"pixels": column.take(pa.array(places))}), GROUP)


def own_rate(model: str, cores: int, spread: bool, count: int) -> float:
    """Return how many faces ONNX Runtime alone classifies in a second: by one session, or by one for each core."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1 if spread else cores
    sessions = [
        onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"]) for _ in range(cores if spread else 1)
    ]
    name, rng = sessions[0].get_inputs()[0].name, np.random.default_rng(SEED)
    batches = [rng.integers(0, 256, (BATCH, 48, 48, 1)).astype(np.float32) for _ in range(8)]

    def work(session: Any, times: int) -> None:
        for number in range(times):
            session.run(None, {name: batches[number % len(batches)]})

    times = max(1, count // BATCH // len(sessions))
    with ThreadPoolExecutor(len(sessions)) as pool:
        list(pool.map(work, sessions, [max(1, times // 10)] * len(sessions)))
        began = time.perf_counter()
        list(pool.map(work, sessions, [times] * len(sessions)))
    return times * len(sessions) * BATCH / (time.perf_counter() - began)


def score(given: Path, output: Path, model: str, workers: int, way: str) -> dict[str, float]:
    """Return how fast the command was and what became of its memory.

    Raises:
        InputError: It failed.
    """
    words = ["score-many", given, output, "--model", model, "--workers", str(workers), "--ray", WAYS[way]]
    began, seconds, memory = time.perf_counter(), [], []
    with Popen([sys.executable, "-m", "emotion", *words], stdout=DEVNULL) as process:
        while process.poll() is None:
            time.sleep(PAUSE)
            held = resident_mb(process.pid)
            if held:
                seconds.append(time.perf_counter() - began)
                memory.append(held)
    took = time.perf_counter() - began
    if process.returncode:
        raise InputError("emotion score-many failed; what it said stands above")
    rows = sum(pq.read_metadata(path).num_rows for path in (output / "scores").iterdir())
    return {"seconds": round(took, 1), "faces_s": round(rows / took, 1), **summarise(seconds, memory)}


def resident_mb(pid: int) -> float:
    """Return how much memory a process and all below it hold."""
    held = 0.0
    try:
        parent = psutil.Process(pid)
        processes = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return held
    for process in processes:
        try:
            held += process.memory_full_info().pss / 1e6
        except (psutil.NoSuchProcess, psutil.AccessDenied):  # ended meanwhile
            continue
    return held


def summarise(seconds: Sequence[float], memory: Sequence[float]) -> dict[str, float]:
    """Return the memory after the warm-up, and how much it grows in a minute by the fitted line.

    Args:
        seconds: Time of each look.
        memory: MB at each look. The last looks, at processes that end, do not count.
    """
    warm = [n for n, second in enumerate(seconds) if WARM_UP * seconds[-1] < second < seconds[-1] - 3 * PAUSE]
    if len(warm) < 3:
        return {"most_mb": round(max(memory, default=0.0), 1)}
    slope = np.polyfit([seconds[n] for n in warm], [memory[n] for n in warm], 1)[0]
    return {
        "median_mb": round(float(np.median([memory[n] for n in warm])), 1),
        "most_mb": round(max(memory), 1),
        "mb_per_minute": round(60 * float(slope), 2),
    }


def told(run: dict[str, Any]) -> str:
    """Return the numbers of a run as a person reads them."""
    memory = ", ".join(f"{name} {run[name]:,}" for name in ("median_mb", "most_mb", "mb_per_minute") if name in run)
    rate = f"{run['faces_s']:,.0f} faces/s ({run['share']:.1%} of ONNX Runtime's own)"
    return f"{run['way']}: {run['faces']:,} faces in {run['seconds']:,.0f} s: {rate}; {memory}"


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
