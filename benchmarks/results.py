"""What every benchmark needs: benchmarks/results.json, tables, the hardware's name and memory."""

import json
import os
import platform
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from emotion.core.files import write_json

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path("benchmarks/results.json")
CPUINFO = Path("/proc/cpuinfo")
Row = Mapping[str, Any]


def keep(name: str, summary: dict[str, Any]) -> None:
    """Write the numbers of one benchmark into the file; those of the others stay."""
    content = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    write_json(RESULTS, content | {name: summary})


def cpu_name() -> str:
    """Return the name of the CPU."""
    lines = CPUINFO.read_text(encoding="utf-8").splitlines() if CPUINFO.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cores() -> tuple[int, int]:
    """Return the number of physical and of logical cores that this process may use."""
    logical = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(logical, psutil.cpu_count(logical=False) or logical), logical


def median_and_range(name: str, values: Sequence[float], digits: int) -> dict[str, Any]:
    """Return the rounded median as `name`, and the smallest and largest value as `name`_range."""
    extremes = [round(min(values), digits), round(max(values), digits)]
    return {name: round(statistics.median(values), digits), f"{name}_range": extremes}


def median_ratio(values: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of the ratios within each round."""
    return round(statistics.median(value / other for value, other in zip(values, others, strict=True)), 3)


def table(title: str, columns: Sequence[str], rows: Mapping[str, Row] | Iterable[Row]) -> str:
    """Return these keys of the rows as aligned text below a title; a missing value leaves its cell empty.

    The keys of a dict of rows are their `name`.
    """
    if isinstance(rows, Mapping):
        rows = [{"name": name, **row} for name, row in rows.items()]
    cells = [list(columns), *([_text(row.get(key, "")) for key in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    first, *others = widths
    lines = [
        "  ".join([f"{head:{first}}", *(f"{cell:>{width}}" for cell, width in zip(tail, others, strict=True))])
        for head, *tail in cells
    ]
    return "\n".join([title, *lines])


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " - ".join(map(_text, value))
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def peak_mib() -> int:
    """Return the peak memory of this process in MiB, as the kernel of Linux tells it; 0 elsewhere.

    `getrusage` may include the peak of the process that started this one.
    """
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s*(\d+)", status.read_text(encoding="utf-8")) if status.exists() else None
    return int(found[1]) // 1024 if found else 0


def memory_mb(pid: int, *, kind: str = "rss") -> float:
    """Return the memory of a process and its children in MB; 0 if it has ended.

    Args:
        pid: Of the process.
        kind: `rss`, or `pss`, which counts shared pages once (Linux alone).
    """
    try:
        parent = psutil.Process(pid)
        processes = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    held = 0
    for process in processes:
        try:
            held += getattr(process.memory_full_info() if kind == "pss" else process.memory_info(), kind)
        except (psutil.NoSuchProcess, psutil.AccessDenied):  # it has ended meanwhile
            continue
    return held / 1e6
