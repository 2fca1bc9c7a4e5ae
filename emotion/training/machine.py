"""How one training uses the machine: threads, number format, and the same bits on every run."""

import sys
from pathlib import Path
from typing import Literal

import cv2
import keras
import numpy as np
import tensorflow as tf
from pydantic import Field

from emotion.params import Section


class MachineSettings(Section):
    """Section `training` of params.yaml."""

    precision: Literal["bfloat16", "float16", "float32"]
    xla: bool
    threads: int = Field(ge=1, le=1024)


def prepare(settings: MachineSettings, seed: int) -> None:
    """Fix threads, seeds and the order of sums before TensorFlow runs its first operation.

    The number of threads decides how sums are cut into parts, so it is a fixed number and not what this machine has.
    """
    cv2.setNumThreads(1)
    tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
    tf.config.threading.set_inter_op_parallelism_threads(settings.threads)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    if settings.precision == "bfloat16" and not tf.config.list_physical_devices("GPU") and not _has_bfloat16():
        print(
            "note: this CPU has no bfloat16 units: training.precision: float32 in params.yaml is faster here",
            file=sys.stderr,
        )


def versions() -> dict[str, str]:
    """Return the versions of the libraries that decide what bits a training gives."""
    return {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }


def _has_bfloat16() -> bool:
    """Return whether the CPU multiplies bfloat16 numbers itself; unknown systems get no advice."""
    cpuinfo = Path("/proc/cpuinfo")
    return not cpuinfo.exists() or any(flag in cpuinfo.read_text() for flag in ("avx512_bf16", "amx_bf16", " bf16"))
