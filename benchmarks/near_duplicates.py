"""Measure recall and cost of the search for near-duplicates: python -m benchmarks.near_duplicates.

Recall is measured on known copies among drawn faces, with a seed that nothing was tuned with (tuning: 101). Cost is
measured with the pipeline's own faces and with larger tables made of them, each in a process of its own.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import planted_copies, results, stage_runs
from emotion.audit import auditing
from emotion.core import errors
from emotion.core.errors import InputError
from emotion.core.params import load

FACES = Path("data/faces.parquet")
SEED = 5005
SIZES = [35_887, 100_000, 300_000]
# Targets: recall of 95 % at a precision of 99 %; on two cores, 36 k faces in 30 s and 1,024 MiB, 300 k in 300 s and
# 3,072 MiB.
FOUND = ("finder", "precision", "recall", "recall_of_worst_kind")
COST = ("faces", "wall_s", "cpu_s", "peak_mib", "times_the_faces", "times_wall_s", "times_cpu_s", "times_peak_mib")
# The kernel's peak of this process alone: getrusage may include that of the parent.
STAGE = """
import json, os, re
from emotion.core import errors
from stages import audit

errors.run(audit.main)
used, status = os.times(), open("/proc/self/status").read() if os.path.exists("/proc") else "VmHWM: 0"
peak = int(re.search(r"VmHWM:\\s*(\\d+)", status)[1]) // 1024
print(json.dumps({"cpu_s": round(used.user + used.system, 1), "peak_mib": peak}))
"""


def main(*arguments: str) -> None:
    """Measure, print a table and write the numbers to benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure recall and cost of the search for near-duplicates.")
    parser.add_argument("--faces", type=int, default=20_000, help="drawn ones; 0 skips the recall")
    parser.add_argument("--copies", type=int, default=2_000, help="planted among them")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="of the tables; ratios are to the first")
    options = parser.parse_args(arguments)
    if options.faces:
        summary = {"seed": SEED, "faces": options.faces, "copies": options.copies}
        # The rows of other finders (pHash, CleanVision) were measured once, on the same faces.
        known = results.read("copies_found")
        others = known["rows"] if summary.items() <= known.items() else {}
        summary |= {"rows": {**others, "this audit": recall(options.faces, options.copies, SEED)}}
        results.keep("copies_found", summary)
        rows = [
            {"finder": name, "recall_of_worst_kind": min(row["recall_of"].values()), **row}
            for name, row in summary["rows"].items()
        ]
        print(results.table(f"{options.copies} copies among {options.faces} drawn faces", FOUND, rows))
    if options.sizes:
        summary = {"cpu": results.cpu_name(), "cores": results.cores()[1], "rows": cost(options.sizes)}
        results.keep("audit_cost", summary)
        print(results.table(f"stage audit; {summary['cpu']}, {summary['cores']} cores", COST, summary["rows"]))


def recall(faces: int, copies: int, seed: int) -> dict[str, Any]:
    """Return precision and recall of the audit on planted copies."""
    pixels, planted = planted_copies.plant(faces, copies, seed)
    names = [f"{number:07}" for number in range(len(pixels))]
    column = pa.array([face.tobytes() for face in pixels], pa.binary(pixels[0].size))
    table = pa.table({"name": names, "label": names, "pixels": column, "blank": np.zeros(len(names), bool)})
    audited, _ = auditing.audit(table, load("audit", auditing.AuditSettings))
    return planted_copies.score(planted_copies.pairs_of(audited["near_duplicate"].to_pylist()), planted)


def cost(sizes: list[int]) -> list[dict[str, Any]]:
    """Return time, CPU time and peak memory of the stage for each number of faces, and the ratios to the first."""
    rows: list[dict[str, Any]] = []
    for faces in sizes:
        row: dict[str, Any] = {"faces": faces} | run(faces)
        first = rows[0] if rows else row
        row["times_the_faces"] = round(faces / first["faces"], 2)
        row |= {f"times_{name}": round(row[name] / first[name], 2) for name in ("wall_s", "cpu_s", "peak_mib")}
        rows.append(row)
    return rows


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
        environment = stage_runs.environment()
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        wall = round(time.monotonic() - begun, 1)
        pairs = stage_runs.read_json(f"{folder}/metrics/audit.json")["near_duplicate_pairs"]["all"]
    return {"wall_s": wall, **json.loads(done.stdout.splitlines()[-1]), "near_pairs": pairs}


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
