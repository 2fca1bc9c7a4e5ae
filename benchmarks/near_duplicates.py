"""Measure time and memory of stage `audit`, the search for near-duplicates: python -m benchmarks.near_duplicates.

It runs on the pipeline's own faces and on larger tables made of them, each time in a process of its own.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks import planted_copies, results
from emotion.core import errors
from emotion.core.errors import InputError

FACES = Path("data/faces.parquet")
SIZES = [35_887, 100_000, 300_000]
# Targets on two cores: 36 k faces in 30 s and 1,024 MiB, 300 k in 300 s and 3,072 MiB.
COST = ("faces", "wall_s", "cpu_s", "peak_mib")
STAGE = """
import json, time
from benchmarks import results
from emotion.core import errors
from stages import audit

errors.run(audit.main)
print(json.dumps({"cpu_s": round(time.process_time(), 1), "peak_mib": results.peak_mib()}))
"""


def main(*arguments: str) -> None:
    """Measure, print a table and write the numbers to benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure time and memory of stage `audit`.")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="of the tables")
    sizes = parser.parse_args(arguments).sizes
    rows = [run(faces) for faces in sizes]
    summary = {"cpu": results.cpu_name(), "cores": results.cores()[1], "rows": rows}
    results.keep("near_duplicates", summary)
    print(results.table(f"stage audit; {summary['cpu']}, {summary['cores']} cores", COST, rows))


def run(faces: int) -> dict[str, Any]:
    """Run the stage on a table of that many faces and return its cost."""
    if not FACES.exists():
        raise InputError(f"{FACES} is missing: run `dvc repro clean`")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "data").mkdir()
        table = planted_copies.resized(pq.read_table(FACES), faces)
        pq.write_table(table, f"{folder}/data/faces.parquet", compression="zstd")
        shutil.copy("params.yaml", folder)
        begun, command = time.monotonic(), [sys.executable, "-c", STAGE]
        environment = os.environ | {"PYTHONPATH": str(results.ROOT)}
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        wall = round(time.monotonic() - begun, 1)
        counts = json.loads(Path(folder, "metrics/audit.json").read_text(encoding="utf-8"))
    pairs = counts["near_duplicate_pairs"]["all"]
    return {"faces": faces, "wall_s": wall, **json.loads(done.stdout.splitlines()[-1]), "near_pairs": pairs}


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
