"""Measure how well the audit finds copies, and what it costs with many faces: python -m benchmarks.near_duplicates.

Known copies stand among drawn faces of a seed that nothing was tuned with (tuning: 101). What it costs is measured
with the pipeline's own faces and with tables that are made larger (see many_faces), each in a process of its own.
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

from benchmarks import copy_finders, planted_copies, results
from benchmarks.computer import cores, cpu_name
from emotion import errors
from emotion.data.auditing import AuditSettings
from emotion.params import load

SEED = 5005
SIZES = [35_887, 100_000, 300_000]
# The kernel's own mark of the highest memory, because getrusage may count that of the process that started this one.
STAGE = """
import json, os, re
from emotion import errors
from stages import audit

errors.run(audit.main)
used, status = os.times(), open("/proc/self/status").read() if os.path.exists("/proc") else "VmHWM: 0"
peak = int(re.search(r"VmHWM:\\s*(\\d+)", status)[1]) // 1024
print(json.dumps({"cpu_s": round(used.user + used.system, 1), "peak_mib": peak}))
"""


def main(*arguments: str) -> None:
    """Measure, print a table and keep the numbers in benchmarks/results.json."""
    parser = argparse.ArgumentParser(description="Measure how well copies are found, and what it costs.")
    parser.add_argument("--faces", type=int, default=20_000, help="drawn ones, 0: leave this part out")
    parser.add_argument("--copies", type=int, default=2_000, help="planted among them")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="of the tables, the first is the measure")
    asked = parser.parse_args(arguments)
    settings = load("audit", AuditSettings)
    if asked.faces:
        summary = {"seed": SEED, "faces": asked.faces, "copies": asked.copies}
        summary |= {"rows": find(asked.faces, asked.copies, SEED, settings)}
        results.keep("copies_found", summary)
        print(found_table(summary))
    if asked.sizes:
        summary = {"cpu": cpu_name(), "cores": cores()[1], "rows": cost(asked.sizes)}
        results.keep("audit_cost", summary)
        print(cost_table(summary))


def find(faces: int, copies: int, seed: int, settings: AuditSettings) -> dict[str, dict[str, Any]]:
    """Return precision and recall of this audit and of the other finders that are there, by name."""
    pixels, planted = planted_copies.plant(faces, copies, seed)
    rows = {"this audit": planted_copies.score(copy_finders.ours(pixels, settings), planted)}
    for finder in copy_finders.others().values():
        rows |= {name: planted_copies.score(found, planted) for name, found in finder(pixels)}
    return rows


def cost(sizes: list[int]) -> list[dict[str, Any]]:
    """Return seconds, CPU seconds and the largest memory of the stage for each number of faces, and ratios."""
    rows: list[dict[str, Any]] = []
    for faces in sizes:
        row: dict[str, Any] = {"faces": faces} | run(faces)
        first = rows[0] if rows else row
        row["times_the_faces"] = round(faces / first["faces"], 2)
        row |= {f"times_{name}": round(row[name] / first[name], 2) for name in ("wall_s", "cpu_s", "peak_mib")}
        rows.append(row)
    return rows


def run(faces: int) -> dict[str, Any]:
    """Run the stage on a table of that many faces and return what it took."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "data/faces.parquet")
        command = [sys.executable, "-m", "benchmarks.many_faces", str(faces), str(target)]
        subprocess.run(command, env=environment, check=True)
        shutil.copy("params.yaml", folder)
        begun = time.monotonic()
        command = [sys.executable, "-c", STAGE]
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        wall = round(time.monotonic() - begun, 1)
        pairs = json.loads(Path(folder, "metrics/audit.json").read_text(encoding="utf-8"))["near_pairs"]["all"]
    return {"wall_s": wall, **json.loads(done.stdout.splitlines()[-1]), "near_pairs": pairs}


def found_table(summary: dict[str, Any]) -> str:
    """Return how well copies were found as a person reads it."""
    lines = [f"{summary['copies']} copies planted among {summary['faces']} drawn faces, seed {summary['seed']}"]
    lines.append(f"{'':26} precision  recall  worst kind")
    for name, row in summary["rows"].items():
        kind, worst = min(row["recall_of"].items(), key=lambda item: item[1])
        lines.append(f"{name:26} {row['precision']:9.2%} {row['recall']:7.2%}  {kind} {worst:.1%}")
    return "\n".join([*lines, "aim: recall of 95 % at a precision of 99 %"])


def cost_table(summary: dict[str, Any]) -> str:
    """Return what it costs as a person reads it."""
    lines = [f"the audit stage; {summary['cpu']}, {summary['cores']} cores"]
    lines.append("   faces    wall s     CPU s       MiB   times: faces   wall    CPU  memory")
    for row in summary["rows"]:
        times = [row[f"times_{name}"] for name in ("the_faces", "wall_s", "cpu_s", "peak_mib")]
        ratios = f"{times[0]:14.2f} {times[1]:6.2f} {times[2]:6.2f} {times[3]:7.2f}"
        lines.append(f"{row['faces']:8,} {row['wall_s']:9.1f} {row['cpu_s']:9.1f} {row['peak_mib']:9,} {ratios}")
    return "\n".join([*lines, "aim: 36 k faces in 30 s and 1,024 MiB, 300 k in 300 s and 3,072 MiB, on two cores"])


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
