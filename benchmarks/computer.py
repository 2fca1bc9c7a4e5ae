"""What the machine is on which something is measured."""

import os
import platform
from pathlib import Path

CPUINFO, CPUS = Path("/proc/cpuinfo"), Path("/sys/devices/system/cpu")


def cpu_name() -> str:
    """Return the CPU as it calls itself."""
    lines = CPUINFO.read_text(encoding="utf-8").splitlines() if CPUINFO.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cores() -> tuple[int, int]:
    """Return how many cores this process may use: physical ones, and logical ones (what one core runs at once)."""
    if not hasattr(os, "sched_getaffinity"):
        count = os.cpu_count() or 1
        return count, count
    logical = os.sched_getaffinity(0)
    siblings = [CPUS / f"cpu{number}/topology/thread_siblings_list" for number in logical]
    if not all(path.exists() for path in siblings):
        return len(logical), len(logical)
    return len({path.read_text(encoding="utf-8") for path in siblings}), len(logical)
